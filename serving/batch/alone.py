"""One command at a time for a file."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.batch.resuming import CannotGoOn


@contextmanager
def alone(output: Path, command: str) -> Iterator[None]:
    """Nobody else writes the same output meanwhile.

    Raises:
        CannotGoOn: another does.
    """
    path = output.with_name(output.name + ".lock")
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_gone = os.fstat(file.fileno()).st_nlink == 0  # another ended between the two calls
        except BlockingIOError:
            is_gone = True
        if is_gone:
            raise CannotGoOn(f"another `{command}` writes {output}; wait for it, or name another file")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
