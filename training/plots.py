"""Plots, drawn without a screen and always the same for the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt

matplotlib.use("Agg")
from matplotlib import pyplot as plt

_SAVE = {"dpi": 110, "bbox_inches": "tight", "metadata": {"Software": None}}


def bar_plot(names: Sequence[str], series: Mapping[str, Sequence[float]], path: Path, *, title: str) -> None:
    """Stacked horizontal bars, one per name."""
    figure, axes = plt.subplots(figsize=(8, 0.26 * len(names) + 1.2))
    left = np.zeros(len(names))
    for label, values in series.items():
        axes.barh(range(len(names)), values, left=left, label=label)
        left += np.asarray(values, float)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    if len(series) > 1:
        axes.legend(fontsize=8)
    figure.savefig(path, **_SAVE)
    plt.close(figure)


def score_plot(
    names: Sequence[str],
    values: Sequence[float],
    low: Sequence[float],
    high: Sequence[float],
    path: Path,
    *,
    title: str,
) -> None:
    """A score with its interval for each name."""
    figure, axes = plt.subplots(figsize=(8, 0.26 * len(names) + 1.2))
    value = np.asarray(values)
    errors = np.clip(np.array([value - np.asarray(low), np.asarray(high) - value]), 0, None)
    axes.errorbar(value, range(len(names)), xerr=errors, fmt="o", markersize=4, capsize=2)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.grid(axis="x", alpha=0.3)
    axes.invert_yaxis()
    axes.set_title(title, fontsize=10)
    figure.savefig(path, **_SAVE)
    plt.close(figure)


def calibration_plot(
    probabilities: npt.NDArray[np.float32], truth: npt.NDArray[np.bool_], path: Path, *, bins: int = 10
) -> None:
    """Reliability diagram of pooled predictions, with the number of predictions in each bin."""
    p, y = probabilities.ravel(), truth.ravel()
    edges = np.linspace(0, 1, bins + 1)
    index = np.clip(np.digitize(p, edges) - 1, 0, bins - 1)
    figure, axes = plt.subplots(figsize=(5, 5))
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    for b in range(bins):
        chosen = index == b
        if chosen.any():
            axes.plot(p[chosen].mean(), y[chosen].mean(), "o", color="C0")
            axes.annotate(
                str(int(chosen.sum())),
                (p[chosen].mean(), y[chosen].mean()),
                fontsize=7,
                xytext=(4, 4),
                textcoords="offset points",
            )
    axes.set_xlabel("calibrated probability")
    axes.set_ylabel("share that is stated")
    axes.set_title("Calibration on test texts, all indicators pooled", fontsize=10)
    figure.savefig(path, **_SAVE)
    plt.close(figure)
