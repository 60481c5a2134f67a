"""What every command begins with: the settings and the store, or a sentence that says what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from serving.settings import InvalidSettings, Settings, read_settings
from serving.store.database import UnusableStore, is_there, shown
from serving.store.ledger import Ledger, open_ledger
from serving.store.masterkey import UnusableKey


def plain(said: object) -> str:
    """One line as a terminal may show it: what would steer it, break the line or turn its direction stands as an escape.

    Names of files and what is read of files come from outside.
    """
    return "".join(x if x.isprintable() else x.encode("unicode_escape").decode() for x in str(said))


def stop(error: object) -> NoReturn:
    """End a command that cannot go on: say why, exit 2."""
    typer.echo(plain(error), err=True)
    raise typer.Exit(2)


@contextmanager
def resumable(*wrong: type[Exception]) -> Iterator[None]:
    """Work on files that the same command takes up again: what is wrong ends it with exit 2, an interruption with 130."""
    try:
        yield
    except wrong as error:
        stop(error)
    except KeyboardInterrupt:
        typer.echo("interrupted; run the same command again to go on", err=True)
        raise typer.Exit(130) from None


def end(summary: str, bad: int) -> NoReturn:
    """End a command that did all it could: say what it did, exit 3 if parts of its input were bad."""
    typer.echo(plain(summary), err=True)
    raise typer.Exit(3 if bad else 0)


def open_settings() -> Settings:
    """The settings of the environment."""
    try:
        return read_settings()
    except InvalidSettings as error:
        stop(error)


def open_store(settings: Settings, *, migrated: bool = True) -> Ledger:
    """The store of the settings, migrated, or else in the form it has."""
    try:
        settings.make_home()
        return open_ledger(settings.store_url, settings.home, os.environ, migrated=migrated)
    except (UnusableStore, UnusableKey) as error:
        stop(error)
    except OSError as error:
        where = error.filename or settings.home
        stop(f"{where}: {error.strerror or error}; set TEGN_HOME to a folder that this user may write to")


def open_existing(settings: Settings, *, migrated: bool = True) -> Ledger:
    """The same, for a command that begins no store: an answer from a new, empty one would be believed."""
    try:
        there = is_there(settings.store_url)
    except UnusableStore as error:
        stop(error)
    if not there:
        stop(
            f"there is no store at {shown(settings.store_url)}, and none was made; set TEGN_HOME or TEGN_DATABASE_URL "
            "to those of the service (docs/operations.md)"
        )
    return open_store(settings, migrated=migrated)
