"""Restoring a backup. A store in a file gets its name once it is whole, migrated and checked; in PostgreSQL it goes into an empty
database, all of it or nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import make_url

from serving.backup import archive, endings
from serving.backup.archive import ANCHOR, STORES, Archive, Manifest
from serving.backup.aside import let_go, put_away, set_aside
from serving.backup.databases import Ending, check_file, restore_postgres
from serving.backup.endings import Ended, UnusableSource
from serving.backup.staging import staging
from serving.ondisk import sync_folder
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
    """Where the store lies that was here before, or what was left of it."""
    unknown: str | None
    """Why it is not known what was ended since the backup; None if it is, or there is nothing to ask."""


def restore(
    path: Path,
    url: str,
    home: Path,
    env: Mapping[str, str],
    *,
    force: bool = False,
    source: str | None = None,
    without: Collection[str] = (),
) -> Restored:
    """Restore a backup to the store at a database URL, and bring it to the newest form.

    All log-ins of the backup are ended. What was ended for good since the backup is ended again, as far as `source`, or the store
    that is moved aside, says what it was.

    Args:
        force: move a store that is there aside (SQLite alone).
        source: as `endings.since` takes it.
        without: ids of older master keys that are lost: cases under them come back closed.

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
        master = _keys(manifest, home, env, without)
        manifest.check_seal(master)
        if manifest.engine == "postgresql":
            return _into_database(backup, url, home, master, source)
        file = str(parsed.database or ":memory:")
        if file.startswith((":memory:", "file:")):
            raise CannotRestore("a backup is restored to a plain file: set TEGN_DATABASE_URL to its path, or unset it")
        return _into_file(backup, Path(file), home, master, source, force=force)


def _keys(manifest: Manifest, home: Path, env: Mapping[str, str], without: Collection[str]) -> MasterKey:
    needed = ", ".join(manifest.keys)
    try:
        master = MasterKey.load(home, env, create=False)
    except UnusableKey as error:
        raise UnusableKey(f"the backup needs the master key {needed}: {error}") from None
    here = ", ".join(x.id for x in master.keys)
    if manifest.key in (missing := manifest.lacking(master)):
        raise CannotRestore(
            f"the backup needs the master key {manifest.key}, which was in use, and those here are {here}: put it into "
            f"{MasterKey.place(home, env)} or, if another is in use since, into {home / OLD_FILE}"
        )
    if missing := [x for x in missing if x not in without]:
        raise CannotRestore(
            f"cases in the backup are under the older master key {', '.join(missing)}, and those here are {here}: put it into "
            f"{home / OLD_FILE}. If it is lost for good, say {' '.join(f'--without-key {x}' for x in missing)}: all other "
            "cases come back, and these stay closed"
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
        let_go(file)
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
        aside = set_aside(file)
        put_away(home / anchors.FILE)
        new.replace(file)
        sync_folder(file.parent)
    _keep_anchor(f"sqlite:///{file}", home, master, done[1])
    return Restored(backup.manifest, *done, aside, unknown)


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
            overwrite_deleted(engine)
        except BaseException as error:  # Ctrl-C too: somebody might start a service on it
            raise HalfRestored(
                f"the backup is in the database, but was not brought to the newest form ({type(error).__name__}): "
                "empty the database and run this again; start no service on it"
            ) from error
    finally:
        engine.dispose()
    put_away(home / anchors.FILE)
    _keep_anchor(url, home, master, done[1])
    return Restored(backup.manifest, *done, None, unknown)


def _since(
    manifest: Manifest, master: MasterKey, source: str | None, before: Path | None
) -> tuple[list[Ending], str | None]:
    """What to end again, as the source and the store that is moved aside say; and why that may not be all."""
    said = [] if source is None else endings.since(manifest, source, master)
    if before is None:
        return said, "no newer backup or store was named (--erased-since)" if source is None else None
    try:
        return [*said, *endings.since(manifest, str(before), master)], None
    except (UnusableSource, UnusableStore) as error:
        return said, str(error) if source is None else f"{error}; what NEWER says was ended again"


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
    """Keep the newest entry; a service does it within ten minutes where that fails, and the store is restored all the same."""
    if broken is not None:
        return
    engine = open_store(url)
    try:
        with suppress(OSError):
            anchors.keep_anchor(Ledger(engine, master), home)
    finally:
        engine.dispose()
