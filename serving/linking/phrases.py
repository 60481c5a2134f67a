"""Phrases that two ads share and hardly any other does: a turn of speech, a sentence of a hand's own.

A passage is a run of shared words in two texts that are no copies of one another. What counts of it is its length and how few
others hold it. "Others" are units (ads that a contact holds together already), so that reposts do not make a phrase common; a
phrase of more than `HOLDERS` units has no weight at all: it is the portal's, the language's, or a template that goes about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.linking.marks import GRAM
from serving.linking.ragged import Array
from serving.linking.signatures import Signatures
from serving.linking.texts import Texts

HOLDERS = 8
_PARTITIONS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Passages:
    """One row a passage, sorted by the pair of units: where it stands (ad), its length and how many units hold it."""

    pair: NDArray[np.int64]
    """First unit * 2^32 + second unit."""
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    words: NDArray[np.int64]
    holders: NDArray[np.int64]


def find_passages(signatures: Signatures, texts: Texts, units: NDArray[np.int64]) -> Passages:
    """The passages that pairs of units share."""
    ads = _one_of_each(texts.text, units)
    grams = signatures.grams.take(ads)
    owners = grams.owners()
    places = np.arange(len(owners)) - grams.starts[owners]
    found = []
    for partition in range(_PARTITIONS):
        here = np.flatnonzero(grams.values >> np.uint64(60) == partition)
        found.append(_shared(grams.values[here], ads[owners[here]], places[here], units, texts.family))
    pair, first, second, at, there, holders = (np.concatenate(x) for x in zip(*found, strict=True))
    order = np.lexsort((at, second, first, pair))
    pair, first, second, at, there, holders = (x[order] for x in (pair, first, second, at, there, holders))
    if not len(pair):
        return Passages(pair, first, second, at, holders)
    begins = np.ones(len(pair), bool)
    begins[1:] = (pair[1:] != pair[:-1]) | (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    begins[1:] |= (at[1:] != at[:-1] + 1) | (there[1:] != there[:-1] + 1)
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(pair)))
    least = np.minimum.reduceat(holders, starts)
    return Passages(pair[starts], first[starts], second[starts], lengths + GRAM - 1, least)


def _one_of_each(text: NDArray[np.int64], units: NDArray[np.int64]) -> NDArray[np.int64]:
    """One ad of each text of each unit, by unit."""
    told = np.flatnonzero(text >= 0)
    order = told[np.lexsort((told, text[told], units[told]))]
    keep = np.ones(len(order), bool)
    keep[1:] = (text[order[1:]] != text[order[:-1]]) | (units[order[1:]] != units[order[:-1]])
    kept: NDArray[np.int64] = order[keep]
    return kept


def _shared(
    values: Array,
    ads: NDArray[np.int64],
    places: NDArray[np.int64],
    units: NDArray[np.int64],
    family: NDArray[np.int64],
) -> tuple[Array, ...]:
    """Shingles that few units share, each as (pair of units, ad, ad, place, place, holders); copies are left out."""
    order = np.lexsort((places, ads, units[ads], values))
    values, ads, places = values[order], ads[order], places[order]
    unit = units[ads]
    first = np.ones(len(values), bool)
    first[1:] = (values[1:] != values[:-1]) | (unit[1:] != unit[:-1])
    values, ads, places, unit = values[first], ads[first], places[first], unit[first]
    begin = np.ones(len(values), bool)
    begin[1:] = values[1:] != values[:-1]
    run = np.cumsum(begin) - 1
    holders = np.bincount(run, minlength=1)[run] if len(run) else run
    few = (holders >= 2) & (holders <= HOLDERS)
    values, ads, places, unit, holders = (x[few] for x in (values, ads, places, unit, holders))
    parts: list[tuple[Array, ...]] = []
    for step in range(1, HOLDERS):
        i = np.flatnonzero(values[step:] == values[:-step])
        j = i + step
        i, j = (x[(family[ads[i]] != family[ads[j]])] for x in (i, j))
        parts.append((unit[i] << 32 | unit[j], ads[i], ads[j], places[i], places[j], holders[i]))
    return tuple(np.concatenate(x) for x in zip(*parts, strict=True))
