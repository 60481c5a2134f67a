"""Contacts that connect what has nothing else to do with each other: a clinic's number, a portal's, a booking page.

The rule: the ads that hold a contact fall into parts. Ads of one family of texts are one part, and so are ads with another
contact in common. A contact is a hub if its ads fall into at least `PARTS` parts, more than `SHARE` of its different texts, and
some of these parts (at least `OTHERS`, and `OTHERS_SHARE`) have another contact, each its own; or if they fall into `MANY` parts.
It ties nothing, however often it is shared. So is the host of a site on which ads of `OTHERS` numbers and more were found.

Many ads alone make no hub: one hand may write hundreds, but they look alike, share the other contacts too, or have no other. In
doubt it is a hub: a number left aside leaves a group in pieces, which phrases and copies may still join; one that is followed
wrongly welds strangers together. Phrases are not asked: what a portal writes into half of its ads looks like a hand's own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from serving.linking.contacts import of_kind
from serving.linking.signatures import Signatures
from serving.linking.texts import Texts
from serving.linking.unions import Unions

PARTS = 12
SHARE = 0.5
OTHERS, OTHERS_SHARE = 3, 0.08
MANY = 150


def find_hubs(signatures: Signatures, texts: Texts) -> NDArray[np.uint64]:
    """The link keys that are hubs, sorted."""
    keys, owners = signatures.contacts.values, signatures.contacts.owners()
    values, counts = np.unique(keys, return_counts=True)
    often = values[counts >= PARTS]
    order = np.argsort(keys, kind="stable")
    begin, end = (np.searchsorted(keys[order], often, side) for side in ("left", "right"))
    busy = set(often.tolist())
    hubs = [
        key
        for key, start, stop in zip(often.tolist(), begin, end, strict=True)
        if _scattered(signatures, texts, owners[order[start:stop]], busy)
    ]
    return np.union1d(np.array(hubs, np.uint64), np.intersect1d(values, _portals(signatures)))


def _portals(signatures: Signatures) -> NDArray[np.uint64]:
    """The link keys that the hosts have on which ads of several numbers were found."""
    keys, owners = signatures.contacts.values, signatures.contacts.owners()
    sites = np.zeros(len(signatures), np.uint64)
    sites[signatures.sites.owners()] = signatures.sites.values
    phones = (of_kind("phone", keys) == keys) & (sites[owners] != 0)
    pairs = np.unique(np.stack([sites[owners[phones]], keys[phones]]), axis=1)
    values, counts = np.unique(pairs[0], return_counts=True)
    return of_kind("site", values[counts >= OTHERS])


def _scattered(signatures: Signatures, texts: Texts, ads: NDArray[np.int64], busy: set[int]) -> bool:
    """Whether these ads fall into many parts. Other contacts that are as busy join none: they may be the same portal's."""
    names = np.where(texts.family[ads] < 0, -1 - ads, texts.family[ads])
    families, part_of = np.unique(names, return_inverse=True)
    if len(families) < PARTS:
        return False
    parts = Unions(len(families))
    first: dict[int, int] = {}
    for ad, part in zip(ads.tolist(), part_of.tolist(), strict=True):
        for key in signatures.contacts[ad].tolist():
            if key not in busy:
                parts.join(first.setdefault(key, part), part)
    left = len(np.unique(parts.labels()))
    others = len({parts.find(part) for part in first.values()})
    several = left >= PARTS and others >= max(OTHERS, OTHERS_SHARE * left)
    return left > SHARE * len(families) and (left >= MANY or several)
