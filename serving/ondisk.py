"""Files that are there as a whole or not at all, and names that a power cut does not take."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk.

    Raises:
        OSError: there is no such folder, or the disk fails.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put(path: Path, write: Callable[[IO[bytes]], object], *, keep: bool = False, made_in: Path | None = None) -> None:
    """A file that is there as a whole or not at all, and its owner's alone.

    Args:
        keep: what was there is kept as ``.previous`` if it was anything else.
        made_in: another folder of the same disk, where it lies until it is whole.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    fresh = (made_in or path.parent) / f".{path.name}.new"
    with os.fdopen(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "r+b") as out:
        write(out)
        out.flush()
        os.fsync(out.fileno())
    publish(fresh, path, keep=keep)


def publish(fresh: Path, path: Path, *, keep: bool) -> None:
    """Give a file its name; see `put`."""
    if keep and path.exists():
        filecmp.clear_cache()
        if not filecmp.cmp(fresh, path, shallow=False):
            path.replace(path.with_name(path.name + ".previous"))
    fresh.replace(path)
