"""What is kept of an ad to link it: keyed hashes, in columns.

An ad is read once; its signature depends on nothing but the ad and the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from serving.linking.canonical import words
from serving.linking.contacts import link_keys
from serving.linking.ragged import Array, Ragged
from serving.linking.records import LinkKey, Record
from triage.assessment import Entity

GRAM = 4
"""Words of a shingle, and of the shortest phrase that can be shared."""

DETAILS = ("price", "hours", "age")

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

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.int64]) -> Signatures:
        """These rows, in this order."""
        return Signatures(
            self.key_mark,
            tuple(self.ids[i] for i in rows),
            self.posted[rows],
            self.whole[rows],
            *(getattr(self, name).take(rows) for name in COLUMNS),
        )


COLUMNS = ("grams", "contacts", "names", "places", "details", "days")
"""The columns with rows of different length."""


def sign(records: Iterable[Record], key: LinkKey) -> Signatures:
    """The signatures of a batch of ads."""
    ids: list[str] = []
    posted: list[int] = []
    rows: dict[str, list[Sequence[int]]] = {name: [] for name in ("words", *COLUMNS[1:])}
    known: dict[str, int] = {}
    for record in records:
        ids.append(record.id)
        posted.append(record.posted.toordinal() if record.posted else 0)
        hashes = []
        for word, _ in words(record.text, record.entities):
            if (hashed := known.get(word)) is None:
                hashed = known[word] = key.digest("word", word)
            hashes.append(hashed)
        rows["words"].append(hashes)
        rows["contacts"].append(link_keys(record.entities, key))
        for column, types in (("names", ("name",)), ("places", ("place",)), ("details", DETAILS)):
            rows[column].append(_digests(record.entities, types, key))
        rows["days"].append(
            sorted({x for e in record.entities if e.type == "date" for x in _days(e.value, record.posted)})
        )
    text = Ragged.of(rows["words"], np.uint64)
    grams = shingles(text)
    whole = [
        int.from_bytes(hashlib.blake2b(text[i].tobytes(), digest_size=8).digest(), "little") if size else 0
        for i, size in enumerate(grams.sizes())
    ]
    return Signatures(
        key.mark(),
        tuple(ids),
        np.array(posted, np.int32),
        np.array(whole, np.uint64),
        grams,
        *(Ragged.of(rows[x], np.int32 if x == "days" else np.uint64) for x in COLUMNS[1:]),
    )


def join(parts: Sequence[Signatures]) -> Signatures:
    """All ads of several batches in the order of their ids; of an id that comes again one signature stays, always the same.

    Raises:
        OtherKey: see the class.
    """
    if len({x.key_mark for x in parts}) > 1:
        raise OtherKey("signatures were made under different keys; make them anew from the ads, all under one key")
    everything = Signatures(
        parts[0].key_mark,
        tuple(x for part in parts for x in part.ids),
        np.concatenate([x.posted for x in parts]),
        np.concatenate([x.whole for x in parts]),
        *(Ragged.join([getattr(x, name) for x in parts]) for name in COLUMNS),
    )
    rows: dict[str, int] = {}
    for row in sorted(range(len(everything)), key=lambda x: (everything.whole[x], everything.posted[x])):
        rows.setdefault(everything.ids[row], row)
    return everything.take(np.array([rows[x] for x in sorted(rows)], np.int64))


def shingles(text: Ragged) -> Ragged:
    """Hashes of each `GRAM` words of each row; a row with fewer has none. The order of the words counts."""
    sizes = np.maximum(text.sizes() - GRAM + 1, 0)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
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


def _digests(entities: Iterable[Entity], types: Sequence[str], key: LinkKey) -> list[int]:
    return sorted({key.digest(x.type, x.value.casefold()) for x in entities if x.type in types})


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
