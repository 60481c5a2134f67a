"""A scorer with a known truth: its score for one indicator rests on given words, whatever it names as their contributions."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from triage.indicators import Scheme
from triage.scoring import UnitScores
from triage.tagger import Tagger
from triage.text import Document
from triage.units import split_units

INDICATOR = "debt_bondage"
HIGH, LOW = 6.0, -6.0


class PlantedScorer:
    """Scores `HIGH` for the one indicator where `weight` of a unit's words sums to 1, `LOW` where it sums to 0."""

    family = "planted"
    context_units = 1

    def __init__(
        self, scheme: Scheme, weight: Callable[[str], float], claimed: Callable[[str], float] | None = None
    ) -> None:
        """
        Args:
            weight: what a word adds, in parts of the way from `LOW` to `HIGH`.
            claimed: what the scorer says that a word adds, if not the truth.
        """
        self.index = scheme.position[INDICATOR]
        self.bias = np.full(len(scheme), LOW, np.float32)
        self.weight, self.claimed = weight, claimed or weight

    def score(self, documents: Sequence[Document], starts: Sequence[int] | None = None) -> list[list[UnitScores]]:
        places = starts or [0] * len(documents)
        return [
            [self._score(x.text, unit) for unit in split_units(x) if unit.end > start]
            for x, start in zip(documents, places, strict=True)
        ]

    def _score(self, text, unit):
        words = list(re.finditer(r"\w+", text[: unit.end]))
        words = [x for x in words if x.start() >= unit.start]
        contributions = np.zeros((len(words), len(self.bias)), np.float32)
        contributions[:, self.index] = [(HIGH - LOW) * self.claimed(x[0].lower()) for x in words]
        logits = self.bias.copy()
        logits[self.index] += (HIGH - LOW) * sum(self.weight(x[0].lower()) for x in words)
        states = np.zeros((len(self.bias), 4), np.float32)
        states[:, 0] = 1
        tokens = np.array([x.span() for x in words], np.int64).reshape(-1, 2)
        return UnitScores(unit, tokens, contributions, logits, states)

    def novelty(self, document):
        return 0.0

    def save(self, folder):
        raise NotImplementedError


def planted(tagger: Tagger, weight: Callable[[str], float], claimed: Callable[[str], float] | None = None) -> Tagger:
    """The tagger with a planted scorer and with probabilities left as they are."""
    count = len(tagger.scheme)
    thresholds = tuple(replace(x, look=0.2, flag=0.5) for x in tagger.calibration.thresholds)
    calibration = replace(
        tagger.calibration,
        slope=np.ones(count, np.float32),
        intercept=np.zeros(count, np.float32),
        thresholds=thresholds,
    )
    return replace(tagger, scorer=PlantedScorer(tagger.scheme, weight, claimed), calibration=calibration)
