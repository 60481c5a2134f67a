"""From additive contributions of tokens to the few quotes that a person reads as evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage.assessment import Evidence
from triage.scoring import Array, UnitScores
from triage.text import Span

_EDGE = re.compile(r"^[\s.,;:!?…\"'»«”“()\[\]*•·\-–—]+|[\s.,;:!?…\"'»«”“(\[*•·\-–—]+$")

_WORD_BEFORE = re.compile(r"(?:^|(?<=[\s(\"»“]))([^\s.;:!?]+(?:[.,:]\d+)*[ \t]+)\Z")
_WORD_AFTER = re.compile(r"[ \t,]+[^\s.,;:!?]+(?:[.,:]\d+)*")


@dataclass(frozen=True, slots=True)
class HighlightSettings:
    """Chosen on calibration texts for agreement with people's marks."""

    keep: float = 0.3
    """A token belongs to the evidence from this part of its unit's strongest token on."""
    gap: int = 2
    """Runs with at most this many weaker tokens between them are one quote."""
    widen: int = 0
    """A quote takes in this many words on both sides, over no sign but commas, so that it can be understood."""
    unit_share: float = 0.2
    """A unit is quoted only if it carries at least this part of the strongest unit's score."""
    most: int = 6
    """Quotes per indicator."""


def trimmed(text: str, span: Span) -> Span:
    """The span without white space and punctuation at its ends (never empty)."""
    quote = text[span.start : span.end]
    start = _EDGE.match(quote)
    first = start.end() if start else 0
    last = len(quote)
    for match in _EDGE.finditer(quote):
        if match.end() == len(quote) and match.start() > first:
            last = match.start()
    return Span(span.start + first, span.start + last) if last > first else span


def _widened(text: str, unit: Span, span: Span, words: int) -> Span:
    """The span grown to whole words, and by some more on both sides, inside its unit and clause."""
    start, end = span.start, span.end
    while start > unit.start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < unit.end and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    for _ in range(words):
        before = _WORD_BEFORE.search(text, unit.start, start)
        start = before.start(1) if before else start
        after = _WORD_AFTER.match(text, end, unit.end)
        end = after.end() if after else end
    return Span(start, end)


def _joined(quotes: Sequence[tuple[Span, float]]) -> list[tuple[Span, float]]:
    """Quotes in order with their weights, those that overlap as one."""
    found: list[tuple[Span, float]] = []
    for span, weight in quotes:
        if found and span.start <= found[-1][0].end:
            last, before = found[-1]
            found[-1] = (Span(last.start, max(last.end, span.end)), before + weight)
        else:
            found.append((span, weight))
    return found


def _runs(strength: Array, settings: HighlightSettings) -> list[tuple[int, int]]:
    """(first, last) token of each run of strong tokens."""
    strong = np.flatnonzero(strength >= settings.keep * strength.max())
    runs: list[tuple[int, int]] = []
    for token in strong.tolist():
        if runs and token - runs[-1][1] - 1 <= settings.gap:
            runs[-1] = (runs[-1][0], token)
        else:
            runs.append((token, token))
    return runs


def quote_evidence(
    text: str, units: Sequence[UnitScores], hazards: Array, indicator: int, settings: HighlightSettings
) -> tuple[Evidence, ...]:
    """The evidence for one indicator, in order of place.

    A quote's weight is its part of the indicator's score: the unit's part of the sum of hazards times the quote's part of
    the unit's positive contributions. The weights of an indicator sum to at most 1.

    Args:
        units: the scored units of the text; hazards: (S, K) as in `triage.scoring.unit_hazards`.
        indicator: its position in the scheme.
    """
    total = float(hazards[:, indicator].sum())
    if total <= 0:
        return ()
    floor = settings.unit_share * float(hazards[:, indicator].max())
    found: list[Evidence] = []
    for unit, hazard in zip(units, hazards[:, indicator].tolist(), strict=True):
        positive = np.maximum(unit.contributions[:, indicator], 0)
        mass = float(positive.sum())
        if hazard < floor or mass <= 0:
            continue
        quotes = []
        for first, last in _runs(positive, settings):
            run = Span(int(unit.tokens[first, 0]), int(unit.tokens[last, 1]))
            weight = hazard / total * float(positive[first : last + 1].sum()) / mass
            quotes.append((_widened(text, unit.span, run, settings.widen), weight))
        for span, weight in _joined(quotes):
            exact = trimmed(text, span)
            found.append(Evidence(exact, text[exact.start : exact.end], weight))
    found.sort(key=lambda x: -x.weight)
    # Rounded down, so that the weights never sum to more than 1.
    return tuple(
        Evidence(x.span, x.quote, int(x.weight * 10_000) / 10_000)
        for x in sorted(found[: settings.most], key=lambda x: x.span)
        if x.weight >= 0.0001
    )
