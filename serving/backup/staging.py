"""A folder beside a file that is being made. Whatever ends the work, the file is whole or not there."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.ondisk import sync_folder


class InTheWay(RuntimeError):
    """Something that is there already stops the work; the message says what."""


@contextmanager
def staging(target: Path, work: str) -> Iterator[Path]:
    """An empty folder for its owner alone, beside `target`, gone afterwards.

    What a process left there that was killed is cleared away by the next one that does the same work beside it, whatever
    the name of its target.

    Raises:
        InTheWay: another process does so just now, or somebody else's folder bears the name.
        OSError: the folder cannot be made.
    """
    folder = target.with_name(f".tegn-{work}.new")
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(handle).st_uid != os.geteuid():  # its owner could read it, and exchange what is in it
            raise InTheWay(f"{folder} belongs to another user: see who made it, and remove it")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InTheWay(f"another process is making a {work} in {target.parent} just now; wait for it") from None
        _clear(folder)
        os.fchmod(handle, 0o700)
        try:
            yield folder
        finally:
            _clear(folder)
            folder.rmdir()
    finally:
        os.close(handle)


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def place(made: Path, target: Path, *, replace: bool) -> None:
    """Give a finished file its name, on disk when this returns.

    Raises:
        InTheWay: the name is taken, and `replace` is not said.
    """
    if replace:
        made.replace(target)
    else:
        try:
            os.link(made, target)  # refuses a name that was taken meanwhile
        except FileExistsError:
            raise InTheWay(f"{target} is there already; choose another name, or say --force to replace it") from None
    sync_folder(target.parent)
