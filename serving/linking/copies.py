"""Near copies: texts that share most of their shingles, found without comparing each with each.

MinHash (Broder 1997) by multiply-shift permutations (Dietzfelbinger et al. 1997) in bands (Leskovec, Rajaraman and Ullman, Mining
of Massive Datasets, ch. 3), vectorised: twelve times as fast here as datasketch, and nothing is kept for each ad but its
shingles. Candidates only: what counts is the real Jaccard similarity or containment of the two texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.linking.ragged import Array, Ragged, sort_once, starts_of

BANDS, ROWS = 20, 4
"""A pair of Jaccard 0.5 becomes a candidate with probability 0.72, of 0.6 with 0.94, of 0.8 with 0.9999."""

JACCARD = 0.45
CONTAINED, LEAST_CONTAINED = 0.8, 15
"""A text that stands nearly whole within a longer one is a copy of it, if it has enough shingles to say so."""

WINDOW = 16
"""In a full bucket each text is compared with so many neighbours: time stays linear where thousands share a template."""

_BLOCK = 1 << 21
"""Shingles that are compared at a time."""
_SEED = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Copies:
    """Pairs (first < second) of texts that are near copies."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    jaccard: NDArray[np.float64]


def find_copies(texts: Ragged) -> Copies:
    """The near copies among texts by their `distinct` shingles; order decides only which neighbours a full bucket compares."""
    told = np.flatnonzero(texts.sizes())
    texts = texts.take(told)
    pairs = np.zeros(0, np.int64)
    for keys in _bands(texts):
        pairs = sort_once(np.concatenate([pairs, _neighbours(keys)]))
    first, second, jaccard = _verify(texts, pairs)
    return Copies(told[first], told[second], jaccard)


def distinct(grams: Ragged) -> Ragged:
    """The shingles of each row sorted, each once, in their upper 32 bits: enough to compare two texts by."""
    keys = sort_once(grams.owners().astype(np.uint64) << np.uint64(32) | grams.values >> np.uint64(32))
    sizes = np.bincount((keys >> np.uint64(32)).astype(np.int64), minlength=len(grams))
    return Ragged(keys & np.uint64(0xFFFFFFFF), starts_of(sizes))


def _bands(texts: Ragged) -> Iterator[NDArray[np.uint64]]:
    """For each band the key of every text: equal keys make two texts candidates."""
    factors = np.random.default_rng(_SEED).integers(0, 1 << 62, (BANDS, ROWS), np.uint64) * np.uint64(2) + np.uint64(1)
    for band in factors:
        keys = np.zeros(len(texts), np.uint64)
        for start in range(0, len(texts), 512):  # what is worked on stays in the processor's cache
            stop = min(start + 512, len(texts))
            begin, end = texts.starts[start], texts.starts[stop]
            values, rows = texts.values[begin:end], texts.starts[start:stop] - begin
            values = values * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
            for factor in band:
                least = np.minimum.reduceat(values * factor, rows)
                keys[start:stop] = (keys[start:stop] ^ (least >> np.uint64(17))) * np.uint64(0xD6E8FEB86659FD93)
        yield keys


def _neighbours(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Pairs of texts with the same key, as first * 2^32 + second."""
    order = np.argsort(keys, kind="stable")
    sorted_ = keys[order]
    found = [np.zeros(0, np.int64)]
    for step in range(1, WINDOW):
        same = np.flatnonzero(sorted_[step:] == sorted_[:-step])
        if not len(same):
            break
        found.append(order[same] << 32 | order[same + step])
    return np.concatenate(found)


def _verify(
    texts: Ragged, pairs: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The pairs that are copies, with their similarity.

    Beside the texts and some numbers a pair it takes about 100 MB, however long a text is: of sixteen versions of a text of
    half a million words 72 MB (2.9 GB if all are compared at once), of a million 96 MB, of two million 32 MB.
    """
    first, second = pairs >> 32, pairs & 0xFFFFFFFF
    a, b = (texts.sizes()[x] for x in (first, second))
    shared = np.zeros(len(pairs), np.int64)
    is_long = a + b > _BLOCK
    for at in np.flatnonzero(is_long).tolist():
        shared[at] = _shared_by_long(texts[first[at]], texts[second[at]])
    short = np.flatnonzero(~is_long)
    ends = np.cumsum(a[short] + b[short]) // _BLOCK
    for block in np.split(short, np.flatnonzero(np.diff(ends)) + 1):
        shared[block] = _shared(texts.take(first[block]), texts.take(second[block]))
    jaccard = shared / np.maximum(a + b - shared, 1)
    least = np.minimum(a, b)
    copied = (jaccard >= JACCARD) | (shared >= CONTAINED * least) & (least >= LEAST_CONTAINED)
    return first[copied], second[copied], jaccard[copied]


def _shared(left: Ragged, right: Ragged) -> NDArray[np.int64]:
    """How many shingles each row has in common with that of the other."""
    keys = np.concatenate([x.owners().astype(np.uint64) << np.uint64(32) | x.values for x in (left, right)])
    keys.sort()
    return np.bincount((keys[1:][keys[1:] == keys[:-1]] >> np.uint64(32)).astype(np.int64), minlength=len(left))


def _shared_by_long(left: Array, right: Array) -> int:
    """The same of two texts, each of which may be longer than what is compared at a time."""
    shared = 0
    for start in range(0, len(left), _BLOCK):
        part = left[start : start + _BLOCK]
        shared += int((right[np.searchsorted(right, part).clip(max=len(right) - 1)] == part).sum())
    return shared
