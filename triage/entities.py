"""Phone numbers, e-mail addresses and links in a text, with offsets.

Plainly written ones only: numbers of eight digits with ordinary spacing, with or without +45.
"""

from __future__ import annotations

import re

from triage.assessment import Entity
from triage.text import Span

# Bounded and begun at an edge: a long run of letters must not cost time in the square of its length.
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'»«)\]]+[^\s<>\"'»«)\].,;:!?]")
_PHONE = re.compile(r"(?<![\d.,/-])(?:(?:\+|00)45[ -]?)?\d(?:[ -]?\d){7}(?![\d/-]|[.,]\d)")
_SPACED = re.compile(
    r"\d{8}|\d{2}(?:[ -]\d{2}){3}|\d{4}[ -]\d{4}|\d{2}[ -]\d{3}[ -]\d{3}|\d{3}[ -]\d{2}[ -]\d{3}|\d{3}[ -]\d{3}[ -]\d{2}"
)


def find_entities(text: str) -> tuple[Entity, ...]:
    """The entities of a text in order of place; none overlaps another."""
    found: list[Entity] = []
    taken = bytearray(len(text))

    def add(type_: str, match: re.Match[str], value: str) -> None:
        start, end = match.span()
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found.append(Entity(type_, Span(start, end), match[0], value))

    for match in _EMAIL.finditer(text):
        add("email", match, match[0].lower())
    for match in _URL.finditer(text):
        add("url", match, match[0])
    for match in _PHONE.finditer(text):
        local = re.sub(r"^(?:\+|00)45[ -]?", "", match[0])
        if _SPACED.fullmatch(local):
            add("phone", match, "+45" + re.sub(r"\D", "", local))
    return tuple(sorted(found, key=lambda entity: entity.span))
