"""A case as people may see it: what it holds and how long it is kept, and no words of its texts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import NoSuchCase, called, open_box, unseal_text
from serving.store.desk import Case, Reading, Text, Upload, UploadedFile
from serving.store.ledger import Ledger, user
from serving.store.tables import User
from serving.store.vault import Place

PAGE = 50
"""Texts of one page."""


@dataclass(frozen=True, slots=True)
class Held:
    """A text of a case."""

    id: int
    title: str
    """What people know it by, such as a file's name and a row."""
    kind: str
    received: datetime
    length: int
    stage: str
    outcome: str | None
    """What was decided, once it is."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case. Erased, it has a number and two moments, and nothing else."""

    id: int
    reference: str
    created: datetime
    created_by: str | None
    keep_until: datetime
    erased: datetime | None
    texts: tuple[Held, ...]
    """Of the page that was asked for, oldest first."""
    count: int
    """Texts of the case."""
    done: int
    """How many of them are decided."""
    readings: int
    """Readings that were handed in or begun."""
    files: int
    """Files that wait or are listed."""

    @property
    def pages(self) -> int:
        """Pages of texts, at least one."""
        return max(1, -(-self.count // PAGE))


def look(ledger: Ledger, person: int, number: int, *, page: int = 1) -> CaseFile:
    """A case; the look is recorded.

    Raises:
        NoSuchCase: there never was one of that number.
    """
    with ledger.acting(user(person)) as act:
        found = read(act.db, ledger, number, page=page)
        act.record("case.read", f"case#{number}")
        return found


def read(db: Transaction, ledger: Ledger, number: int, *, page: int = 1) -> CaseFile:
    """As `look`, for commands of whoever runs the service; nothing is recorded."""
    row = db.execute(
        sa.select(Case, User.name).outerjoin(User, User.id == Case.created_by).where(Case.id == number)
    ).one_or_none()
    if row is None:
        raise NoSuchCase(f"there is no case {number}")
    case, name = row
    texts: tuple[Held, ...] = ()
    reference = ""
    if case.erased is None:
        box = open_box(ledger.vault, case)
        reference = unseal_text(box, case, "sealed_reference")
        columns = (Text.id, Text.sealed_title, Text.kind, Text.received, Text.length, Text.stage, Text.outcome)
        of_page = sa.select(*columns).where(Text.case_id == number).order_by(Text.id)
        texts = tuple(
            Held(
                id=x.id,
                title=box.open_text(x.sealed_title, Place("texts", "sealed_title", x.id)) if x.sealed_title else "",
                kind=x.kind,
                received=x.received,
                length=x.length,
                stage=x.stage,
                outcome=x.outcome if x.stage == "done" else None,
            )
            for x in db.execute(of_page.limit(PAGE).offset((page - 1) * PAGE))
        )
    ours = sa.select(sa.func.count()).select_from(Text).where(Text.case_id == number)
    readings = sa.select(sa.func.count()).select_from(Reading).join(Text).where(Text.case_id == number)
    files = sa.select(sa.func.count()).select_from(UploadedFile).join(Upload).where(Upload.case_id == number)
    return CaseFile(
        id=number,
        reference=reference,
        created=case.created,
        created_by=name,
        keep_until=case.keep_until,
        erased=case.erased,
        texts=texts,
        count=db.scalar(ours) or 0,
        done=db.scalar(ours.where(Text.stage == "done")) or 0,
        readings=db.scalar(readings) or 0,
        files=db.scalar(files) or 0,
    )


def find(ledger: Ledger, person: int, reference: str) -> int | None:
    """The number of the case that people call so, or None; that somebody looked is recorded, not for what."""
    with ledger.acting(user(person)) as act:
        case = act.db.scalar(called(ledger.vault, reference)) if reference.strip() else None
        act.record("case.searched", f"case#{case.id}" if case else "", found=case is not None)
        return case.id if case else None


def keep(ledger: Ledger, person: int, number: int, days: int) -> datetime:
    """Keep a case for so many days from now, if it was not to be kept longer anyway; returns until when.

    Raises:
        NoSuchCase: there is none, or it is erased.
    """
    with ledger.acting(user(person)) as act:
        case = act.db.get(Case, number)
        if case is None or case.erased is not None:
            raise NoSuchCase(f"there is no case {number}, or it is erased")
        case.keep_until = max(case.keep_until, act.now + timedelta(days=days))
        act.record("case.kept", f"case#{number}", days=days)
        return case.keep_until
