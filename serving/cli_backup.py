"""Commands for backups: make one, look whether one is whole, restore one."""

from __future__ import annotations

import os
import shlex
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import SQLAlchemyError

from serving.backup import archive
from serving.backup.archive import BrokenBackup, Manifest
from serving.backup.databases import CannotCopy
from serving.backup.endings import UnusableSource
from serving.backup.making import back_up
from serving.backup.restoring import CannotRestore, HalfRestored, Restored, restore
from serving.backup.staging import InTheWay
from serving.opening import open_existing, open_settings, stop
from serving.store.database import UnusableStore
from serving.store.ledger import UnusableEnd
from serving.store.masterkey import MasterKey, UnusableKey

_REFUSED = (
    BrokenBackup,
    CannotCopy,
    CannotRestore,
    HalfRestored,
    InTheWay,
    UnusableEnd,
    UnusableKey,
    UnusableSource,
    UnusableStore,
)


def add_to(app: typer.Typer) -> None:
    """Give a command line these commands."""
    app.command("backup")(make_backup)
    app.command("restore")(restore_backup)


@contextmanager
def _ended_tidily() -> Iterator[None]:
    """SIGTERM, and the SIGHUP of a connection that broke, end the work as Ctrl-C does: what is half made is cleared away."""

    def end(number: int, _: object) -> NoReturn:
        raise SystemExit(128 + number)

    # Under `nohup` the work goes on.
    ending = [x for x in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(x) is not signal.SIG_IGN]
    before = {x: signal.signal(x, end) for x in ending}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make_backup(
    file: Annotated[Path, typer.Argument(help="The backup: one file, without the master keys.")],
    verify: Annotated[bool, typer.Option("--verify", help="Make none: check that FILE is whole.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a backup of that name.")] = False,
) -> None:
    """Back up the store, while the service works; or check a backup. Exit 2: there is none, or it cannot be used."""
    settings = open_settings()
    try:
        if verify:
            with archive.opened(file) as backup:
                backup.check()
                print(_said(backup.manifest))
                typer.echo(_sealed(backup.manifest, settings.home), err=True)
            return
        ledger = open_existing(settings, migrated=False)
        try:
            with _ended_tidily():
                made = back_up(ledger, settings.home, file, force=force)
        finally:
            ledger.engine.dispose()
    except _REFUSED as error:
        stop(error)
    except OSError as error:
        stop(f"{file} cannot be {'read' if verify else 'written'} ({error.strerror}); check the path and the disk")
    except SQLAlchemyError as error:
        stop(f"the store cannot be read ({type(error).__name__}); no backup was made")
    print(_said(made))
    if missing := made.lacking(ledger.master):
        typer.echo(_lacking(missing), err=True)
    typer.echo(
        f"nobody can read it without the master key {made.key}, which is not in it: keep a copy of that elsewhere, apart from "
        f"the backup, and the backup no longer than the texts may be kept: {file} holds {made.cases} cases",
        err=True,
    )


def _lacking(missing: list[str]) -> str:
    return (
        f"cases in it are under the older master key {', '.join(missing)}, which is not here and without which nobody can read "
        "them: put it back (docs/operations.md, The master key), or erase what cannot be opened"
    )


def _said(manifest: Manifest) -> str:
    lines = {
        "made": f"{manifest.made.isoformat(timespec='seconds')} by Tegn {manifest.tegn}",
        "store": f"{manifest.engine}, form {manifest.revision}, {manifest.cases} cases",
        "audit log": manifest.newest or "empty",
        "master key": ", ".join(manifest.keys),
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())


def _sealed(manifest: Manifest, home: Path) -> str:
    """Whether a backup was made with the key that is here. Without one, as on a machine that only keeps backups, nobody knows."""
    try:
        master = MasterKey.load(home, os.environ, create=False)
    except UnusableKey:
        return f"whole; who made it was not checked, as the master key {manifest.key} is not here"
    if manifest.key in (missing := manifest.lacking(master)):
        return f"whole; who made it was not checked, as the master key {manifest.key} is not here"
    manifest.check_seal(master)
    return "\n".join(["whole, and made with the master key that is here", *([_lacking(missing)] if missing else [])])


def restore_backup(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    erased_since: Annotated[
        str | None,
        typer.Option(
            metavar="NEWER", help="A newer backup, SQLite file or database URL: ends again what was ended since."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move a store that is there aside (SQLite).")] = False,
    without_key: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An older master key that is lost: its cases stay closed.")
    ] = None,
) -> None:
    """Restore a backup while the service is stopped. Exit 1: done, but the audit log is broken."""
    settings = open_settings()
    try:
        settings.make_home()
        with _ended_tidily():
            done = restore(
                file, settings.store_url, settings.home, os.environ,
                force=force, source=erased_since, without=without_key or (),
            )  # fmt: skip
    except _REFUSED as error:
        stop(error)
    except OSError as error:
        stop(f"the backup was not restored ({error.strerror}); check {file} and the disk")
    except (SQLAlchemyError, sqlite3.Error) as error:
        stop(f"the backup was not restored ({type(error).__name__}); check the database")
    print(_said(done.manifest))
    for line in _told(done):
        typer.echo(line, err=True)
    raise typer.Exit(1 if done.broken else 0)


def _told(done: Restored) -> list[str]:
    lines = [f"restored with {done.entries} entries of the audit log; everybody has to log in again"]
    if done.aside is not None:
        lines.append(
            f"the store that was here lies at {done.aside}, what is left of its log beside it, with all its cases: "
            f"once nobody needs it, rm {shlex.quote(str(done.aside))}*"
        )
    for what, numbers in (("cases", done.ended.cases), ("users", done.ended.users), ("keys", done.ended.keys)):
        if numbers:
            lines.append(f"ended again, as they were since the backup: {what} {', '.join(map(str, numbers))}")
    lines.extend(done.ended.left)
    if done.unknown is not None:
        lines.append(f"what was erased or removed since the backup is here again, as it is not known: {done.unknown}")
    if done.broken is not None:
        lines.append(
            f"{done.broken}. It was so in the backup: compare with others. If the master key was changed, the old ones "
            "have to be there: see docs/operations.md"
        )
    return lines
