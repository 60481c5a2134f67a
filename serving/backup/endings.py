"""What was ended for good after a backup was made, and has to be ended again in what is restored from it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from serving.backup import archive
from serving.backup.archive import ENDINGS, BrokenBackup, Manifest
from serving.backup.databases import Ending, describe, read_endings, read_only
from serving.desk.cases import ERASED_FOR, NoSuchCase, erase_in
from serving.store.access import Access, NotAllowed
from serving.store.database import check_revision, open_store, revision_of, shown
from serving.store.ledger import SYSTEM, Ledger
from serving.store.masterkey import MasterKey
from serving.store.tables import ApiKey, User


class UnusableSource(RuntimeError):
    """What should say what was ended since a backup cannot: it is of another store, older, changed or cannot be read."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What was ended again."""

    cases: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    left: tuple[str, ...] = ()
    """What could not be, as sentences."""


def since(manifest: Manifest, source: str, master: MasterKey) -> list[Ending]:
    """What was ended after a backup, as a newer backup or store of the same service says.

    Args:
        manifest: of the backup, its seal checked.
        source: a newer backup, an SQLite file, or the URL of a database. It is only read.

    Raises:
        UnusableSource: see the class.
    """
    name, path = source, Path(source)
    try:
        if "://" in source:
            name, url = shown(source), make_url(source)
            if url.get_backend_name() != "sqlite":
                return _of_store(manifest, open_store(source), master, "the database")
            path = Path(str(url.database))  # opened as a file is: a name that is wrong makes none
        with path.open("rb") as file:
            is_store = file.read(16).startswith(b"SQLite format 3")
        if is_store:
            return _of_store(manifest, sa.create_engine(read_only(path), hide_parameters=True), master, name)
        return _of_backup(manifest, path, master)
    except OSError as error:
        raise UnusableSource(f"{name} cannot be read ({error.strerror})") from None
    except SQLAlchemyError as error:
        raise UnusableSource(f"{name} cannot be read ({type(error).__name__}): is it a store of Tegn?") from None


def _of_backup(manifest: Manifest, path: Path, master: MasterKey) -> list[Ending]:
    try:
        with archive.opened(path) as backup:
            newer = backup.manifest
            newer.check_seal(master)
            said = json.loads(backup.read(ENDINGS))
    except BrokenBackup as error:
        raise UnusableSource(str(error)) from None
    last, at = manifest.anchor, newer.anchor
    if newer.store != manifest.store and manifest.store:
        raise UnusableSource(f"{path} is a backup of another store")
    if last is not None and (at is None or at.seq < last.seq):
        raise UnusableSource(f"{path} is older than the backup that is restored")
    return [x for x in (Ending(**x) for x in said) if last is None or x.seq > last.seq]


def _of_store(manifest: Manifest, engine: sa.Engine, master: MasterKey, name: str) -> list[Ending]:
    """Believed only if its whole log is sound and holds the newest entry of the backup: erasing cannot be undone."""
    try:
        with engine.connect() as db:
            check_revision(revision_of(db))
            state = describe(db)
        if manifest.store and state.first != manifest.store:
            raise UnusableSource(f"{name} is another store than the one that was backed up")
        last = manifest.anchor
        if not state.first:
            return []
        _, broken = Ledger(engine, master).verify(last)
        if broken is not None:
            raise UnusableSource(f"the audit log of {name} cannot be believed: {broken}")
        with engine.connect() as db:
            return list(read_endings(db, after=last.seq if last else 0))
    finally:
        engine.dispose()


def end_again(ledger: Ledger, endings: Sequence[Ending]) -> Ended:
    """Erase the cases again, and remove the people and keys; what is not there is passed over."""
    cases = list[int]()
    for ending in _of(endings, "case.erased"):
        with suppress(NoSuchCase), ledger.acting(SYSTEM) as act:
            erase_in(act, ending.number, ending.reason if ending.reason in ERASED_FOR else "asked")
            cases.append(ending.number)
    access, users, keys, left = Access(ledger), list[int](), list[int](), list[str]()
    for ending in _of(endings, "user.removed"):
        query = sa.select(User.name).where(User.id == ending.number, User.removed.is_(None))
        if (name := _scalar(ledger, query)) is None:
            continue
        try:
            access.remove_user(name)
            users.append(ending.number)
        except NotAllowed:  # the last administrator
            left.append(
                f"user {ending.number} was removed since, and is the last administrator here: add another, and remove"
            )
    for ending in _of(endings, "key.removed"):
        # A number is given again once its key is gone: the first removal is the one of the key that was backed up.
        if (
            ending.number in keys
            or (name := _scalar(ledger, sa.select(ApiKey.name).where(ApiKey.id == ending.number))) is None
        ):
            continue
        access.remove_key(name)
        keys.append(ending.number)
    return Ended(tuple(cases), tuple(users), tuple(keys), tuple(left))


def _of(endings: Iterable[Ending], act: str) -> list[Ending]:
    return [x for x in endings if x.act == act]


def _scalar(ledger: Ledger, query: sa.Select[str]) -> str | None:
    with ledger.reading() as db:
        return db.scalar(query)
