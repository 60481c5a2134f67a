"""Text for pre-training: files of paragraphs in, packed token sequences out, mixed by weight and resumable to the step.

A corpus file is UTF-8, one paragraph a line, an empty line ends a document; ``.xz`` and ``.gz`` files are read as they are.
Every fiftieth document is held out to measure on.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from training.vocabulary import encode

HELD_OUT_EVERY = 50
Tokens = npt.NDArray[np.uint16]


class NoCorpus(ValueError):
    """A corpus file is missing or cannot be read; the message says what to do."""


def _open(path: Path) -> TextIO:
    if path.suffix == ".xz":
        return lzma.open(path, "rt", encoding="utf-8")
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return path.open(encoding="utf-8")


def read_documents(path: Path) -> Iterator[str]:
    """The documents of a corpus file, paragraphs joined by line breaks.

    Raises:
        NoCorpus: see the class.
    """
    try:
        with _open(path) as file:
            paragraphs: list[str] = []
            for line in file:
                if line.strip():
                    paragraphs.append(line.rstrip("\n"))
                elif paragraphs:
                    yield "\n".join(paragraphs)
                    paragraphs = []
            if paragraphs:
                yield "\n".join(paragraphs)
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise NoCorpus(
            f"{path} cannot be read ({type(error).__name__}); name text files of one paragraph a line under [[corpus]]"
        ) from None


@dataclass(frozen=True)
class Source:
    """Tokens of one corpus, documents ended by the separator token."""

    name: str
    weight: float
    train: Tokens
    held_out: Tokens


def load_source(
    name: str, weight: float, documents: Iterable[str], tokenizer: Any, cache: Path | None = None
) -> Source:
    """Tokenise a corpus, or read what an earlier run has cached for the same name and tokenizer."""
    paths = None
    if cache is not None:
        mark = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest()[:12]
        paths = [cache / f"{name}-{mark}-{part}.npy" for part in ("train", "held_out")]
        if all(path.is_file() for path in paths):
            return Source(name, weight, *(np.load(path, mmap_mode="r") for path in paths))
    parts: tuple[list[Tokens], list[Tokens]] = ([], [])
    end = tokenizer.sep_token_id
    for number, ids in enumerate(encode(tokenizer, documents)):
        parts[number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1].append(np.array([*ids, end], np.uint16))
    train, held_out = (np.concatenate(x) if x else np.zeros(0, np.uint16) for x in parts)
    if paths is not None and cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        np.save(paths[0], train)
        np.save(paths[1], held_out)
    return Source(name, weight, train, held_out)


@dataclass(frozen=True)
class Mixture:
    """Draws training sequences from sources in proportion to weight x size."""

    sources: Sequence[Source]
    length: int
    """Tokens of a sequence, the first special token included."""
    start: int
    """Id of the first special token."""

    def batch(self, step: int, size: int, seed: int) -> npt.NDArray[np.int64]:
        """(size, length) token ids of a step: the same for the same step and seed, whatever ran before."""
        chance = np.random.default_rng([seed, step])
        share = np.array([source.weight * len(source.train) for source in self.sources], np.float64)
        chosen = chance.choice(len(self.sources), size, p=share / share.sum())
        rows = np.full((size, self.length), self.start, np.int64)
        for row, index in enumerate(chosen):
            tokens = self.sources[index].train
            need = self.length - 1
            at = int(chance.integers(0, max(1, len(tokens) - need)))
            piece = tokens[at : at + need]
            rows[row, 1:] = np.resize(piece, need)
        return rows

    def held_out(self, source: Source, most: int) -> npt.NDArray[np.int64]:
        """(n, length) held-out sequences of a source, at most `most`, evenly spread; none if it is too small."""
        need = self.length - 1
        count = min(most, len(source.held_out) // need)
        rows = np.full((count, self.length), self.start, np.int64)
        if count:
            for row, at in enumerate(np.linspace(0, len(source.held_out) - need, count).astype(int)):
                rows[row, 1:] = source.held_out[at : at + need]
        return rows
