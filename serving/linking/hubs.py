"""Contacts that connect what has nothing else to do with each other: a clinic's number, a portal's, a booking page.

The rule: the ads that hold a contact fall into parts. Ads of one family of texts are one part; so are ads with another contact in
common, and ads with a phrase in common that hardly anybody else uses and that not everybody here uses. A contact is a hub if its
ads fall into at least `PARTS` parts, more than `SHARE` of its different texts, and some of these parts (at least `OTHERS`, and
`OTHERS_SHARE`) have another contact, each its own; or if they fall into `MANY` parts. It ties nothing, however often shared.

Many ads alone make no hub: one hand may write hundreds, but they look alike, share the other contacts too, or have no other. In
doubt it is a hub: a number left aside leaves a group in pieces, which phrases and copies may still join; one that is followed
wrongly welds strangers together.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from serving.linking.ragged import Ragged
from serving.linking.signatures import Signatures
from serving.linking.texts import Texts
from serving.linking.unions import Unions

PARTS = 12
SHARE = 0.5
OTHERS, OTHERS_SHARE = 3, 0.08
MANY = 150
OWN = 0.8
"""A phrase is one of these ads if so much of all texts with it are among them..."""
COMMON = 0.5
"""...and no more than so much of them have it: what all have is the clinic's or the portal's own wording."""
TOGETHER = 3
"""Shingles in common (six words) that are a phrase here; among hundreds of ads, two share four or five words by chance."""
MOST = 12


def find_hubs(signatures: Signatures, texts: Texts) -> NDArray[np.uint64]:
    """The link keys that are hubs, sorted."""
    keys, owners = signatures.contacts.values, signatures.contacts.owners()
    values, counts = np.unique(keys, return_counts=True)
    often = values[counts >= PARTS]
    if not len(often):
        return np.zeros(0, np.uint64)
    order = np.argsort(keys, kind="stable")
    begin, end = (np.searchsorted(keys[order], often, side) for side in ("left", "right"))
    usage = _usage(signatures, texts)
    busy = set(often.tolist())
    hubs = [
        key
        for key, start, stop in zip(often.tolist(), begin, end, strict=True)
        if _scattered(signatures, texts, owners[order[start:stop]], busy, usage)
    ]
    return np.array(hubs, np.uint64)


def _usage(signatures: Signatures, texts: Texts) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Shingles with the number of texts that hold each."""
    rows = np.unique(texts.text, return_index=True)[1]
    grams = signatures.grams.take(rows)
    return np.unique(grams.values, return_counts=True)


def _scattered(
    signatures: Signatures,
    texts: Texts,
    ads: NDArray[np.int64],
    busy: set[int],
    usage: tuple[NDArray[np.uint64], NDArray[np.int64]],
) -> bool:
    """Whether these ads fall into many parts."""
    short = texts.family[ads] < 0
    names = np.where(short, -1 - ads, texts.family[ads])
    families, part_of = np.unique(names, return_inverse=True)
    if len(families) < PARTS:
        return False
    parts = Unions(len(families))
    first: dict[int, int] = {}
    for ad, part in zip(ads.tolist(), part_of.tolist(), strict=True):
        for key in signatures.contacts[ad].tolist():
            if key not in busy:
                parts.join(first.setdefault(key, part), part)
    _join_phrases(signatures.grams.take(np.sort(ads)), part_of[np.argsort(ads)], parts, len(families), usage)
    left = len(np.unique(parts.labels()))
    others = len({parts.find(part) for part in first.values()})
    return left > SHARE * len(families) and (
        left >= MANY or (left >= PARTS and others >= max(OTHERS, OTHERS_SHARE * left))
    )


def _join_phrases(
    grams: Ragged,
    part_of: NDArray[np.int64],
    parts: Unions,
    families: int,
    usage: tuple[NDArray[np.uint64], NDArray[np.int64]],
) -> None:
    """Join parts that share a phrase of their own."""
    owners = part_of[grams.owners()]
    order = np.lexsort((owners, grams.values))
    values, owners = grams.values[order], owners[order]
    once = (
        np.concatenate([[True], (values[1:] != values[:-1]) | (owners[1:] != owners[:-1])])
        if len(values)
        else np.zeros(0, bool)
    )
    values, owners = values[once], owners[once]
    found, begin, count = np.unique(values, return_index=True, return_counts=True)
    everywhere = usage[1][np.minimum(np.searchsorted(usage[0], found), len(usage[0]) - 1)]
    fit = (count >= 2) & (count <= COMMON * families) & (count >= OWN * everywhere)
    shared: Counter[tuple[int, int]] = Counter()
    for start, size in zip(begin[fit].tolist(), count[fit].tolist(), strict=True):
        having = owners[start : start + size].tolist()
        shared.update(combinations(having, 2) if size <= MOST else pairwise(having))
    for (one, other), times in shared.items():
        if times >= TOGETHER:
            parts.join(one, other)
