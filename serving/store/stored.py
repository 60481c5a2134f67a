"""The audit log as it is stored. Whoever can write to the database may have put anything there, and whatever it is must be
read without an error, so that the check can say which entry was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from serving.store.acts import Detail
from serving.store.audit import Entry
from serving.store.tables import AuditEntry

MAC = sa.cast(AuditEntry.mac, sa.LargeBinary).label("mac")
"""The HMAC as bytes, even where SQLite holds something else."""
_TEXTS = (AuditEntry.at, AuditEntry.actor, AuditEntry.act, AuditEntry.subject, AuditEntry.details)
_LINKS = (AuditEntry.previous, AuditEntry.mac)
_YEARS = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
"""Between these, Python has a moment in every time zone."""


def columns(dialect: str) -> list[Any]:
    """The columns to read for `entry`.

    SQLite takes any kind of value in any column, and its driver fails on text that is not UTF-8: all is read as bytes.
    PostgreSQL takes moments that Python has not, such as infinity, or not in every time zone: they are read as none.
    """
    if dialect == "sqlite":
        return [AuditEntry.seq, *(sa.cast(x, sa.LargeBinary).label(x.key) for x in (*_TEXTS, *_LINKS))]
    return [AuditEntry.seq, sa.case((AuditEntry.at.between(*_YEARS), AuditEntry.at)).label("at"), *_TEXTS[1:], *_LINKS]


def entry(row: Any) -> Entry:
    """What a row of `columns` says. Verification is what judges it."""
    actor, act, subject, details = (_text(x) for x in (row.actor, row.act, row.subject, row.details))
    at = row.at if isinstance(row.at, datetime | None) else _moment(_text(row.at))
    return Entry(row.seq, at, actor, act, subject, _details(details), row.previous or b"", row.mac or b"")


def _text(said: bytes | str | None) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said or ""


def _moment(said: str) -> datetime | None:
    """A moment as SQLite has it; None if it is not written exactly so, or not a moment in every time zone."""
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        return None
    if at.tzinfo is not None or at.isoformat(sep=" ", timespec="microseconds") != said:
        return None
    at = at.replace(tzinfo=UTC)
    return at if _YEARS[0] <= at <= _YEARS[1] else None


def _details(said: str) -> Mapping[str, Detail]:
    """The details; as they stand, under no name, where they are none."""
    try:
        found = json.loads(said)
        json.dumps(found, ensure_ascii=False).encode("utf-8")  # refuses half characters, which no page can show
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and all(isinstance(x, str | int | None) for x in found.values()):
        return found
    return {"": said}
