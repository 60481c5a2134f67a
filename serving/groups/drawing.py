"""A group as a picture: ads are dots, ties are lines. Places are percent of the picture, so that it fits any width.

What holds a group together is a tree, or several where ads are missing. It is laid out around its middle, then dots push one
another apart and ties pull (Fruchterman and Reingold, "Graph drawing by force-directed placement", 1991), always from the same
start. Of more ads than can be read the largest branches are drawn, and each dot's others are one dot that says how many they are.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST = 80
"""Dots of a picture."""
_ROUNDS = 80
_PHONE = 340.0
"""Pixels of the narrowest picture: dots must not hide one another there."""
_APART = 29.0
"""Pixels between the middles of two dots."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dot:
    """An ad by its number, or several that stand together."""

    x: float
    y: float
    number: int
    """Of the ad; of several, how many they are."""
    several: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A tie, with what sort it is."""

    x1: float
    y1: float
    x2: float
    y2: float
    sort: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Dots and lines, and how many pixels high they need."""

    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    height: int
    folded: int
    """Ads that have no dot of their own."""


def draw(ads: int, ties: Sequence[tuple[int, int, str]]) -> Picture:
    """The picture of ads 1 to `ads` with ties (first, second, sort)."""
    children, roots = _trees(ads, ties)
    sizes = _sizes(children, roots)
    kept, folded = _choose(children, roots, sizes)
    names: list[tuple[int, bool]] = [(x, False) for x in kept]
    at = {x: row for row, x in enumerate(kept)}
    sort_of = {frozenset((one, other)): sort for one, other, sort in ties}
    edges = [(at[x], at[y], sort_of[frozenset((x, y))]) for x in kept for y in children[x] if y in at]
    for parent, count in folded.items():
        if parent:
            edges.append((at[parent], len(names), "folded"))
        names.append((count, True))
    height = min(820, 240 + 6 * len(names))
    places = _part(_spread(_around(len(names), edges), edges), height)
    dots = tuple(Dot(*_percent(places[row]), number, several) for row, (number, several) in enumerate(names))
    lines = tuple(Line(dots[a].x, dots[a].y, dots[b].x, dots[b].y, sort) for a, b, sort in edges)
    return Picture(dots, lines, height, sum(folded.values()))


def _percent(place: Floats) -> tuple[float, float]:
    return round(float(place[0]), 2), round(float(place[1]), 2)


def _trees(ads: int, ties: Sequence[tuple[int, int, str]]) -> tuple[dict[int, list[int]], list[int]]:
    """Children of each ad, and the roots: of each part the ad with most ties."""
    beside: dict[int, list[int]] = defaultdict(list)
    for one, other, _ in ties:
        beside[one].append(other)
        beside[other].append(one)
    children: dict[int, list[int]] = defaultdict(list)
    seen: set[int] = set()
    roots = []
    for root in sorted(range(1, ads + 1), key=lambda x: (-len(beside[x]), x)):
        if root in seen:
            continue
        roots.append(root)
        seen.add(root)
        waiting = [root]
        for ad in waiting:  # grows while it is gone through
            for other in sorted(beside[ad]):
                if other not in seen:
                    seen.add(other)
                    children[ad].append(other)
                    waiting.append(other)
    return children, roots


def _sizes(children: dict[int, list[int]], roots: Sequence[int]) -> dict[int, int]:
    """How many ads hang on each, itself included."""
    order = list(roots)
    for ad in order:
        order += children[ad]
    sizes: dict[int, int] = {}
    for ad in reversed(order):
        sizes[ad] = 1 + sum(sizes[x] for x in children[ad])
    return sizes


