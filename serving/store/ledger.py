"""The store as people and jobs use it: reads, and acts whose entries in the audit log stand or fall with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.store import audit, stored
from serving.store.acts import Detail, check_details
from serving.store.audit import START, Anchor, Break, Entry
from serving.store.database import migrate, open_store
from serving.store.masterkey import MasterKey
from serving.store.tables import AuditEntry
from serving.store.vault import Vault

SYSTEM = "system"
ANONYMOUS = "anonymous"
_LOCK = 8_317_046_529_150_001
"""First of Tegn's advisory locks in PostgreSQL; any number that no other program uses. Under it the audit log grows."""
_AT_ONCE = 1_000
_CHECK = "run `python -m serving audit verify`, and restore the log from a copy"


class UnusableEnd(RuntimeError):
    """The newest entry of the audit log is none any more, so no act can be recorded, and none is done."""


def user(number: int) -> str:
    """The actor of a person."""
    return f"user#{number}"


@dataclass
class Act:
    """A transaction that changes or reads what is about people, with what it records of itself."""

    db: Transaction
    actor: str
    now: datetime
    _entries: list[tuple[str, str, dict[str, Detail]]] = field(default_factory=list)

    def record(self, act: str, subject: str = "", **details: Detail) -> None:
        """Record an act of `serving.store.acts`; written when the transaction is.

        Raises:
            NotRecordable: the act or its details are not what the log takes.
        """
        check_details(act, details)
        self._entries.append((act, subject, details))

    def alone(self, number: int) -> None:
        """Wait until no other act is where this one is; SQLite has one writer at a time anyway."""
        if self.db.get_bind().dialect.name != "sqlite":
            self.db.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK + number)))


class Ledger:
    """One store with its keys."""

    def __init__(self, engine: sa.Engine, master: MasterKey) -> None:
        self.engine = engine
        self.vault = Vault(master)
        self._master = master
        self.on_act: Callable[[str, Mapping[str, Detail]], object] = lambda *_: None
        """Called with each act and its details once they are kept."""

    @property
    def master(self) -> MasterKey:
        """The master keys that are here."""
        return self._master

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that changes nothing and reads nothing that has to be recorded."""
        with Transaction(self.engine) as db:
            yield db

    @contextmanager
    def acting(self, actor: str) -> Iterator[Act]:
        """A transaction that is committed at the end, with its entries in the audit log; an exception takes all of it back."""
        # On SQLite the write lock is taken at the start: a transaction that read first could not get it later.
        engine = self.engine.execution_options(tegn_writes=True)
        with Transaction(engine, expire_on_commit=False) as db:
            act = Act(db, actor, datetime.now(UTC))
            yield act
            db.flush()
            self._write(act)
            db.commit()
        for name, _, details in act._entries:
            self.on_act(name, details)

    def note(self, actor: str, act: str, subject: str = "", **details: Detail) -> None:
        """An act that changes nothing here and is nothing but its entry, such as a look at a page.

        Raises:
            NotRecordable: as `Act.record`.
        """
        with self.acting(actor) as noted:
            noted.record(act, subject, **details)

    def _write(self, act: Act) -> None:
        if not act._entries:
            return
        act.alone(0)  # last, when this transaction waits for no row any more: nobody can hold it and wait for us
        last = self._last(act.db)
        for name, subject, details in act._entries:
            entry = audit.follow(
                self._master.current.audit,
                last,
                at=act.now,
                actor=act.actor,
                act=name,
                subject=subject,
                details={key: value for key, value in details.items() if value is not None},
            )
            act.db.add(_row(entry))
            last = entry.anchor

    @staticmethod
    def _last(db: Transaction) -> Anchor:
        found = db.execute(sa.select(AuditEntry.seq, stored.MAC).order_by(AuditEntry.seq.desc()).limit(1)).one_or_none()
        if found is None:
            return START
        if found.mac is None or len(found.mac) != len(START.mac):
            raise UnusableEnd(f"entry {found.seq} of the audit log was changed, and nothing can follow it: {_CHECK}")
        return Anchor(found.seq, found.mac)

    def last(self) -> Anchor:
        """The newest entry of the audit log, to be kept elsewhere.

        Raises:
            UnusableEnd: see the class.
        """
        with self.reading() as db:
            return self._last(db)

    def verify(self, end: Anchor | None = None) -> tuple[int, Break | None]:
        """How many entries the log has, and its first break if it has one.

        Args:
            end: an entry that is known to exist.
        """
        count = 0

        def counted(db: Transaction) -> Iterator[Entry]:
            nonlocal count
            query = sa.select(*self._columns()).order_by(AuditEntry.seq).execution_options(yield_per=_AT_ONCE)
            for row in db.execute(query):
                count += 1
                yield stored.entry(row)

        with self.reading() as db:
            older = [key.audit for key in self._master.old]
            broken = audit.verify(self._master.current.audit, counted(db), older=older, end=end)
        return count, broken

    def entries(self, *, before: int | None = None, count: int = 50, **equal: str) -> list[Entry]:
        """The newest entries, or those before a number.

        Args:
            equal: columns that must have a value, such as ``act`` or ``subject``.
        """
        query = sa.select(*self._columns()).order_by(AuditEntry.seq.desc()).limit(count)
        query = query.where(*(getattr(AuditEntry, column) == value for column, value in equal.items()))
        if before is not None:
            query = query.where(AuditEntry.seq < before)
        with self.reading() as db:
            return [stored.entry(row) for row in db.execute(query)]

    def _columns(self) -> list[Any]:
        return stored.columns(self.engine.dialect.name)


def open_ledger(url: str, home: Path, environment: Mapping[str, str], *, migrated: bool = True) -> Ledger:
    """The store at a database URL, migrated, with the master key of the environment or of `home`.

    Args:
        migrated: False leaves the tables of a store in the form they have.

    Raises:
        UnusableStore: the database cannot be used.
        UnusableKey: the master key is missing or cannot be used.
    """
    engine = open_store(url)
    if migrated:
        migrate(engine, home)
    with engine.connect() as db:
        # A key that is not there although something was written with it was lost: a new one would hide that.
        logs = migrated or sa.inspect(db).has_table(AuditEntry.__tablename__)
        fresh = not logs or db.scalar(sa.select(AuditEntry.seq).limit(1)) is None
    return Ledger(engine, MasterKey.load(home, environment, create=fresh))


def _row(entry: Entry) -> AuditEntry:
    return AuditEntry(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor,
        act=entry.act,
        subject=entry.subject,
        details=json.dumps(dict(entry.details), sort_keys=True),
        previous=entry.previous,
        mac=entry.mac,
    )
