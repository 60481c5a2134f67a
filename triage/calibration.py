"""From raw probabilities to calibrated ones and to decisions, with what may be promised of each threshold.

Calibration is one monotone map per indicator (Platt 1999), `sigmoid(slope * logit(p) + intercept)`; `look` is the exact
order-statistic rule for recall. The fitting lies in `training.calibrate`; this is what serving needs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from triage.assessment import CLEAR, FLAG, LOOK
from triage.scoring import Array, sigmoid

GUARANTEED, ESTIMATED, NO_GUARANTEE = "guaranteed", "estimated", "no_guarantee"


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where `look` and `flag` begin for one indicator, on calibrated probabilities."""

    look: float
    flag: float
    status: str
    """`guaranteed`: recall of `look` is at least `recall` at `confidence`; `estimated`: it was so on `positives` texts;
    `no_guarantee`: too few texts to say."""
    positives: int
    """Calibration texts that state the indicator."""
    recall: float
    confidence: float


class _Row(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(strict=True, extra="forbid")
    slope: Annotated[float, Field(gt=-1e6, lt=1e6)]
    intercept: Annotated[float, Field(gt=-1e6, lt=1e6)]
    look: FiniteFloat
    flag: FiniteFloat
    status: str
    positives: int
    recall: FiniteFloat
    confidence: FiniteFloat


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration and thresholds of all indicators, in the scheme's order."""

    slope: Array
    intercept: Array
    thresholds: tuple[Threshold, ...]

    def apply(self, raw: Array) -> Array:
        """Calibrated probabilities of raw ones, any shape ending in K."""
        return np.asarray(sigmoid(self.slope * logit(raw) + self.intercept), np.float32)

    def decide(self, index: int, probability: float) -> str:
        """`flag`, `look` or `clear` for a calibrated probability of the indicator at `index`."""
        threshold = self.thresholds[index]
        if probability >= threshold.flag:
            return FLAG
        return LOOK if probability >= threshold.look else CLEAR

    def to_json(self, codes: tuple[str, ...]) -> dict[str, Any]:
        """One entry per indicator code."""
        return {
            code: {"slope": float(self.slope[i]), "intercept": float(self.intercept[i]), **asdict(self.thresholds[i])}
            for i, code in enumerate(codes)
        }

    @classmethod
    def from_json(cls, record: dict[str, Any], codes: tuple[str, ...]) -> Calibration:
        """The calibration that `to_json` wrote.

        Raises:
            KeyError: an indicator of `codes` is missing.
            ValueError: an entry holds something else than numbers that can be calculated with.
        """
        rows = [_Row.model_validate(record[code]).model_dump() for code in codes]
        slope = np.array([row.pop("slope") for row in rows], np.float32)
        intercept = np.array([row.pop("intercept") for row in rows], np.float32)
        return cls(slope, intercept, tuple(Threshold(**row) for row in rows))


def logit(probability: Array) -> Array:
    """log(p / (1 - p)), with p kept off 0 and 1."""
    p = np.clip(np.asarray(probability, np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p), np.float32)
