"""Documents, spans and labels.

Offsets count Unicode code points of the text exactly as received: no normalisation, line ends kept. A span is half-open,
so ``text[span.start:span.end]`` is the quote, for emoji, joiners, combining marks and right-to-left text too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

STATES = ("stated", "denied", "other_person", "hypothetical")
"""What a text says of an indicator: about the case itself, ruled out, about somebody else, or only asked or general."""

KINDS = ("note", "ad")
MAX_TEXT = 50_000
"""The longest text, in code points, that is tagged in one piece."""


NUL = "\x00"
SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: no character, and no UTF-8 can hold it."""


def has_bad_characters(text: str) -> bool:
    """Whether a text holds what no text holds: NUL, or half of a surrogate pair."""
    return NUL in text or SURROGATE.search(text) is not None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of code points."""

    start: int
    end: int

    def overlap(self, other: Span) -> int:
        """Number of code points that both spans cover."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))


@dataclass(frozen=True, slots=True)
class Label:
    """An indicator somebody marked in a text, with its state and the words that show it."""

    indicator: str
    state: str = "stated"
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A case note or an ad, with the labels that people gave it, if any."""

    id: str
    kind: str
    text: str
    source: str | None = None
    lang: str | None = None
    labels: tuple[Label, ...] = ()

    def stated(self) -> frozenset[str]:
        """Codes of the indicators that the text states about its case."""
        return frozenset(label.indicator for label in self.labels if label.state == "stated")
