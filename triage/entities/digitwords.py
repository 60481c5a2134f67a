"""The digits that one word stands for: digits, a number word, or letters that look like digits."""

from __future__ import annotations

import re

from triage.entities.numerals import LOOKS_LIKE_DIGIT, looked_like, misspelled, spelled
from triage.entities.reading import Reading

_AMONG_DIGITS = re.compile(r"[\doOlI][ .-][a-z][ .-][\doOlISs]")
_PARTS = re.compile(r"\d+|\D+")
_WEAK = re.compile(r"[OIlZSBEGОЗБØΟΙΖ]{1,4}|[oilο]{1,2}|[бзʒ]")
_BETWEEN_LETTERS = re.compile(r"\d{1,2}(?P<sign>[^\W\d])(?:\d{1,2}(?P=sign))+\d{1,2}")


def value_of(reading: Reading, word: str, start: int, end: int) -> tuple[str, str]:
    """The digits of a word, none if it is no number, and how they are written, as the `kind` of a `Token` says it."""
    cased = reading.cased[start:end]
    if word.isdigit():
        span = reading.raw_span(start, end)
        return word, "digit" if reading.raw[span.start : span.end] == word else "sign"
    if word.isalpha():
        digits = spelled(word)
        if digits is None and _is_for_digits(reading.cased, word, start, end):
            return looked_like(cased) or "", "look"
        if digits is None and len(word) < 20:
            digits = misspelled(word)
        return digits or "", "word"
    if len(word) > 80:
        return "", ""
    word = _without_letters_between(word)
    parts = [x if x.isdigit() else spelled(x) or "" for x in _PARTS.findall(word)]
    if all(parts) and len(parts) > 1:
        return "".join(parts), "word"
    return (word if word.isdigit() else looked_like(cased) or misspelled(word) or ""), "look"


def _without_letters_between(word: str) -> str:
    """The digits alone of a word like "01k23k45k67"; any other word as it is."""
    found = _BETWEEN_LETTERS.fullmatch(word)
    if (
        found is None
        or found["sign"] in LOOKS_LIKE_DIGIT
        or word.count(found["sign"]) < (5 if found["sign"] == "x" else 3)
    ):
        return word
    return word.replace(found["sign"], "")


def _is_for_digits(cased: str, word: str, start: int, end: int) -> bool:
    """Whether a word of letters that look like digits stands for them."""
    if word in ("z", "s", "b") and _AMONG_DIGITS.fullmatch(cased, start - 2, end + 2):
        return True
    is_alike = len(word) < 5 and LOOKS_LIKE_DIGIT.issuperset(word)
    return is_alike and _WEAK.fullmatch(cased, start, end) is not None and _stands_apart(cased, word, start, end)


def _stands_apart(cased: str, word: str, start: int, end: int) -> bool:
    """Whether letters may stand for digits here: not the Danish word "i" among other words."""
    return (
        word != "i" or cased[start] == "I" or not (cased[start - 1 : start].isspace() or cased[end : end + 1].isspace())
    )
