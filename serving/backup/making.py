"""Making a backup, while the service works."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from serving import VERSION
from serving.backup import archive
from serving.backup.archive import ANCHOR, ENDINGS, STORES, BrokenBackup, Manifest
from serving.backup.databases import copy_sqlite, dump_postgres, keep_apart
from serving.backup.staging import InTheWay, place, staging
from serving.store import anchors
from serving.store.database import check_revision, revision_of
from serving.store.desk import Case
from serving.store.ledger import SYSTEM, Ledger
from serving.store.tables import AuditEntry


def back_up(ledger: Ledger, home: Path, path: Path, *, force: bool = False) -> Manifest:
    """Write a backup of a store and the anchor in `home`; the master keys are not in it. It is recorded before it is made.

    Args:
        force: replace a backup of that name.

    Raises:
        InTheWay: the name is taken, or another process makes the same backup.
        CannotCopy: the store cannot be copied.
        NewerStore: a newer version of Tegn made the store.
        UnusableEnd: the audit log can record nothing.
        OSError: the file cannot be written. In every case nothing of it is left.
    """
    _check_name(path, force=force)
    with staging(path, "backup") as folder:
        engine = ledger.engine.dialect.name
        names = [STORES[engine], ENDINGS]
        # Before the copy: an anchor that is kept while it is made is of an entry that the copy lacks.
        if (home / anchors.FILE).is_file():
            (folder / ANCHOR).write_bytes((home / anchors.FILE).read_bytes())
            names.append(ANCHOR)
        _record(ledger)
        copy = copy_sqlite if engine == "sqlite" else dump_postgres
        state = copy(ledger.engine, folder / STORES[engine])
        (folder / ENDINGS).write_text(json.dumps([asdict(x) for x in state.endings]), "utf-8")
        manifest = Manifest(
            tegn=VERSION,
            engine="sqlite" if engine == "sqlite" else "postgresql",
            revision=state.revision,
            made=datetime.now(UTC),
            store=state.first,
            newest=keep_apart(state.newest),
            key=ledger.vault.key_id,
            keys=sorted({ledger.vault.key_id, *state.key_ids}),
            cases=state.cases,
            parts={name: archive.measure(folder / name) for name in names},
        )
        archive.write(folder / "backup.tar", manifest.sealed(ledger.master), folder)
        place(folder / "backup.tar", path, replace=force)
        return manifest


def _check_name(path: Path, *, force: bool) -> None:
    if not path.exists() and not path.is_symlink():
        return
    if not force:
        raise InTheWay(f"{path} is there already; choose another name, or say --force to replace it")
    try:
        if path.is_symlink() or not path.is_file():
            raise BrokenBackup
        with archive.opened(path):
            pass
    except BrokenBackup:
        raise InTheWay(f"{path} is no backup, and --force replaces nothing else; choose another name") from None


def _record(ledger: Ledger) -> None:
    with ledger.reading() as db:
        check_revision(revision_of(db.connection()))
        if not sa.inspect(db.connection()).has_table(AuditEntry.__tablename__):
            return  # a store from before there was an audit log
        count = db.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.erased.is_(None))) or 0
    ledger.note(SYSTEM, "store.backed_up", cases=count, key=ledger.vault.key_id)
