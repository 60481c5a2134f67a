"""Signatures on disk, batch by batch. A batch is there as a whole or not at all, so work goes on after the last whole one."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from serving.linking.ragged import Ragged
from serving.linking.signatures import COLUMNS, Signatures

_ENDING = ".signatures.npz"


class DamagedSegment(RuntimeError):
    """A file of signatures cannot be read; remove it and make that batch again."""


def save(folder: Path, batch: str, signatures: Signatures) -> Path:
    """Keep a batch under a name of its own; one that is there under this name is replaced."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    arrays: dict[str, Any] = {"posted": signatures.posted, "whole": signatures.whole}
    for name in COLUMNS:
        ragged: Ragged = getattr(signatures, name)
        arrays |= {name: ragged.values, f"{name}_starts": ragged.starts}
    about = json.dumps({"key": signatures.key_mark, "ids": signatures.ids})
    file, fresh = folder / (batch + _ENDING), folder / f".{batch}.new"
    with fresh.open("wb") as out:
        arrays["about"] = np.frombuffer(about.encode(), np.uint8)
        np.savez(out, **arrays)
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
    file = folder / (batch + _ENDING)
    try:
        with np.load(file, allow_pickle=False) as kept:
            about = json.loads(kept["about"].tobytes())
            columns = [Ragged(kept[x], kept[f"{x}_starts"]) for x in COLUMNS]
            return Signatures(about["key"], tuple(about["ids"]), kept["posted"], kept["whole"], *columns)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DamagedSegment(
            f"{file.name} cannot be read ({type(error).__name__}); remove it and make that batch again"
        ) from None
