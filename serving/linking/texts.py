"""Which ads are the same text, and which texts are one family of near copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serving.linking.copies import Copies, distinct, find_copies
from serving.linking.signatures import Signatures
from serving.linking.unions import components

LEAST_SHINGLES = 8
"""A text with fewer different ones (eleven words, or a list of prices) is too short to say that two ads are of one hand."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Of each ad its text and its family, as numbers; -1 for ads too short to be compared."""

    text: NDArray[np.int64]
    family: NDArray[np.int64]
    copies: Copies
    """Between numbers of texts."""


def sort_texts(signatures: Signatures) -> Texts:
    """Find out what is the same text and what is nearly the same."""
    grams = distinct(signatures.grams)
    told = np.flatnonzero(grams.sizes() >= LEAST_SHINGLES)
    whole, rows, text_of = np.unique(signatures.whole[told], return_index=True, return_inverse=True)
    grams = grams.take(told[rows])
    copies = find_copies(grams)
    families = components(len(whole), zip(copies.first.tolist(), copies.second.tolist(), strict=True))
    text, family = np.full(len(signatures), -1), np.full(len(signatures), -1)
    text[told] = text_of
    family[told] = families[text_of]
    return Texts(text, family, copies)
