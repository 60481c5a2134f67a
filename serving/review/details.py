"""What a text says of contacts, prices, places and the like, as a page lists it: a line for each kind, each value once."""

from __future__ import annotations

from collections.abc import Sequence

from serving.review.covering import covered
from serving.review.words import Words
from triage.assessment import Entity
from triage.entities import KINDS

_MOST = 12
"""Values shown of one kind; all of them stand in the text."""


def listed(entities: Sequence[Entity], words: Words) -> tuple[tuple[str, str], ...]:
    """Names of the kinds with their values; numbers of registers are masked."""
    lines = []
    for kind in KINDS:
        values = list(dict.fromkeys(shown(x) for x in entities if x.type == kind))
        if values:
            more = " …" if len(values) > _MOST else ""
            lines.append((words[f"entity_{kind}"], ", ".join(values[:_MOST]) + more))
    return tuple(lines)


def shown(entity: Entity) -> str:
    """A value as people read it: never a whole number of a register, and a date as the text has it."""
    if entity.type == "cpr":
        return entity.value  # which is masked where it is found
    if entity.type == "cvr":
        return f"{entity.value[:4]}xxxx"
    return covered(" ".join(entity.quote.split()) if entity.type == "date" else entity.value)
