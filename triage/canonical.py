"""Text as an encoder reads it: the same length, code point by code point, without what only the look of the letters says."""

from __future__ import annotations

import re

_CAPITALS = 0.8
"""From this share of capital letters on, a piece of text is written in capitals."""
_MIN_LETTERS = 12
"""Fewer letters may be initials or an abbreviation."""
_WORD = re.compile(r"[^\W\d_]+")
_LATIN = re.compile(r"[A-Za-zÆØÅæøåÄÖÜäöüÉé]")
_FOREIGN = re.compile(r"[Ͱ-ϿЀ-ӿ]")
_LOOKALIKES = str.maketrans(
    "аеорсхуіјѕԁһАВЕКМНОРСТХУІЈЅοαρυνικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcxyijsdhABEKMHOPCTXYIJSoapuvikABEZHIKMNOPTYX"
)
"""Cyrillic and Greek letters that look Latin (after Unicode Technical Standard 39, confusables)."""


def without_lookalikes(text: str) -> str:
    """Letters of other alphabets inside Latin words as the Latin ones they imitate; the length stays."""
    if not _FOREIGN.search(text):
        return text
    return _WORD.sub(lambda word: word[0].translate(_LOOKALIKES) if _LATIN.search(word[0]) else word[0], text)


def canonical(text: str) -> str:
    """Letters of other alphabets inside Latin words as the Latin ones they imitate, and text in capitals in lower case.

    The result has the length of the text, so offsets hold in both. Words wholly in another alphabet stay as they are.
    """
    text = without_lookalikes(text)
    letters = [c for c in text if c.isalpha()]
    if len(letters) >= _MIN_LETTERS and sum(c.isupper() for c in letters) >= _CAPITALS * len(letters):
        text = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    return text
