"""Numbers of persons and firms (CPR, CVR) covered on pages. What is stored stays as it was received."""

from __future__ import annotations

import unicodedata

from triage.assessment import Entity
from triage.entities import find_registers

_COVERED = 4
"""Last digits of each number; the rest is a day of birth, or tells firms apart."""
_WHOLE = {"cpr": (10, 12), "cvr": (8,)}
"""Digits of a number; a CPR number may be written with the century."""


def covered(text: str) -> str:
    """A text with the last digits of each number of a person or firm covered, code point for code point: places in it stay."""
    said, at = "", 0
    for entity in find_registers(text):
        said += text[at : entity.span.start] + _cover(entity)
        at = entity.span.end
    return said + text[at:]


def _cover(entity: Entity) -> str:
    """The number as it is written; where it is in words, whose length would tell it, its masked value."""
    chars = list(entity.quote)
    digits = [place for place, char in enumerate(chars) if unicodedata.digit(char, None) is not None]
    if len(digits) not in _WHOLE[entity.type] or any(x.isalpha() and x not in "dkDK" for x in chars):
        return f"{entity.value[:-_COVERED]}{'x' * len(chars)}"[: len(chars)]
    for place in digits[-_COVERED:]:
        chars[place] = "x"
    return "".join(chars)
