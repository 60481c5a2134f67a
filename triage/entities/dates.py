"""Dates, the Danish way with the day first: "3.-5. maj", "d. 3/5", "03.05.2024".

Candidates with what is said of them: without a year the value is `--MM-DD`, without a month `---DD` (as in ISO 8601:2000
and XML Schema); a stay is two dates with a slash between. A weekday before it
says that "3/5" is a date, and is no part of it.
"""

from __future__ import annotations

import re
from datetime import date

from triage.entities.reading import Reading

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar january jan", "februar february feb", "marts march mar", "april apr", "maj may", "juni june jun",
            "juli july jul", "august aug", "september sept sep", "oktober october okt oct", "november nov", "december dec",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_NAMES = (
    "mandag|tirsdag|onsdag|torsdag|fredag|lørdag|søndag|monday|tuesday|wednesday|thursday|friday|saturday|"
    "sunday|man|tirs?|ons|tors?|fre|lør|søn|mon|tue|wed|thu|fri|sat|sun"
)
_WEEKDAY = rf"(?:(?:{_DAY_NAMES})\.?,? ?(?:den |d\. ?)?)?"
_WEEKDAY_BEFORE = re.compile(rf"(?<![^\W_])(?:{_DAY_NAMES})\.?,? ?(?:den |d\. ?)?\Z")
_JOINT = r" ?(?:-|til|to|og|\+|/|&|t\.o\.m\.) ?(?:den |d\. ?)?"
_AND = re.compile(r"(?:og|\+|&) ?(?:\w+ ?)?(?:den |d\. ?)?\d{1,2}[./]")
_DAY = r"\d{1,2}"
_YEAR = r"(?:19|20)\d\d"
_BEGIN = r"(?<![\w/])(?<!\d[.,:-])"
_NAMED = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY})(?:\.|st|nd|rd|th)?(?: ?(?P<m>{_MONTH})\.?)?(?:{_JOINT}{_WEEKDAY}(?P<b>{_DAY})(?:\.|"
    rf"st|nd|rd|th)?)? ?"
    rf"(?:of )?(?P<n>{_MONTH})(?![^\W_])(?:\.? ?,? (?P<y>{_YEAR})(?!\d))?"
)
_ENGLISH = re.compile(rf"{_BEGIN}(?P<n>{_MONTH})\.? (?P<a>{_DAY})(?:st|nd|rd|th)(?:,? (?P<y>{_YEAR})(?!\d))?")
_FULL = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY}) ?(?P<s>[./-]) ?(?P<n>\d{{1,2}}) ?(?P=s) ?(?P<y>{_YEAR}|\d\d)(?![\w/]|[.,:-]\d)"
)
_ENGLISH_PLAIN = re.compile(
    rf"(?<![^\W_])(?P<n>january|february|march|june|july|october) (?P<a>{_DAY})(?:, (?P<y>{_YEAR}))?(?![\w%]|[.,:/-]\d)"
)
_DOTTED = re.compile(rf"{_BEGIN}(?P<a>{_DAY})\.(?P<n>\d{{1,2}})(?:\.(?!\d)|(?![\w%]|[.,:/-]\d| ?(?:kr|%|€|mio|time)))")
_DOTTED_RANGE = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY})\.(?P<m>\d{{1,2}})\.?(?P<j> ?(?:-|til|to) ?)(?:den |"
    rf"d\. ?)?(?P<b>{_DAY})\.(?P<n>\d{{1,2}})(?:\.(?P<y>{_YEAR}|\d\d)(?!\d)|\.(?!\d))?"
    rf"(?![\w%]|[.,:-]\d)"
)
_DAY_CUE = re.compile(r"(?:\bd\.|\bden|\bpr\.|\bsenest|\binden|\bdato|\bstart|\bfødt|\bf\.)[ :]{0,2}\Z")
_CLOCK_CUE = re.compile(r"(?:kl\.?|åbe?nt?|tid|open|dag|mellem|fra)[ :]{0,2}\Z")
_ISO = re.compile(rf"{_BEGIN}(?P<y>{_YEAR})-(?P<n>\d\d)-(?P<a>\d\d)(?![\w/]|[.,-]\d)")
_RANGE = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY})(?:\.|"
    rf"/(?P<m>\d{{1,2}}))?{_JOINT}{_WEEKDAY}(?P<b>{_DAY})/(?P<n>\d{{1,2}})(?:[-/ ](?P<y>{_YEAR}|"
    rf"\d\d)(?![\d:.]))?(?![\w/%]|[.,-]\d)"
)
_SHORT = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY})/(?P<n>\d{{1,2}})(?:-(?P<y>{_YEAR}|\d\d)|[ ,/]{{1,2}}(?P<y2>20[0-4]\d)(?![\d:]|"
    rf"\.\d))?(?![\w/%]|[.,:-]\d| ?(?:kr|time|dl|tsk|"
    rf"spsk|l\b))"
)
_CUE = re.compile(
    r"(?:\bd\.|\bden|\bfra|\btil|\btill|\baté|\bhasta|\bbis|\bstart|\bdato|\bdatoer|\btiltrædelse|\boverta\w{0,6}|"
    r"\bfra og med|\bindtil|"
    r"\bsenest|\bfør|\befter|\bdag|\bkl\. ?\d{1,2}|\bmøde|"
    r"\bafhør\w{0,8}|\banholdt|\bfrist|\bpr\.|\buge \d\d?|\buntil|\bfrom|\bon|\bfødt|\bf\.|\bsiden|\bafrejse|"
    r"\bhjem)[ :]{0,2}\Z"
)
_DAYS = re.compile(
    rf"{_BEGIN}(?P<a>{_DAY})(?:\. ?- ?(?P<b>{_DAY}))?\.(?![\w]|[.,:]\d| ?(?:sal|plads|klasse|time|gang|ræk))"
)
_ANNOUNCED_DAY = re.compile(
    rf"(?<![^\W_])(?:d\.|den) ?(?P<a>{_DAY})\.?(?: ?- ?(?P<b>{_DAY}))?\.(?![\w]|[.,:]\d| ?(?:sal|plads|klasse|"
    rf"gang|gade|hver|i hver|i måneden|og hver))"
)
_SHORT_MONTHS = frozenset(x[:3] for x in _MONTHS)
_ANY_MONTH = re.compile(rf"(?<![^\W_])(?:{_MONTH})(?![^\W_])")
_IS_DATE = re.compile(r"(\d\d?)[./-](\d\d?)[./-]((?:19|20)?\d\d)|((?:19|20)\d\d)[./-](\d\d)[./-](\d\d)")


def is_date(text: str) -> bool:
    """Whether a text is one date of day, month and year in digits, or of year, month and day."""
    found = _IS_DATE.fullmatch(text)
    if found is None:
        return False
    d, m, y, y2, m2, d2 = found.groups()
    return _iso(int(d or d2), int(m or m2), y or y2) is not None


def find(reading: Reading) -> None:
    """Claim dates that say what they are: with the month's name, with the year, or announced."""
    text = reading.lower
    _claim_dotted(reading)
    for pattern in (_ISO, _FULL):
        for match in pattern.finditer(text):
            _claim(reading, match, int(match["n"]), match["y"])
    months = {_MONTHS[x[0]] for x in _ANY_MONTH.finditer(text)} if any(x in text for x in _SHORT_MONTHS) else set()
    if months:
        for pattern in (_NAMED, _ENGLISH, _ENGLISH_PLAIN):
            for match in pattern.finditer(text):
                _claim(reading, match, _MONTHS[match["n"]], match["y"])
    if "/" in text:
        _claim_slashed(reading)
    if len(months) == 1:
        _claim_days(reading, months.pop())
    _claim_announced(reading)


def _claim_announced(reading: Reading) -> None:
    """Days without a month that "d." or "den" announces."""
    text = reading.lower
    for match in _ANNOUNCED_DAY.finditer(text):
        days = [int(x) for x in (match["a"], match["b"]) if x]
        if all(1 <= x <= 31 for x in days):
            reading.claim("date", match.start("a"), match.end(), "/".join(f"---{x:02}" for x in days))


def _claim_slashed(reading: Reading) -> None:
    """Days and months in digits with a slash: "3/5 - 7/5", "fra 3/5"."""
    text = reading.lower
    for match in _RANGE.finditer(text):
        _claim(reading, match, int(match["n"]), match["y"])
    for match in _SHORT.finditer(text):
        start = match.start()
        near = max(0, start - 24)
        if match["y"] or match["y2"] or _WEEKDAY_BEFORE.search(text, near, start) or _CUE.search(text, near, start):
            _claim(reading, match, int(match["n"]), match["y"] or match["y2"])


def _claim_dotted(reading: Reading) -> None:
    """Days and months in digits with dots: "5.10-8.10", unless they are hours, and "pr. 1.11."."""
    text = reading.lower
    for match in _DOTTED_RANGE.finditer(text):
        is_clock = _CLOCK_CUE.search(text, max(0, match.start() - 12), match.start()) is not None
        if (
            match["y"]
            or match[0].endswith(".")
            or (match["m"] == match["n"] and not is_clock and match["n"] not in ("00", "15", "30", "45"))
        ):
            _claim(reading, match, int(match["n"]), match["y"])
    for match in _DOTTED.finditer(text):
        if _DAY_CUE.search(text, max(0, match.start() - 10), match.start()):
            _claim(reading, match, int(match["n"]), None)


def _claim_days(reading: Reading, month: int) -> None:
    """Days without a month, in a text that names one month alone: a tour's "3.-5."."""
    first = _ANY_MONTH.search(reading.lower)
    for match in _DAYS.finditer(reading.lower, first.start() if first else 0):
        line_end = reading.lower[match.end() : match.end() + 1] in ("", "\n", " ", ",", "(")
        if match["b"] or (line_end and _is_list_item(reading.lower, match)):
            _claim(reading, match, month, None)


def _is_list_item(text: str, match: re.Match[str]) -> bool:
    """Whether a day stands after a word on a short line, as in "Thyborøn 9. (kun aften)"."""
    begin = text.rfind("\n", max(0, match.start() - 40), match.start()) + 1
    return (
        begin > 0
        and re.fullmatch(r"\W{0,4}[^\W\d_]{2,20}(?: [^\W\d_]{1,12})?:? (?:den |d\. ?)?", text[begin : match.start()])
        is not None
    )


def _claim(reading: Reading, match: re.Match[str], month: int, year: str | None) -> None:
    found = match.groupdict()
    days = [found["a"], *([found["b"]] if found.get("b") else [])]
    if found.get("b") and found.get("m") and _AND.search(match[0]):
        of = _MONTHS.get(found["m"]) or int(found["m"])
        for group, value in (("a", _iso(int(found["a"]), of, year)), ("b", _iso(int(found["b"]), month, year))):
            end = match.end() if group == "b" else match.end("m")
            if value:
                reading.claim("date", match.start(group), end, value)
        return
    values = []
    for i, day in enumerate(days):
        of = month
        if len(days) == 2 and i == 0 and found.get("m"):
            of = _MONTHS.get(found["m"]) or int(found["m"])
        values.append(_iso(int(day), of, year))
    if None not in values and not (len(days) == 1 and found.get("m")):
        reading.claim("date", *match.span(), "/".join(x for x in values if x))


def _iso(day: int, month: int, year: str | None) -> str | None:
    """A date in ISO form, or None if there is no such day."""
    full = None if year is None else int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)
    try:
        found = date(full or 2000, month, day)
    except ValueError:
        return None
    return found.isoformat() if full else f"--{found:%m-%d}"
