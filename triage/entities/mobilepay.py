"""MobilePay: a phone number or the number of a box or shop, named as MobilePay's."""

from __future__ import annotations

import re

from triage.entities.phonevalues import danish
from triage.entities.reading import Reading

_NAME = (
    r"(?<![^\W_])(?:mobile ?-?pay|mobilpay|mobilepays?|mob\.? ?pay|mp|swipp)(?![^\W_])"
    r"(?:[ :.#=-]{0,3}(?<![^\W_])(?:til|på|nr|nummer|nummeret|no|number|box|boks|boxnr|boksnr|box-nr|id|to|via|"
    r"er|is|kode|betal|pay|mit|min)(?![^\W_])\.?){0,3}"
    r"[ :#=→-]{0,4}"
)
_NAMED = re.compile(
    rf"{_NAME}(?P<n>(?:\+45 ?)?\d(?:[ .-]?\d){{7}}|\d{{4}}[a-z]{{2}}|\d{{5,6}})(?!\w|[ .-]?\d| ?(?:kr|,-))"
)
_BEFORE = re.compile(rf"{_NAME}\Z")
_LONGEST = 60
"""Most characters of a name with the words that follow it."""
_BOX = re.compile(r"(?<![^\W_])(?:box|boks)[ -]?(?:nr|id|nummer)?[ .:#=-]{0,3}(?P<n>\d{4}[a-z]{2})(?!\w)")
_AFTER = re.compile(r"(?<![\w+.-])(?P<n>(?:\+45 ?)?\d(?:[ .-]?\d){7}) ?[(/] ?(?:kun )?(?:mobile ?pay|mp)(?![^\W_])")


def find(reading: Reading) -> None:
    """Claim all that is named as MobilePay."""
    text = reading.lower
    if not any(x in text for x in ("pay", "mp", "swipp", "box", "boks")):
        return
    for pattern in (_NAMED, _BOX, _AFTER):
        for match in pattern.finditer(text):
            digits = re.sub(r"[ .+-]", "", match["n"])
            reading.claim("mobilepay", *match.span("n"), danish(digits) or digits.upper())


def is_named(reading: Reading, start: int) -> bool:
    """Whether a number that begins at a place, however it is written, is named as MobilePay's."""
    return _BEFORE.search(reading.lower, max(0, start - _LONGEST), start) is not None
