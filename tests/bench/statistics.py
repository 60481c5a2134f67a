"""What is reported of figures that were measured several times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

Round = TypeVar("Round")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, quartiles, ends and number of some figures.

    Raises:
        ValueError: there are none.
    """
    if not len(values):
        raise ValueError("nothing was measured")
    low, median, high = np.percentile(values, [25, 50, 75])
    found = {"median": median, "low": low, "high": high, "least": min(values), "most": max(values)}
    return {name: float(x) for name, x in found.items()} | {"n": len(values)}


def ratio(over: Sequence[float], under: Sequence[float]) -> dict[str, float]:
    """The spread of the ratios of two things measured in the same rounds, round by round: what slows a machine for a while
    slows both."""
    return spread([x / y for x, y in zip(over, under, strict=True)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share (0 to 100) of them do not exceed."""
    return float(np.percentile(values, share))


def slope(moments: Sequence[float], values: Sequence[float]) -> float:
    """Growth of a value per unit of time: the straight line that fits best; 0 for fewer than two moments."""
    if len(set(moments)) < 2:
        return 0.0
    return float(np.polyfit(moments, values, 1)[0])


def interleave(contestants: Mapping[str, Callable[[Round], float]], rounds: Sequence[Round]) -> dict[str, list[float]]:
    """Measure each contestant in each round, A B C, then B C A, and so on.

    Args:
        contestants: from what is to be done in a round to a figure.

    Returns:
        The figures of each, in the order of the rounds.
    """
    figures: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number, given in enumerate(rounds):
        start = number % len(names)
        for name in [*names[start:], *names[:start]]:
            figures[name].append(contestants[name](given))
    return figures
