"""What a text says of contacts, prices, places and the like, as a page lists it: a line for each kind, each value once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from serving.review.covering import covered
from serving.review.words import Words
from triage.assessment import Entity
from triage.entities import KINDS

_AMOUNTS = re.compile(r"\d+(\.\d+)?(-\d+(\.\d+)?)? [A-Z]{3}")
_MOST = 12
"""Values shown of one kind; all of them stand in the text."""


def listed(entities: Sequence[Entity], words: Words) -> tuple[tuple[str, str], ...]:
    """Names of the kinds with their values; numbers of registers are masked."""
    lines = []
    for kind in KINDS:
        values = list(dict.fromkeys(shown(x, words) for x in entities if x.type == kind))
        if values:
            more = " …" if len(values) > _MOST else ""
            lines.append((words[f"entity_{kind}"], ", ".join(values[:_MOST]) + more))
    return tuple(lines)


def shown(entity: Entity, words: Words) -> str:
    """A value as people read it: never a whole number of a register, and a date as the text has it."""
    if entity.type == "cpr":
        return entity.value  # which is masked where it is found
    if entity.type == "cvr":
        return f"{entity.value[:4]}xxxx"
    if entity.type == "price":
        return _price(covered(entity.value), words)
    return covered(" ".join(entity.quote.split()) if entity.type == "date" else entity.value)


def _price(value: str, words: Words) -> str:
    """An amount, or two, with the currency: "2000-3000.50 DKK" is "2.000-3.000,50 kr." in Danish."""
    if not _AMOUNTS.fullmatch(value):
        return value
    amounts, _, currency = value.rpartition(" ")
    point = "," if words.language == "da" else "."
    said = []
    for amount in amounts.split("-"):
        whole, _, part = amount.partition(".")
        said.append(words.number(int(whole)) + (point + part if part else ""))
    return f"{'-'.join(said)} {'kr.' if currency == 'DKK' and words.language == 'da' else currency}"
