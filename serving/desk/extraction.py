"""Files that wait become texts, one at a time, with all that is wrong with each. Nothing is lost on the way."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from serving.desk.cases import NoSuchCase, open_box, seal, unseal, unseal_text
from serving.desk.intake import Item, take_in
from serving.desk.uploads import listed
from serving.extract.files import extract
from serving.extract.result import Extracted, Problem, Unreadable, label_of
from serving.store.desk import Case, Upload, UploadedFile
from serving.store.ledger import SYSTEM, Act, Ledger
from serving.store.vault import UNREADABLE

log = logging.getLogger("tegn")
OVERLOADED = ("too_slow", "too_busy")
"""Why a file could not be read, where the machine may be to blame: another time it may go well."""
PAUSES = tuple(timedelta(minutes=x) for x in (1, 5, 20, 60))
"""Before each further try: short, as most machines have room again at once, and then long enough for a batch to end."""
MAX_TRIES = 3
"""How often a worker may die while it has a file: once may be chance or a restart, and each time the service is down."""
_GIVEN_UP = timedelta(minutes=10)
"""After this long the worker that took a file is dead."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Claimed:
    """A file that is this worker's to read."""

    number: int
    name: str
    data: bytes
    column: str | None


def read_next(ledger: Ledger, *, keep_days: int) -> bool:
    """Read one file that waits, in the calling thread; whether there was one.

    A file for which the machine had no time or room is put off; one whose worker died is taken anew. Neither for ever.
    """
    claimed = claim(ledger)
    if claimed is None:
        return False
    try:
        found = extract(claimed.name, claimed.data, column=claimed.column)
    except Unreadable as error:
        if error.code in OVERLOADED:
            _put_off(ledger, claimed.number, error.code)
            return True
        found = Extracted(problems=(Problem(error.code, ""),))
    while _store_some(ledger, claimed.number, found, keep_days):
        pass
    return True


def claim(ledger: Ledger) -> Claimed | None:
    """Take a file that waits and that no other worker has. That it was tried is kept before anything is done with it."""
    now = datetime.now(UTC)
    due = (UploadedFile.state == "waiting") & (UploadedFile.again.is_(None) | (UploadedFile.again <= now))
    stale = (UploadedFile.state == "reading") & (UploadedFile.claimed < now - _GIVEN_UP)
    ready = sa.or_(due, stale)
    with ledger.reading() as db:
        if db.scalar(sa.select(UploadedFile.id).where(ready).limit(1)) is None:  # usually: nobody waits for the lock
            return None
    # Those that nobody died of come first.
    query = sa.select(UploadedFile).where(ready).order_by(UploadedFile.tries, UploadedFile.id).limit(1)
    with ledger.acting(SYSTEM) as act:
        while (row := act.db.scalar(query.with_for_update(skip_locked=True))) is not None:
            if row.tries >= MAX_TRIES:
                log.error("file %d ended its worker %d times and is not tried again", row.id, row.tries)
                _fail(act, row, "crashed")
                continue
            row.state, row.claimed, row.again, row.tries = "reading", act.now, None, row.tries + 1
            upload = act.db.get_one(Upload, row.upload_id)
            try:
                box = open_box(ledger.vault, act.db.get_one(Case, upload.case_id))
                column = unseal_text(box, row, "sealed_column") if row.sealed_column is not None else None
                data = unseal(box, row, "sealed_data") or b""
                return Claimed(row.id, unseal_text(box, row, "sealed_name"), data, column)
            except (*UNREADABLE, NoSuchCase) as error:
                # It must not hold up the files after it.
                log.error("file %d cannot be opened: %s", row.id, type(error).__name__)
                _fail(act, row, "unopened")
    return None


def _fail(act: Act, row: UploadedFile, code: str) -> None:
    """Give a file up; its bytes stay, so that it can be tried again."""
    row.state, row.tries, row.delays, row.problems = "failed", 0, 0, listed([Problem(code, "")])
    act.record("file.read", f"upload#{row.upload_id}", texts=row.texts, known=row.known, problems=1)
    act.db.flush()


def _put_off(ledger: Ledger, number: int, code: str) -> None:
    """Have a file wait until the machine may have more room; after the last pause it is given up."""
    with ledger.acting(SYSTEM) as act:
        row = act.db.get(UploadedFile, number, with_for_update=True)
        if row is None or row.state != "reading":  # erased meanwhile
            return
        if row.delays >= len(PAUSES):
            _fail(act, row, code)
            return
        row.state, row.tries, row.again = "waiting", 0, act.now + PAUSES[row.delays]
        row.delays += 1


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
            seal(box, row, "sealed_columns", json.dumps({"names": found.columns, "short": found.short}))
            row.state, row.tries, row.delays = "choose", 0, 0
            return False
        name = unseal_text(box, row, "sealed_name")
        before = row.texts + row.known
        for part in found.parts[before : before + _AT_ONCE]:
            inside = part.label if part.label.startswith(name) else f"{name}, {part.label}"
            title = label_of(inside if part.place else name)
            _, is_new = take_in(
                act, ledger, Item(part.text, title), kind=upload.kind, by=upload.user_id,
                case=case if upload.together else None, keep_days=keep_days, source="file",
            )  # fmt: skip
            row.texts, row.known = row.texts + is_new, row.known + (not is_new)
        row.tries = 1  # whoever goes on has less to do than this worker had
        if row.texts + row.known < len(found.parts):
            return True
        row.sealed_data = row.sealed_columns = None
        row.state, row.tries = "done" if found.parts else "failed", 0
        # First what is missing most: there is room for so many.
        row.problems = listed(sorted(found.problems, key=lambda x: x.code != "sheet_without_column"))
        act.record("file.read", f"upload#{upload.id}", texts=row.texts, known=row.known, problems=len(found.problems))
        return False
