"""One command at a time for a file or a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from serving.batch.resuming import CannotGoOn


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[IO[bytes]]:
    """A file that nobody else holds meanwhile; it stays.

    Raises:
        CannotGoOn: another holds it; in the words of the refusal.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotGoOn(refusal) from None
        yield file


@contextmanager
def alone(output: Path, command: str) -> Iterator[None]:
    """Nobody else writes the same output meanwhile.

    Raises:
        CannotGoOn: another does.
    """
    path = output.with_name(output.name + ".lock")
    refusal = f"another `{command}` writes {output}; wait for it, or name another file"
    with locked(path, refusal) as file:
        if os.fstat(file.fileno()).st_nlink == 0:  # another ended between opening it and locking it
            raise CannotGoOn(refusal)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
