"""A text as one person may see it: what is shown, held back, and told of others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk import marks
from serving.desk.answers import load
from serving.desk.cases import open_box, unseal_text
from serving.desk.crossing import Shared, groups_of_text
from serving.desk.marks import Decision
from serving.desk.switches import read_switches
from serving.desk.traces import Relative, relatives
from serving.store.desk import PART_OF, UNREAD, Case, Mark, Reading, Suggestion, Text
from serving.store.ledger import Ledger, user
from serving.store.tables import User
from serving.store.vault import CaseBox
from triage.assessment import Assessment


class NoSuchText(LookupError):
    """There is no text of that number, or its case is erased."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What another reader handed in."""

    reader: str
    part: str
    submitted: datetime | None
    outcome: str | None
    note: str
    decisions: dict[str, Decision]


@dataclass(frozen=True, slots=True)
class View:
    """A text as one person may see it now."""

    id: int
    case_id: int
    reference: str
    title: str
    kind: str
    text: str
    stage: str
    received: datetime
    part: str | None
    """The part in which this person reads it; None if they only look."""
    holder: str | None
    """Who else holds it."""
    blind: bool
    """Suggestions are held back until the reader asks for them."""
    stopped: bool
    """The stop switch hides suggestions from everybody."""
    assessment: Assessment | None
    """None while it is not there or not shown."""
    model: str | None
    decisions: dict[str, Decision]
    history: list[Decision]
    version: int
    """Of this person's reading: number of its last mark, 0 before the first."""
    submitted: bool
    note: str
    outcome: str | None
    earlier: tuple[Earlier, ...]
    """What others handed in, where this person may see it."""
    differing: tuple[str, ...]
    """Indicators on which the two readers differ, for the one who settles it."""
    final: dict[str, Decision]
    """What stands in the end of a text that is done."""
    relatives: tuple[Relative, ...]
    groups: tuple[Shared, ...]
    """Groups of ads that share a contact with it."""
    more_groups: bool
    """There are more of them."""
    for_training: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """What anybody at the desk may know of a text without reading it."""

    id: int
    case_id: int
    kind: str
    stage: str
    received: datetime
    holder: str | None
    """Somebody else who has it."""
    part: str | None
    """In which this person reads or read it."""
    outcome: str | None


def glance(ledger: Ledger, person: int, text_id: int) -> Glance:
    """A text from outside: nothing of what it says. Whoever shows it records that (`document.glanced`).

    Raises:
        NoSuchText: see the class.
    """
    with ledger.reading() as db:
        text, _ = find(db, text_id)
        reading = reading_of(db, person, text_id)
        return Glance(
            id=text.id,
            case_id=text.case_id,
            kind=text.kind,
            stage=text.stage,
            received=text.received,
            holder=_holder(db, text, person),
            part=reading.part if reading else None,
            outcome=text.outcome,
        )


def peek(ledger: Ledger, person: int, text_id: int) -> str:
    """The text alone, for somebody who has it open already: nothing is shown, so nothing is recorded.

    Raises:
        NoSuchText: there is none, or the person does not hold it.
    """
    with ledger.reading() as db:
        text, case = find(db, text_id)
        if reading_of(db, person, text_id) is None:
            raise NoSuchText(f"there is no text {text_id} for this person")
        return unseal_text(open_box(ledger.vault, case), text, "sealed_text")


def find(db: Transaction, text_id: int) -> tuple[Text, Case]:
    """A text and its case.

    Raises:
        NoSuchText: see the class.
    """
    found = db.execute(sa.select(Text, Case).join(Case).where(Text.id == text_id)).one_or_none()
    if found is None:
        raise NoSuchText(f"there is no text {text_id}")
    return found[0], found[1]


def answer_of(db: Transaction, box: CaseBox, text: Text) -> Assessment | None:
    """What the model that read a text last said of it; None if nothing is kept.

    Raises:
        Tampered: it was changed or belongs elsewhere.
    """
    row = db.scalar(sa.select(Suggestion).where(Suggestion.text_id == text.id, Suggestion.model == text.model))
    if row is None:
        return None
    return load(unseal_text(box, row, "sealed_answer"))


def marks_of(db: Transaction, reading: Reading) -> list[Mark]:
    """All marks of a reading, those that were taken back too."""
    return list(db.scalars(sa.select(Mark).where(Mark.reading_id == reading.id)))


