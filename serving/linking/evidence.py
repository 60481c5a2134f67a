"""What two units share, in points. A unit is a set of ads that a contact, or the same text, holds together.

| what is shared | points |
|---|---|
| one family of near copies | 2, and 2 for each further one |
| a passage of 5 words or more | 0.5 to 1.5 by its length |
| a name | 1 |
| the same prices, hours and ages in copied texts | 1 |
| stays that follow one another | 0.5, if anything else is shared |

Each is worth less the more units hold it (`fade`), and nothing beyond a limit: such a phrase, text or name is a hub. Passages and
names count in full only in a collection of `KNOWN` different texts and more: in a small one, ordinary words look rare.
These are points of a tie between texts; nothing adds them up to a score of a group or a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.linking.marks import GRAM
from serving.linking.phrases import Passages, find_passages
from serving.linking.ragged import sort_once
from serving.linking.signatures import Signatures
from serving.linking.texts import Texts
from serving.linking.tours import continue_one_another, stays

COPY, NAME, DETAILS, TOUR = 2.0, 1.0, 1.0, 0.25
PASSAGE = {4: 0.0, 5: 0.25, 6: 0.5, 7: 1.0, 8: 1.25}
"""By words; longer ones 1.5."""
MOST_PASSAGES = 3.0
COPY_HOLDERS, NAME_HOLDERS = 12, 24
KNOWN = 1500
LOOKED_AT = 0.75
"""Pairs with fewer points from texts are not looked at further."""


@dataclass(frozen=True, slots=True, order=True)
class Reason:
    """One thing that is shared: its kind, how many of it, and how many units hold the most widespread of them."""

    kind: str
    """``phone`` and other kinds of contacts, ``text``, ``copy``, ``phrase``, ``name``, ``details`` or ``tour``."""
    count: int
    holders: int = 2
    points: float = 0.0


@dataclass(frozen=True, slots=True)
class Shared:
    """All that two units share, and the two ads that show it best."""

    units: tuple[int, int]
    ads: tuple[int, int]
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> float:
        """Of all reasons together."""
        return round(sum(x.points for x in self.reasons), 6)

    @property
    def kinds(self) -> int:
        """How many things agree that do not follow from one another: copied texts and passages count each by themselves."""
        return sum(min(x.count, 2) if x.kind in ("copy", "phrase") else 1 for x in self.reasons if x.points >= 0.25)


def fade(holders: int) -> float:
    """The share of its points that something keeps if so many units hold it."""
    return float(min(1.0, (2.0 / holders) ** 0.5))


def weigh_pairs(signatures: Signatures, texts: Texts, units: NDArray[np.int64]) -> Iterator[Shared]:
    """What pairs of units share, for all pairs with anything worth a look; by units."""
    passages = find_passages(signatures, texts, units)
    copied = _copies(texts.family, units)
    trust = min(1.0, len(np.unique(texts.family)) / KNOWN)
    spoken = _passages_of(_apart(passages, texts.family, copied), copied, trust)
    names = _holdings(signatures, "names", units)
    members = _members(units)
    for pair in sorted(spoken.keys() | copied.keys()):
        if shared := _weigh(signatures, texts, members, names, trust, pair, copied.get(pair, ()), spoken.get(pair)):
            yield shared


def _weigh(
    signatures: Signatures,
    texts: Texts,
    members: dict[int, list[int]],
    names: dict[int, dict[int, int]],
    trust: float,
    pair: tuple[int, int],
    families: Iterable[tuple[int, int]],
    phrase: tuple[Reason, tuple[int, int]] | None,
) -> Shared | None:
    reasons: list[Reason] = []
    ads = phrase[1] if phrase else (-1, -1)
    families = sorted(families)
    if families:
        points = sum(COPY * fade(holders) for _, holders in families)
        reasons.append(Reason("copy", len(families), max(x for _, x in families), points))
        inside = [[ad for ad in members[unit] if texts.family[ad] == families[0][0]] for unit in pair]
        ads, agreeing = _closest(signatures, inside[0][:12], inside[1][:12])
        if agreeing >= 2:
            reasons.append(Reason("details", agreeing, 2, DETAILS))
    if phrase:
        reasons.append(phrase[0])
    if sum(x.points for x in reasons) < LOOKED_AT:
        return None
    both = names.get(pair[0], {}).keys() & names.get(pair[1], {}).keys()
    known = sorted(names[pair[0]][x] for x in both if names[pair[0]][x] <= NAME_HOLDERS)
    if known:
        reasons.append(Reason("name", len(known), known[0], NAME * fade(known[0]) * trust))
    trace = any(x.kind in ("phrase", "name") for x in reasons)
    followed = continue_one_another(*(stays(signatures, members[unit][:64]) for unit in pair)) if trace else 0
    if followed:
        reasons.append(Reason("tour", followed, 2, TOUR))
    return Shared(pair, ads, tuple(reasons))


def _closest(signatures: Signatures, ones: list[int], others: list[int]) -> tuple[tuple[int, int], int]:
    """The two ads of a copied text that agree in most prices, hours and ages; no agreement if they differ in more."""
    best = ((ones[0], others[0]), 0)
    for one in ones:
        here = set(signatures.details[one].tolist())
        for other in others:
            there = set(signatures.details[other].tolist())
            agreeing = len(here & there)
            if agreeing > best[1] and agreeing * 2 > len(here | there):
                best = ((one, other), agreeing)
    return best


def _apart(
    passages: Passages, family: NDArray[np.int64], copied: dict[tuple[int, int], list[tuple[int, int]]]
) -> Passages:
    """Without those that came along with a copied text: who copies an ad copies its turns of speech."""
    if not copied:
        return passages
    pairs = np.array(sorted({one << 32 | other for one, other in copied}), np.int64)
    kept = np.ones(len(passages.pair), bool)
    for row in np.flatnonzero(np.isin(passages.pair, pairs)).tolist():
        pair = int(passages.pair[row])
        names = {name for name, _ in copied[pair >> 32, pair & 0xFFFFFFFF]}
        kept[row] = names.isdisjoint((int(family[passages.first[row]]), int(family[passages.second[row]])))
    return Passages(*(getattr(passages, x)[kept] for x in ("pair", "first", "second", "words", "holders")))


def _passages_of(
    passages: Passages, copied: Collection[tuple[int, int]], trust: float
) -> dict[tuple[int, int], tuple[Reason, tuple[int, int]]]:
    """For each pair of units the passages it shares, as a reason, and the two ads with the longest."""
    worth = np.array([PASSAGE.get(x, 1.5) for x in range(64)])[np.minimum(passages.words, 63)]
    worth = worth * np.minimum(1.0, np.sqrt(2.0 / np.maximum(passages.holders, 2)))
    pairs, begin = np.unique(passages.pair, return_index=True)
    if not len(pairs):
        return {}
    totals = np.minimum(np.add.reduceat(worth, begin), MOST_PASSAGES) * trust
    counts = np.add.reduceat((passages.words >= GRAM + 1).astype(np.int64), begin)
    holders = np.maximum.reduceat(passages.holders, begin)
    ends = np.append(begin[1:], len(passages.pair))
    found = {}
    with_copies = np.array(sorted(one << 32 | other for one, other in copied), np.int64)
    for at in np.flatnonzero((totals >= LOOKED_AT) | (totals > 0) & np.isin(pairs, with_copies)).tolist():
        best = begin[at] + int(np.argmax(passages.words[begin[at] : ends[at]]))
        reason = Reason("phrase", max(int(counts[at]), 1), int(holders[at]), float(totals[at]))
        pair = (int(pairs[at] >> 32), int(pairs[at] & 0xFFFFFFFF))
        found[pair] = (reason, (int(passages.first[best]), int(passages.second[best])))
    return found


def _copies(family: NDArray[np.int64], units: NDArray[np.int64]) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """For each pair of units the families it shares, each with the number of units that hold it."""
    told = np.flatnonzero(family >= 0)
    held: dict[int, list[int]] = defaultdict(list)
    for key in sort_once(family[told] << 32 | units[told]).tolist():
        held[key >> 32].append(key & 0xFFFFFFFF)
    found: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for name, holders in held.items():
        if 2 <= len(holders) <= COPY_HOLDERS:
            for at, one in enumerate(holders):
                for other in holders[at + 1 :]:
                    found[one, other].append((name, len(holders)))
    return found


def _holdings(signatures: Signatures, column: str, units: NDArray[np.int64]) -> dict[int, dict[int, int]]:
    """For each unit what it has of a column, each with the number of units that have it."""
    ragged = getattr(signatures, column)
    if not len(ragged.values):
        return {}
    values = np.unique(ragged.values, return_inverse=True)[1]
    keys = sort_once(values.astype(np.int64) << 32 | units[ragged.owners()])
    holders = np.bincount(keys >> 32)
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for key in keys.tolist():
        found[key & 0xFFFFFFFF][key >> 32] = int(holders[key >> 32])
    return found


def _members(units: NDArray[np.int64]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for ad, unit in enumerate(units.tolist()):
        found[unit].append(ad)
    return found
