"""The texts that are read: the test texts as they are, ads whose sentences recur, and as many new notes as are wanted."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.conftest import ROOT
from training.dataset import DATA_CARDS, folders, read_folder
from triage.pieces import TextTokenizer, Window, cut
from triage.text import Document
from triage.units import split_units
from triage.weights import ENCODER

POOL = 300
"""Sentences that recur in the stream of ads."""
PASSAGE = 5
"""Sentences of the pool that stand together where passages recur: half of the longest ad."""
SENTENCES = (4, 10)
"""Of an ad: at least and at most."""


def texts(split: str, *, labelled: bool = False) -> list[Document]:
    """All texts of a split, mixed by chance and always in the same order."""
    found = [x for folder in folders(ROOT / DATA_CARDS) for x in _read(folder).documents(split)]
    random.Random(1).shuffle(found)
    return found if labelled else [Document(x.id, x.kind, x.text) for x in found]


_read = cache(read_folder)
"""Reading takes seconds, and several parts want the same texts."""


def sentences(documents: Sequence[Document]) -> list[str]:
    """The different sentences of documents, in order."""
    found = (
        " ".join(x.text[span.start : span.end].split())
        for x in documents
        for span in split_units(Document(x.id, "note", x.text))
    )
    return list(dict.fromkeys(x for x in found if len(x.split()) > 2))


def ads(documents: Sequence[Document], count: int, *, passages: bool = False, seed: int = 1) -> list[Document]:
    """Ads of which half the sentences recur: drawn from a pool of `POOL`, while the others stand in no other ad.

    Those that do not recur are sentences of the documents outside the pool, each used once, and after that with an invented
    reference number behind them.

    Args:
        passages: those that recur stand together, as in ads made from one template: the pool is cut into passages, and an ad
            begins with so much of one. Otherwise every second sentence recurs, each drawn by itself, between others.
    """
    chance = random.Random(seed)
    every = sentences([x for x in documents if x.kind == "ad"]) or sentences(documents)
    chance.shuffle(every)
    pool, rest = every[: min(POOL, len(every) // 2)], every[min(POOL, len(every) // 2) :]
    fresh = _unique(rest, chance)
    stream = []
    for number in range(count):
        length = chance.randint(*SENTENCES)
        first = chance.random() < 0.5  # of an odd number, half the ads have one more that recurs and half one less
        if passages:
            start = PASSAGE * chance.randrange(max(1, len(pool) // PASSAGE))
            recurring = (length + first) // 2
            lines = [*pool[start : start + recurring], *(next(fresh) for _ in range(length - recurring))]
        else:
            lines = [chance.choice(pool) if (i % 2 == 0) == first else next(fresh) for i in range(length)]
        stream.append(Document(f"ad-{number}", "ad", "\n".join(lines)))
    return stream


def _unique(known: Sequence[str], chance: random.Random) -> Iterator[str]:
    yield from known
    number = 0
    while True:
        number += 1
        yield f"{chance.choice(known)} Ref. {number:06d}"


def new_notes(documents: Sequence[Document], seed: int = 1) -> Iterator[Document]:
    """Notes without end, no two alike, as long as the documents: each sentence is drawn from theirs, and what stands before
    it differs too. The first line has an invented number."""
    chance = random.Random(seed)
    notes = [x for x in documents if x.kind == "note"] or list(documents)
    every = sentences(notes)
    lengths = [len(split_units(x)) for x in notes]
    number = 0
    while True:
        number += 1
        lines = [f"Sag {seed:02d}-{number:07d}.", *chance.choices(every, k=max(1, chance.choice(lengths) - 1))]
        yield Document(f"n-{seed}-{number}", "note", " ".join(lines))


def describe(documents: Sequence[Document], model: Path) -> dict[str, float | int]:
    """Number, mean length, mean tokens, and the share of the pieces the model reads that were read before.

    The tokens and pieces are those of an encoder; a model of another family has none.
    """
    said: dict[str, float | int] = {
        "texts": len(documents),
        "ads": sum(x.kind == "ad" for x in documents),
        "mean_characters": round(sum(len(x.text) for x in documents) / len(documents), 1),
    }
    if (model / ENCODER).is_dir():
        tokenizer = TextTokenizer.read(model / ENCODER)
        pieces = [p for x in documents for p in cut(x, tokenizer, window_of(model))]
        own = sum(len(x.offsets) for x in pieces)
        known = len(pieces) - len({(x.first, tuple(x.ids), *map(tuple, x.context)) for x in pieces})
        said |= {
            "mean_tokens": round(own / len(documents), 1),
            "mean_tokens_read": round(sum(len(x.ids) for x in pieces) / len(documents), 1),
            "known_pieces": round(known / len(pieces), 4),
        }
    return said


def window_of(model: Path) -> Window:
    """How a model of the encoder family cuts texts."""
    from triage.modelfolder import read_manifest

    return Window(**read_manifest(model)["settings"]["window"])
