"""Numbers of the Danish registers: of persons (CPR) and of firms (CVR). Candidates.

A CPR number's value is masked, so that the number itself goes nowhere. Its check digit says nothing: since 2007 numbers are given
out that fail it.
"""

from __future__ import annotations

import re
from calendar import monthrange

from stdnum.dk import cvr

from triage.entities.reading import Reading

_CPR = re.compile(
    r"(?<![\w+])(?<!\d[.,/-])(?P<d>\d\d) ?(?P<m>\d\d) ?(?P<y>\d\d)(?P<s> ?- ?| )?(?P<n>\d\d ?\d\d)(?![\w]|[.,-]\d)"
)
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


def find(reading: Reading) -> None:
    """Claim CPR and CVR numbers."""
    text = reading.lower
    for match in _CPR.finditer(text):
        if _is_cpr(text, match):
            reading.claim("cpr", *match.span(), f"{match['d']}{match['m']}{match['y']}-xxxx")
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
    day, month = int(match["d"]), int(match["m"])
    day -= 60 if day > 60 else 0
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return False
    if "-" in (match["s"] or ""):
        return True
    before = text[max(0, match.start() - 30) : match.start()]
    is_named = re.search(r"cpr|personnr|personnummer|født|f\.", before) is not None
    if not is_named and day > monthrange(2000, month)[1]:
        return False
    is_whole = " " not in match[0]
    six = re.fullmatch(r"\d{6} \d{4}", match[0]) is not None
    return is_named or ((is_whole or six) and _IS_ANOTHER.search(before) is None)
