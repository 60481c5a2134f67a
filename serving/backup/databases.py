"""Whole copies of a store: SQLite by its online backup, PostgreSQL by its own programs; both while the service works."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo

from serving.store import anchors
from serving.store.audit import Anchor
from serving.store.database import revision_of
from serving.store.desk import Case
from serving.store.stored import MAC
from serving.store.tables import AuditEntry

ENDED_BY = ("case.erased", "user.removed", "key.removed")
"""Acts that end something for good: a store restored from before would bring it back."""


class CannotCopy(RuntimeError):
    """The store could not be copied or restored; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that was ended for good."""

    seq: int
    act: str
    """One of `ENDED_BY`."""
    number: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What a store is like at one moment."""

    revision: str
    first: str
    """HMAC of the first entry of the audit log, in hexadecimal digits; empty if there is none."""
    newest: Anchor | None
    cases: int
    key_ids: frozenset[str]
    """Of the master keys that cases are under."""
    endings: tuple[Ending, ...]


def describe(db: sa.Connection) -> State:
    """The state of a store of any form, also of one from before there was an audit log."""
    revision, tables = revision_of(db), set(sa.inspect(db).get_table_names())
    first, newest, endings = "", None, tuple[Ending, ...]()
    if AuditEntry.__tablename__ in tables:
        ends = sa.select(AuditEntry.seq, MAC).limit(1)
        if (row := db.execute(ends.order_by(AuditEntry.seq)).one_or_none()) is not None:
            first = bytes(row.mac or b"").hex()
        if (row := db.execute(ends.order_by(AuditEntry.seq.desc())).one_or_none()) is not None:
            newest = Anchor(row.seq, bytes(row.mac or b""))
        endings = tuple(read_endings(db))
    count, ids = 0, frozenset[str]()
    if Case.__tablename__ in tables:
        count = db.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.erased.is_(None))) or 0
        key = sa.func.substr(Case.wrapped_key, 2, 4, type_=sa.LargeBinary)  # see `Vault.new_case_key`
        found = db.scalars(sa.select(key).where(Case.wrapped_key.is_not(None)).distinct())
        ids = frozenset(bytes(x).hex() for x in found if isinstance(x, bytes | memoryview) and len(x) == 4)
    return State(revision, first, newest, count, ids, endings)


def read_endings(db: sa.Connection, after: int = 0) -> Iterator[Ending]:
    """What was ended since an entry of the audit log, in order."""
    query = sa.select(AuditEntry.seq, AuditEntry.act, AuditEntry.subject, AuditEntry.details)
    query = query.where(AuditEntry.act.in_(ENDED_BY), AuditEntry.seq > after).order_by(AuditEntry.seq)
    for row in db.execute(query):
        number = str(row.subject).partition("#")[2]
        if number.isdecimal() and number.isascii():
            yield Ending(row.seq, row.act, int(number), _reason(str(row.details)))


def _reason(details: str) -> str:
    try:
        said = json.loads(details)
    except ValueError:
        return ""  # the check of the log is what judges it
    return str(said.get("reason", "")) if isinstance(said, dict) else ""


def copy_sqlite(engine: sa.Engine, to: Path) -> State:
    """Copy a store to one new file, as it is at one moment.

    Raises:
        CannotCopy: see the class.
    """
    to.touch(mode=0o600, exist_ok=False)
    try:
        with closing(engine.raw_connection()) as source, closing(sqlite3.connect(to)) as copy:
            driver: Any = source.driver_connection
            driver.backup(copy)  # all pages in one step: others go on writing, and it need not begin anew for them
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            check_file(copy)
    except sqlite3.Error as error:
        # An error of SQLite names no values: it holds no text.
        raise CannotCopy(
            f"the store could not be copied ({error}); check the room on the disk and the database"
        ) from None
    with reading(to) as db:
        return describe(db)


def check_file(db: sqlite3.Connection) -> None:
    """Refuse a database file that is damaged.

    Raises:
        CannotCopy: see the class.
    """
    found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise CannotCopy("the database file is damaged: keep it, and restore the newest backup (docs/operations.md)")


@contextmanager
def reading(path: Path) -> Iterator[sa.Connection]:
    """An SQLite file, to read alone."""
    engine = sa.create_engine(read_only(path), hide_parameters=True)
    try:
        with engine.connect() as db:
            yield db
    finally:
        engine.dispose()


def read_only(path: Path) -> sa.URL:
    """The URL of an SQLite file that may not be written."""
    return sa.make_url("sqlite://").set(database=f"{path.resolve().as_uri()}", query={"mode": "ro", "uri": "true"})


def dump_postgres(engine: sa.Engine, to: Path) -> State:
    """Dump a store to one new file, as it is at one moment.

    Raises:
        CannotCopy: see the class.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as db:
        snapshot = db.scalar(sa.select(sa.func.pg_export_snapshot()))
        state = describe(db)
        to.touch(mode=0o600, exist_ok=False)
        _run("pg_dump", engine, "--format=custom", f"--snapshot={snapshot}", f"--file={to}")
        return state


def restore_postgres(engine: sa.Engine, dump: Path) -> None:
    """Restore a dump into an empty database, all of it or nothing.

    Raises:
        CannotCopy: see the class.
    """
    _run("pg_restore", engine, "--single-transaction", "--exit-on-error", dump, into=True)


def _run(program: str, engine: sa.Engine, *arguments: str | Path, into: bool = False) -> None:
    found = shutil.which(program)
    if found is None:
        raise CannotCopy(
            f"{program} is not on PATH: install the client programs of PostgreSQL, of the server's version or newer"
        )
    # What is for the driver and not for libpq, the programs do not know.
    known = {x.keyword.decode("ascii") for x in Conninfo.get_defaults()}
    where = {key: x for key, x in engine.dialect.create_connect_args(engine.url)[1].items() if key in known}
    password = where.pop("password", None)
    # The password goes neither into the list of processes nor, as the rest of our own settings, to a program for nothing.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TEGN_")}
    environment |= {"LC_ALL": "C"} | ({"PGPASSWORD": str(password)} if password else {})
    done = subprocess.run(  # noqa: S603
        [found, "--no-owner", "--no-privileges", "--no-password", f"--dbname={make_conninfo(**where)}", *arguments],
        env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        # The first line says what failed; the lines after it may hold rows.
        said = next(
            (x for x in done.stderr.decode("utf-8", "replace").splitlines() if "error:" in x), "no reason given"
        )
        raise CannotCopy(f"{said[:300]} ({'nothing was restored' if into else 'no backup was made'})")


def keep_apart(newest: Anchor | None) -> str:
    """The newest entry of an audit log as people keep it; empty if there is none."""
    return "" if newest is None else anchors.dump(newest)
