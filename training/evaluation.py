"""Runs a tagger over labelled documents and reports everything that is measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training import metrics
from training.experiment import EvaluationConfig
from training.faithfulness import faithfulness_report
from training.metrics import Predictions
from training.progress import watched
from training.rationales import evidence_report
from training.swaps import swaps_report
from triage.assessment import FLAG, Assessment
from triage.calibration import GUARANTEED
from triage.indicators import Scheme
from triage.scoring import Scorer, UnitScores, document_probability, unit_hazards
from triage.tagger import Tagger
from triage.text import MAX_TEXT, Document

LENGTHS = (500, 2000, 8000)
"""Code points that texts without an indicator are joined to."""


@dataclass(frozen=True)
class Evaluation:
    """Predictions, the answers behind them, and the report."""

    predictions: Predictions
    assessments: list[Assessment]
    report: dict[str, Any]


def truth_of(documents: Sequence[Document], scheme: Scheme) -> metrics.Truth:
    """(N, K): whether each document states each indicator."""
    truth = np.zeros((len(documents), len(scheme)), bool)
    for row, document in enumerate(documents):
        for code in document.stated():
            if code in scheme.position:
                truth[row, scheme.position[code]] = True
    return truth


def ranking_quality(scorer: Scorer, documents: Sequence[Document], scheme: Scheme) -> float:
    """Macro average precision of a scorer before calibration; NaN if no document states an indicator."""
    raw = np.stack([document_probability(unit_hazards(units, len(scheme))) for units in scorer.score(documents)])
    return metrics.macro_average_precision(raw, truth_of(documents, scheme))


def predict(tagger: Tagger, documents: Sequence[Document], scored: Sequence[Sequence[UnitScores]]) -> Predictions:
    """Calibrated probabilities and flags of scored documents, abstentions left aside."""
    probability = np.stack([tagger.probabilities(d, units) for d, units in zip(documents, scored, strict=True)])
    flags = np.array([threshold.flag for threshold in tagger.calibration.thresholds])
    return Predictions(
        ids=tuple(document.id for document in documents),
        codes=tagger.scheme.codes,
        kinds=tuple(document.kind for document in documents),
        sources=tuple(document.source or "unknown" for document in documents),
        probability=probability,
        flagged=probability >= flags,
        truth=truth_of(documents, tagger.scheme),
    )


def predictions(tagger: Tagger, documents: Sequence[Document]) -> Predictions:
    """What a comparison of models needs, at the cost of one scoring: the predictions that `evaluate` reports on.

    A flag on a text the tagger abstains from does not count as found: quality is measured on what a user sees.

    Raises:
        ValueError: there are no documents, or labels the tagger's scheme does not have.
    """
    _require_labelled(tagger, documents)
    found = predict(tagger, documents, watched(tagger.scorer.score, documents, "scoring"))
    found.flagged[[bool(tagger.abstentions(document)) for document in documents]] = False
    return found


def _require_labelled(tagger: Tagger, documents: Sequence[Document]) -> None:
    if not documents:
        raise ValueError("there are no documents to evaluate on")
    unknown = {label.indicator for document in documents for label in document.labels} - set(tagger.scheme.codes)
    if unknown:
        raise ValueError(f"the model does not know the indicators {', '.join(sorted(unknown))}")


def evaluate(tagger: Tagger, documents: Sequence[Document], config: EvaluationConfig, *, seed: int = 1) -> Evaluation:
    """Evaluate a tagger on labelled documents: predictions as `predictions` gives them, and everything else.

    Raises:
        ValueError: as `predictions`.
    """
    _require_labelled(tagger, documents)
    scored = watched(tagger.scorer.score, documents, "scoring")
    found = predict(tagger, documents, scored)
    assessments = watched(tagger, documents, "tagging")
    tagged = np.array([assessment.status == "tagged" for assessment in assessments])
    found.flagged[~tagged] = False
    report = metrics.report(found, resamples=config.bootstrap, budget=config.review_budget, seed=seed)
    report["abstained"] = int((~tagged).sum())
    report["look"] = _look(tagger, found, tagged)
    report["evidence"] = evidence_report(tagger, documents, scored, assessments)
    report["faithfulness"] = faithfulness_report(tagger, documents, scored, assessments, seed=seed)
    report["swaps"] = swaps_report(tagger, documents, found.probability, seed=seed)
    report["false_alarms_on_other_states"] = _other_states(documents, assessments)
    report["false_alarms_by_length"] = _by_length(tagger, documents)
    return Evaluation(found, assessments, report)


def _look(tagger: Tagger, predictions: Predictions, tagged: metrics.Truth) -> dict[str, float]:
    """What people are shown, `look` and `flag` together: recall of what is stated, and how much there is to read."""
    thresholds = tagger.calibration.thresholds
    shown = (predictions.probability >= np.array([x.look for x in thresholds])) & tagged[:, None]
    stated = predictions.truth.sum(axis=0)
    found = (shown & predictions.truth).sum(axis=0)
    promised = [k for k, x in enumerate(thresholds) if x.status == GUARANTEED and stated[k]]
    return {
        "recall": float(found.sum() / stated.sum()) if stated.any() else float("nan"),
        "shown_per_text": float(shown.sum(axis=1).mean()),
        "promised": len(promised),
        "promise_kept": sum(bool(found[k] >= thresholds[k].recall * stated[k]) for k in promised),
    }


def _by_length(tagger: Tagger, documents: Sequence[Document]) -> dict[str, float]:
    """Flags in texts of different length that state nothing: a text's chance of a false flag grows with its units.

    Notes without a stated indicator are joined until they reach each length in code points; the mean number of flags is told.
    """
    nothing = [document.text for document in documents if document.kind == "note" and not document.stated()]
    found = {}
    for length in LENGTHS:
        joined: list[Document] = []
        current = ""
        for text in nothing:
            current = f"{current}\n\n{text}" if current else text
            if len(current) >= length:
                joined.append(Document(f"joined-{len(joined)}", "note", current[:MAX_TEXT]))
                current = ""
        if joined:
            assessed = tagger(joined)
            found[str(length)] = float(np.mean([sum(x.decision == FLAG for x in a.findings) for a in assessed]))
    return found


def _other_states(documents: Sequence[Document], assessments: Sequence[Assessment]) -> dict[str, dict[str, float]]:
    """For each state but `stated`: of the document-indicator pairs marked only so, the share that is flagged."""
    pairs: dict[str, list[bool]] = {"denied": [], "other_person": [], "hypothetical": []}
    for document, assessment in zip(documents, assessments, strict=True):
        flagged = {finding.code for finding in assessment.findings if finding.decision == FLAG}
        stated = document.stated()
        for label in document.labels:
            if label.state in pairs and label.indicator not in stated:
                pairs[label.state].append(label.indicator in flagged)
    return {
        state: {"pairs": len(found), "flagged": float(np.mean(found)) if found else float("nan")}
        for state, found in pairs.items()
    }
