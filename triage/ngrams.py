"""Word and character n-grams of a piece of text, each with the words it lies in.

Training counts these to fit the baseline and serving counts them again to score, so there is one definition of them.
Case is folded code point by code point and digits are all read as 0, so sums and hours of the same size look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from triage.text import Span

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*|[^\w\s]|_", re.UNICODE)


@dataclass(frozen=True, slots=True)
class NgramSettings:
    """Which n-grams are counted."""

    word_min: int = 1
    word_max: int = 2
    char_min: int = 3
    char_max: int = 5


def fold(text: str) -> str:
    """Lower case and digits as 0, length kept: one code point stays one code point."""
    return "".join("0" if c.isdigit() else low if len(low := c.lower()) == 1 else c for c in text)


def tokenize(text: str, span: Span) -> list[Span]:
    """Words, numbers and single signs inside a span of a text."""
    return [Span(m.start(), m.end()) for m in _TOKEN.finditer(text, span.start, span.end)]


def ngrams(words: list[str], settings: NgramSettings) -> Iterator[tuple[str, int, int]]:
    """The n-grams of folded tokens as (name, first word, last word).

    Word n-grams are named ``w:...``; character n-grams ``c:...`` run inside one word padded with spaces, as in
    scikit-learn's ``char_wb``.
    """
    count = len(words)
    for size in range(settings.word_min, settings.word_max + 1):
        for first in range(count - size + 1):
            yield "w:" + " ".join(words[first : first + size]), first, first + size - 1
    for index, word in enumerate(words):
        if not word[0].isalnum():
            continue
        padded = f" {word} "
        for size in range(settings.char_min, settings.char_max + 1):
            if size > len(padded):
                break
            for start in range(len(padded) - size + 1):
                yield "c:" + padded[start : start + size], index, index
