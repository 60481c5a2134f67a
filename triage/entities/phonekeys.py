"""A phone in which letters stand for digits as the text itself says: "12 4X 83 X2 (erstat X med 5)", "OBEDAGFC, A=1, B=2"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from triage.entities.numerals import WORDS
from triage.entities.reading import Reading

_DIGIT = r"\d|nul|zero|en|et|ét|one|to|two|tre|three|fire|four|fem|five|seks|six|syv|seven|otte|eight|ni|nine"
_SAID = re.compile(
    rf"(?<![^\W_])(?:(?P<letter>[a-zæøå])(?: ?= ?| (?:er|for|står for|betyder|skal være|is|means|med|with) (?:et |en )?)"
    rf"(?P<digit>{_DIGIT})|(?P<digit_first>{_DIGIT}) (?:skrives som|er skrevet som|hedder|is written as) (?:et |en )?"
    r"(?P<letter_last>[a-zæøå]))(?![^\W_])"
)
_LISTED = re.compile(
    r"(?<![^\W_])(?P<letters>[a-zæøå](?:, ?[a-zæøå]){0,4} (?:og|and) [a-zæøå]) (?:er brugt |bruges |står |used )?"
    r"(?:i stedet for|for|betyder|er|instead of|mean|are) (?P<digits>\d(?:, ?\d){0,4} (?:og|and) \d)(?!\d)"
)
_LETTERS = "abcdefghi"
_WITHOUT = re.compile(
    r"(?<![^\W_])(?:(?:tag|smid\w?|slet|fjern|drop|remove|delete) (?:alle |all |the )?(?:bogstaver(?:ne)?|letters)|"
    r"(?:uden|without) (?:the )?(?:bogstaver(?:ne)?|letters))(?![^\W_])"
)
_MIXED = re.compile(r"(?<![^\W_])\d(?:[ -]?(?:[a-zæøå][ -]?)?\d){7}(?![^\W_])")


def find(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Start, end and eight digits of each phone written with a key that the text gives, in order."""
    if _WITHOUT.search(reading.lower):
        for mixed in _MIXED.finditer(reading.lower):
            if sum(c.isalpha() for c in mixed[0]) > 2:
                yield *mixed.span(), re.sub(r"\D", "", mixed[0])
    key: dict[str, str] = {}
    for said in _SAID.finditer(reading.lower):
        digit = said["digit"] or said["digit_first"]
        key[said["letter"] or said["letter_last"]] = WORDS.get(digit, digit)
    for listed in _LISTED.finditer(reading.lower):
        letters, digits = re.findall(r"(?<!\w)\w(?!\w)", listed["letters"]), re.findall(r"\d", listed["digits"])
        if len(letters) == len(digits):
            key |= zip(letters, digits, strict=True)
    if not key:
        return
    if key.get("a") == "1" and key.get("b") == "2":
        key = {letter: str(i) for i, letter in enumerate(_LETTERS, 1)} | {"o": "0"} | key
    sign = rf"[\d{''.join(key)}{''.join(key).upper()}]"
    number = rf"(?<![^\W_]){sign}(?:[ .-]?{sign}){{7}}(?![^\W_]|[ .-]?{sign}(?![^\W_]))"
    for found in re.finditer(number, reading.cased):
        groups = re.split("[ .-]", found[0].lower())
        signs = "".join(groups)
        written = sum(c.isdigit() for c in signs)
        is_told = found[0].upper() == found[0] or written > 1
        if is_told and written < len(signs) and (len(groups) == len(signs) or min(map(len, groups)) > 1):
            yield *found.span(), "".join(key.get(c, c) for c in signs)
