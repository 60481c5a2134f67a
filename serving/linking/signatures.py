"""What is kept of an ad to link it: keyed hashes, in columns.

An ad is read once; its signature depends on nothing but the ad and the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.linking.canonical import words
from serving.linking.contacts import KINDS
from serving.linking.marks import GRAM, MARKED, join_marks, mark_entities, mark_grams
from serving.linking.ragged import Array, Ragged, starts_of
from serving.linking.records import LinkKey, Record

_ODD = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)


class OtherKey(ValueError):
    """Signatures were made under another key; make them anew from the ads."""


@dataclass(frozen=True, slots=True, eq=False)
class Signatures:
    """One row for each ad. Nothing in it can be read back without the key and a guess of the text."""

    key_mark: str
    ids: tuple[str, ...]
    posted: NDArray[np.int32]
    """Proleptic Gregorian ordinal; 0 if it is not known."""
    retrieved: NDArray[np.int64]
    """Seconds since 1970; 0 if it is not known."""
    pages: NDArray[np.uint64]
    """Of what page; of each the newest version counts."""
    digests: NDArray[np.uint64]
    whole: NDArray[np.uint64]
    """Of all words; 0 for ads with fewer than four, which are not compared as texts."""
    grams: Ragged
    """Of each four words, in the order of the text."""
    contacts: Ragged
    names: Ragged
    places: Ragged
    details: Ragged
    """Prices, hours and ages."""
    days: Ragged
    """Dates that the ad names, as ordinals."""
    sites: Ragged
    """Of each ad one, or none if it is not known."""

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Signatures:
        """These rows, in this order."""
        kept: dict[str, Any] = {name: getattr(self, name)[rows] for name in SINGLES}
        kept |= {name: getattr(self, name).take(rows) for name in COLUMNS}
        return Signatures(self.key_mark, tuple(self.ids[i] for i in rows), **kept)


SINGLES = ("posted", "retrieved", "pages", "digests", "whole")
"""The columns with one number a row."""
SORTS = {"posted": np.int32, "retrieved": np.int64, "pages": np.uint64, "digests": np.uint64}
COLUMNS = ("grams", "contacts", "names", "places", "details", "days", "sites")
"""The columns with rows of different length."""


def sign(records: Iterable[Record], key: LinkKey) -> Signatures:
    """The signatures of a batch of ads."""
    return sign_and_mark(records, key)[0]


def sign_and_mark(records: Iterable[Record], key: LinkKey) -> tuple[Signatures, Ragged]:
    """The signatures of a batch of ads, and their marks."""
    ids: list[str] = []
    singles: dict[str, list[int]] = {name: [] for name in SINGLES[:-1]}
    rows: dict[str, list[Sequence[int]]] = {name: [] for name in ("words", *COLUMNS[1:])}
    spans: list[tuple[int, int]] = []
    marks = []
    known: dict[str, int] = {}
    for record in records:
        ids.append(record.id)
        singles["posted"].append(record.posted.toordinal() if record.posted else 0)
        singles["retrieved"].append(int(record.retrieved.timestamp()) if record.retrieved else 0)
        singles["pages"].append(key.digest("page", record.page or record.id))
        singles["digests"].append(record.digest)
        hashes = []
        for word, span in words(record.text, record.entities):
            if (hashed := known.get(word)) is None:
                hashed = known[word] = key.digest("word", word)
            hashes.append(hashed)
            spans.append((span.start, span.end))
        marks.append(mark_entities(record, key))
        entities = [x for _, x in record.found()]
        rows["words"].append(hashes)
        rows["contacts"].append(_marked(marks[-1], range(len(KINDS))))
        rows["names"].append(_marked(marks[-1], (MARKED.index("name"),)))
        rows["details"].append(_marked(marks[-1], (MARKED.index("details"),)))
        rows["places"].append(sorted({key.digest("place", x.value.casefold()) for x in entities if x.type == "place"}))
        rows["days"].append(sorted({x for e in entities if e.type == "date" for x in _days(e.value, record.posted)}))
        rows["sites"].append([key.digest("site", record.site)] if record.site else [])
    text = Ragged.of(rows["words"], np.uint64)
    grams = shingles(text)
    whole = [
        int.from_bytes(hashlib.blake2b(text[i].tobytes(), digest_size=8).digest(), "little") if size else 0
        for i, size in enumerate(grams.sizes())
    ]
    columns: dict[str, Any] = {name: np.array(singles[name], SORTS[name]) for name in singles}
    columns |= {x: Ragged.of(rows[x], np.int32 if x == "days" else np.uint64) for x in COLUMNS[1:]}
    columns |= {"whole": np.array(whole, np.uint64), "grams": grams}
    signatures = Signatures(key.mark(), tuple(ids), **columns)
    places = Ragged(np.array(spans, np.int32).reshape(-1, 2), text.starts)
    return signatures, join_marks(marks, grams, mark_grams(grams, places))


def join(parts: Sequence[Signatures]) -> Signatures:
    """The ads of several batches in the order of their ids, of each page the newest version alone.

    Raises:
        OtherKey: see the class.
    """
    if len({x.key_mark for x in parts}) > 1:
        raise OtherKey("signatures were made under different keys; make them anew from the ads, all under one key")
    columns: dict[str, Any] = {name: np.concatenate([getattr(x, name) for x in parts]) for name in SINGLES}
    columns |= {name: Ragged.join([getattr(x, name) for x in parts]) for name in COLUMNS}
    everything = Signatures(parts[0].key_mark, tuple(x for part in parts for x in part.ids), **columns)
    return everything.take(newest(parts))


def newest(parts: Sequence[Signatures]) -> NDArray[np.int64]:
    """Rows of the newest version of each page, by id: retrieved last, posted last; where neither tells, what came last."""
    pages, retrieved, posted = (
        np.concatenate([getattr(x, y) for x in parts]) for y in ("pages", "retrieved", "posted")
    )
    ids = [x for part in parts for x in part.ids]
    order = np.lexsort((np.arange(len(pages)), posted, retrieved, pages))
    last = np.ones(len(order), bool)
    last[:-1] = pages[order[1:]] != pages[order[:-1]]
    return np.array(sorted(order[last].tolist(), key=ids.__getitem__), np.int64)


def shingles(text: Ragged) -> Ragged:
    """Hashes of each `GRAM` words of each row; a row with fewer has none. The order of the words counts."""
    sizes = np.maximum(text.sizes() - GRAM + 1, 0)
    starts = starts_of(sizes)
    first = np.repeat(text.starts[:-1], sizes) + np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    mixed = np.zeros(len(first), np.uint64)
    for step in range(GRAM):
        mixed = _mix(mixed * _ODD[0] + text.values[first + step] * _ODD[step] if len(first) else mixed)
    return Ragged(mixed, starts)


def _mix(x: Array) -> Array:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): every bit in depends on every bit out."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Array = x ^ (x >> np.uint64(31))
    return mixed


def _marked(marks: Iterable[tuple[int, int, int, int, int]], kinds: Collection[int]) -> list[int]:
    """The hashes of these kinds, sorted, each once."""
    return sorted({x[0] for x in marks if x[1] in kinds})


def _days(value: str, posted: date | None) -> list[int]:
    """The ordinals of an ISO date or span of two; a date without a year is the one nearest to the day of posting."""
    return [day for part in value.split("/") for day in _day(part, posted)]


def _day(value: str, posted: date | None) -> list[int]:
    if not value.startswith("--"):
        return _ordinals([value])
    if posted is None:
        return []
    near = _ordinals(f"{posted.year + step:04d}-{value[2:]}" for step in (-1, 0, 1))
    return sorted(near, key=lambda x: abs(x - posted.toordinal()))[:1]


def _ordinals(values: Iterable[str]) -> list[int]:
    """Of those that are dates."""
    found = []
    for value in values:
        with suppress(ValueError):
            found.append(date.fromisoformat(value).toordinal())
    return found
