"""Where two ads show what ties them: places to highlight, of the marks of both, since no text is kept with the links."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from serving.linking.marks import MARKED, field_name
from serving.linking.ragged import Array


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A piece of a field of an ad; offsets are code points of the field as it came."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Highlight:
    """One kind of thing that both ads have, with its places in each."""

    kind: str
    first: tuple[Place, ...]
    second: tuple[Place, ...]


def show_tie(
    first: Array, second: Array, hubs: Collection[int] = (), kinds: Collection[str] = MARKED
) -> tuple[Highlight, ...]:
    """What two ads share by their marks: contacts that are no hubs, names, details, and passages of four words or more."""
    found = []
    for number, kind in enumerate(MARKED):
        if kind not in kinds:
            continue
        sides = [x[x["kind"] == number] for x in (first, second)]
        both = [x for x in np.intersect1d(sides[0]["hash"], sides[1]["hash"]).tolist() if x not in hubs]
        if both:
            chosen = [np.isin(x["hash"], np.array(both, np.uint64)) for x in sides]
            show = _passages if kind == "phrase" else _each
            found.append(Highlight(kind, *(show(x, there) for x, there in zip(sides, chosen, strict=True))))
    return tuple(found)


def _each(marks: Array, chosen: Array) -> tuple[Place, ...]:
    found = {Place(field_name(x["field"]), int(x["start"]), int(x["end"])) for x in marks[chosen]}
    return tuple(sorted(found))


def _passages(marks: Array, chosen: Array) -> tuple[Place, ...]:
    """Runs of words that stand in both, each from its first word to its last."""
    at = np.flatnonzero(chosen)
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return tuple(Place("text", int(marks[x[0]]["start"]), int(marks[x[-1]]["end"])) for x in runs)
