"""Files that people send: kept sealed until their texts are taken out, each with its own errors. Nothing is lost on the way."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import NoSuchCase, case_for, open_box, seal, unseal, unseal_text
from serving.desk.intake import Item, take_in
from serving.extract.files import extract
from serving.extract.result import MAX_FILE, Extracted, Problem, Unreadable, label_of
from serving.store.desk import Case, Upload, UploadedFile
from serving.store.ledger import SYSTEM, Act, Ledger, user
from serving.store.vault import CaseBox, KeyLost, Tampered

log = logging.getLogger("tegn")
MAX_FILES = 500
"""Files of one upload."""
KEEP_DAYS = 7
"""Days that the list of files of an upload is kept where its texts are cases of their own."""
_GIVEN_UP = timedelta(minutes=10)
_AT_ONCE = 100
_MAX_PROBLEMS = 3_900
"""Characters of the list of problems that are kept of one file."""


class NoSuchUpload(LookupError):
    """There is no such upload of this person."""


class TooMany(ValueError):
    """The upload has as many files as one takes; start another."""


class NotAColumn(ValueError):
    """The file does not wait for a choice, or has no such column."""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file of an upload as people see it."""

    id: int
    name: str
    state: str
    texts: int
    known: int
    columns: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class UploadState:
    """An upload as people see it."""

    id: int
    kind: str
    case_id: int | None
    """The case of all texts; None where each is one of its own."""
    files: tuple[FileState, ...]

    @property
    def finished(self) -> int:
        """Files that are read or cannot be."""
        return sum(file.state in ("done", "failed") for file in self.files)

    @property
    def working(self) -> bool:
        """Whether something goes on without anybody doing anything."""
        return any(file.state in ("waiting", "reading") for file in self.files)


def start(ledger: Ledger, person: int, *, kind: str, reference: str, keep_days: int) -> int:
    """Begin an upload; returns its number."""
    with ledger.acting(user(person)) as act:
        together = bool(reference.strip())
        case = case_for(act, ledger.vault, reference, keep_days=keep_days if together else KEEP_DAYS, by=person)
        upload = Upload(case_id=case.id, together=together, kind=kind, user_id=person, made=act.now)
        act.db.add(upload)
        act.db.flush()
        act.record("upload.begun", f"upload#{upload.id}", kind=kind)
        return upload.id


def _mine(db: Transaction, person: int, upload_id: int) -> tuple[Upload, Case]:
    query = sa.select(Upload, Case).join(Case, Case.id == Upload.case_id)
    found = db.execute(query.where(Upload.id == upload_id, Upload.user_id == person)).one_or_none()
    if found is None:
        raise NoSuchUpload(f"there is no upload {upload_id} of this person")
    return found[0], found[1]


def add_file(ledger: Ledger, person: int, upload_id: int, name: str, data: bytes) -> int:
    """Keep a file until it is read; returns its number. Once it returns, the file is not lost.

    Raises:
        NoSuchUpload, TooMany: see the classes.
        Unreadable: it is too large or empty.
    """
    if len(data) > MAX_FILE:
        raise Unreadable("too_large")
    with ledger.acting(user(person)) as act:
        row, box = _add(act, ledger, person, upload_id, name)
        seal(box, row, "sealed_data", data)
        return row.id


def add_unread(ledger: Ledger, person: int, upload_id: int, name: str, code: str) -> int:
    """List a file that is not kept, with the reason (of `WHOLE`), so that it is not overlooked; returns its number.

    Raises:
        NoSuchUpload, TooMany: see the classes.
    """
    with ledger.acting(user(person)) as act:
        row, _ = _add(act, ledger, person, upload_id, name)
        row.state, row.problems = "failed", _listed([Problem(code, "")])
        return row.id


def _add(act: Act, ledger: Ledger, person: int, upload_id: int, name: str) -> tuple[UploadedFile, CaseBox]:
    upload, case = _mine(act.db, person, upload_id)
    files = sa.select(sa.func.count()).select_from(UploadedFile).where(UploadedFile.upload_id == upload.id)
    if (act.db.scalar(files) or 0) >= MAX_FILES:
        raise TooMany(f"an upload has at most {MAX_FILES} files")
    row = UploadedFile(upload_id=upload.id, sealed_name=b"")
    act.db.add(row)
    act.db.flush()
    box = open_box(ledger.vault, case)
    seal(box, row, "sealed_name", label_of(name) or "?")
    act.record("file.added", f"upload#{upload.id}")
    return row, box


def state(ledger: Ledger, person: int, upload_id: int) -> UploadState:
    """An upload with its files.

    Raises:
        NoSuchUpload: see the class.
    """
    with ledger.reading() as db:
        upload, case = _mine(db, person, upload_id)
        box = open_box(ledger.vault, case)
        rows = db.scalars(
            sa.select(UploadedFile)
            .where(UploadedFile.upload_id == upload_id)
            .order_by(UploadedFile.id)
            .options(sa.orm.defer(UploadedFile.sealed_data))
        )
        files = tuple(
            FileState(
                id=row.id,
                name=unseal_text(box, row, "sealed_name"),
                state=row.state,
                texts=row.texts,
                known=row.known,
                columns=tuple(json.loads(unseal(box, row, "sealed_columns") or b"[]")),
                problems=tuple(Problem(code, place) for code, place in json.loads(row.problems)),
            )
            for row in rows
        )
        return UploadState(upload.id, upload.kind, case.id if upload.together else None, files)


def choose(ledger: Ledger, person: int, upload_id: int, file_id: int, column: str) -> None:
    """Say which column of a table holds the texts; the table is read then.

    Raises:
        NoSuchUpload, NotAColumn: see the classes.
    """
    with ledger.acting(user(person)) as act:
        _, case = _mine(act.db, person, upload_id)
        box = open_box(ledger.vault, case)
        row = act.db.get(UploadedFile, file_id)
        if row is None or row.upload_id != upload_id or row.state != "choose":
            raise NotAColumn("the file waits for no choice")
        if column not in json.loads(unseal(box, row, "sealed_columns") or b"[]"):
            raise NotAColumn("the file has no such column")
        seal(box, row, "sealed_column", column)
        row.state = "waiting"
        act.record("file.chosen", f"upload#{upload_id}")


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
        row.problems = _listed(found.problems)
        act.record("file.read", f"upload#{upload.id}", texts=row.texts, known=row.known, problems=len(found.problems))
        return False


def _listed(problems: Sequence[Problem]) -> str:
    """The problems as JSON, as many as there is room for."""
    kept: list[tuple[str, str]] = []
    for problem in problems:
        if len(json.dumps([*kept, (problem.code, problem.place)])) > _MAX_PROBLEMS:
            break
        kept.append((problem.code, problem.place))
    return json.dumps(kept)
