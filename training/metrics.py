"""Quality of tags: F1, average precision, Brier skill and calibration error, with bootstrap intervals by document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.metrics import average_precision_score

from triage.scoring import Array

Truth = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Predictions:
    """What a tagger said of N labelled documents, K indicators."""

    ids: tuple[str, ...]
    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    sources: tuple[str, ...]
    probability: Array
    flagged: Truth
    truth: Truth

    def subset(self, rows: npt.NDArray[Any]) -> Predictions:
        """The predictions of some documents; rows may repeat."""
        index = np.arange(len(self.ids))[rows]

        def pick(values: Sequence[str]) -> tuple[str, ...]:
            return tuple(values[i] for i in index)

        return Predictions(
            pick(self.ids),
            self.codes,
            pick(self.kinds),
            pick(self.sources),
            self.probability[index],
            self.flagged[index],
            self.truth[index],
        )


def f1_by_indicator(flagged: Truth, truth: Truth) -> npt.NDArray[np.float64]:
    """(K,) F1; NaN where an indicator is neither stated nor flagged."""
    hit = (flagged & truth).sum(axis=0)
    total = flagged.sum(axis=0) + truth.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total > 0, 2 * hit / total, np.nan))


def macro_f1(predictions: Predictions) -> float:
    """Mean F1 over the indicators that some document states."""
    stated = predictions.truth.any(axis=0)
    return (
        float(np.nanmean(f1_by_indicator(predictions.flagged, predictions.truth)[stated])) if stated.any() else np.nan
    )


def micro_f1(predictions: Predictions) -> float:
    """F1 over all document-indicator pairs."""
    hit = (predictions.flagged & predictions.truth).sum()
    total = predictions.flagged.sum() + predictions.truth.sum()
    return float(2 * hit / total) if total else float("nan")


def average_precision(probability: npt.NDArray[Any], truth: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(K,) average precision of (N, K) probabilities against (N, K) truth; NaN where no document states the indicator."""
    return np.array(
        [
            average_precision_score(truth[:, k], probability[:, k]) if truth[:, k].any() else np.nan
            for k in range(truth.shape[1])
        ]
    )


def macro_average_precision(probability: npt.NDArray[Any], truth: npt.NDArray[Any]) -> float:
    """Mean average precision over the indicators that some document states; NaN if none does."""
    return float(np.nanmean(average_precision(probability, truth))) if truth.any() else float("nan")


def macro_ap(predictions: Predictions) -> float:
    """`macro_average_precision` of predictions."""
    return macro_average_precision(predictions.probability, predictions.truth)


MEASURES = (("macro_f1", macro_f1), ("micro_f1", micro_f1), ("macro_ap", macro_ap))


def expected_calibration_error(probability: Array, truth: Truth, bins: int = 15) -> float:
    """Expected calibration error of pooled predictions, equal-width bins (Guo et al. 2017)."""
    p, y = probability.ravel(), truth.ravel()
    index = np.minimum((p * bins).astype(int), bins - 1)
    error = 0.0
    for b in range(bins):
        chosen = index == b
        if chosen.any():
            error += float(chosen.mean()) * abs(float(p[chosen].mean()) - float(y[chosen].mean()))
    return error


def brier_skill(predictions: Predictions) -> float:
    """1 - Brier score over that of always answering each indicator's rate in these documents; 0 is no skill."""
    rate = predictions.truth.mean(axis=0)
    reference = float(((predictions.truth - rate) ** 2).mean())
    score = float(((predictions.truth - predictions.probability) ** 2).mean())
    return 1 - score / reference if reference else float("nan")


def recall_at_budget(predictions: Predictions, budget: float) -> float:
    """Share of the documents with any stated indicator among the `budget` share read first, by their highest probability."""
    relevant: Truth = np.asarray(predictions.truth.any(axis=1))
    if not relevant.any():
        return float("nan")
    read = max(1, round(budget * len(predictions.ids)))
    first = np.argsort(-predictions.probability.max(axis=1), kind="stable")[:read]
    return float(relevant[first].sum() / relevant.sum())


