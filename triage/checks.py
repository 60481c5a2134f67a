"""Does a flag rest on the words that are shown for it? Scored again with them alone, and without them.

Sufficiency and necessity after DeYoung et al. 2020, for single decisions. All flags of all documents are scored in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from triage.assessment import FLAG, Check, Finding
from triage.scoring import Array, Scorer, UnitScores, unit_hazards
from triage.text import Document, Span


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
    """Whether the evidence of a flag alone carries it (`sufficient`), and whether it falls without it (`necessary`).

    Args:
        decide: from an indicator's index and its sum of hazards to a decision.

    Returns:
        For each case a check of each finding; none of those that are not flagged: `look` asks a person to look anyway.
    """
    pieces: list[Document] = []
    starts: list[int] = []
    checks: list[list[Check | None]] = [[None] * len(case.findings) for case in cases]
    plans = [
        (row, _plan(scorer, case, index, pieces, starts))
        for row, case in zip(checks, cases, strict=True)
        for index, finding in enumerate(case.findings)
        if finding.decision == FLAG
    ]
    scored = scorer.score(pieces, starts)
    for row, plan in plans:
        hazards = plan.case.hazards[:, plan.index]
        others = float(np.delete(hazards, plan.touched).sum())
        middle = plan.first + len(plan.touched)
        alone = decide(plan.index, _sum(scored[plan.first : middle], plan))
        without = decide(plan.index, others + _sum(scored[middle : middle + len(plan.touched)], plan))
        row[plan.index] = Check(sufficient=alone == FLAG, necessary=without != FLAG)
    return checks


def _plan(scorer: Scorer, case: Case, index: int, pieces: list[Document], starts: list[int]) -> _Plan:
    """Add what has to be scored to check a finding: its units with the evidence alone, and with their context without it."""
    spans = [quote.span for quote in case.findings[index].evidence]
    units = case.units
    touched = [i for i, unit in enumerate(units) if any(unit.span.overlap(span) for span in spans)]
    plan = _Plan(case, index, touched, len(pieces))
    pieces += [mask(case.document, units[i].span, spans, keep=True) for i in touched]
    starts += [0] * len(touched)
    for i in touched:
        context = units[max(0, i - scorer.context_units)].span.start
        pieces.append(mask(case.document, Span(context, units[i].span.end), spans, keep=False))
        starts.append(units[i].span.start - context)
    return plan


def _sum(scored: Sequence[Sequence[UnitScores]], plan: _Plan) -> float:
    """Sum of the hazards of a plan's indicator over some scored pieces."""
    every = [unit for units in scored for unit in units]
    return float(unit_hazards(every, plan.case.hazards.shape[1])[:, plan.index].sum())


def mask(document: Document, piece: Span, spans: Sequence[Span], *, keep: bool) -> Document:
    """A piece of a document with only the spans (`keep`) or without them; what goes is blanked, so that offsets stay."""
    text = "".join(
        c if c.isspace() or any(span.start <= place < span.end for span in spans) == keep else " "
        for place, c in enumerate(document.text[piece.start : piece.end], start=piece.start)
    )
    return Document(document.id, document.kind, text)
