"""What every model family gives for a text: unit-local, additive scores. The tagger needs nothing else.

For indicator k and unit s: ``u_ks = bias_k + sum_t c_kt`` over the unit's own tokens t, ``P(state | s, k)``, and
``lambda_ks = P(stated) * softplus(u_ks)``, so ``P_k = 1 - exp(-sum_s lambda_ks)``. For one unit that is always stated
this is exactly the logistic function of u, so a plain logistic regression is a special case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from triage.text import Document, Span

Array = npt.NDArray[np.float32]
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class UnitScores:
    """The scores of one unit for K indicators and its n tokens."""

    span: Span
    tokens: Offsets
    """(n, 2): start and end of each token in the document's text."""
    contributions: Array
    """(n, K): what each token adds to each indicator's score."""
    logits: Array
    """(K,): bias plus the sum of contributions; how strongly the unit speaks of the indicator, in any state."""
    states: Array
    """(K, 4): probability of each state in the order of `triage.text.STATES`, given that the unit speaks of it."""


class Scorer(Protocol):
    """A model family. `save` and `load` write and read only the family's own files of a model folder."""

    family: str
    context_units: int
    """How many units before its own a unit is read with."""
    bias: Array
    """(K,): what a unit scores before any of its words speaks."""

    def score(self, documents: Sequence[Document], starts: Sequence[int] | None = None) -> list[list[UnitScores]]:
        """The units of each document, in order, scored; a document's scores do not depend on its neighbours.

        Args:
            starts: for each document a place in it; units that end there or before are context alone and not scored.
        """
        ...

    def novelty(self, document: Document) -> float:
        """How unlike the training texts a text is, 0 (alike) to 1; feeds abstention."""
        ...

    def save(self, folder: Path) -> tuple[dict[str, Any], list[str]]:
        """Write weights and vocabulary; returns the settings that `load` needs and the names of the files."""
        ...


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    return np.logaddexp(np.float32(0), x)


def sigmoid(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def unit_hazards(units: Sequence[UnitScores], indicators: int) -> Array:
    """lambda, (S, K): how much each unit adds to -log(1 - P) of each indicator."""
    if not units:
        return np.zeros((0, indicators), np.float32)
    logits = np.stack([unit.logits for unit in units])
    stated = np.stack([unit.states[:, 0] for unit in units])
    return stated * softplus(logits)


def document_probability(hazards: Array) -> Array:
    """P before calibration, (K,), from lambda (S, K)."""
    return np.asarray(-np.expm1(-hazards.sum(axis=0)), np.float32)
