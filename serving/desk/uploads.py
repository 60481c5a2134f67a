"""Files that people send and follow, each with its own errors; kept sealed until `serving.desk.extraction` has read them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import case_for, open_box, seal, unseal, unseal_text
from serving.extract.result import MAX_FILE, Problem, Unreadable, label_of
from serving.store.desk import Case, Upload, UploadedFile
from serving.store.ledger import Act, Ledger, user
from serving.store.vault import CaseBox, Tampered

MAX_FILES = 500
"""Files of one upload."""
KEEP_DAYS = 7
"""Days that the list of files of an upload is kept where its texts are cases of their own."""
_MAX_PROBLEMS = 3_900
"""Characters of the list of problems that are kept of one file."""


class NoSuchUpload(LookupError):
    """There is no such upload of this person."""


class TooMany(ValueError):
    """The upload has as many files as one takes; start another."""


class NothingToTry(ValueError):
    """The file did not fail, or nothing of it is kept that could be read again."""


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
    again: datetime | None = None
    """When it is tried again, where the machine had too much to do; its state is `again` until then."""
    kept: bool = False
    """It failed, and its bytes are kept: somebody may have it tried again."""
    unreadable: bool = False
    """Its name, or the columns to choose from, cannot be opened; what cannot be is empty."""
    short: tuple[str, ...] = ()
    """Those of `columns` whose cells are all too short to be texts."""


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
        """Whether something goes on right now. What waits to be tried again does not: that can take hours."""
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
        row.state, row.problems = "failed", listed([Problem(code, "")])
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
        rows = db.execute(
            sa.select(UploadedFile, UploadedFile.sealed_data.is_not(None))
            .where(UploadedFile.upload_id == upload_id)
            .order_by(UploadedFile.id)
            .options(sa.orm.defer(UploadedFile.sealed_data))
        )
        files = tuple(_file_state(box, row, kept=kept) for row, kept in rows)
        return UploadState(upload.id, upload.kind, case.id if upload.together else None, files)


def _file_state(box: CaseBox, row: UploadedFile, *, kept: bool) -> FileState:
    """A file as people see it. One that cannot be opened must not hide the others."""
    name, unreadable = "", False
    columns: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    try:
        name = unseal_text(box, row, "sealed_name")
        columns, short = _columns(box, row)
    except Tampered:
        unreadable = True
    return FileState(
        id=row.id,
        name=name,
        state="again" if row.again is not None else row.state,
        texts=row.texts,
        known=row.known,
        columns=columns,
        short=short,
        problems=tuple(Problem(code, place) for code, place in json.loads(row.problems)),
        again=row.again,
        kept=row.state == "failed" and kept,
        unreadable=unreadable,
    )


def _columns(box: CaseBox, row: UploadedFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns to choose from, and those of them whose cells are all short."""
    said = json.loads(unseal(box, row, "sealed_columns") or b"[]")
    if isinstance(said, list):  # none, or as files were kept before the length of cells was
        return tuple(said), ()
    return tuple(said["names"]), tuple(said["short"])


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
        if column not in _columns(box, row)[0]:
            raise NotAColumn("the file has no such column")
        seal(box, row, "sealed_column", column)
        row.state = "waiting"
        act.record("file.chosen", f"upload#{upload_id}")


def try_again(ledger: Ledger, person: int, upload_id: int, file_id: int) -> None:
    """Have a file read once more that failed for a reason that may be over.

    Raises:
        NoSuchUpload, NothingToTry: see the classes.
    """
    with ledger.acting(user(person)) as act:
        _mine(act.db, person, upload_id)
        row = act.db.get(UploadedFile, file_id, with_for_update=True)
        if row is None or row.upload_id != upload_id or row.state != "failed" or row.sealed_data is None:
            raise NothingToTry("the file did not fail, or nothing of it is kept")
        row.state, row.problems = "waiting", "[]"
        act.record("file.again", f"upload#{upload_id}")


def listed(problems: Sequence[Problem]) -> str:
    """Problems as JSON, as many as there is room for."""
    kept: list[tuple[str, str]] = []
    for problem in problems:
        if len(json.dumps([*kept, (problem.code, problem.place)])) > _MAX_PROBLEMS:
            break
        kept.append((problem.code, problem.place))
    return json.dumps(kept)
