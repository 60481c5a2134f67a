"""The pages that were kept, by what they said, so that only what changed is kept again."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from serving.ads.collecting.queue import Visit


@dataclass(frozen=True, slots=True)
class Known:
    """A page that was kept before."""

    version: str
    body: str
    etag: str | None
    modified: str | None
    removed: str | None


class Pages:
    """What is known of the pages and of robots.txt of all sites."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def known(self, site: str, address: str) -> Known | None:
        """What is known of a page."""
        row = self._db.execute(
            "SELECT version, body, etag, modified, removed FROM pages WHERE site = ? AND address = ?", (site, address)
        ).fetchone()
        return None if row is None else Known(*row)

    def elsewhere(self, site: str, address: str, version: str) -> str | None:
        """The address of another page that says the same."""
        row = self._db.execute(
            "SELECT url FROM pages WHERE version = ? AND NOT (site = ? AND address = ?) ORDER BY last DESC, url LIMIT 1",
            (version, site, address),
        ).fetchone()
        return None if row is None else str(row[0])

    def keep(
        self, site: str, visit: Visit, time: str, *, version: str, body: str, etag: str | None, modified: str | None
    ) -> None:
        """A page is there, and says this."""
        self._db.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, 0) ON CONFLICT (site, address) DO UPDATE SET "
            "url = excluded.url, version = excluded.version, body = excluded.body, etag = excluded.etag, "
            "modified = excluded.modified, last = excluded.last, removed = NULL, barred = 0",
            (site, visit.address, visit.url, version, body, etag, modified, time, time),
        )

    def see(self, site: str, address: str, time: str) -> None:
        """A page is there, unchanged."""
        self._db.execute("UPDATE pages SET last = ?, barred = 0 WHERE site = ? AND address = ?", (time, site, address))

    def remove(self, site: str, address: str, time: str) -> None:
        """A page is gone."""
        self._db.execute("UPDATE pages SET removed = ? WHERE site = ? AND address = ?", (time, site, address))

    def bar(self, site: str, address: str) -> bool:
        """A page must no longer be asked for; whether it was kept, and might be until now."""
        done = self._db.execute(
            "UPDATE pages SET barred = 1 WHERE site = ? AND address = ? AND NOT barred", (site, address)
        )
        return done.rowcount > 0

    def robots(self, site: str, origin: str) -> str | None:
        """What the robots.txt of the last run was, by its hash; None if there was no run."""
        row = self._db.execute("SELECT hash FROM robots WHERE site = ? AND origin = ?", (site, origin)).fetchone()
        return None if row is None else str(row[0])

    def set_robots(self, site: str, origin: str, hash_: str) -> None:
        """What it is now."""
        self._db.execute("INSERT OR REPLACE INTO robots VALUES (?, ?, ?)", (site, origin, hash_))
