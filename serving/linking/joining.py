"""The rule by which ties make groups.

1. A contact that is no hub holds its ads together: a unit. So does a text, among ads without a contact of their own, and a
   family of near copies that at most one unit with contacts has.
2. Two units become one where what they share has at least `ENOUGH` points and at least two things agree. Two that are both
   `LARGE` need `ENOUGH_FOR_LARGE` and three: no single kind of weak tie welds them.
3. This is done from the most points down, and `ROUNDS` times, since a phrase of four numbers of one hand is no longer widespread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from serving.linking.contacts import kind_of
from serving.linking.evidence import Reason, Shared, weigh_pairs
from serving.linking.groups import STRONG, WEAK, Tie, order_of
from serving.linking.ragged import Ragged, starts_of
from serving.linking.signatures import Signatures
from serving.linking.texts import Texts
from serving.linking.unions import Unions

ENOUGH, ENOUGH_FOR_LARGE = 2.0, 3.5
LARGE = 10
"""Ads."""
ROUNDS = 3


def join_ads(signatures: Signatures, texts: Texts, hubs: NDArray[np.uint64]) -> tuple[NDArray[np.int64], list[Tie]]:
    """For each ad the first of its group, and the ties that hold the groups together."""
    unions = Unions(len(signatures))
    own = _own(signatures.contacts, hubs)
    ties = [
        Tie(*_ids(signatures, one, other), STRONG, _strong_reasons(own, texts, one, other))
        for one, other in [*_by_contact(signatures, own, unions), *_by_text(signatures, own, texts, unions)]
    ]
    for _ in range(ROUNDS):
        joined = list(_by_agreement(signatures, texts, unions))
        ties += joined
        if not joined:
            break
    return unions.labels(), ties


def _own(contacts: Ragged, hubs: NDArray[np.uint64]) -> Ragged:
    """The contacts without hubs."""
    keep = ~np.isin(contacts.values, hubs)
    sizes = np.bincount(contacts.owners()[keep], minlength=len(contacts))
    return Ragged(contacts.values[keep], starts_of(sizes))


def _by_contact(signatures: Signatures, own: Ragged, unions: Unions) -> Iterator[tuple[int, int]]:
    held: dict[int, list[int]] = defaultdict(list)
    for key, ad in zip(own.values.tolist(), own.owners().tolist(), strict=True):
        held[key].append(ad)
    for key in sorted(held):
        yield from _chain(signatures, held[key], unions)


def _by_text(signatures: Signatures, own: Ragged, texts: Texts, unions: Unions) -> Iterator[tuple[int, int]]:
    told = np.flatnonzero(texts.family >= 0).tolist()
    sizes = own.sizes()
    same: dict[int, list[int]] = defaultdict(list)
    family: dict[int, list[int]] = defaultdict(list)
    for ad in told:
        family[int(texts.family[ad])].append(ad)
        if not sizes[ad]:
            same[int(texts.text[ad])].append(ad)
    for ads in same.values():
        yield from _chain(signatures, ads, unions)
    for ads in family.values():
        if len({unions.find(ad) for ad in ads if sizes[ad]}) <= 1:
            yield from _chain(signatures, ads, unions)


def _chain(signatures: Signatures, ads: list[int], unions: Unions) -> Iterator[tuple[int, int]]:
    """Join ads one after another as they were posted; what was joined already is passed over."""
    ads = sorted(ads, key=lambda ad: order_of(signatures, ad))
    for one, other in pairwise(ads):
        if unions.join(one, other):
            yield one, other


def _by_agreement(signatures: Signatures, texts: Texts, unions: Unions) -> Iterator[Tie]:
    units = unions.labels()
    sizes = np.bincount(units, minlength=len(units))
    found = [x for x in weigh_pairs(signatures, texts, units) if x.points >= ENOUGH and x.kinds >= 2]
    for shared in sorted(found, key=lambda x: (-x.points, *sorted(signatures.ids[ad] for ad in x.ads), x.units)):
        one, other = (unions.find(x) for x in shared.units)
        both_large = min(sizes[one], sizes[other]) >= LARGE
        if one == other or (both_large and (shared.points < ENOUGH_FOR_LARGE or shared.kinds < 3)):
            continue
        unions.join(one, other)
        sizes[min(one, other)] = sizes[one] + sizes[other]
        yield Tie(*_ids(signatures, *shared.ads), WEAK, _rounded(shared))


def _ids(signatures: Signatures, one: int, other: int) -> tuple[str, str]:
    first, second = sorted((signatures.ids[one], signatures.ids[other]))
    return first, second


def _rounded(shared: Shared) -> tuple[Reason, ...]:
    return tuple(sorted(Reason(x.kind, x.count, x.holders, round(x.points, 3)) for x in shared.reasons))


def _strong_reasons(own: Ragged, texts: Texts, one: int, other: int) -> tuple[Reason, ...]:
    kinds = [kind_of(x) for x in sorted(set(own[one].tolist()) & set(own[other].tolist()))]
    reasons = [Reason(kind, kinds.count(kind)) for kind in sorted(set(kinds))]
    if texts.text[one] >= 0 and texts.text[one] == texts.text[other]:
        reasons.append(Reason("text", 1))
    elif texts.family[one] >= 0 and texts.family[one] == texts.family[other]:
        reasons.append(Reason("copy", 1))
    return tuple(reasons)