def _choose(
    children: dict[int, list[int]], roots: Sequence[int], sizes: dict[int, int]
) -> tuple[list[int], dict[int, int]]:
    """The ads that get a dot of their own, largest branches first; and of each (0 for parts) how many it stands for besides."""
    most = len(sizes) if len(sizes) <= MOST else MOST * 2 // 3  # each of them may need a dot for what is folded
    waiting = [(-sizes[x], x, 0) for x in roots]
    heapq.heapify(waiting)
    kept: list[int] = []
    while waiting and len(kept) < most:
        _, ad, _ = heapq.heappop(waiting)
        kept.append(ad)
        for child in children[ad]:
            heapq.heappush(waiting, (-sizes[child], child, ad))
    left: dict[int, list[int]] = defaultdict(list)
    for _, ad, parent in sorted(waiting):
        left[parent].append(ad)
    folded = {}
    for parent, ads in sorted(left.items()):
        count = sum(sizes[x] for x in ads)
        if count == 1:  # it needs no more room than a dot that stands for it
            kept += ads
        else:
            folded[parent] = count
    return kept, folded


def _around(count: int, edges: Sequence[tuple[int, int, str]]) -> Floats:
    """Each tree in rings around its root, trees side by side; the wider a branch, the more room it has."""
    children: dict[int, list[int]] = defaultdict(list)
    for one, other, _ in edges:
        children[one].append(other)
    roots = sorted(set(range(count)) - {x for _, x, _ in edges})
    places = np.zeros((count, 2))
    for number, root in enumerate(roots):
        waiting = [(root, 0, 0.0, 2 * math.pi)]
        for node, depth, begin, end in waiting:
            angle, far = (begin + end) / 2, depth + 0.3 * (node % 3) * bool(depth)
            places[node] = (far * math.cos(angle) + 3.0 * number, far * math.sin(angle))
            share = (end - begin) / max(1, len(children[node]))
            waiting += [
                (child, depth + 1, begin + place * share, begin + (place + 1) * share)
                for place, child in enumerate(children[node])
            ]
    return places


def _spread(places: Floats, edges: Sequence[tuple[int, int, str]]) -> Floats:
    """Dots pushed apart and ties pulled tight, then stretched over the whole picture, which is 100 wide and high."""
    count = len(places)
    if count > 2:
        extent = np.ptp(places, axis=0)
        places = places / max(float(extent.max()), 1e-9)
        best = 1 / math.sqrt(count)
        pairs = np.array([(a, b) for a, b, _ in edges], np.int64).reshape(-1, 2)
        for turn in range(_ROUNDS):
            near = best**2 / np.maximum(_apart(places), 1e-3) ** 2
            push = places * near.sum(axis=1)[:, None] - near @ places
            along = places[pairs[:, 0]] - places[pairs[:, 1]]
            pull = along * (np.linalg.norm(along, axis=1) / best)[:, None]
            np.add.at(push, pairs[:, 0], -pull)
            np.add.at(push, pairs[:, 1], pull)
            length = np.maximum(np.linalg.norm(push, axis=1), 1e-9)
            step = 0.1 * (1 - turn / _ROUNDS)
            places = places + push / length[:, None] * np.minimum(length, step)[:, None]
    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    along = np.where(extent < 1e-6, 0.5, (places - low) / np.maximum(extent, 1e-6))
    if count > 2:
        # Half by its place in the order: one long branch must not press all others together.
        along = (along + places.argsort(axis=0, kind="stable").argsort(axis=0) / (count - 1)) / 2
    return 6 + 88 * along


def _apart(places: Floats) -> Floats:
    """How far each dot is from each."""
    across, down = (np.subtract.outer(x, x) for x in places.T)
    far: Floats = np.hypot(across, down)
    return far


def _part(places: Floats, height: int) -> Floats:
    """Dots that would hide one another on a phone are moved apart, within the picture."""
    scale = np.array([_PHONE, float(height)]) / 100
    at = places * scale
    low, high = 6 * scale, 94 * scale
    for _ in range(_ROUNDS):
        distance = _apart(at)
        np.fill_diagonal(distance, _APART)
        lacking = np.maximum(0, _APART - distance) / 2
        if not lacking.any():
            break
        apart = at[:, None] - at[None]
        # Two at the very same place go apart sideways, by their order.
        same = distance < 1e-6
        apart[same] = np.stack([np.sign(np.subtract(*np.nonzero(same))), np.zeros(int(same.sum()))], axis=1)
        ways = apart / np.maximum(np.where(same, 1.0, distance), 1e-6)[:, :, None]
        at = np.clip(at + (ways * lacking[:, :, None]).sum(axis=1), low, high)
    return at / scale
