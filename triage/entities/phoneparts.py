"""A phone in parts that are named, with other words between: "første halvdel 0123, skriv den ned, anden halvdel 4567"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triage.entities.reading import Reading
from triage.entities.spellings import spelled

_LABEL = re.compile(
    r"(?<![^\W_])(?:(?P<last>sidste?|bagerste|nederste|slut\w{0,3}|rest\w{0,2}|last)|"
    r"første|forreste|øverste|start\w{0,3}|begynd\w{1,6}|anden|andet|tredje|fjerde|midt\w{0,5}|first|second|third|fourth|"
    r"(?:felt|del|linje|halvdel|part|line|half) (?:[a-d1-4]|en|et|to|tre|fire|one|two|three|four)(?![^\W_]))"
    r"(?:[ :=]{1,3}(?:(?:par|halvdel|del|cifre|tal|er|kommer|lyder|med|på|af|i|mit|nr|nummer|nummeret|half|part|pair|"
    r"digits|is|are|of|my|number)(?![^\W_])|"
    r"(?:to|tre|fire|two|three|four)(?= (?:\d\d|(?:er|is|are|cifre|tal|digits)(?![^\W_]))|:))){0,5}"
)
_NUMBER = re.compile(r"(?P<gap> og |[ :=.]{1,3}|, ?|-)(?P<word>\d{1,6}(?![^\W_]|[.,]\d)|[^\W\d_]+)")
_NAMED = re.compile(
    r"(?<![^\W_])(?:par|halvdel|del|felt|linje|cifre|nummer\w{0,2}|nr|mit|tlf|telefon\w{0,8}|mobil\w{0,8}|ring|sms|"
    r"fire|half|part|line|pair|four|digits|phone|call)(?![^\W_])"
)
_HALF = re.compile(r"(?<![^\W_])(?:halvdel|half)(?![^\W_])")
_HOUR = re.compile(r"(?:[01]\d|2[0-4])[0-5]\d")
_BETWEEN, _BETWEEN_HALVES = 60, 150
"""Most characters between two parts."""
_BEFORE = 40
_MOST = 6
"""Digits of a part."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part: where its name begins, where its digits begin and end, and what its name says."""

    start: int
    first: int
    end: int
    digits: str
    is_last: bool
    is_half: bool


def find(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Start, end and eight digits of each phone in parts, in order."""
    parts: list[_Part] = []
    for label in _LABEL.finditer(reading.lower):
        part = _part(reading.lower, label)
        if part is None:
            continue
        if parts and not _go_on(reading.lower, parts[-1], part):
            parts = []
        parts = [*parts[-3:], part]
        digits = _digits(parts)
        if len(digits) == 8 and len(parts) > 1 and _is_phone(reading, parts):
            yield parts[0].first, part.end, digits
            parts = []


def _part(lower: str, label: re.Match[str]) -> _Part | None:
    """The part that a name begins; None if no digits follow."""
    digits, first, end = "", 0, label.end()
    while len(digits) < _MOST and (number := _NUMBER.match(lower, end)):
        word = number["word"]
        value = word if word.isdigit() else spelled(word)
        if value is None or (digits and number["gap"].strip(" ,-og")):
            break
        first = first or number.start("word")
        digits, end = digits + value, number.end()
    if not digits or len(digits) > _MOST:
        return None
    return _Part(label.start(), first, end, digits, label["last"] is not None, _HALF.search(label[0]) is not None)


def _go_on(lower: str, before: _Part, part: _Part) -> bool:
    """Whether a part may belong to the one before: near it with no digits between, or both called halves."""
    between = lower[before.end : part.start]
    if before.is_half and part.is_half:
        return len(between) <= _BETWEEN_HALVES
    return len(between) <= _BETWEEN and not any(c.isdigit() for c in between)


def _digits(parts: list[_Part]) -> str:
    """All digits in their order: what is called the last part stands last."""
    if parts[0].is_last:
        parts = [*parts[1:], parts[0]]
    return "".join(x.digits for x in parts)


def _is_phone(reading: Reading, parts: list[_Part]) -> bool:
    """Whether it is a number in parts that the words tell of, and no hours from when till when."""
    is_hours = len(parts) == 2 and all(_HOUR.fullmatch(x.digits) for x in parts)
    start = parts[0].start
    is_named = len(parts) > 2 or _NAMED.search(reading.lower, max(0, start - _BEFORE), parts[-1].end) is not None
    return is_named and not is_hours
