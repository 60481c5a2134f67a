"""Fits calibration and thresholds on calibration texts, which are never training texts.

Platt scaling per indicator (Platt 1999), shrunk to one shared map; indicators with fewer than 20 positives take the shared
map alone. `look` is the exact order-statistic rule: with n positives of which m lie below the threshold, recall is at least r
with confidence 1 - P(Bin(n, 1 - r) <= m), so 22 positives without a miss, 38 with one, 52 with two give 0.9 at 0.9.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import binom

from training.experiment import CalibrationConfig
from triage.calibration import ESTIMATED, GUARANTEED, NO_GUARANTEE, Calibration, Threshold, logit
from triage.scoring import Array

Truth = npt.NDArray[np.bool_]
MIN_POSITIVES = 20
"""Fewer positives and an indicator gets the shared calibration."""
MIN_ESTIMATE = 5
"""Fewer positives and nothing is said about its recall."""
SHRINKAGE = 3.0
"""Precision of the normal prior that pulls an indicator's slope and intercept to the shared ones."""


def _fit_platt(scores: Array, truth: Truth, prior: tuple[float, float] | None) -> tuple[float, float]:
    """(log slope, intercept) of the map, by maximum likelihood with an optional prior."""

    def loss(parameters: npt.NDArray[np.float64]) -> float:
        z = np.exp(parameters[0]) * scores + parameters[1]
        value = float(np.logaddexp(0, np.where(truth, -z, z)).sum())
        if prior is not None:
            value += SHRINKAGE / 2 * float(((parameters - np.array(prior)) ** 2).sum())
        else:
            value += 1e-3 * float((parameters**2).sum())  # keeps separable scores finite
        return value

    found = minimize(
        loss, np.array(prior if prior is not None else (0.0, 0.0)), method="L-BFGS-B", bounds=[(-4, 3), (-20, 20)]
    )
    return float(found.x[0]), float(found.x[1])


def misses_allowed(positives: int, recall: float, confidence: float) -> int:
    """How many positives may lie below a threshold that still promises the recall; -1 if there are too few."""
    allowed = -1
    while allowed + 1 < positives and binom.cdf(allowed + 1, positives, 1 - recall) <= 1 - confidence:
        allowed += 1
    return allowed


def _look(probabilities: Array, truth: Truth, config: CalibrationConfig) -> tuple[float, str]:
    positives = np.sort(probabilities[truth])
    allowed = misses_allowed(len(positives), config.recall, config.confidence)
    if allowed >= 0:
        threshold = float(positives[allowed])
        return (threshold, GUARANTEED) if threshold >= config.look_floor else (config.look_floor, NO_GUARANTEE)
    if len(positives) >= MIN_ESTIMATE:
        threshold = float(positives[int(np.floor(len(positives) * (1 - config.recall)))])
        if threshold >= config.look_floor:
            return threshold, ESTIMATED
    return config.look_floor, NO_GUARANTEE


def _flag(probabilities: Array, truth: Truth, config: CalibrationConfig) -> float:
    """The lowest threshold from which precision is at least the target, each candidate's precision being smoothed with the
    calibrated probabilities themselves, so that one lucky text decides nothing."""
    order = np.argsort(-probabilities, kind="stable")
    p, y = probabilities[order].astype(np.float64), truth[order].astype(np.float64)
    count = np.arange(1, len(p) + 1)
    prior = np.cumsum(p) / count
    precision = (np.cumsum(y) + 4 * prior) / (count + 4)
    good = np.flatnonzero(precision >= config.precision)
    if not len(good):
        return max(config.precision, float(p[0]) if len(p) else config.precision)
    last = int(good[-1])
    below = float(p[last + 1]) if last + 1 < len(p) else 0.0
    return float((p[last] + below) / 2)


def _flag_of_best_f1(probabilities: Array) -> float:
    """The threshold with the best expected F1, were every text right as often as its calibrated probability says.

    The truths went into the map; counted again here, a lucky text or two would move the threshold (Lipton et al. 2014: the
    best threshold of calibrated probabilities is half of the best F1).
    """
    if not len(probabilities):
        return 1.0
    p = np.sort(probabilities.astype(np.float64))[::-1]
    hits = np.cumsum(p)
    f1 = 2 * hits / (np.arange(1, len(p) + 1) + hits[-1])
    f1[np.flatnonzero(p[:-1] == p[1:])] = -1.0  # no threshold lies between equal probabilities
    last = int(f1.argmax())
    below = float(p[last + 1]) if last + 1 < len(p) else 0.0
    return float((p[last] + below) / 2)


def fit_calibration(raw: Array, truth: Truth, applies: Truth, config: CalibrationConfig) -> Calibration:
    """Calibration and thresholds from raw probabilities.

    Args:
        raw, truth: (N, K) over the calibration texts; truth is "stated".
        applies: (N, K): whether the indicator can stand in a text of that kind at all.

    Raises:
        ValueError: there are no calibration texts with a stated indicator.
    """
    if not truth.any():
        raise ValueError("there is nothing to calibrate on: no calibration text states an indicator")
    scores = logit(raw)
    shared = _fit_platt(scores[applies], truth[applies], None)
    slope, intercept, thresholds = [], [], []
    for k in range(raw.shape[1]):
        use = applies[:, k]
        y = truth[use, k]
        positives = int(y.sum())
        log_slope, b = _fit_platt(scores[use, k], y, shared) if positives >= MIN_POSITIVES else shared
        slope.append(np.exp(log_slope))
        intercept.append(b)
        p = np.asarray(1 / (1 + np.exp(-(np.exp(log_slope) * scores[use, k] + b))), np.float32)
        look, status = _look(p, y, config)
        found = max(_flag(p, y, config), look) if config.flag_rule == "precision" else _flag_of_best_f1(p)
        flag = min(max(found, config.look_floor), 0.999)
        thresholds.append(Threshold(min(look, flag), flag, status, positives, config.recall, config.confidence))
    return Calibration(np.array(slope, np.float32), np.array(intercept, np.float32), tuple(thresholds))
