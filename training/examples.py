"""Training examples of documents: pieces as the encoder reads them, with the targets of the losses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from training.augment import augment, other_sex, rewrite
from training.phrases import PHRASES
from triage.indicators import Scheme
from triage.pieces import Piece, TextTokenizer, Window, cut
from triage.text import STATES, Document, Span

UNMARKED = 0.3
"""Weight of an unmarked unit in a text where the indicator is marked elsewhere."""


@dataclass(frozen=True)
class Example:
    """A document cut into pieces, with targets: T tokens of the own part, K indicators."""

    pieces: list[Piece]
    stated: torch.Tensor
    """(K,) of the text."""
    marks: torch.Tensor
    """(S, K): the piece speaks of it."""
    weights: torch.Tensor
    """(S, K) of the unit loss."""
    states: torch.Tensor
    """(S, K): index of the state, -1 where nothing is marked."""
    words: list[torch.Tensor]
    """For each piece (n, K): the own token lies in marked words."""


def example(document: Document, tokens: TextTokenizer, window: Window, scheme: Scheme) -> Example:
    pieces = cut(document, tokens, window)
    shape = (len(pieces), len(scheme))
    marks, weights, states = torch.zeros(shape), torch.ones(shape), torch.full(shape, -1)
    words = [torch.zeros(len(piece.offsets), len(scheme), dtype=torch.bool) for piece in pieces]
    for label in document.labels:
        k = scheme.position[label.indicator]
        weights[:, k] = UNMARKED
        for span in label.spans:
            for row, piece in enumerate(pieces):
                if not piece.span.overlap(span):
                    continue
                marks[row, k] = weights[row, k] = 1
                # A piece may both deny and state: what is stated of the case decides.
                if states[row, k] != 0:
                    states[row, k] = STATES.index(label.state)
                inside = [Span(int(a), int(b)).overlap(span) > 0 for a, b in piece.offsets]
                words[row][:, k] |= torch.tensor(inside, dtype=torch.bool)
    weights[marks.bool()] = 1
    stated = torch.zeros(len(scheme))
    stated[[scheme.position[code] for code in document.stated()]] = 1
    return Example(pieces, stated, marks, weights, states, words)


@dataclass(frozen=True)
class Cutter:
    """Makes examples of documents, now and then of a document written in another way."""

    tokens: TextTokenizer
    window: Window
    scheme: Scheme
    augmentation: float
    other_sex: float
    generator: np.random.Generator

    def __call__(self, document: Document) -> Example:
        if self.other_sex and self.generator.random() < self.other_sex:
            document = rewrite(document, other_sex, self.generator)
        if self.augmentation and self.generator.random() < self.augmentation:
            document = augment(document, self.generator)
        return example(document, self.tokens, self.window, self.scheme)

    def batches(self, documents: list[Document], contrast: float, size: int) -> Iterator[list[Example]]:
        """All documents once, but of the phrases that state nothing only a share; in another order each time."""
        order = self.generator.permutation(len(documents))
        if contrast < 1:
            kept = self.generator.random(len(documents)) < contrast
            order = np.array([i for i in order if kept[i] or not states_nothing(documents[i])])
        for start in range(0, len(order), size):
            batch = [self(documents[i]) for i in order[start : start + size]]
            if batch := [example for example in batch if example.pieces]:
                yield batch


def states_nothing(document: Document) -> bool:
    return document.source == PHRASES and not document.stated()


def set_aside(
    documents: Sequence[Document], share: float, generator: np.random.Generator
) -> tuple[list[Document], list[Document]]:
    """Texts to learn from, and a share of the natural texts, at least one, to measure on while learning."""
    natural = [i for i, document in enumerate(documents) if document.source != PHRASES]
    chosen = set(generator.permutation(natural)[: max(1, round(share * len(natural)))].tolist())
    learnt = [document for i, document in enumerate(documents) if i not in chosen]
    return learnt, [documents[i] for i in sorted(chosen)]
