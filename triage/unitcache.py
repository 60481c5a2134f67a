"""Scores of units that were read before: in ads whole sentences come again, and equal units have equal scores.

Kept are numbers under a keyed hash of what was read, in memory, for one model and one process: no text, no tokens, and without
the key, which is drawn anew each time, no way to ask whether some text was read.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

import numpy as np

from triage.pieces import Piece
from triage.scoring import Array

Scores = tuple[Array, Array, Array]
"""Contributions (n, K), logits (K,) and states (K, 4) of a unit."""


class UnitCache:
    """Holds the scores used last, up to a size. Not for several threads at once."""

    def __init__(self, size: int = 64 << 20) -> None:
        """
        Args:
            size: bytes of scores that are kept.
        """
        self._room = self._size = size
        self._kept: OrderedDict[bytes, Scores] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self.hits = 0
        """Pieces that were not computed, since the cache was made."""
        self.misses = 0

    def complete(self, pieces: Sequence[Piece], score: Callable[[Sequence[Piece]], Sequence[Scores]]) -> list[Scores]:
        """The scores of pieces, in order; `score` is asked for those that are not known, each of several equal ones once."""
        keys = [self._mark(piece) for piece in pieces]
        found: dict[bytes, Scores] = {}
        unknown: dict[bytes, Piece] = {}
        for key, piece in zip(keys, pieces, strict=True):
            if key in self._kept:
                self._kept.move_to_end(key)
                found[key] = self._kept[key]
            else:
                unknown.setdefault(key, piece)
        self.misses += len(unknown)
        self.hits += len(pieces) - len(unknown)
        for key, scores in zip(unknown, score(list(unknown.values())), strict=True):
            found[key] = scores
            self._keep(key, scores)
        return [found[key] for key in keys]

    def _mark(self, piece: Piece) -> bytes:
        numbers = [piece.first, len(piece.offsets), *piece.ids]
        for seen in piece.context:
            numbers += [-1, *seen]
        return blake2b(np.array(numbers, np.int32).tobytes(), key=self._key, digest_size=16).digest()

    def _keep(self, key: bytes, scores: Scores) -> None:
        own, logits, states = (np.array(x) for x in scores)  # a part of a group would keep the whole group
        size = own.nbytes + logits.nbytes + states.nbytes
        if size > self._size:
            return
        self._kept[key] = own, logits, states
        self._room -= size
        while self._room < 0:
            _, old = self._kept.popitem(last=False)
            self._room += sum(x.nbytes for x in old)
