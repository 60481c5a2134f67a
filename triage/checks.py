"""Does a decision rest on the words that are shown for it? Scored again with them alone, and without them.

Sufficiency and necessity after DeYoung et al. 2020, for single decisions. All findings of all documents are scored in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from triage.assessment import CLEAR, FLAG, LOOK, Check, Finding
from triage.scoring import Array, Scorer, UnitScores, unit_hazards
from triage.text import Document, Span

DECISIONS = (CLEAR, LOOK, FLAG)


@dataclass(frozen=True, slots=True)
class Case:
    """A document as the scorer scored it, with what was found in it."""

    document: Document
    units: list[UnitScores]
    hazards: Array
    """(S, K) of the units."""
    findings: list[Finding]
    """In the order of the scheme."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """The units that hold some of the evidence of a finding, and where their two masked versions lie among all to score."""

    case: Case
    index: int
    touched: list[int]
    first: int


def check_evidence(
    scorer: Scorer, cases: Sequence[Case], decide: Callable[[int, float], str]
) -> list[list[Check | None]]:
    """Whether the evidence alone carries each decision (`sufficient`), and whether the decision falls without it (`necessary`).

    Args:
        decide: from an indicator's index and its sum of hazards to a decision.

    Returns:
        For each case a check of each finding; none of those decided `clear`, which show no evidence.
    """
    pieces: list[Document] = []
    checks: list[list[Check | None]] = [[None] * len(case.findings) for case in cases]
    plans = [
        (row, _plan(scorer, case, index, pieces))
        for row, case in zip(checks, cases, strict=True)
        for index, finding in enumerate(case.findings)
        if finding.decision != CLEAR
    ]
    scored = scorer.score(pieces)
    for row, plan in plans:
        hazards = plan.case.hazards[:, plan.index]
        others = float(np.delete(hazards, plan.touched).sum())
        alone = decide(plan.index, _again(plan, 0, pieces, scored))
        without = decide(plan.index, others + _again(plan, len(plan.touched), pieces, scored))
        full = DECISIONS.index(plan.case.findings[plan.index].decision)
        row[plan.index] = Check(sufficient=DECISIONS.index(alone) >= full, necessary=DECISIONS.index(without) < full)
    return checks


def _plan(scorer: Scorer, case: Case, index: int, pieces: list[Document]) -> _Plan:
    """Add what has to be scored to check a finding."""
    spans = [quote.span for quote in case.findings[index].evidence]
    units = case.units
    touched = [i for i, unit in enumerate(units) if any(unit.span.overlap(span) for span in spans)]
    plan = _Plan(case, index, touched, len(pieces))
    pieces += [mask(case.document, units[i].span, spans, keep=True) for i in touched]
    for i in touched:
        start = units[max(0, i - scorer.context_units)].span.start
        pieces.append(mask(case.document, Span(start, units[i].span.end), spans, keep=False))
    return plan


def _again(plan: _Plan, offset: int, pieces: Sequence[Document], scored: Sequence[Sequence[UnitScores]]) -> float:
    """Sum of the hazards of a finding's units in one of their masked versions."""
    total = 0.0
    for place, i in enumerate(plan.touched, start=plan.first + offset):
        span = plan.case.units[i].span
        own = len(pieces[place].text) - (span.end - span.start)  # before it lies context
        total += _own(scored[place], own, plan.index, plan.case.hazards.shape[1])
    return total


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
