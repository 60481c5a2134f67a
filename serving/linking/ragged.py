"""Rows of different length in one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sort_once(values: Array) -> Array:
    """The values sorted, each once. Faster on hashes than `numpy.unique`, which hashes them once more."""
    values = np.sort(values)
    first = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    kept: Array = values[first]
    return kept


def starts_of(sizes: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """Where rows of n sizes start, and where the last one ends: n + 1 places."""
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


@dataclass(frozen=True, slots=True, eq=False)
class Ragged:
    """Row i is `values[starts[i]:starts[i + 1]]`."""

    values: Array
    starts: NDArray[np.int64]

    @classmethod
    def of(cls, rows: Sequence[Sequence[int] | Array], kind: Any) -> Ragged:
        """Made of rows."""
        values = np.concatenate([np.asarray(x, kind) for x in rows]) if len(rows) else np.zeros(0, kind)
        return cls(values, starts_of([len(x) for x in rows]))

    @classmethod
    def join(cls, parts: Sequence[Ragged]) -> Ragged:
        """One after another."""
        sizes = np.concatenate([np.zeros(1, np.int64), *(np.diff(x.starts) for x in parts)])
        return cls(np.concatenate([x.values for x in parts]), np.cumsum(sizes))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> Array:
        return self.values[self.starts[row] : self.starts[row + 1]]

    def sizes(self) -> NDArray[np.int64]:
        """The length of each row."""
        return np.diff(self.starts)

    def owners(self) -> NDArray[np.int64]:
        """The row of each value."""
        return np.repeat(np.arange(len(self)), self.sizes())

    def take(self, rows: NDArray[np.int64]) -> Ragged:
        """These rows, in this order."""
        sizes = self.sizes()[rows]
        starts = starts_of(sizes)
        inside = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
        return Ragged(self.values[np.repeat(self.starts[rows], sizes) + inside], starts)
