"""What the collector knows, in SQLite: pages seen, what is still to be asked for, and what waits to be written out.

Whatever follows from one answer is one transaction, so a kill at any moment loses at most the answers that were on their way.
(Scrapy's own JOBDIR needs an orderly end: after a kill its queue is lost or wrong.)
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.ads.collecting.pages import Pages
from serving.ads.collecting.queue import Queue
from serving.ads.collecting.spool import Spool

_FORM = "1"
_FOREIGN = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
"""What SQLite says of a file that is no state, or a broken one; the last where tables are not as they should be."""
_TABLES = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE counts (what TEXT PRIMARY KEY, number INTEGER NOT NULL)",
    "CREATE TABLE rounds (site TEXT PRIMARY KEY, run TEXT NOT NULL, done INTEGER NOT NULL)",
    "CREATE TABLE robots (site TEXT, origin TEXT, hash TEXT NOT NULL, PRIMARY KEY (site, origin))",
    """CREATE TABLE pages (
    site TEXT, address TEXT, url TEXT NOT NULL, version TEXT NOT NULL, body TEXT NOT NULL, etag TEXT, modified TEXT,
    first TEXT NOT NULL, last TEXT NOT NULL, removed TEXT, barred INTEGER NOT NULL, PRIMARY KEY (site, address)
    )""",
    "CREATE INDEX pages_by_version ON pages (version)",
    """CREATE TABLE queue (
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, address TEXT NOT NULL, url TEXT NOT NULL, kind TEXT NOT NULL,
    pattern INTEGER NOT NULL,
    depth INTEGER NOT NULL, hops INTEGER NOT NULL, tries INTEGER NOT NULL, after REAL NOT NULL, state TEXT NOT NULL,
    UNIQUE (site, address)
    )""",
    "CREATE INDEX queue_by_state ON queue (site, state, after, id)",
    "CREATE INDEX queue_by_kind ON queue (site, kind, pattern)",
    """CREATE TABLE spool (
    id INTEGER PRIMARY KEY, site TEXT NOT NULL, url TEXT NOT NULL, time TEXT NOT NULL, ip TEXT, status TEXT NOT NULL,
    headers TEXT NOT NULL, body BLOB NOT NULL
    )""",
    "CREATE TABLE lines (id INTEGER PRIMARY KEY, file TEXT NOT NULL, line TEXT NOT NULL)",
)


class UnusableState(RuntimeError):
    """What the collector knew cannot be read; the message says what to do."""


class State:
    """What is known, of all sites. For one thread."""

    def __init__(self, path: Path) -> None:
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(path, isolation_level=None)
            # Texts are here until they are written out: nothing of them stays in the file.
            for pragma in ("secure_delete = ON", "journal_mode = WAL", "synchronous = NORMAL"):
                self._db.execute(f"PRAGMA {pragma}")
            if not self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                with self.change():
                    for table in _TABLES:
                        self._db.execute(table)
                    self.set_fact("form", _FORM)
            form = self.fact("form")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF not in _FOREIGN:
                raise  # the disk, not what is on it
            form = None
        if form != _FORM:
            raise UnusableState(
                f"{path} cannot be read or is of another version; restore it, or delete it to collect everything anew"
            )
        self.queue, self.pages, self.spool = Queue(self._db), Pages(self._db), Spool(self._db)

    def close(self) -> None:
        """Leave the file without a log beside it."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """All that is changed in the block is kept, or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def fact(self, name: str) -> str | None:
        """A single value."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str | None) -> None:
        """Keep a single value; None forgets it."""
        self._db.execute("DELETE FROM facts WHERE name = ?", (name,))
        if value is not None:
            self._db.execute("INSERT INTO facts VALUES (?, ?)", (name, value))

    def count(self, what: str, number: int = 1) -> None:
        """Add to a number of this run."""
        self._db.execute(
            "INSERT INTO counts VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET number = number + excluded.number",
            (what, number),
        )

    def counts(self) -> Counter[str]:
        """The numbers of this run."""
        return Counter(dict(self._db.execute("SELECT what, number FROM counts")))

    def forget_counts(self) -> None:
        """A new run begins."""
        self._db.execute("DELETE FROM counts")
