"""The encoder family: units read by an encoder under a head, whatever computes it (see `triage.network`, `triage.compiled`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from triage.canonical import canonical
from triage.layout import Inputs, Layout
from triage.pieces import Piece, TextTokenizer, Window, cut
from triage.scoring import Array, UnitScores
from triage.text import Document
from triage.unitcache import UnitCache

FAMILIAR = "familiar.safetensors"
BATCH_TOKENS = 1024
"""Tokens scored in one go."""
_MOST = 2000
"""Tokens of a text that tell whether it is familiar."""


class Outputs(NamedTuple):
    """What is computed for B pieces of T tokens and K indicators."""

    logits: Array
    """(B, K)"""
    contributions: Array
    """(B, T, K): zero but for own tokens; with the bias they sum to the logits."""
    states: Array
    """(B, K, 4): probabilities."""


class Forward(Protocol):
    """Something that computes an encoder and its head."""

    bias: Array
    """(K,)"""
    layout: Layout
    """Makes its inputs."""

    def __call__(self, inputs: Inputs) -> Outputs:
        """Compute a group of pieces."""
        ...

    def embedding(self, ids: Sequence[int]) -> Array:
        """(H,): mean of the input embeddings of at least one token."""
        ...

    def save(self, folder: Path) -> list[str]:
        """Write what it computes with into a model folder; returns the names of the files."""
        ...


@dataclass(frozen=True)
class Familiarity:
    """Where the encoder places texts before it is fine-tuned: a mean and a whitening of its mean-pooled token embeddings.

    Only the embedding layer is used: it costs nothing, and fine-tuning with frozen embeddings leaves it as it was.
    """

    mean: Array
    """(H,)"""
    scale: Array
    """(H,): 1 / standard deviation."""

    def distance(self, vector: Array) -> float:
        """Root mean square of the standardised difference."""
        return float(np.sqrt((((vector - self.mean) * self.scale) ** 2).mean()))

    @classmethod
    def read(cls, folder: Path) -> Familiarity:
        """That of a model folder."""
        return cls(**load_file(folder / FAMILIAR))


class EncoderScorer:
    """Scores units with a fine-tuned encoder."""

    family = "encoder"

    def __init__(
        self,
        forward: Forward,
        tokenizer: TextTokenizer,
        window: Window,
        familiarity: Familiarity,
        cache: UnitCache | None = None,
    ) -> None:
        """
        Args:
            cache: keeps the scores of units, so that equal ones are computed once.
        """
        self.forward, self.tokenizer, self.window, self.familiarity = forward, tokenizer, window, familiarity
        self.context_units = 0 if window.whole else window.context_units
        self.bias: Array = forward.bias
        self.cache = cache

    def score(self, documents: Sequence[Document], starts: Sequence[int] | None = None) -> list[list[UnitScores]]:
        places = starts or [0] * len(documents)
        cuts = [cut(document, self.tokenizer, self.window, x) for document, x in zip(documents, places, strict=True)]
        every = [piece for pieces in cuts for piece in pieces]
        scored = iter(self._score(every) if self.cache is None else self.cache.complete(every, self._score))
        return [[UnitScores(piece.span, piece.offsets, *next(scored)) for piece in pieces] for pieces in cuts]

    def _score(self, pieces: Sequence[Piece]) -> list[tuple[Array, Array, Array]]:
        """Contributions of the own tokens, logits and states of each piece, in order."""
        scores: dict[int, tuple[Array, Array, Array]] = {}
        layout = self.forward.layout
        for rows in layout.groups(pieces, BATCH_TOKENS):
            group = [pieces[i] for i in rows]
            logits, contributions, states = self.forward(layout.inputs(group))
            for row, (i, piece) in enumerate(zip(rows, group, strict=True)):
                own = contributions[row, piece.first : piece.first + len(piece.offsets)]
                scores[i] = own, logits[row], states[row]
        return [scores[i] for i in range(len(pieces))]

    def novelty(self, document: Document) -> float:
        return self.familiarity.distance(
            embed(document, self.tokenizer, self.forward.embedding, len(self.familiarity.mean))
        )

    def save(self, folder: Path) -> tuple[dict[str, Any], list[str]]:
        files = self.forward.save(folder)
        save_file({"mean": self.familiarity.mean, "scale": self.familiarity.scale}, folder / FAMILIAR)
        return {"window": asdict(self.window), "indicators": len(self.bias)}, [*files, FAMILIAR]


def embed(
    document: Document, tokenizer: TextTokenizer, embedding: Callable[[Sequence[int]], Array], width: int
) -> Array:
    """(H,): mean of the input embeddings of a text's first tokens; zero where it has none."""
    ((ids, _),) = tokenizer([canonical(document.text[: 8 * _MOST])])
    return embedding(ids[:_MOST]) if ids else np.zeros(width, np.float32)
