"""Numbers of the Danish registers: of persons (CPR) and of firms (CVR). Candidates.

A CPR number's value is masked, so that the number itself goes nowhere. Its check digit says nothing: since 2007 numbers are given
out that fail it.
"""

from __future__ import annotations

import re
from calendar import monthrange

from stdnum.dk import cvr

from triage.entities.digitreadings import readings_of
from triage.entities.digitruns import runs
from triage.entities.reading import Reading

_CPR = re.compile(
    r"(?:(?<![^\W_])(?<!\+)|(?<=cpr)|(?<=nr))(?<!\d[.,/-])"
    r"(?P<d>\d\d)(?P<a>[ ./-]?)(?P<m>\d\d)(?P<b>[ ./-]?)(?P<y>(?:19|20)?\d\d)(?P<s> ?[/-] ?|[ .]?)(?P<n>\d\d ?\d\d)"
    r"(?![^\W_]|[.,-]\d)"
)
_CPR_WORD = re.compile(r"cpr|personnr|personnummer")
_BORN = re.compile(r"født|f\.")
_BEFORE = 30
"""How far before a CPR number the word that names it may stand."""
_UNIT = re.compile(r" ?(?:kr(?![^\W_])|,-|dkk|eur|€|\$|stk|km|kg)")
_IS_ANOTHER = re.compile(
    r"(?:konto\w{0,8}|reg|ean|iban|faktura\w{0,8}|ordre\w{0,8}|sag\w{0,10}|journal\w{0,10}|matr|kid|order|"
    r"invoice|account|case|tlf|telefon\w{0,6}|mobil\w{0,6}|ring|"
    r"call|phone|sms|nummer)(?:[ .-]{0,2}(?:nr|no|nummer))?[ .:#=-]{0,4}$"
)
_CVR_WORD = r"(?<![^\W_])(?:cvr|se)[ -]?(?:nr|no|nummer\w{0,2}|registrerings?nummer|number)?(?![^\W_])[ .:#=–-]{0,4}(?:dk[ -]?)?"
_NAMED = re.compile(rf"(?P<word>{_CVR_WORD})(?P<n>\d(?: ?\d){{7}})(?!\d| ?\d)")
_DK = re.compile(r"(?<![\w])dk[ -]?(?P<n>\d{8})(?!\w)")
_NEAR_WORD = re.compile(r"(?<![^\W_])cvr(?![^\W_])")
_EIGHT = re.compile(r"(?<![\w+.,/-])\d(?: ?\d){7}(?![\w]|[.,-]\d)")
_NEAR = 40
_DIGITS = 10
"""Of a CPR number."""


def find(reading: Reading) -> None:
    """Claim CPR and CVR numbers."""
    text = reading.lower
    for match in _CPR.finditer(text):
        if _is_cpr(text, match):
            reading.claim("cpr", *match.span(), f"{match['d']}{match['m']}{match['y'][-2:]}-xxxx")
    if _CPR_WORD.search(text):
        _claim_spelled(reading)
    if "cvr" in text or "se" in text:
        for match in _NAMED.finditer(text):
            number = match["n"].replace(" ", "")
            if "cvr" in match["word"] or cvr.is_valid(number):
                reading.claim("cvr", *match.span("n"), number)
    if "dk" in text:
        for match in _DK.finditer(text):
            if cvr.is_valid(match["n"]):
                reading.claim("cvr", *match.span(), match["n"])
    for word in _NEAR_WORD.finditer(text):
        # Further from the word, its check digit decides.
        for match in _EIGHT.finditer(text, word.end(), word.end() + _NEAR + 12):
            if cvr.is_valid(match[0]):
                reading.claim("cvr", *match.span(), match[0].replace(" ", ""))


def _is_cpr(text: str, match: re.Match[str]) -> bool:
    """Whether ten digits begin with a date of birth (or one with 60 added to the day: a number given for a time).

    What is written or named as a CPR number is one on the 31st of any month too: a slip leaves it somebody's.
    """
    day, month, between = _day(match["d"]), int(match["m"]), match["s"].strip()
    if not _may_be_born(day, month):
        return False
    before = text[max(0, match.start() - _BEFORE) : match.start()]
    is_named = _CPR_WORD.search(before) is not None
    is_sum = _UNIT.match(text, match.end()) is not None
    if match["a"].strip() or match["b"].strip() or len(match["y"]) == 4:
        return not is_sum if is_named else _is_joined(match, before)
    if between == "-":
        return True
    if is_sum or (between == "." and not is_named):
        return False
    is_named = is_named or _BORN.search(before) is not None
    is_grouped = re.fullmatch(r"\d{10}|\d{6}[ /]\d{4}|\d{4} \d\d \d{4}", match[0]) is not None
    is_day = day <= monthrange(2000, month)[1]
    return is_named or (is_grouped and is_day and _IS_ANOTHER.search(before) is None)


def _is_joined(match: re.Match[str], before: str) -> bool:
    """Whether a written date is joined to its four digits as in a CPR number, and not to a year ("01.01.24-2025")."""
    is_year = 1900 <= int(match["n"].replace(" ", "")) <= 2099 and _BORN.search(before) is None
    is_date = match["a"] == match["b"] != ""
    return is_date and match["s"] == "-" and not is_year and _IS_ANOTHER.search(before) is None


def _claim_spelled(reading: Reading) -> None:
    """Claim numbers named as CPR that are given digit by digit or in words."""
    for run in runs(reading, _DIGITS):
        start = run[0].start
        if not _CPR_WORD.search(reading.lower, max(0, start - _BEFORE), start):
            continue
        for way in readings_of(run):
            digits, last = "", 0
            while len(digits) < _DIGITS and last < len(way):
                digits += way[last].digits
                last += 1
            is_plain = all(x.kind == "digit" and len(x.digits) > 1 for x in way[:last])
            if len(digits) == _DIGITS and not is_plain and _may_be_born(_day(digits[:2]), int(digits[2:4])):
                reading.claim("cpr", start, way[last - 1].end, f"{digits[:6]}-xxxx")
                break


def _day(digits: str) -> int:
    """The day of birth that the first two digits stand for."""
    return int(digits) - (60 if int(digits) > 60 else 0)


def _may_be_born(day: int, month: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= 31
