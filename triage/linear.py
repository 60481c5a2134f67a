"""The linear family: TF-IDF of word and character n-grams under one logistic regression per indicator.

Its evidence is exact: an n-gram's contribution is weight x value, shared equally among the places where it occurs and the
words it lies in, so that the words' contributions and the bias sum to the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter
from safetensors.numpy import load_file, save_file

from triage.ngrams import NgramSettings, fold, ngrams, tokenize
from triage.scoring import Array, UnitScores
from triage.text import STATES, Document, Span
from triage.units import split_units

_NGRAMS = TypeAdapter(NgramSettings)
WEIGHTS = "weights.safetensors"
VOCABULARY = "vocabulary.txt"


@dataclass(frozen=True, slots=True)
class UnitFeatures:
    """The known n-grams of one unit."""

    words: list[Span]
    columns: np.ndarray
    """(m,) int: distinct features."""
    values: Array
    """(m,): TF-IDF values, word and character block each of unit length."""
    places: np.ndarray
    """(p, 2) int: (word, position in `columns`) for every word that an occurrence of a feature lies in."""
    shares: Array
    """(p,): the part of the feature that lies there; the shares of one feature sum to 1."""

    def by_word(self, weighted: Array) -> Array:
        """(m, K) contributions of features as (n words, K) contributions of words, with the same column sums."""
        spread = np.zeros((len(self.words), weighted.shape[1]), np.float32)
        np.add.at(spread, self.places[:, 0], weighted[self.places[:, 1]] * self.shares[:, None])
        return spread


class LinearScorer:
    """Scores units with a weight matrix over n-grams."""

    family = "linear"
    context_units = 0

    def __init__(
        self,
        vocabulary: Sequence[str],
        idf: Array,
        weights: Array,
        bias: Array,
        state_weights: Array,
        state_bias: Array,
        *,
        settings: NgramSettings,
        whole: bool,
    ) -> None:
        """
        Args:
            vocabulary: F n-gram names as in `triage.ngrams`.
            idf: (F,) inverse document frequencies.
            weights: (F, K); bias: (K,).
            state_weights: (F, 4), state_bias: (4,): logits of the states, shared by all indicators of a unit.
            settings: which n-grams.
            whole: score the whole text as one unit.
        """
        self.vocabulary = list(vocabulary)
        self.column = {name: index for index, name in enumerate(self.vocabulary)}
        self.is_word = np.array([name.startswith("w:") for name in self.vocabulary], bool)
        self.idf, self.weights, self.bias = idf, weights, bias
        self.state_weights, self.state_bias = state_weights, state_bias
        self.settings, self.whole = settings, whole

    def features(self, text: str, unit: Span) -> UnitFeatures:
        """The TF-IDF features of a unit; term frequencies are damped (1 + log)."""
        words = tokenize(text, unit)
        folded = [fold(text[w.start : w.end]) for w in words]
        position: dict[int, int] = {}
        counts: list[int] = []
        places: list[tuple[int, int]] = []
        parts: list[float] = []
        for name, first, last in ngrams(folded, self.settings):
            column = self.column.get(name)
            if column is None:
                continue
            local = position.setdefault(column, len(position))
            if local == len(counts):
                counts.append(0)
            counts[local] += 1
            for word in range(first, last + 1):
                places.append((word, local))
                parts.append(1 / (last - first + 1))
        columns = np.fromiter(position, int, len(position))
        count = np.array(counts, np.float32)
        where = np.array(places, int).reshape(-1, 2)
        values = (1 + np.log(count)) * self.idf[columns]
        for block in (self.is_word[columns], ~self.is_word[columns]):
            norm = float(np.sqrt((values[block] ** 2).sum()))
            if norm:
                values[block] /= norm
        shares = np.array(parts, np.float32) / count[where[:, 1]]
        return UnitFeatures(words, columns, values.astype(np.float32), where, shares)

    def score(self, documents: Sequence[Document], starts: Sequence[int] | None = None) -> list[list[UnitScores]]:
        places = starts or [0] * len(documents)
        return [
            [self._score_unit(x.text, unit) for unit in split_units(x, whole=self.whole) if unit.end > start]
            for x, start in zip(documents, places, strict=True)
        ]

    def _score_unit(self, text: str, unit: Span) -> UnitScores:
        found = self.features(text, unit)
        weighted = found.values[:, None] * self.weights[found.columns]
        state_logits = self.state_bias + found.values @ self.state_weights[found.columns]
        states = np.exp(state_logits - state_logits.max())
        states /= states.sum()
        return UnitScores(
            span=unit,
            tokens=np.array([(w.start, w.end) for w in found.words], np.int64).reshape(-1, 2),
            contributions=found.by_word(weighted),
            logits=self.bias + weighted.sum(axis=0),
            states=np.broadcast_to(states, (len(self.bias), len(STATES))),
        )

    def novelty(self, document: Document) -> float:
        words = [fold(document.text[w.start : w.end]) for w in tokenize(document.text, Span(0, len(document.text)))]
        pieces = [name for name, _, _ in ngrams(words, NgramSettings(1, 0, 4, 4))]
        if not pieces:
            return 0.0
        return sum(name not in self.column for name in pieces) / len(pieces)

    def save(self, folder: Path) -> tuple[dict[str, Any], list[str]]:
        (folder / VOCABULARY).write_text("\n".join(self.vocabulary) + "\n", "utf-8", newline="\n")
        save_file(
            {
                "idf": np.ascontiguousarray(self.idf, np.float32),
                "weights": np.ascontiguousarray(self.weights, np.float16),
                "bias": np.ascontiguousarray(self.bias, np.float32),
                "state_weights": np.ascontiguousarray(self.state_weights, np.float16),
                "state_bias": np.ascontiguousarray(self.state_bias, np.float32),
            },
            folder / WEIGHTS,
        )
        return {"ngrams": asdict(self.settings), "whole": self.whole}, [VOCABULARY, WEIGHTS]

    @classmethod
    def load(cls, folder: Path, settings: dict[str, Any]) -> LinearScorer:
        """The scorer that `save` wrote into `folder`."""
        tensors = {name: np.asarray(x, np.float32) for name, x in load_file(folder / WEIGHTS).items()}
        vocabulary = (folder / VOCABULARY).read_text("utf-8").removesuffix("\n").split("\n")
        return cls(
            vocabulary,
            **tensors,
            settings=_NGRAMS.validate_python(asdict(NgramSettings(**settings["ngrams"]))),
            whole=settings["whole"],
        )
