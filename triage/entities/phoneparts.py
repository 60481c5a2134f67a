"""A phone in parts that are named, with other words between: "første halvdel 0123, skriv den ned, anden halvdel 4567"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.entities.reading import Reading

_PART = re.compile(
    r"(?<![^\W_])(?:(?P<last>sidste|bagerste|nederste|slut\w{0,3}|rest\w{0,2}|last)|"
    r"første|forreste|øverste|start\w{0,3}|begynd\w{1,6}|anden|andet|tredje|fjerde|midt\w{0,5}|first|second|third|fourth|"
    r"(?:felt|del|linje|halvdel|part|line|half) (?:[a-d1-4]|en|et|to|tre|fire|one|two|three|four)(?![^\W_]))"
    r"(?:[ :=]{1,3}(?:par|halvdel|del|cifre|tal|er|kommer|lyder|med|af|i|mit|nr|nummer|nummeret|to|tre|fire|half|part|pair|"
    r"digits|is|are|of|my|number|two|three|four)(?![^\W_])){0,5}"
    r"[ :=.]{1,3}(?P<digits>\d(?: ?\d){0,5})(?![^\W_]|[.,]\d)"
)
_NAMED = re.compile(
    r"(?<![^\W_])(?:par|halvdel|del|felt|linje|cifre|nummer\w{0,2}|nr|mit|tlf|telefon\w{0,8}|mobil\w{0,8}|ring|sms|"
    r"fire|half|part|line|pair|four|digits|phone|call)(?![^\W_])"
)
_HOUR = re.compile(r"(?:[01]\d|2[0-4])[0-5]\d")
_BETWEEN = re.compile(r"[^\d]{0,60}")
_BEFORE = 40


def find(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Start, end and eight digits of each phone in parts, in order."""
    parts: list[re.Match[str]] = []
    for part in _PART.finditer(reading.lower):
        if parts and not _BETWEEN.fullmatch(reading.lower, parts[-1].end(), part.start()):
            parts = []
        parts = [*parts[-3:], part]
        digits = _digits(parts)
        if len(digits) == 8 and len(parts) > 1 and _is_phone(reading, parts):
            yield parts[0].start("digits"), part.end(), digits
            parts = []


def _digits(parts: list[re.Match[str]]) -> str:
    """All digits in their order: what is called the last part stands last."""
    if parts[0]["last"]:
        parts = [*parts[1:], parts[0]]
    return "".join(x["digits"].replace(" ", "") for x in parts)


def _is_phone(reading: Reading, parts: list[re.Match[str]]) -> bool:
    """Whether it is a number in parts that the words tell of, and no hours from when till when."""
    is_hours = len(parts) == 2 and all(_HOUR.fullmatch(x["digits"]) for x in parts)
    start = parts[0].start()
    is_named = len(parts) > 2 or _NAMED.search(reading.lower, max(0, start - _BEFORE), parts[-1].end()) is not None
    return is_named and not is_hours
