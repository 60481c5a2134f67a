"""How pieces are laid out as a network's inputs, a group at a time: padded rows, or tokens without gaps for a late context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

import numpy as np

from triage.pieces import Ids, Mask, Piece, Window, by_length, pad

Inputs = dict[str, Ids | Mask]
"""A network's inputs by name, in the order of its parameters."""


class Layout(Protocol):
    """Row i of what a network computes is that of piece i of the group; rows after them mean nothing.

    The own tokens of a piece stand from `Piece.first` on, as many as it has offsets.
    """

    def groups(self, pieces: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
        """Which pieces are computed together, some `tokens` tokens at a time."""
        ...

    def inputs(self, pieces: Sequence[Piece]) -> Inputs:
        """The inputs of a group."""
        ...


@dataclass(frozen=True)
class Padded:
    """A row for each piece, its context in it; for any encoder of `transformers`."""

    padding: int
    rounded: bool = False
    """Whether lengths are rounded up, so that shapes are few (see `triage.pieces.padded_length`)."""

    def groups(self, pieces: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
        return by_length(pieces, tokens)

    def inputs(self, pieces: Sequence[Piece]) -> Inputs:
        ids, seen, own = pad(pieces, self.padding, rounded=self.rounded)
        return {"ids": ids, "seen": seen, "own": own}


STEP = 16
"""Sequences begin at multiples of this in a row of attention: there they have the same scores whatever they are read with."""
ROW = 64
"""Least length of a row of attention."""
FEW = 64
"""Numbers of tokens are multiples of this, so that shapes are few."""


@dataclass(frozen=True)
class Flat:
    """The tokens of all sequences of a group one after another, each sequence once, be it a unit, a context or both.

    All but attention is computed token by token, so nothing is padded. For attention, sequences are put side by side into rows,
    each of which is a block that sees itself alone; in the upper layers also the contexts of its units.
    """

    padding: int

    def groups(self, pieces: Sequence[Piece], tokens: int) -> Iterator[list[int]]:
        group: list[int] = []
        read: set[tuple[int, ...]] = set()
        for i, piece in enumerate(pieces):
            its = {tuple(x) for x in (piece.ids, *piece.context)}
            if group and sum(map(len, read | its)) > tokens:
                yield group
                group, read = [], set()
            group.append(i)
            read |= its
        if group:
            yield group

    def inputs(self, pieces: Sequence[Piece]) -> Inputs:
        sequences = list(dict.fromkeys(tuple(x) for piece in pieces for x in (*piece.context, piece.ids)))
        begins = dict(zip(sequences, _starts(sequences), strict=True))
        ids = np.full(_rounded(sum(map(len, sequences)), FEW), self.padding, np.int64)
        position = np.zeros(len(ids), np.int64)
        for sequence, start in begins.items():
            ids[start : start + len(sequence)] = sequence
            position[start : start + len(sequence)] = np.arange(len(sequence))
        low = _Packed([(start, len(sequence)) for sequence, start in begins.items()])
        parts = [(begins[tuple(piece.ids)], len(piece.ids)) for piece in pieces]
        unit = np.zeros(_rounded(sum(length for _, length in parts), FEW), np.int64)
        starts = _starts([piece.ids for piece in pieces])
        own = np.zeros((_rounded(len(pieces), 8), _rounded(max(length for _, length in parts), STEP)), bool)
        own_tokens = np.zeros(own.shape, np.int64)
        for row, ((source, length), start, piece) in enumerate(zip(parts, starts, pieces, strict=True)):
            unit[start : start + length] = np.arange(source, source + length)
            own[row, piece.first : piece.first + len(piece.offsets)] = True
            own_tokens[row, :length] = np.arange(start, start + length)
        high = _Packed([(start, length) for start, (_, length) in zip(starts, parts, strict=True)])
        contexts = [[(begins[tuple(x)], len(x)) for x in piece.context] for piece in pieces]
        beside_tokens, beside_block = high.beside(contexts)
        return {
            "ids": ids,
            "position": position,
            "low_tokens": low.tokens,
            "low_block": low.block,
            "low_back": low.back(len(ids)),
            "unit": unit,
            "high_tokens": high.tokens,
            "high_block": high.block,
            "high_back": high.back(len(unit)),
            "beside_tokens": beside_tokens,
            "beside_block": beside_block,
            "own_tokens": own_tokens,
            "own": own,
        }


class _Packed:
    """Parts of a line of tokens, put side by side into rows of one length."""

    tokens: Ids
    """(R, L): which token stands where; 0 where none does."""
    block: Ids
    """(R, L): which part it belongs to; -1 where none is."""

    def __init__(self, parts: Sequence[tuple[int, int]]) -> None:
        """
        Args:
            parts: start and length of each; none overlaps another.
        """
        length = max(ROW, _rounded(max(size for _, size in parts), STEP))
        self._places: list[tuple[int, int]] = []
        row = column = 0
        for _, size in parts:
            if column + size > length:
                row, column = row + 1, 0
            self._places.append((row, column))
            column += _rounded(size, STEP)
        self._parts = parts
        self.tokens = np.zeros((row + 1, length), np.int64)
        self.block = np.full((row + 1, length), -1, np.int64)
        for number, ((start, size), (row, column)) in enumerate(zip(parts, self._places, strict=True)):
            self.tokens[row, column : column + size] = np.arange(start, start + size)
            self.block[row, column : column + size] = number

    def back(self, count: int) -> Ids:
        """(count,): where in the rows, read one after another, each token stands."""
        found = np.zeros(count, np.int64)
        for (start, size), (row, column) in zip(self._parts, self._places, strict=True):
            found[start : start + size] = row * self.tokens.shape[1] + column + np.arange(size)
        return found

    def beside(self, contexts: Sequence[Sequence[tuple[int, int]]]) -> tuple[Ids, Ids]:
        """(R, C) tokens and blocks of what each part sees beside itself, in the row of the part."""
        rows: list[list[tuple[int, int, int, int]]] = [[] for _ in self.tokens]
        ends = [0] * len(rows)
        for number, (seen, (row, _)) in enumerate(zip(contexts, self._places, strict=True)):
            for start, size in seen:
                rows[row].append((number, start, size, ends[row]))
                ends[row] += _rounded(size, STEP)
        tokens = np.zeros((len(rows), max(STEP, *ends)), np.int64)
        block = np.full(tokens.shape, -2, np.int64)
        for row, seen_here in enumerate(rows):
            for number, start, size, column in seen_here:
                tokens[row, column : column + size] = np.arange(start, start + size)
                block[row, column : column + size] = number
        return tokens, block


def _starts(sequences: Sequence[Sequence[int]]) -> list[int]:
    """Where each of several sequences begins when they stand one after another."""
    return [0, *accumulate(map(len, sequences))][:-1]


def _rounded(count: int, step: int) -> int:
    return -(-count // step) * step


def layout_of(window: Window, padding: int, *, rounded: bool = False) -> Layout:
    """The layout that the network of a window takes."""
    return Flat(padding) if window.context_layer else Padded(padding, rounded)
