"""A case as people may see it: what it holds and how long it is kept, and no words of its texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import NoSuchCase, called, open_box, standing, unseal_text
from serving.desk.unreadable import reason_of
from serving.store.desk import Case, Reading, Text, Upload, UploadedFile
from serving.store.groups import AdGroup
from serving.store.ledger import Ledger, user
from serving.store.tables import User
from serving.store.vault import UNREADABLE, CaseBox, Place, Tampered

PAGE = 50
"""Texts of one page."""
_NUMBER = re.compile(r"(?:sag|case)?\s*(?:(?:nr|no)\.?\s*)?([1-9][0-9]{0,8})", re.IGNORECASE | re.ASCII)
"""How people write the number that Tegn gave a case."""


@dataclass(frozen=True, slots=True)
class Held:
    """A text of a case."""

    id: int
    title: str | None
    """What people know it by, such as a file's name and a row; None where that cannot be opened."""
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
    unreadable: str
    """Why what it is called cannot be opened, `tampered` or `key_lost`; empty if it can."""
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
    group: int | None
    """Number of the group of ads that it holds."""
    ads: int
    """Ads of that group."""

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
    """As `look`, for commands of whoever runs the service; nothing is recorded.

    Raises:
        NoSuchCase: as `look`.
    """
    row = db.execute(
        sa.select(Case, User.name).outerjoin(User, User.id == Case.created_by).where(Case.id == number)
    ).one_or_none()
    if row is None:
        raise NoSuchCase(f"there is no case {number}")
    case, name = row
    texts: tuple[Held, ...] = ()
    reference = unreadable = ""
    if case.erased is None:
        # A case that cannot be opened must still be seen, kept and erased.
        box = None
        try:
            box = open_box(ledger.vault, case)
            reference = unseal_text(box, case, "sealed_reference")
        except UNREADABLE as error:
            unreadable = reason_of(error)
        columns = (Text.id, Text.sealed_title, Text.kind, Text.received, Text.length, Text.stage, Text.outcome)
        of_page = sa.select(*columns).where(Text.case_id == number).order_by(Text.id)
        texts = tuple(
            Held(
                id=x.id,
                title=_title(box, x.id, x.sealed_title),
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
    group = db.execute(sa.select(AdGroup.id, AdGroup.ads).where(AdGroup.case_id == number).limit(1)).one_or_none()
    return CaseFile(
        id=number,
        reference=reference,
        unreadable=unreadable,
        created=case.created,
        created_by=name,
        keep_until=case.keep_until,
        erased=case.erased,
        texts=texts,
        count=db.scalar(ours) or 0,
        done=db.scalar(ours.where(Text.stage == "done")) or 0,
        readings=db.scalar(readings) or 0,
        files=db.scalar(files) or 0,
        group=group.id if group else None,
        ads=group.ads if group else 0,
    )


def _title(box: CaseBox | None, number: int, sealed: bytes | None) -> str | None:
    """What a text is called; None if that cannot be opened."""
    if box is None:
        return None
    try:
        return box.open_text(sealed, Place("texts", "sealed_title", number)) if sealed else ""
    except Tampered:
        return None


def find(ledger: Ledger, person: int, reference: str) -> int | None:
    """The number of the case that people call so, or that has this number (`Sag 4`, `4`), or None.

    What it is called goes first. That somebody looked is recorded, not for what.
    """
    with ledger.acting(user(person)) as act:
        case = act.db.scalar(called(ledger.vault, reference)) if reference.strip() else None
        if case is None and (said := _NUMBER.fullmatch(reference.strip())):
            case = act.db.get(Case, int(said[1]))
        act.record("case.searched", f"case#{case.id}" if case else "", found=case is not None)
        return case.id if case else None


def keep(ledger: Ledger, person: int, number: int, days: int) -> datetime:
    """Keep a case for so many days from now, if it was not to be kept longer anyway; returns until when.

    Raises:
        NoSuchCase: there is none, or it is erased.
    """
    with ledger.acting(user(person)) as act:
        case = standing(act, number)
        case.keep_until = max(case.keep_until, act.now + timedelta(days=days))
        act.record("case.kept", f"case#{number}", days=days)
        return case.keep_until
