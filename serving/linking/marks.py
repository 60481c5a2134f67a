"""Where in an ad each of its hashes stands: what a tie is shown by, without any text.

A mark is a hash with its kind, field and place. It tells how long the words of an ad are, and nothing of what they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from serving.linking.contacts import KINDS, kind_of, link_keys
from serving.linking.ragged import Array, Ragged, starts_of
from serving.linking.records import LinkKey, Record

GRAM = 4
"""Words of a shingle, and of the shortest phrase that can be shared."""
DETAILS = ("price", "hours", "age")
MARKED = (*KINDS, "name", "details", "phrase")
"""Kinds of marks; a mark has the number of its kind."""
_PHRASE = MARKED.index("phrase")
_FIELDS = ("text", "title", "place")
MARK = np.dtype([("hash", "<u8"), ("kind", "<i2"), ("field", "<i2"), ("start", "<i4"), ("end", "<i4")])


def field_name(number: int) -> str:
    """Of a mark: ``text``, ``title``, ``place``, or ``contacts.0`` for the first contact field."""
    return _FIELDS[number] if number < len(_FIELDS) else f"contacts.{number - len(_FIELDS)}"


def _field_number(name: str) -> int:
    group, _, at = name.partition(".")
    return len(_FIELDS) + int(at) if group == "contacts" else _FIELDS.index(name)


def mark_entities(record: Record, key: LinkKey) -> list[tuple[int, int, int, int, int]]:
    """Marks of contacts, names and details, as rows of `MARK`."""
    found = []
    for field, entity in record.found():
        if entity.type == "name" or entity.type in DETAILS:
            kind = "name" if entity.type == "name" else "details"
            hashes = [(key.digest(entity.type, entity.value.casefold()), kind)]
        else:
            hashes = [(x, kind_of(x)) for x in link_keys([entity], key)]
        place = (_field_number(field), entity.span.start, entity.span.end)
        found += [(hashed, MARKED.index(kind), *place) for hashed, kind in hashes]
    return found


def mark_grams(grams: Ragged, spans: Ragged) -> Array:
    """Marks of all shingles of a batch; `spans` has begin and end of each word."""
    marks = np.zeros(len(grams.values), MARK)
    if len(marks):
        first = np.arange(len(marks)) + np.repeat(spans.starts[:-1] - grams.starts[:-1], grams.sizes())
        marks["hash"], marks["kind"] = grams.values, _PHRASE
        marks["start"], marks["end"] = spans.values[first, 0], spans.values[first + GRAM - 1, 1]
    return marks


def join_marks(entities: list[list[tuple[int, int, int, int, int]]], grams: Ragged, marks: Array) -> Ragged:
    """The marks of each ad: those of entities, then those of shingles in the order of the text."""
    rows: list[Any] = []
    for at, found in enumerate(entities):
        rows += [np.array(found, MARK), marks[grams.starts[at] : grams.starts[at + 1]]]
    values = np.concatenate(rows) if rows else np.zeros(0, MARK)
    sizes = [len(x) + int(size) for x, size in zip(entities, grams.sizes(), strict=True)]
    return Ragged(values, starts_of(sizes))
