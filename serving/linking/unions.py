"""Disjoint sets (union-find) over numbers, whose result does not depend on the order of what is joined."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


class Unions:
    """Sets of the numbers 0 to n - 1; the least member stands for its set."""

    def __init__(self, n: int) -> None:
        self._parents = list(range(n))

    def find(self, x: int) -> int:
        """Who stands for the set of x."""
        parents = self._parents
        while parents[x] != x:
            parents[x] = x = parents[parents[x]]
        return x

    def join(self, a: int, b: int) -> bool:
        """Make one set of two; whether they were two."""
        a, b = self.find(a), self.find(b)
        self._parents[max(a, b)] = min(a, b)
        return a != b

    def labels(self) -> NDArray[np.int64]:
        """Who stands for each."""
        return np.array([self.find(x) for x in range(len(self._parents))], np.int64)


def components(n: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """For each of n things, the least one it is connected with."""
    unions = Unions(n)
    for a, b in pairs:
        unions.join(a, b)
    return unions.labels()
