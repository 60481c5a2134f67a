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


@dataclass(frozen=True, slots=True)
class HighlightSettings:
    """Chosen on calibration texts for agreement with people's marks."""

    keep: float = 0.3
    """A token belongs to the evidence from this part of its unit's strongest token on."""
    gap: int = 2
    """Runs with at most this many weaker tokens between them are one quote."""
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
        for first, last in _runs(positive, settings):
            span = trimmed(text, Span(int(unit.tokens[first, 0]), int(unit.tokens[last, 1])))
            weight = hazard / total * float(positive[first : last + 1].sum()) / mass
            found.append(Evidence(span, text[span.start : span.end], weight))
    found.sort(key=lambda x: -x.weight)
    # Rounded down, so that the weights never sum to more than 1.
    return tuple(
        Evidence(x.span, x.quote, int(x.weight * 10_000) / 10_000)
        for x in sorted(found[: settings.most], key=lambda x: x.span)
        if x.weight >= 0.0001
    )
