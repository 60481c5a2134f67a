"""Tours: ads of the same trace whose places follow one another in time. Weak: it only ever adds to another tie."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from serving.linking.signatures import Signatures

GAP = 4
"""Days from the end of one stay to the beginning of the next."""
STAY = 21
"""A named span of days that is longer is no stay."""


def stays(signatures: Signatures, ads: Sequence[int]) -> list[tuple[int, int, frozenset[int]]]:
    """First day, last day and places of each ad that has both, by day; the day of posting stands for dates not named."""
    found = []
    for ad in ads:
        places = frozenset(signatures.places[ad].tolist())
        named: NDArray[np.int32] = signatures.days[ad]
        posted = int(signatures.posted[ad])
        first, last = (int(named[0]), int(named[-1])) if len(named) else (posted, posted)
        if places and first and last - first <= STAY:
            found.append((first, last, places))
    return sorted(found, key=lambda x: (x[0], x[1], sorted(x[2])))


def continue_one_another(
    one: Sequence[tuple[int, int, frozenset[int]]], other: Sequence[tuple[int, int, frozenset[int]]]
) -> int:
    """How many stays of one are followed, in another place, by one of the other; 0 if they are in two places at a time."""
    followed = 0
    for first, last, places in one:
        for begin, end, there in other:
            if places & there:
                continue
            if begin <= last and first <= end and not (begin == last or first == end):
                return 0
            followed += 0 <= begin - last <= GAP or 0 <= first - end <= GAP
    return followed
