"""A store that is there already: let go by whoever has it open, and moved aside with all that belongs to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from serving.backup.staging import InTheWay

_LOGS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, and writes into whatever bears its name."""


def let_go(file: Path) -> None:
    """Refuse while somebody works with a store; afterwards all of it is in its one file.

    A damaged one, which may be why a backup is restored, is left alone: SQLite would throw away its log.

    Raises:
        InTheWay: somebody works with it.
    """
    with file.open("rb") as store:
        if not store.read(16).startswith(b"SQLite format 3"):
            return
    try:
        with closing(sqlite3.connect(file, timeout=1)) as db:
            db.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise InTheWay(f"the store at {file} is in use: stop every process of Tegn, and run this again") from None
    except sqlite3.DatabaseError:
        pass  # damaged further on


def set_aside(file: Path) -> Path | None:
    """Give a store that is there a second name, which it keeps when the first is given away, and its logs that name alone.

    Logs go even where the store itself is gone: SQLite would write them into what comes in its place.
    """
    aside, found = _name_aside(file), None
    if file.exists() and file.stat().st_size > 0:
        os.link(file, aside)
        found = aside
    for end in _LOGS:
        if (log := file.with_name(file.name + end)).exists():
            log.rename(aside.with_name(aside.name + end))
            found = aside
    return found


def put_away(anchor: Path) -> None:
    """Keep the anchor of the store that was here under another name."""
    if anchor.exists():
        anchor.rename(_name_aside(anchor))


def _name_aside(file: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return file.with_name(f"{file.name}.before-restore-{moment}")
