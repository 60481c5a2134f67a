"""Quality of evidence, in two kinds that are never traded for each other.

Plausibility: does the evidence agree with the words people marked (character F1, pointing game)? Faithfulness: does the
score rest on it (additivity, sufficiency and necessity of what is shown)? How much it rests on the model's ranking of all
words is measured in `training.faithfulness`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from triage.assessment import CLEAR, FLAG, Assessment
from triage.scoring import UnitScores
from triage.tagger import Tagger
from triage.text import Document, Span


def _covered(spans: Sequence[Span], length: int) -> np.ndarray:
    covered = np.zeros(length, bool)
    for span in spans:
        covered[span.start : span.end] = True
    return covered


def evidence_report(
    tagger: Tagger,
    documents: Sequence[Document],
    scored: Sequence[Sequence[UnitScores]],
    assessments: Sequence[Assessment],
) -> dict[str, Any]:
    """Figures over all flagged indicators that the text states (agreement) and over all flags (faithfulness)."""
    hit = said = marked = 0
    pointed: list[bool] = []
    sufficient: list[bool] = []
    necessary: list[bool] = []
    error = 0.0
    for document, units, assessment in zip(documents, scored, assessments, strict=True):
        for unit in units:
            whole = unit.contributions.sum(axis=0)
            error = float(np.maximum(error, np.abs(unit.logits - tagger.scorer.bias - whole).max()))  # keeps NaN
        gold = {label.indicator: label.spans for label in document.labels if label.state == "stated"}
        for finding in assessment.findings:
            if finding.decision == CLEAR:
                continue
            if finding.decision == FLAG and finding.check is not None:
                sufficient.append(finding.check.sufficient)
                necessary.append(finding.check.necessary)
            if finding.decision == FLAG and finding.code in gold:
                truth = _covered(gold[finding.code], len(document.text))
                mine = _covered([x.span for x in finding.evidence], len(document.text))
                hit += int((truth & mine).sum())
                said += int(mine.sum())
                marked += int(truth.sum())
                if finding.evidence:
                    best = max(finding.evidence, key=lambda x: x.weight)
                    pointed.append(any(best.span.overlap(span) for span in gold[finding.code]))
    return {
        "pairs": len(pointed),
        "character_f1": 2 * hit / (said + marked) if said + marked else float("nan"),
        "pointing_game": float(np.mean(pointed)) if pointed else float("nan"),
        "flags": len(sufficient),
        "sufficient": float(np.mean(sufficient)) if sufficient else float("nan"),
        "necessary": float(np.mean(necessary)) if necessary else float("nan"),
        "additivity_error": error,
    }
