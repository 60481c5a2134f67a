"""Restoring a backup. A store in a file gets its name once it is whole, migrated and checked; in PostgreSQL it goes into an empty
database, all of it or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import make_url

from serving.backup import archive, endings
from serving.backup.archive import ANCHOR, STORES, Archive, Manifest
from serving.backup.databases import Ending, check_file, restore_postgres
from serving.backup.endings import Ended, UnusableSource
from serving.backup.staging import InTheWay, staging, sync_folder
from serving.store import anchors
from serving.store.audit import Break
from serving.store.database import (
    UnusableStore,
    check_revision,
    is_there,
    migrate,
    open_store,
    overwrite_deleted,
    shown,
)
from serving.store.ledger import SYSTEM, Ledger
from serving.store.masterkey import OLD_FILE, MasterKey, UnusableKey
from serving.store.tables import LoginLink, Session


class CannotRestore(RuntimeError):
    """This backup cannot be restored here; the message says what to do. Nothing was changed."""


class HalfRestored(RuntimeError):
    """The database holds what was backed up, but not all that belongs to a restore was done: empty it, and begin again."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    manifest: Manifest
    entries: int
    """Of the audit log, as it was backed up."""
    broken: Break | None
    """Its first break, if it has one."""
    ended: Ended
    aside: Path | None
    """Where the store lies that was here before."""
    unknown: str | None
    """Why it is not known what was ended since the backup; None if it is, or there is nothing to ask."""


def restore(
    path: Path, url: str, home: Path, env: Mapping[str, str], *, force: bool = False, source: str | None = None
) -> Restored:
    """Restore a backup to the store at a database URL, and bring it to the newest form.

    All log-ins of the backup are ended. What was ended for good since the backup is ended again, as far as `source`, or the store
    that is moved aside, says what it was.

    Args:
        force: move a store that is there aside (SQLite alone).
        source: as `endings.since` takes it.

    Raises:
        BrokenBackup, NewerStore, UnusableKey, CannotRestore, UnusableSource, InTheWay, CannotCopy: nothing was changed.
        OSError, sqlite3.Error, SQLAlchemyError: the disk or the database; nothing was changed.
        HalfRestored: see the class.
    """
    with archive.opened(path) as backup:
        backup.check()  # all of it, before anything is touched
        manifest = backup.manifest
        check_revision(manifest.revision)
        parsed = make_url(url)
        if parsed.get_backend_name() != manifest.engine:
            raise CannotRestore(
                f"the backup is of {manifest.engine}, and the store at {shown(url)} is not: set TEGN_DATABASE_URL to one that is"
            )
        master = _keys(manifest, home, env)
        manifest.check_seal(master)
        if manifest.engine == "postgresql":
            return _into_database(backup, url, home, master, source)
        file = str(parsed.database or ":memory:")
        if file.startswith((":memory:", "file:")):
            raise CannotRestore("a backup is restored to a plain file: set TEGN_DATABASE_URL to its path, or unset it")
        return _into_file(backup, Path(file), home, master, source, force=force)


def _keys(manifest: Manifest, home: Path, env: Mapping[str, str]) -> MasterKey:
    needed = ", ".join(manifest.keys)
    try:
        master = MasterKey.load(home, env, create=False)
    except UnusableKey as error:
        raise UnusableKey(f"the backup needs the master key {needed}: {error}") from None
    here = [x.id for x in master.keys]
    if missing := [x for x in manifest.keys if x not in here]:
        raise CannotRestore(
            f"the backup needs the master key {', '.join(missing)}, and those here are {', '.join(here)}: put it into TEGN_HOME, "
            f"as master.key if it is the one in use, else into {OLD_FILE}"
        )
    return master


def _into_file(
    backup: Archive, file: Path, home: Path, master: MasterKey, source: str | None, *, force: bool
) -> Restored:
    there = file.exists() and file.stat().st_size > 0
    if there and not force:
        raise CannotRestore(
            f"there is a store at {file}: say --force to move it aside, or set TEGN_HOME to an empty folder to look at the backup"
        )
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if there:
        _let_go(file)
    ended, unknown = _since(backup.manifest, master, source, file if there else None)
    with staging(file, "restore") as folder:
        new = folder / "store"
        backup.extract(STORES["sqlite"], new)
        with closing(sqlite3.connect(new)) as db:
            check_file(db)
        engine = open_store(f"sqlite:///{new}")
        try:
            migrate(engine, folder)
            done = _finish(backup, Ledger(engine, master), ended)
            overwrite_deleted(engine)
        finally:
            engine.dispose()
        with closing(sqlite3.connect(new)) as db:
            db.execute("PRAGMA journal_mode=DELETE")  # all of it in the one file that gets the name
        with new.open("rb") as whole:
            os.fsync(whole.fileno())
        aside = _aside(file) if there else None
        _aside(home / anchors.FILE)
        new.replace(file)
        sync_folder(file.parent)
    _keep_anchor(f"sqlite:///{file}", home, master, done[1])
    return Restored(backup.manifest, *done, aside, unknown)


