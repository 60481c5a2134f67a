"""What is still to be asked for, in rounds: from the pages to begin at until all they lead to and all that was known is done."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass

from serving.ads.collecting.scope import Place


@dataclass(frozen=True, slots=True)
class Visit:
    """An address to ask for."""

    id: int
    address: str
    """What tells pages apart (`serving.ads.ads.page_address`)."""
    url: str
    kind: str
    """ad, or list: read for its links."""
    depth: int
    hops: int
    """Redirects that led to it."""
    tries: int

    @property
    def is_start(self) -> bool:
        """Whether it is a page to begin at, or one that such a page leads to in another's place."""
        return self.kind == "list" and self.depth == 0


class Queue:
    """The addresses of the rounds of all sites."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def has_begun(self, site: str) -> bool:
        """Whether a round is under way."""
        return self._db.execute("SELECT 1 FROM rounds WHERE site = ? AND NOT done", (site,)).fetchone() is not None

    def has_done(self, site: str, run: str) -> bool:
        """Whether a round was ended in this run."""
        row = self._db.execute("SELECT 1 FROM rounds WHERE site = ? AND done AND run = ?", (site, run)).fetchone()
        return row is not None

    def begin_round(self, site: str, run: str) -> None:
        """Ask again for every ad that was not removed; the pages to begin at are for the caller to add."""
        self._db.execute("DELETE FROM queue WHERE site = ?", (site,))
        self._db.execute("INSERT OR REPLACE INTO rounds VALUES (?, ?, 0)", (site, run))
        self._db.execute(
            "INSERT INTO queue (site, address, url, kind, pattern, depth, hops, tries, after, state) "
            "SELECT site, address, url, 'ad', -1, 0, 0, 0, 1, 'waiting' FROM pages WHERE site = ? AND removed IS NULL "
            "ORDER BY last, first, address",
            (site,),
        )

    def end_round(self, site: str, run: str) -> None:
        """All has been asked for."""
        self._db.execute("DELETE FROM queue WHERE site = ?", (site,))
        self._db.execute("INSERT OR REPLACE INTO rounds VALUES (?, ?, 1)", (site, run))

    def add(self, site: str, address: str, url: str, place: Place, depth: int, hops: int = 0) -> bool:
        """Ask for an address too, unless it was or will be in this round; whether it is new."""
        done = self._db.execute(
            "INSERT OR IGNORE INTO queue (site, address, url, kind, pattern, depth, hops, tries, after, state) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 'waiting')",
            (site, address, url, place.kind, place.pattern, depth, hops),
        )
        return done.rowcount > 0

    def next(self, site: str, now: float, without: set[int]) -> Visit | None:
        """What to ask for next; none of `without`, which are on their way."""
        rows = self._db.execute(
            "SELECT id, address, url, kind, depth, hops, tries FROM queue "
            "WHERE site = ? AND state = 'waiting' AND after <= ? ORDER BY after, id LIMIT ?",
            (site, now, len(without) + 1),
        )
        return next((Visit(*row) for row in rows if row[0] not in without), None)

    def waiting(self, site: str) -> int:
        """How many addresses are still to be asked for."""
        row = self._db.execute("SELECT COUNT(*) FROM queue WHERE site = ? AND state = 'waiting'", (site,)).fetchone()
        return int(row[0])

    def has_waiting(self, site: str) -> bool:
        """Whether any is."""
        row = self._db.execute("SELECT 1 FROM queue WHERE site = ? AND state = 'waiting' LIMIT 1", (site,)).fetchone()
        return row is not None

    def lists(self, site: str) -> Counter[int]:
        """How many pages of links the round has, by the pattern of `follow` they are by."""
        rows = self._db.execute(
            "SELECT pattern, COUNT(*) FROM queue WHERE site = ? AND kind = 'list' GROUP BY pattern", (site,)
        )
        return Counter(dict(rows))

    def finish(self, visit: Visit, state: str = "done") -> None:
        """An address needs not be asked for again in this round."""
        self._db.execute("UPDATE queue SET state = ? WHERE id = ?", (state, visit.id))

    def postpone(self, visit: Visit, after: float) -> None:
        """Ask for it again, not before a moment."""
        self._db.execute("UPDATE queue SET tries = tries + 1, after = ? WHERE id = ?", (after, visit.id))

    def move(self, visit: Visit, url: str) -> None:
        """The same page, at another form of its address."""
        self._db.execute("UPDATE queue SET url = ?, hops = hops + 1 WHERE id = ?", (url, visit.id))

    def has(self, site: str, address: str) -> bool:
        """Whether an address was or will be asked for in this round."""
        row = self._db.execute("SELECT 1 FROM queue WHERE site = ? AND address = ?", (site, address)).fetchone()
        return row is not None

    def led_on(self, site: str, address: str) -> bool:
        """Whether an address led to another one in this round."""
        row = self._db.execute("SELECT state FROM queue WHERE site = ? AND address = ?", (site, address)).fetchone()
        return row is not None and row[0] == "redirected"
