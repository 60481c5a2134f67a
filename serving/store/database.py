"""Opening and migrating the store."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY = 10_000
"""Milliseconds that somebody waits for the write lock."""
_PRAGMAS = (
    "journal_mode=WAL",
    "foreign_keys=ON",
    f"busy_timeout={_BUSY}",
    "secure_delete=ON",  # what is deleted is overwritten
    "trusted_schema=OFF",  # a tampered schema cannot call functions
)


class UnusableStore(RuntimeError):
    """The database URL is wrong or the database cannot be reached; the message says what to check."""


class NewerStore(UnusableStore):
    """A newer version of Tegn brought the store to a form that this one does not know."""


def open_store(url: str) -> Engine:
    """An engine for the store.

    Raises:
        UnusableStore: the URL is no database URL, or its driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
            path = Path(str(parsed.database))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
        # A connection that the database ended meanwhile is replaced before it is used.
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True)
    except (ArgumentError, ImportError, OSError) as error:
        raise UnusableStore(
            f"TEGN_DATABASE_URL cannot be used ({type(error).__name__}); see docs/operations.md"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    return engine


def is_there(url: str) -> bool:
    """Whether a store was begun at a database URL; a look that makes nothing.

    Raises:
        UnusableStore: the URL cannot be used, or nothing answers there.
    """
    try:
        parsed = make_url(url)
        path = str(parsed.database or ":memory:")
        if parsed.get_backend_name() == "sqlite" and not path.startswith("file:") and not Path(path).is_file():
            return False
        engine = create_engine(parsed, hide_parameters=True)
        try:
            return inspect(engine).has_table("alembic_version")
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise UnusableStore(
            f"the store at {shown(url)} cannot be read ({type(error).__name__}); "
            "check TEGN_HOME and TEGN_DATABASE_URL, and see docs/operations.md"
        ) from None


def shown(url: str) -> str:
    """Where a store is, for people: a file's path, or the address of a database without its password."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return "TEGN_DATABASE_URL"
    if parsed.get_backend_name() == "sqlite":
        return str(parsed.database or ":memory:")
    return parsed.render_as_string(hide_password=True)


def _begin(connection: Connection) -> None:
    # The driver begins late and takes the write lock later still, where waiting for it can fail for good. So it begins
    # nothing itself (see `_set_pragmas`): transactions that will write say so, and wait for the lock here.
    writes = connection.get_execution_options().get("tegn_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_pragmas(connection: Any, _: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time: two workers that start together must not both migrate."""
    with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def revisions() -> list[str]:
    """The forms of the tables that this version knows, oldest first."""
    return [x.revision for x in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]


def revision_of(connection: Connection) -> str:
    """The form of a store's tables; empty if it has none yet."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def check_revision(revision: str) -> None:
    """Refuse a form of the tables that this version does not know.

    Raises:
        NewerStore: see the class.
    """
    known = revisions()
    if revision and revision not in known:
        raise NewerStore(
            f"the store is of a newer version of Tegn: its tables have the form {revision}, and this version knows them "
            f"up to {known[-1]}. Nothing was changed. Run that version, or restore a backup from before (docs/operations.md)"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def migrate(engine: Engine, home: Path, revision: str = "head") -> None:
    """Bring the store to the newest form of its tables (or to `revision`, or one back with ``-1``).

    All steps are one transaction: if one fails, the store is as it was.

    Raises:
        NewerStore: see the class.
    """
    config = _config()
    with _alone(home / "migrate.lock"), _unlinked(engine) as connection:
        check_revision(revision_of(connection))
        config.attributes["connection"] = connection
        (command.downgrade if revision in ("base", "-1") else command.upgrade)(config, revision)
        connection.commit()


@contextmanager
def _unlinked(engine: Engine) -> Iterator[Connection]:
    """A connection whose SQLite does not follow foreign keys: a table is changed there by making it anew, and dropping the old
    one would delete what refers to it."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            yield connection
            return
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
        finally:
            connection.rollback()
            driver.execute("PRAGMA foreign_keys=ON")


def overwrite_deleted(engine: Engine) -> bool:
    """After an erasure: leave nothing of what was deleted in the database's own files; whether that is done.

    SQLite overwrites deleted rows in the database (`secure_delete`), but its log keeps them until a checkpoint empties it, which
    waits for whoever is reading. PostgreSQL keeps old versions of rows until they are vacuumed; of `cases`, which held the keys,
    the file is written anew.
    """
    if engine.dialect.name != "sqlite":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM FULL cases")
        return True
    with closing(engine.raw_connection()) as driver:
        cursor = driver.cursor()
        # It waits for readers while it holds the write lock: never for long, or nobody could write.
        cursor.execute("PRAGMA busy_timeout=100")
        try:
            for _ in range(20):
                (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if not busy:
                    return True
                time.sleep(0.25)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={_BUSY}")
    return False
