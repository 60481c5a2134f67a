"""What waits to be written out: answers, and lines of the reports."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that waits to be written out."""

    site: str
    url: str
    time: str
    ip: str | None
    status: str
    headers: str
    """JSON: pairs of name and value."""
    body: bytes


class Spool:
    """Answers and lines of all sites."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        answers, size = db.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM spool").fetchone()
        self.answers, self.bytes = int(answers), int(size)
        """How much waits."""

    def keep(self, kept: Kept) -> None:
        """Keep an answer until it is written out."""
        self._db.execute(
            "INSERT INTO spool (site, url, time, ip, status, headers, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (kept.site, kept.url, kept.time, kept.ip, kept.status, kept.headers, kept.body),
        )
        self.answers += 1
        self.bytes += len(kept.body)

    def kept(self, site: str) -> Iterator[Kept]:
        """The answers of a site that wait, in order."""
        for row in self._db.execute(
            "SELECT site, url, time, ip, status, headers, body FROM spool WHERE site = ? ORDER BY id", (site,)
        ):
            yield Kept(*row)

    def sites(self) -> list[str]:
        """The sites that have any."""
        return [x[0] for x in self._db.execute("SELECT DISTINCT site FROM spool ORDER BY site")]

    def say(self, file: str, line: str) -> None:
        """Keep a line of a report until it is written out."""
        self._db.execute("INSERT INTO lines (file, line) VALUES (?, ?)", (file, line))

    def said(self, file: str) -> list[str]:
        """The lines that wait."""
        return [x[0] for x in self._db.execute("SELECT line FROM lines WHERE file = ? ORDER BY id", (file,))]

    def forget(self) -> None:
        """All that waited has been written out."""
        self._db.execute("DELETE FROM spool")
        self._db.execute("DELETE FROM lines")
        self.answers = self.bytes = 0
