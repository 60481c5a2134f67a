"""The day something was posted, as Danish and English pages write it. A date that could be two days is none.

Day first, unless a rule says otherwise; a date without a year is the last such day before the page was retrieved, and "yesterday"
counts from then: without the moment of retrieval neither is a date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta

from serving.ads.rules import Dates
from serving.danishtime import danish_time

_LONGEST = 300
"""Code points that are looked at: a line with a date in it is short."""
_FIRST, _LAST = date(1990, 1, 1), date(2099, 12, 31)
"""Nothing was posted on the web before, nor after: what stands for "never" is no day."""
_YEARS = range(1900, 9999)
"""Of moments: a day can be counted from any of these, and it has a day in Denmark."""
_MONTHS = ("jan", "feb", "mar", "apr", "ma[jy]", "jun", "jul", "aug", "sep", "o[kc]t", "nov", "dec")
_MONTH = (
    r"(?P<month>jan(?:uary?|uar)?|feb(?:ruary?|ruar)?|mar(?:ts|ch)?|apr(?:il)?|maj|may|jun[ie]?|jul[iy]?|aug(?:ust)?"
    r"|sept?(?:ember)?|o[kc]t(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_DAY = r"(?<![\d.,/+-])(?P<day>\d{1,2})"
_YEAR = r"(?P<year>\d{4}|(?<=['’])\d{2})"
_ENDS = r"(?![./-]?\d)"
_ISO = re.compile(r"(?<![\d.,/+-])(?P<year>\d{4})[-/](?P<month>\d{2})[-/](?P<day>\d{2})(?![\d/-])")
_WORDED = re.compile(rf"{_DAY}(?:\.|st|nd|rd|th)?\s*-?\s*{_MONTH}(?:,?[\s-]*['’]?{_YEAR}(?!\d))?", re.I)
_ENGLISH = re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})(?!\d)", re.I)
_NUMBERS = re.compile(rf"{_DAY}(?P<mark>[./-])\s?(?P<month>\d{{1,2}})(?P=mark)\s?(?P<year>\d{{4}}|\d{{2}}){_ENDS}")
_SHORT = re.compile(rf"{_DAY}/(?P<month>\d{{1,2}}){_ENDS}(?!\s?[/%])")
_WITH_ZONE = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:?\d\d.*(?:Z|[+-]\d\d:?\d\d)$|[A-Z][a-z]{2}, \d.*\d (?:GMT|UTC|[+-]\d{4})$"
)
"""Moments as machines write them, in ISO 8601 or as mail does."""
_NEAR = (
    (re.compile(r"\bi\s?dag\b|\btoday\b", re.I), 0),
    (re.compile(r"\bi\s?går\b|\byesterday\b", re.I), 1),
    (re.compile(r"\bi\s?forgårs\b", re.I), 2),
)
_AGO = re.compile(
    r"\b(?:for\s+)?(?P<number>\d{1,3}|en|et|a|an|to|tre|fire|fem|seks|two|three)\s+"
    r"(?P<unit>minut(?:ter|es?)?|timer?|hours?|dage?|days?|uger?|weeks?)\s+(?:siden|ago)\b",
    re.I,
)
_NUMBER_WORDS = {
    "en": 1, "et": 1, "a": 1, "an": 1, "to": 2, "two": 2, "tre": 3, "three": 3, "fire": 4, "fem": 5, "seks": 6,
}  # fmt: skip
_LABEL = re.compile(
    r"\b(?:oprettet|indrykket|opslået|annonceret|publiceret|udgivet|lagt op|sat (?:op|ind)|tilføjet|annoncedato"
    r"|posted|published|created|listed)(?:\s+(?:den|d\.|dato|on))?\s*:?\s*(?P<rest>.{1,80})",
    re.I,
)


def read_date(text: str, retrieved: datetime | None, how: Dates) -> str | None:
    """The one day that a short text tells; None if it tells none, or several, or one that cannot be."""
    text = text.strip()[:_LONGEST]
    with_zone = moment(text) if _WITH_ZONE.match(text) else None
    if with_zone is not None and not how.formats:
        found: set[date | None] = {_today(with_zone)}
    elif how.formats:
        found = {_by_format(text, x) for x in how.formats} - {None}
    else:
        found = set(_days(text, retrieved, month_first=how.order == "month-first"))
    return _only(found, retrieved)


def read_labelled(lines: Iterable[str], retrieved: datetime | None, how: Dates) -> str | None:
    """The one day that lines say something was posted on; dates that no word names as such are left alone."""
    found: set[date | None] = set()
    for line in lines:
        labelled = _LABEL.search(line[:_LONGEST])
        if labelled:
            days = list(_days(labelled["rest"], retrieved, month_first=how.order == "month-first"))
            found.update(days[:1])
    return _only(found, retrieved)


def moment(value: str | None) -> datetime | None:
    """A moment in ISO 8601 or as mail and HTTP write it; without a time zone it is taken as UTC. None if it is no such."""
    if not value or len(value) > 64:
        return None
    from email.utils import parsedate_to_datetime

    readers: tuple[Callable[[str], datetime], ...] = (datetime.fromisoformat, parsedate_to_datetime)
    for read in readers:
        try:
            at = read(value.strip())
            at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
            return at if at.year in _YEARS else None
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    return None


def _only(found: set[date | None], retrieved: datetime | None) -> str | None:
    if len(found) != 1:
        return None
    (day,) = found
    if (
        day is None
        or not _FIRST <= day <= _LAST
        or (retrieved is not None and day > _today(retrieved) + timedelta(days=1))
    ):
        return None
    return day.isoformat()


def _by_format(text: str, form: str) -> date | None:
    try:
        return datetime.strptime(text, form).date()
    except ValueError:
        return None


def _days(text: str, retrieved: datetime | None, *, month_first: bool) -> Iterable[date | None]:
    """Days in a text, in order of how sure their form is; None stands for one that cannot be told."""
    # ISO first: what is read once is taken out, so that no part of it is read again.
    for pattern in (_ISO, _WORDED, _ENGLISH, _NUMBERS, _SHORT):
        swapped = month_first and pattern in (_NUMBERS, _SHORT)
        for found in pattern.finditer(text):
            yield _day(found, retrieved, swapped=swapped)
        text = pattern.sub(lambda x: "\x00" * len(x[0]), text)
    for near, days in _NEAR:
        if near.search(text):
            yield _today(retrieved) - timedelta(days=days) if retrieved else None
    for found in _AGO.finditer(text):
        yield _ago(found, retrieved)


def _day(found: re.Match[str], retrieved: datetime | None, *, swapped: bool) -> date | None:
    parts = found.groupdict()
    day, month, year = parts["day"], parts["month"], parts.get("year")
    number = int(month) if month.isdigit() else 1 + next(i for i, x in enumerate(_MONTHS) if re.match(x, month, re.I))
    first, second = (number, int(day)) if swapped else (int(day), number)
    try:
        if year is not None:
            century = 0 if len(year) == 4 else 1900 if int(year) >= _FIRST.year % 100 else 2000
            return date(int(year) + century, second, first)
        if retrieved is None:
            return None
        latest = _today(retrieved) + timedelta(days=1)  # clocks differ
        this = date(latest.year, second, first)
        return this if this <= latest else this.replace(year=latest.year - 1)
    except ValueError:  # no such day
        return None


def _ago(found: re.Match[str], retrieved: datetime | None) -> date | None:
    if retrieved is None:
        return None
    word = found["number"].lower()
    number = int(word) if word.isdigit() else _NUMBER_WORDS[word]
    unit = found["unit"].lower()
    if unit.startswith(("minut", "time", "hour")):
        step = timedelta(minutes=number) if unit.startswith("minut") else timedelta(hours=number)
        return _today(retrieved - step)
    return _today(retrieved) - timedelta(days=number * (7 if unit.startswith(("uge", "week")) else 1))


def _today(at: datetime) -> date:
    """The day in Denmark."""
    return at.astimezone(danish_time()).date()
