"""Gates of promotion: what a new model must not be worse at than the one it replaces. Pure: reports in, verdicts out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

PAIRED = ("macro_f1", "micro_f1", "macro_ap")
"""Measures whose paired difference must not lie wholly below 0."""
BETTER = ("macro_f1", "macro_ap")
"""Measures of which one must lie wholly above 0 for a model to be better."""
SHARE = 0.02
"""Slack of a share measured on a few hundred pairs.

The standard error of a share near 0.8 on 400 pairs is 0.02, so a smaller loss cannot be told from chance, and a gate without
slack would turn away every second model that is truly as good. A larger slack would let a real loss pass, and promotions
in a row add theirs up.
"""
FEW_PAIRS = 0.04
"""The same where there are about a hundred pairs: the standard error is twice as large."""
MANY_PAIRS = 0.01
"""The same where there are thousands: the standard error is half as large."""

PASSED, FAILED, NOT_MEASURED = "passed", "failed", "not measured"


@dataclass(frozen=True)
class Gate:
    """One figure that guards a promotion."""

    name: str
    path: tuple[str, ...]
    """Keys that lead to the figure in an evaluation report."""
    better: Literal["higher", "lower"]
    slack: float | None = None
    """How much worse than the champion's the figure may be; None: it is not held against the champion."""
    enough: float | None = None
    """A figure this good passes, however good the champion's is."""
    limit: float | None = None
    """The figure must lie on the good side of this, however bad the champion's is."""


@dataclass(frozen=True)
class Verdict:
    """What a gate says of two models; a figure that a report lacks is None."""

    gate: str
    champion: float | None
    challenger: float | None
    allowed: str
    """The figures that pass, in words."""
    outcome: str
    """`PASSED`, `FAILED` or `NOT_MEASURED`."""


GATES = (
    Gate("calibration_error", ("calibration_error",), "lower", slack=0.0, enough=0.05),
    Gate("evidence character_f1", ("evidence", "character_f1"), "higher", slack=SHARE),
    Gate("evidence pointing_game", ("evidence", "pointing_game"), "higher", slack=SHARE),
    Gate("evidence sufficient", ("evidence", "sufficient"), "higher", slack=SHARE),
    Gate("evidence necessary", ("evidence", "necessary"), "higher", slack=SHARE),
    Gate("additivity_error", ("evidence", "additivity_error"), "lower", limit=1e-4),
    Gate("false alarms: denied", ("false_alarms_on_other_states", "denied", "flagged"), "lower", slack=SHARE),
    Gate(
        "false alarms: other_person",
        ("false_alarms_on_other_states", "other_person", "flagged"),
        "lower",
        slack=FEW_PAIRS,
    ),
    Gate(
        "false alarms: hypothetical", ("false_alarms_on_other_states", "hypothetical", "flagged"), "lower", slack=SHARE
    ),
    Gate("look recall", ("look", "recall"), "higher", slack=MANY_PAIRS),
    Gate("behaviour pairs_right", ("behaviour", "overall", "pairs_right"), "higher", slack=SHARE),
    Gate("largest group swap", ("swaps", "largest"), "lower", slack=SHARE),
    Gate("model folder in MB", ("size_mb",), "lower", limit=45.0),
)
"""All gates but those of `PAIRED`. Slack is in the unit of the figure."""


def figure(report: Mapping[str, Any], path: Iterable[str]) -> float | None:
    """The number at a path of a report; None if the path ends early, NaN if there is something else than a number."""
    value: Any = report
    for key in path:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return float(value) if isinstance(value, int | float) else math.nan


def check(gate: Gate, champion: Mapping[str, Any], challenger: Mapping[str, Any]) -> Verdict:
    """What a gate says of two evaluation reports.

    A figure is not measured where the gate needs it and the report lacks it, or where nothing it counts stood in the
    champion's texts. A challenger that has no number where the champion has one fails: it has left out what is measured.
    """
    theirs, mine = figure(champion, gate.path), figure(challenger, gate.path)
    worst, words = _allowed(gate, theirs)
    needed = [mine] if gate.slack is None else [mine, theirs]
    if any(value is None for value in needed) or (gate.slack is not None and _missing(theirs)):
        outcome = NOT_MEASURED
    else:
        assert mine is not None
        good = mine <= worst + 1e-9 if gate.better == "lower" else mine >= worst - 1e-9  # NaN is neither
        inside = gate.limit is None or (mine < gate.limit if gate.better == "lower" else mine > gate.limit)
        outcome = PASSED if good and inside else FAILED
    return Verdict(gate.name, theirs, mine, words, outcome)


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _allowed(gate: Gate, theirs: float | None) -> tuple[float, str]:
    """The worst figure that passes beside the champion's, and what is allowed in words."""
    lower = gate.better == "lower"
    worst, words = math.inf if lower else -math.inf, []
    if gate.slack is not None and theirs is not None and not math.isnan(theirs):
        worst = theirs + gate.slack if lower else theirs - gate.slack
        if gate.enough is not None:
            worst = max(worst, gate.enough) if lower else min(worst, gate.enough)
        words.append(f"{'at most' if lower else 'at least'} {worst:.4g}")
    if gate.limit is not None:
        words.append(f"{'below' if lower else 'above'} {gate.limit:.4g}")
    return worst, ", ".join(words)


def check_paired(name: str, row: Mapping[str, Any]) -> Verdict:
    """What the gate of a paired measure says of its row in `training.metrics.compare` (one: champion, other: challenger)."""
    low, high = row["interval"]
    outcome = NOT_MEASURED if math.isnan(high) else PASSED if high >= 0 else FAILED
    words = f"{low:+.3f} to {high:+.3f} reaches 0" if outcome != NOT_MEASURED else ""
    return Verdict(name, row["one"], row["other"], words, outcome)


def check_all(
    champion: Mapping[str, Any], challenger: Mapping[str, Any], comparison: Mapping[str, Any]
) -> list[Verdict]:
    """The verdicts of all gates on two evaluation reports and the paired comparison of the two models."""
    paired = [check_paired(name, comparison[name]) for name in PAIRED]
    return paired + [check(gate, champion, challenger) for gate in GATES]


def gains(comparison: Mapping[str, Any]) -> list[str]:
    """The measures of `BETTER` whose 95 % interval of the paired difference lies above 0."""
    return [name for name in BETTER if comparison[name]["interval"][0] > 0]


def failures(verdicts: Iterable[Verdict]) -> list[str]:
    """Names of the gates that failed."""
    return [verdict.gate for verdict in verdicts if verdict.outcome == FAILED]
