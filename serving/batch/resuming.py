"""Output that grows with its input and goes on after an interruption at any point, with the same bytes in the end."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from serving.batch.journal import Journal, Progress

_OF_NUMPY = re.compile(r"Not enough free space to write \d+ bytes|\d+ requested and \d+ written")
"""How numpy says that a disk is full: without the number of the error."""


class CannotGoOn(RuntimeError):
    """The output cannot be begun or gone on with; the message says what to do. Nothing finished is lost."""


def unfinished(error: OSError | sqlite3.Error, place: Path | str) -> str:
    """What stopped the work, where, and that the same command goes on.

    Args:
        place: where it was, unless the error says it.
    """
    if isinstance(error, OSError):
        full, what = error.errno in (errno.ENOSPC, errno.EDQUOT), error.strerror or str(error)
        full = full or (error.errno is None and _OF_NUMPY.fullmatch(what) is not None)
        place = error.filename or place
    else:
        full, what = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL, str(error)
    what = "the disk is full, make room" if full else what
    return f"{place}: {what}; what is finished is kept, run the same command to go on"


class Consumed(Protocol):
    """A record of the input, as far as going on after an interruption needs to know it."""

    @property
    def line(self) -> int:
        """Where it begins."""

    @property
    def digest(self) -> bytes:
        """Hash of the record as it was read."""


def refuse_what_is_no_file(output: Path) -> None:
    """An earlier output is renamed, which only a regular file may be.

    Raises:
        CannotGoOn: `output` is a folder, a device or a pipe, or stands for an open file as ``/dev/stdout`` does.
    """
    try:
        # Where standard output goes to a file, /dev/stdout looks like that file: its folder tells them apart.
        folder = output.parent.resolve()
        device = folder in (Path("/dev"), Path("/dev/fd")) or folder.is_relative_to("/proc")
        refused = device or (output.exists() and not output.is_file())
    except OSError as error:
        raise CannotGoOn(f"{output}: {error.strerror}; name another file as OUTPUT") from None
    if refused:
        raise CannotGoOn(f"{output} is not a regular file; name a file as OUTPUT")


def set_aside(paths: Sequence[Path]) -> None:
    """Keep what an earlier, finished run left as ``.previous``."""
    for path in paths:
        if path.exists():
            path.replace(path.with_name(path.name + ".previous"))


def skip_finished(
    journal: Journal, progress: Progress, records: Iterator[Consumed], files: Sequence[tuple[Path, int]], source: str
) -> None:
    """Move `records` past what `progress` says is finished.

    Args:
        files: Each output with the bytes it must have at least.
        source: What the command calls its input.

    Raises:
        CannotGoOn: the input or an output is not what it was.
    """
    digest = ""
    for record in islice(records, progress.records):
        digest = chained(digest, record)
    if digest != progress.digest:
        begun = files[0][0]
        raise CannotGoOn(
            f"{source} is not what {begun} was begun with; restore it, or delete {journal.path} to begin anew"
        )
    for path, size in files:
        if (path.stat().st_size if path.exists() else 0) < size:
            raise CannotGoOn(f"{path} is shorter than {journal.path} says; delete {journal.path} to begin anew")


def chained(digest: str, record: Consumed) -> str:
    """The hash of all records up to `record`, from that of those before it."""
    return hashlib.sha256(digest.encode() + record.line.to_bytes(8, "big") + record.digest).hexdigest()


@contextmanager
def opened(path: Path, size: int) -> Iterator[Output]:
    """A file to go on with after its first `size` bytes: what an interrupted run wrote beyond is cut off."""
    file = Output(path, size)
    try:
        yield file
    finally:
        file.close()


class Output:
    """A file whose writes are on disk when `save` returns. Results quote case text: only the owner may read it."""

    def __init__(self, path: Path, size: int) -> None:
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self._file.truncate(size)
        self._file.seek(size)

    def save(self, lines: Sequence[str]) -> int:
        """Write lines; returns the size of the file."""
        if lines:
            self._file.write(("\n".join(lines) + "\n").encode("utf-8"))
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
