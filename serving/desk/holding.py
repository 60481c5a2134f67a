"""Holding a text: one person has it at a time, and nobody gets one that somebody else holds unknowingly."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import check_opens
from serving.desk.views import find, marks_of, reading_of
from serving.store.desk import PART_OF, Case, Mark, Reading, Text
from serving.store.ledger import SYSTEM, Act, Ledger, user
from serving.store.tables import User

LYING = timedelta(hours=8)
"""A text that somebody holds and has not touched for this long goes back to the queue."""
EMERGENCIES = ("danger", "deadline", "absence", "oversight")
"""Why somebody takes a text that another person holds."""
LOOKS = (*EMERGENCIES, "linked")
"""Why somebody reads a text that is not theirs."""
OPEN = (Reading.released.is_(None), Reading.submitted.is_(None))
"""A reading that somebody is at: neither given back nor handed in."""


class Held(RuntimeError):
    """Somebody else holds the text; `by` is their name."""

    def __init__(self, by: str) -> None:
        self.by = by
        super().__init__("somebody else holds the text")


class NotYours(RuntimeError):
    """The person may not read the text in this part: they read it before, or it takes a lead."""


class NotWaiting(RuntimeError):
    """The text waits for nobody: it is done, not tagged yet, or erased."""


class NotHeld(RuntimeError):
    """The person does not hold the text: take it first."""


class Changed(RuntimeError):
    """The reading changed since the page was made, as in another window: show it anew and let the person look."""


def take(ledger: Ledger, person: int, text_id: int, *, may_adjudicate: bool, emergency: str | None = None) -> int:
    """Take a text to read it; returns the number of the reading. Whoever has it already keeps it.

    Args:
        emergency: one of `EMERGENCIES`: take it although somebody else holds it, who loses it.

    Raises:
        Held, NotYours, NotWaiting: see the classes.
        KeyLost, Tampered: it cannot be opened, and nobody gets it before it is mended.
    """
    with ledger.acting(user(person)) as act:
        text = act.db.scalar(sa.select(Text).where(Text.id == text_id).with_for_update())
        if text is None or text.stage not in PART_OF:
            raise NotWaiting(f"text {text_id} waits for nobody")
        part = PART_OF[text.stage]
        held = act.db.execute(
            sa.select(Reading, User.name)
            .join(User, User.id == Reading.user_id)
            .where(Reading.text_id == text_id, Reading.part == part, Reading.released.is_(None))
        ).one_or_none()
        if held is not None and held[0].user_id == person:
            return held[0].id
        _check_part(act.db, person, text_id, part, may_adjudicate=may_adjudicate)
        check_opens(act.db, ledger.vault, text)
        if held is not None:
            if emergency is None:
                raise Held(held[1])
            _release(act, held[0], idle=False)
            act.db.flush()  # before the new reading, which would stand beside it
        # What somebody marked and saw before they gave the text back stays marked and seen.
        reading = act.db.scalar(
            sa.select(Reading)
            .where(Reading.text_id == text_id, Reading.part == part)
            .where(Reading.user_id == person, Reading.submitted.is_(None))
            .order_by(Reading.id.desc())
            .limit(1)
        )
        if reading is None:
            reading = Reading(text_id=text_id, user_id=person, part=part, taken=act.now)
            act.db.add(reading)
        reading.released, reading.touched, reading.emergency = None, act.now, emergency
        act.db.flush()
        act.record("reading.taken", f"text#{text_id}", part=part, emergency=emergency)
        return reading.id


def _check_part(db: Transaction, person: int, text_id: int, part: str, *, may_adjudicate: bool) -> None:
    """Nobody reads a text twice, and differences are settled by a lead who is neither reader."""
    before = db.scalar(
        sa.select(Reading.id).where(
            Reading.text_id == text_id, Reading.user_id == person, Reading.submitted.is_not(None)
        )
    )
    if before is not None:
        raise NotYours("this person read the text already")
    if part == "adjudicator" and not may_adjudicate:
        raise NotYours("differences are settled by a lead")


def touch(act: Act, person: int, text_id: int, version: int | None) -> tuple[Text, Case, Reading, list[Mark]]:
    """The open reading of a person, locked, if it is as the page that asks knew it.

    Args:
        version: number of the last mark that the page knew, 0 before the first; None if that does not matter.

    Raises:
        NoSuchText, NotHeld, Changed: see the classes.
    """
    # The text's row first, as everybody who takes it does: nobody waits in a circle.
    act.db.execute(sa.select(Text.id).where(Text.id == text_id).with_for_update())
    text, case = find(act.db, text_id)
    reading = reading_of(act.db, person, text_id)
    if reading is None or reading.submitted is not None:
        raise NotHeld("the person does not hold the text")
    act.db.refresh(reading, with_for_update=True)
    if reading.released is not None or reading.submitted is not None:
        raise NotHeld("the person does not hold the text any more")
    mine = marks_of(act.db, reading)
    if version is not None and version != max((x.id for x in mine), default=0):
        raise Changed("the reading changed meanwhile")
    reading.touched = act.now
    return text, case, reading, mine


def give_back(ledger: Ledger, person: int, text_id: int) -> None:
    """Put a text back; nothing happens if the person does not hold it."""
    with ledger.acting(user(person)) as act:
        put_back(act, person, text_id)


def put_back(act: Act, person: int, text_id: int) -> None:
    """Put a text back within an act, if the person holds it."""
    held = sa.select(Reading).where(Reading.text_id == text_id, Reading.user_id == person, *OPEN).with_for_update()
    for reading in act.db.scalars(held):
        _release(act, reading, idle=False)


def give_back_lying(ledger: Ledger) -> int:
    """Put back the texts that lie untouched; returns how many."""
    with ledger.acting(SYSTEM) as act:
        lying = sa.select(Reading).where(*OPEN, Reading.touched < act.now - LYING)
        found = list(act.db.scalars(lying.with_for_update(skip_locked=True)))
        for reading in found:
            _release(act, reading, idle=True)
    return len(found)


def _release(act: Act, reading: Reading, *, idle: bool) -> None:
    """Put a text back that somebody has."""
    reading.released = act.now
    act.record("reading.given_back", f"text#{reading.text_id}", part=reading.part, idle=idle)
