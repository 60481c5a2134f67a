"""Signatures on disk, batch by batch. A batch is there as a whole or not at all, so work goes on after the last whole one."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from serving.linking.marks import MARK
from serving.linking.ragged import Ragged
from serving.linking.signatures import COLUMNS, SINGLES, Signatures

_ENDING = ".signatures.npz"
_MARKS = ".marks.npy"


class DamagedSegment(RuntimeError):
    """A file of signatures cannot be read; remove it and make that batch again."""


def save(folder: Path, batch: str, signatures: Signatures, marks: Ragged | None = None) -> Path:
    """Keep a batch under a name of its own; one that is there under this name is replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    arrays: dict[str, Any] = {name: getattr(signatures, name) for name in SINGLES}
    if marks is not None:  # first: a batch that is there has its marks
        _put(folder, batch + _MARKS, lambda out: np.save(out, marks.values))
        arrays["marks_starts"] = marks.starts
    for name in COLUMNS:
        ragged: Ragged = getattr(signatures, name)
        arrays |= {name: ragged.values, f"{name}_starts": ragged.starts}
    about = json.dumps({"key": signatures.key_mark, "ids": signatures.ids})
    arrays["about"] = np.frombuffer(about.encode(), np.uint8)
    return _put(folder, batch + _ENDING, lambda out: np.savez(out, **arrays))


def _put(folder: Path, name: str, write: Callable[[IO[bytes]], None]) -> Path:
    """A file that is there as a whole or not at all, and its owner's alone."""
    file, fresh = folder / name, folder / f".{name}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        write(out)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    return file


def batches(folder: Path) -> list[str]:
    """Names of the batches that are whole, sorted."""
    return sorted(x.name.removesuffix(_ENDING) for x in folder.glob("*" + _ENDING) if not x.name.startswith("."))


def load(folder: Path, batch: str) -> Signatures:
    """The signatures of a batch.

    Raises:
        DamagedSegment: see the class.
    """
    with _opened(folder, batch) as kept:
        about = json.loads(kept["about"].tobytes())
        columns = [Ragged(kept[x], kept[f"{x}_starts"]) for x in COLUMNS]
        return Signatures(about["key"], tuple(about["ids"]), *(kept[x] for x in SINGLES), *columns)


def load_digests(folder: Path, batch: str) -> tuple[str, list[int]]:
    """The mark of the key that a batch was made under, and the digests of its ads.

    Raises:
        DamagedSegment: see the class.
    """
    with _opened(folder, batch) as kept:
        return json.loads(kept["about"].tobytes())["key"], kept["digests"].tolist()


def load_marks(folder: Path, batch: str) -> Ragged:
    """The marks of a batch, read from the disk as they are looked at.

    Raises:
        DamagedSegment: see the class.
    """
    with _opened(folder, batch) as kept:
        starts = kept["marks_starts"]
        marks = np.load(folder / (batch + _MARKS), mmap_mode="r" if starts[-1] else None, allow_pickle=False)
        if marks.dtype != MARK or len(marks) != starts[-1]:
            raise ValueError("marks of another batch")
        return Ragged(marks, starts)


@contextmanager
def _opened(folder: Path, batch: str) -> Iterator[Any]:
    file = folder / (batch + _ENDING)
    try:
        with np.load(file, allow_pickle=False) as kept:
            yield kept
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedSegment(
            f"{file.name} cannot be read ({type(error).__name__}); remove it and make that batch again"
        ) from None
