"""Files that wait become texts, one at a time, with all that is wrong with each. Nothing is lost on the way."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from serving.desk.cases import NoSuchCase, open_box, seal, unseal, unseal_text
from serving.desk.intake import Item, take_in
from serving.desk.uploads import listed
from serving.extract.files import extract
from serving.extract.result import Extracted, Problem, Unreadable, label_of
from serving.store.desk import Case, Upload, UploadedFile
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import KeyLost, Tampered

log = logging.getLogger("tegn")
_GIVEN_UP = timedelta(minutes=10)
_AT_ONCE = 100


def read_next(ledger: Ledger, *, keep_days: int) -> bool:
    """Read one file that waits, in the calling thread; whether there was one. A file whose worker died is read again."""
    claimed = _claim(ledger)
    if claimed is None:
        return False
    number, name, data, column = claimed
    try:
        found = extract(name, data, column=column)
    except Unreadable as error:
        found = Extracted(problems=(Problem(error.code, ""),))
    while _store_some(ledger, number, found, keep_days):
        pass
    return True


def _claim(ledger: Ledger) -> tuple[int, str, bytes, str | None] | None:
    stale = (UploadedFile.state == "reading") & (UploadedFile.claimed < datetime.now(UTC) - _GIVEN_UP)
    ready = sa.or_(UploadedFile.state == "waiting", stale)
    with ledger.reading() as db:
        if (
            db.scalar(sa.select(UploadedFile.id).where(ready).limit(1)) is None
        ):  # usually: nobody waits for the write lock
            return None
    with ledger.acting(SYSTEM) as act:
        query = sa.select(UploadedFile).where(ready).order_by(UploadedFile.id).limit(1)
        row = act.db.scalar(query.with_for_update(skip_locked=True))
        if row is None:
            return None
        row.state, row.claimed = "reading", act.now
        upload = act.db.get_one(Upload, row.upload_id)
        try:
            box = open_box(ledger.vault, act.db.get_one(Case, upload.case_id))
            column = unseal_text(box, row, "sealed_column") if row.sealed_column is not None else None
            return row.id, unseal_text(box, row, "sealed_name"), unseal(box, row, "sealed_data") or b"", column
        except (KeyLost, NoSuchCase, Tampered) as error:
            # It must not hold up the files after it; its bytes stay, for whoever mends the store.
            log.error("file %d cannot be opened: %s", row.id, type(error).__name__)
            row.state = "failed"
            return None


def _store_some(ledger: Ledger, number: int, found: Extracted, keep_days: int) -> bool:
    """Store the next texts of a file; whether there are more. Few at a time: others wait for the store meanwhile."""
    with ledger.acting(SYSTEM) as act:
        row = act.db.get(UploadedFile, number)
        if row is None or row.state != "reading":  # erased meanwhile
            return False
        upload = act.db.get_one(Upload, row.upload_id)
        case = act.db.get_one(Case, upload.case_id, with_for_update=True)  # against an erasure meanwhile
        if case.erased is not None:
            return False
        box = open_box(ledger.vault, case)
        row.claimed = act.now
        if found.columns and not found.parts:
            seal(box, row, "sealed_columns", json.dumps(found.columns))
            row.state = "choose"
            return False
        name = unseal_text(box, row, "sealed_name")
        before = row.texts + row.known
        for part in found.parts[before : before + _AT_ONCE]:
            title = label_of(f"{name}, {part.label}" if part.place and part.label != name else name)
            _, is_new = take_in(
                act, ledger, Item(part.text, title), kind=upload.kind, by=upload.user_id,
                case=case if upload.together else None, keep_days=keep_days, source="file",
            )  # fmt: skip
            row.texts, row.known = row.texts + is_new, row.known + (not is_new)
        if row.texts + row.known < len(found.parts):
            return True
        row.sealed_data = row.sealed_columns = None
        row.state = "done" if found.parts else "failed"
        row.problems = listed(found.problems)
        act.record("file.read", f"upload#{upload.id}", texts=row.texts, known=row.known, problems=len(found.problems))
        return False
