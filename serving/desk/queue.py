"""The queue: which texts wait, in which order, and who has which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.answers import LEVELS
from serving.desk.cases import NoSuchCase, check_opens, open_box, unseal_text
from serving.desk.holding import OPEN, Held, NotWaiting, NotYours, take
from serving.desk.views import answer_of
from serving.store.desk import PART_OF, UNREAD, Case, Reading, Text
from serving.store.ledger import Ledger
from serving.store.tables import User
from serving.store.vault import UNREADABLE, CaseBox, Vault

ORDERS = ("priority", "uncertainty", "age", "sample")
"""Highest priority first; least certain first; oldest first; at random, for an audit of what the model passes over."""
_TRIES = 20
"""How often somebody may be faster."""
_PASSED = 10_000
"""Texts that are passed over at most: a master key that is not here makes many unreadable at once."""
_HELD = sa.and_(Reading.text_id == Text.id, *OPEN)
_COLUMNS: Mapping[str, tuple[sa.ColumnElement[Any], ...]] = {
    "priority": (Text.priority.asc(), Text.id.asc()),
    "uncertainty": (Text.uncertainty.desc(), Text.id.asc()),
    "age": (Text.id.asc(),),
    "sample": (Text.draw.asc(), Text.id.asc()),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text in the queue. It shows nothing of the text itself; what it is called is `Called`."""

    id: int
    case_id: int
    kind: str
    stage: str
    received: datetime
    length: int
    priority: str
    blind: bool
    outcome: str | None
    holder: str | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Which texts to list."""

    stage: str = "first"
    kind: str = ""
    least: str = ""
    """Lowest priority, one of `answers.LEVELS`."""
    mine: bool = False
    """Only those that the person holds."""


def counts(db: Transaction) -> dict[str, int]:
    """How many texts wait at each stage."""
    rows = db.execute(sa.select(Text.stage, sa.func.count()).group_by(Text.stage)).all()
    return dict(rows)


def listed(
    db: Transaction, person: int, wanted: Filter, order: str, *, page: int = 1, size: int = 25
) -> tuple[list[Waiting], bool]:
    """One page of the queue, and whether there is another after it."""
    numbers = list(db.scalars(_wanted(person, wanted, order).limit(size + 1).offset((page - 1) * size)))
    # The numbers come from an index; only of those on the page is the row read, without its text.
    columns = (Text.id, Text.case_id, Text.kind, Text.stage, Text.received, Text.length, Text.priority, Text.blind)
    found = (
        sa.select(*columns, Text.outcome, User.name, User.id.label("holder"))
        .outerjoin(Reading, _HELD)
        .outerjoin(User, User.id == Reading.user_id)
        .where(Text.id.in_(numbers[:size]))
        .order_by(*_COLUMNS[order])
    )
    rows = db.execute(found).all()
    texts = [
        Waiting(
            id=text.id,
            case_id=text.case_id,
            kind=text.kind,
            stage=text.stage,
            received=text.received,
            length=text.length,
            priority=LEVELS[text.priority],
            blind=text.blind and text.stage in UNREAD,
            outcome=text.outcome,
            holder=text.name,
            mine=text.holder == person,
        )
        for text in rows
    ]
    return texts, len(numbers) > size


@dataclass(frozen=True, slots=True)
class Called:
    """What a text is known by, empty where it has no such name or none that opens, and whether the model read it."""

    reference: str
    """Of its case."""
    title: str
    unread: bool = False
    """The model could not read it, so its priority is not known."""


def called(db: Transaction, vault: Vault, texts: Iterable[Waiting]) -> dict[int, Called]:
    """What the texts of a page are called. One that cannot be opened is told where it is opened, and hides no other."""
    numbers = [x.id for x in texts]
    unread, found = sa.orm.defer(Text.sealed_text), dict[int, Called]()
    for text, case in db.execute(sa.select(Text, Case).join(Case).where(Text.id.in_(numbers)).options(unread)):
        try:
            box = open_box(vault, case)
            names = unseal_text(box, case, "sealed_reference"), unseal_text(box, text, "sealed_title")
            found[text.id] = Called(*names, unread=_is_unread(db, box, text))
        except (*UNREADABLE, NoSuchCase):
            found[text.id] = Called("", "")
    return found


def _is_unread(db: Transaction, box: CaseBox, text: Text) -> bool:
    """Whether there is no answer of the model to a text it has had, or one that says nothing."""
    if text.stage == "new" or LEVELS[text.priority] != "none":
        return False
    try:
        answer = answer_of(db, box, text)
    except UNREADABLE:
        return False  # there is one, and it hides no name
    return answer is None or answer.status == "abstained"


def _wanted(person: int, wanted: Filter, order: str) -> sa.Select[int]:
    """The numbers of the texts of a list, in its order."""
    query = sa.select(Text.id).order_by(*_COLUMNS[order])
    if wanted.mine:
        query = query.join(Reading, _HELD).where(Reading.user_id == person)
    else:
        query = query.where(Text.stage == wanted.stage)
    if wanted.kind:
        query = query.where(Text.kind == wanted.kind)
    if wanted.least:
        # Of a text that is to be read blind nothing is told before it is read.
        secret = Text.blind & Text.stage.in_(UNREAD)
        query = query.where(Text.priority <= LEVELS.index(wanted.least), ~secret)
    return query


@dataclass(frozen=True, slots=True)
class Next:
    """What somebody got who asked for the next text."""

    text: int | None
    """None if there is none that is free."""
    unreadable: Mapping[int, Exception]
    """Texts that were passed over because they cannot be opened, and why."""


def take_next(ledger: Ledger, person: int, wanted: Filter, order: str, *, may_adjudicate: bool) -> Next:
    """Take the first text of a list that is free for this person and can be opened."""
    unreadable: dict[int, Exception] = {}
    part = PART_OF.get(wanted.stage)
    if part is None or (part == "adjudicator" and not may_adjudicate):
        return Next(None, unreadable)
    of_text = sa.select(Reading.id).where(Reading.text_id == Text.id)
    held = of_text.where(Reading.part == part, Reading.released.is_(None), Reading.user_id != person)
    read = of_text.where(Reading.user_id == person, Reading.submitted.is_not(None))
    query = _wanted(person, wanted, order).where(~held.exists(), ~read.exists())
    for _ in range(_TRIES):
        number = _first_open(ledger, query, unreadable)
        if number is None:
            break
        try:
            take(ledger, person, number, may_adjudicate=may_adjudicate)
        except (Held, NotYours, NotWaiting):
            continue  # somebody was faster
        except UNREADABLE as error:  # since
            unreadable[number] = error
            continue
        return Next(number, unreadable)
    return Next(None, unreadable)


def _first_open(ledger: Ledger, query: sa.Select[int], unreadable: dict[int, Exception]) -> int | None:
    """The first text of a list that can be opened; those before it are added to `unreadable`. Nobody waits for it meanwhile."""
    some = query.with_only_columns(Text, Case).join(Case, Case.id == Text.case_id).limit(_PASSED)
    with ledger.reading() as db:
        for text, _ in db.execute(some.execution_options(yield_per=_TRIES)):
            if text.id in unreadable:
                continue
            try:
                check_opens(db, ledger.vault, text)
            except UNREADABLE as error:
                unreadable[text.id] = error
                continue
            return text.id
    return None