def interval(
    predictions: Predictions, measure: Callable[[Predictions], float], *, resamples: int, seed: int
) -> tuple[float, float]:
    """95 % percentile interval of a measure, resampling documents (Efron and Tibshirani 1993)."""
    generator = np.random.default_rng(seed)
    count = len(predictions.ids)
    return _middle([measure(predictions.subset(generator.integers(0, count, count))) for _ in range(resamples)])


def _middle(values: Sequence[float]) -> tuple[float, float]:
    """Where the middle 95 % of the values lie, NaN left aside; NaN if there is nothing else."""
    numbers = [x for x in values if not np.isnan(x)]
    if not numbers:
        return float("nan"), float("nan")
    low, high = np.percentile(numbers, [2.5, 97.5])
    return float(low), float(high)


def f1_intervals(predictions: Predictions, *, resamples: int, seed: int) -> npt.NDArray[np.float64]:
    """(2, K) 95 % intervals of each indicator's F1; NaN where it is never stated or flagged."""
    generator = np.random.default_rng(seed)
    count = len(predictions.ids)
    samples = np.empty((resamples, len(predictions.codes)))
    for row in range(resamples):
        index = generator.integers(0, count, count)
        samples[row] = f1_by_indicator(predictions.flagged[index], predictions.truth[index])
    empty = np.isnan(samples).all(axis=0)
    samples[:, empty] = -1
    limits = np.nanpercentile(samples, [2.5, 97.5], axis=0)
    limits[:, empty] = np.nan
    return np.asarray(limits)


def overall(predictions: Predictions, *, resamples: int, seed: int) -> dict[str, dict[str, Any]]:
    """The measures over all indicators, each with its value and interval."""
    found = {}
    for name, measure in MEASURES:
        few = min(resamples, 200) if name == "macro_ap" else resamples  # average precision is slow to resample
        found[name] = {
            "value": measure(predictions),
            "interval": interval(predictions, measure, resamples=few, seed=seed),
        }
    return found


def report(predictions: Predictions, *, resamples: int, budget: float, seed: int) -> dict[str, Any]:
    """All figures of one model on one set of documents, ready for JSON."""
    f1 = f1_by_indicator(predictions.flagged, predictions.truth)
    ap = average_precision(predictions.probability, predictions.truth)
    limits = f1_intervals(predictions, resamples=resamples, seed=seed)
    groups = {}
    for label, values in (("kind", predictions.kinds), ("source", predictions.sources)):
        for value in sorted(set(values)):
            part = predictions.subset(np.array([x == value for x in values]))
            groups[f"{label}:{value}"] = {
                "n": len(part.ids),
                "macro_f1": macro_f1(part),
                "micro_f1": micro_f1(part),
            }
    return {
        "n": len(predictions.ids),
        "overall": overall(predictions, resamples=resamples, seed=seed),
        "brier_skill": brier_skill(predictions),
        "calibration_error": expected_calibration_error(predictions.probability, predictions.truth),
        "recall_at_budget": {"budget": budget, "value": recall_at_budget(predictions, budget)},
        "indicators": {
            code: {
                "n": int(predictions.truth[:, k].sum()),
                "flagged": int(predictions.flagged[:, k].sum()),
                "f1": f1[k],
                "interval": (limits[0, k], limits[1, k]),
                "average_precision": ap[k],
            }
            for k, code in enumerate(predictions.codes)
        },
        "groups": groups,
    }


def compare(one: Predictions, other: Predictions, *, resamples: int, seed: int) -> dict[str, Any]:
    """Paired differences (other minus one) on the same documents, with 95 % bootstrap intervals.

    Raises:
        ValueError: the two did not see the same documents.
    """
    if one.ids != other.ids or one.codes != other.codes:
        raise ValueError("the two models were not evaluated on the same documents and indicators")
    generator = np.random.default_rng(seed)
    count = len(one.ids)
    rows = [generator.integers(0, count, count) for _ in range(resamples)]
    result = {}
    for name, measure in MEASURES:
        few = rows[:200] if name == "macro_ap" else rows
        differences = [measure(other.subset(r)) - measure(one.subset(r)) for r in few]
        result[name] = {
            "one": measure(one),
            "other": measure(other),
            "difference": measure(other) - measure(one),
            "interval": _middle(differences),
        }
    return result
