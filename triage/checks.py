"""Does a decision rest on the words that are shown for it? Scored again with them alone, and without them.

Sufficiency and necessity after DeYoung et al. 2020, for single decisions. All findings of a document are scored in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from triage.assessment import CLEAR, FLAG, LOOK, Check, Evidence
from triage.scoring import Array, Scorer, UnitScores, unit_hazards
from triage.text import Document, Span

DECISIONS = (CLEAR, LOOK, FLAG)


@dataclass(frozen=True, slots=True)
class Found:
    """A decision on the indicator at `index` with its evidence, before it is checked."""

    index: int
    decision: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """The units that hold some of the evidence, and where their two masked versions lie among all pieces to score."""

    touched: list[int]
    first: int


def check_evidence(
    scorer: Scorer,
    document: Document,
    units: Sequence[UnitScores],
    hazards: Array,
    found: Sequence[Found],
    decide: Callable[[int, float], str],
) -> list[Check]:
    """Whether the evidence alone carries each decision (`sufficient`), and whether the decision falls without it (`necessary`).

    Args:
        units: the document's units as the scorer scored them; hazards: (S, K), theirs.
        decide: from an indicator's index and its sum of hazards to a decision.
    """
    pieces: list[Document] = []
    plans = []
    for x in found:
        spans = [quote.span for quote in x.evidence]
        touched = [i for i, unit in enumerate(units) if any(unit.span.overlap(span) for span in spans)]
        plans.append(_Plan(touched, len(pieces)))
        pieces += [mask(document, units[i].span, spans, keep=True) for i in touched]
        for i in touched:
            start = units[max(0, i - scorer.context_units)].span.start
            pieces.append(mask(document, Span(start, units[i].span.end), spans, keep=False))
    scored = scorer.score(pieces)
    count = hazards.shape[1]

    def again(plan: _Plan, index: int, offset: int) -> float:
        total = 0.0
        for place, i in enumerate(plan.touched, start=plan.first + offset):
            own = len(pieces[place].text) - (units[i].span.end - units[i].span.start)  # before it lies context
            total += _own(scored[place], own, index, count)
        return total

    checks = []
    for x, plan in zip(found, plans, strict=True):
        others = float(np.delete(hazards[:, x.index], plan.touched).sum())
        alone = decide(x.index, again(plan, x.index, 0))
        without = decide(x.index, others + again(plan, x.index, len(plan.touched)))
        full = DECISIONS.index(x.decision)
        checks.append(Check(sufficient=DECISIONS.index(alone) >= full, necessary=DECISIONS.index(without) < full))
    return checks


def _own(units: Sequence[UnitScores], own: int, index: int, count: int) -> float:
    """Sum of the hazards of one indicator over the units that lie after the context."""
    return float(unit_hazards([unit for unit in units if unit.span.end > own], count)[:, index].sum())


def mask(document: Document, piece: Span, spans: Sequence[Span], *, keep: bool) -> Document:
    """A piece of a document with only the spans (`keep`) or without them; what goes is blanked, so that offsets stay."""
    text = "".join(
        c if c.isspace() or any(span.start <= place < span.end for span in spans) == keep else " "
        for place, c in enumerate(document.text[piece.start : piece.end], start=piece.start)
    )
    return Document(document.id, document.kind, text)