def _let_go(file: Path) -> None:
    """Refuse while somebody works with a store; afterwards all of it is in its one file.

    A damaged one, which may be why a backup is restored, is left alone: SQLite would throw away its log.
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


def _aside(file: Path) -> Path | None:
    """Give what is there a second name, which it keeps when the first is given away."""
    if not file.exists():
        return None
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = file.with_name(f"{file.name}.before-restore-{moment}")
    os.link(file, aside)
    for end in ("-wal", "-shm"):  # of a damaged one: they belong to it, and would spoil what comes in its place
        if (log := file.with_name(file.name + end)).exists():
            log.rename(aside.with_name(aside.name + end))
    if file.name == anchors.FILE:
        file.unlink()
    return aside


def _into_database(backup: Archive, url: str, home: Path, master: MasterKey, source: str | None) -> Restored:
    is_there(url)  # says what to check where nothing answers
    engine = open_store(url)
    try:
        if sa.inspect(engine).get_table_names():
            raise CannotRestore(
                f"the database {shown(url)} is not empty: make a new, empty one, and set TEGN_DATABASE_URL to it; "
                "--force moves nothing aside here"
            )
        ended, unknown = _since(backup.manifest, master, source, None)
        with staging(home / "store", "restore") as folder:
            dump = folder / STORES["postgresql"]
            backup.extract(dump.name, dump)
            restore_postgres(engine, dump)
        try:
            migrate(engine, home)
            done = _finish(backup, Ledger(engine, master), ended)
        except BaseException as error:  # Ctrl-C too: somebody might start a service on it
            raise HalfRestored(
                f"the backup is in the database, but was not brought to the newest form ({type(error).__name__}): "
                "empty the database and run this again; start no service on it"
            ) from error
        overwrite_deleted(engine)
    finally:
        engine.dispose()
    _aside(home / anchors.FILE)
    _keep_anchor(url, home, master, done[1])
    return Restored(backup.manifest, *done, None, unknown)


def _since(
    manifest: Manifest, master: MasterKey, source: str | None, before: Path | None
) -> tuple[list[Ending], str | None]:
    """What to end again, and why that is not known."""
    if source is not None:
        return endings.since(manifest, source, master), None
    if before is None:
        return [], "no newer backup or store was named (--erased-since)"
    try:
        return endings.since(manifest, str(before), master), None
    except (UnusableSource, UnusableStore) as error:
        return [], str(error)


def _finish(backup: Archive, ledger: Ledger, since: list[Ending]) -> tuple[int, Break | None, Ended]:
    """Check the log, end all log-ins and what was ended since, and record that."""
    manifest = backup.manifest
    known = [manifest.anchor] if manifest.anchor else []
    if ANCHOR in manifest.parts:
        with suppress(anchors.UnusableAnchor):  # the one of the manifest is as new, or newer
            known.append(anchors.parse(backup.read(ANCHOR).decode("ascii", "replace")))
    count, broken = anchors.verify(ledger, known, actor=SYSTEM)
    ended = endings.end_again(ledger, since)
    with ledger.acting(SYSTEM) as act:
        sessions = len(act.db.scalars(sa.delete(Session).returning(Session.token_hash)).all())
        links = len(act.db.scalars(sa.delete(LoginLink).returning(LoginLink.token_hash)).all())
        act.record("logins.forgotten", sessions=sessions, links=links)
        act.record("store.restored", entries=count, erased=len(ended.cases))
    return count, broken, ended


def _keep_anchor(url: str, home: Path, master: MasterKey, broken: Break | None) -> None:
    if broken is not None:
        return
    engine = open_store(url)
    try:
        anchors.keep_anchor(Ledger(engine, master), home)
    finally:
        engine.dispose()