def reading_of(db: Transaction, person: int, text_id: int) -> Reading | None:
    """The reading in which the person has the text, open or handed in."""
    return db.scalar(
        sa.select(Reading)
        .where(Reading.text_id == text_id, Reading.user_id == person, Reading.released.is_(None))
        .order_by(Reading.id.desc())
        .limit(1)
    )


def hides(reading: Reading | None, text: Text, *, stopped: bool) -> bool:
    """Whether suggestions are held back from this reader."""
    if stopped:
        return True
    if reading is None:
        return text.blind and text.stage in UNREAD
    return reading.shown is None and reading.submitted is None and reading.part == "first" and text.blind


def open_text(ledger: Ledger, person: int, text_id: int, *, emergency: str | None = None) -> View:
    """A text as this person may see it; the look is recorded.

    Args:
        emergency: why somebody looks who does not hold the text, one of `holding.LOOKS`.

    Raises:
        NoSuchText: see the class.
    """
    with ledger.acting(user(person)) as act:
        text, case = find(act.db, text_id)
        box = open_box(ledger.vault, case)
        reading = reading_of(act.db, person, text_id)
        mine = marks_of(act.db, reading) if reading else []
        earlier = earlier_readings(act.db, box, text, reading)
        stopped = not read_switches(act.db).suggestions
        blind = hides(reading, text, stopped=stopped)
        if reading is not None and reading.shown is None and not blind and reading.submitted is None:
            reading.shown = act.now
        act.record("document.read", f"text#{text_id}", emergency=emergency)
        groups, more_groups = groups_of_text(act.db, text_id)
        return View(
            id=text.id,
            case_id=case.id,
            reference=unseal_text(box, case, "sealed_reference"),
            title=unseal_text(box, text, "sealed_title"),
            kind=text.kind,
            text=unseal_text(box, text, "sealed_text"),
            stage=text.stage,
            received=text.received,
            part=reading.part if reading else None,
            holder=_holder(act.db, text, person),
            blind=blind and not stopped,
            stopped=stopped,
            assessment=None if blind else answer_of(act.db, box, text),
            model=text.model,
            decisions=marks.current(mine),
            history=marks.history(mine),
            version=max((x.id for x in mine), default=0),
            submitted=reading is not None and reading.submitted is not None,
            note=unseal_text(box, reading, "sealed_note") if reading else "",
            outcome=reading.outcome if reading else None,
            earlier=earlier,
            differing=differing(earlier) if reading is not None and reading.part == "adjudicator" else (),
            final=_final(text, reading, mine, earlier),
            relatives=tuple(relatives(act.db, text_id)),
            groups=tuple(groups),
            more_groups=more_groups,
            for_training=text.for_training,
        )


def _final(text: Text, reading: Reading | None, mine: list[Mark], earlier: tuple[Earlier, ...]) -> dict[str, Decision]:
    if text.stage != "done":
        return {}
    said = {one.part: one.decisions for one in earlier}
    if reading is not None and reading.submitted is not None:
        said[reading.part] = marks.current(mine)
    return marks.final(said)


def _holder(db: Transaction, text: Text, person: int) -> str | None:
    part = PART_OF.get(text.stage)
    return db.scalar(
        sa.select(User.name)
        .join(Reading, Reading.user_id == User.id)
        .where(Reading.text_id == text.id, Reading.part == part, Reading.released.is_(None), Reading.user_id != person)
    )


def earlier_readings(db: Transaction, box: CaseBox, text: Text, reading: Reading | None) -> tuple[Earlier, ...]:
    """What others handed in: never shown to somebody who still reads by themselves."""
    settled = text.stage == "done"
    if not settled and (reading is None or reading.part != "adjudicator"):
        return ()
    rows = db.execute(
        sa.select(Reading, User.name)
        .join(User, User.id == Reading.user_id)
        .where(Reading.text_id == text.id, Reading.submitted.is_not(None))
        .order_by(Reading.id)
    ).all()
    return tuple(
        Earlier(
            name,
            row.part,
            row.submitted,
            row.outcome,
            unseal_text(box, row, "sealed_note"),
            marks.current(marks_of(db, row)),
        )
        for row, name in rows
        if reading is None or row.id != reading.id
    )


def differing(earlier: tuple[Earlier, ...]) -> tuple[str, ...]:
    """Indicators of which two readers say different things."""
    said = [{x.says for x in one.decisions.values() if x.state} for one in earlier if one.part != "adjudicator"]
    if len(said) != 2:
        return ()
    return tuple(sorted({code for code, _ in said[0] ^ said[1]}))
