"""The same text written by somebody else: typing errors, ae/oe/aa, another case, no punctuation, spread digits, another sex.
Marks move along.

Each way changes code points one by one, so that where a span lies afterwards is a running sum (as in the robustness tests of
Ribeiro et al. 2020, here for training).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from training.swaps import sex_edits
from triage.text import Document, Label, Span

ERRORS = 0.03
"""Share of the letters that a typing error hits."""
_ASCII = {"æ": "ae", "ø": "oe", "å": "aa", "Æ": "Ae", "Ø": "Oe", "Å": "Aa"}
_ROWS = ("qwertyuiopå", "asdfghjklæø", "zxcvbnm")
_NEAR = {row[i]: row[max(0, i - 1) : i] + row[i + 1 : i + 2] for row in _ROWS for i in range(len(row))}
Way = Callable[[list[str], np.random.Generator], list[str]]
"""From the code points of a text to what each of them becomes."""


def _typing_errors(letters: list[str], chance: np.random.Generator) -> list[str]:
    found = list(letters)
    for i in np.flatnonzero(chance.random(len(letters)) < ERRORS).tolist():
        low = letters[i].lower()
        if low not in _NEAR:
            continue
        kind = int(chance.integers(4))
        if kind == 0:
            found[i] = ""
        elif kind == 1:
            found[i] = letters[i] * 2
        elif kind == 2:
            found[i] = str(chance.choice(list(_NEAR[low])))
        elif i + 1 < len(letters) and letters[i + 1].lower() in _NEAR:
            found[i], found[i + 1] = letters[i + 1], letters[i]
    return found


def _without_danish_letters(letters: list[str], _: np.random.Generator) -> list[str]:
    return [_ASCII.get(c, c) for c in letters]


def _lower(letters: list[str], _: np.random.Generator) -> list[str]:
    return [c.lower() for c in letters]


def _capitals(letters: list[str], _: np.random.Generator) -> list[str]:
    return [c.upper() for c in letters]


def _without_punctuation(letters: list[str], _: np.random.Generator) -> list[str]:
    return ["" if c in ",.;:!?" else c for c in letters]


def _spread_digits(letters: list[str], chance: np.random.Generator) -> list[str]:
    between = str(chance.choice([" ", "-", ".", " . "]))
    follows = [a.isdigit() and b.isdigit() for a, b in pairwise(letters)]
    return [c + between if more else c for c, more in zip(letters, [*follows, False], strict=True)]


def other_sex(letters: list[str], _: np.random.Generator) -> list[str]:
    """Pronouns and words for men and women exchanged, so that neither is a sign of anything."""
    found = list(letters)
    for start, end, new in sex_edits("".join(letters)):
        found[start:end] = [new, *[""] * (end - start - 1)]
    return found


WAYS: tuple[Way, ...] = (
    _typing_errors,
    _without_danish_letters,
    _lower,
    _capitals,
    _without_punctuation,
    _spread_digits,
)


def rewrite(document: Document, way: Way, chance: np.random.Generator) -> Document:
    """The document written in a way. A mark of which nothing is left is dropped; a label whose marks are all gone too."""
    pieces = way(list(document.text), chance)
    place = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])]).tolist()
    labels = []
    for label in document.labels:
        spans = tuple(Span(place[x.start], place[x.end]) for x in label.spans if place[x.start] < place[x.end])
        if spans or not label.spans:
            labels.append(Label(label.indicator, label.state, spans))
    return Document(document.id, document.kind, "".join(pieces), document.source, document.lang, tuple(labels))


def augment(document: Document, chance: np.random.Generator) -> Document:
    """The document in one or two ways, drawn at random."""
    for index in chance.choice(len(WAYS), size=int(chance.integers(1, 3)), replace=False).tolist():
        document = rewrite(document, WAYS[index], chance)
    return document
