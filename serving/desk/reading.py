"""One person reading one text: what they mark, take back and hand in."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk import marks
from serving.desk.cases import open_box, seal
from serving.desk.drafts import REJECT, forget
from serving.desk.holding import touch
from serving.desk.marks import Decision, NotAMark
from serving.desk.switches import read_switches
from serving.desk.views import Earlier, answer_of, differing, earlier_readings, hides, marks_of
from serving.store.desk import OUTCOMES, Draft, Mark, Reading, Text
from serving.store.ledger import Act, Ledger, user
from serving.store.vault import CaseBox
from triage.assessment import FLAG, Assessment
from triage.indicators import Scheme
from triage.text import Span

MAX_NOTE = 5_000
"""Code points of a reader's note."""


class Unfinished(ValueError):
    """The reading cannot be handed in yet; `codes` are indicators without a decision, `outcome` tells whether it is missing."""

    def __init__(self, codes: tuple[str, ...], *, outcome: bool) -> None:
        self.codes, self.outcome = codes, outcome
        super().__init__("a decision is missing")


def mark(
    ledger: Ledger,
    scheme: Scheme,
    person: int,
    text_id: int,
    *,
    version: int,
    code: str,
    verdict: str,
    state: str = "",
    reason: str = "",
    spans: tuple[Span, ...] = (),
    sent: str = "",
) -> int:
    """Say something of an indicator; returns the reading's new version. Once it returns, it is kept.

    Args:
        sent: the form that says it, of which no draft is needed any more.

    Raises:
        NoSuchText, NotHeld, Changed, NotAMark: see the classes.
    """
    said = _Said(code, verdict, state, reason, spans)
    with ledger.acting(user(person)) as act:
        text, case, reading, _ = touch(act, person, text_id, version)
        box = open_box(ledger.vault, case)
        new = _add(act, scheme, box, (text, reading), earlier_readings(act.db, box, text, reading), said)
        forget(act.db, Draft.text_id == text_id, Draft.user_id == person, Draft.part.in_((sent, REJECT + code)))
        return new


@dataclass(frozen=True, slots=True)
class _Said:
    """What is to be said of an indicator, unchecked."""

    code: str
    verdict: str
    state: str = ""
    reason: str = ""
    spans: tuple[Span, ...] = ()


def _add(
    act: Act, scheme: Scheme, box: CaseBox, where: tuple[Text, Reading], before: tuple[Earlier, ...], said: _Said
) -> int:
    """Add a mark to a reading that is locked."""
    text, reading = where
    stopped = not read_switches(act.db).suggestions
    hidden = hides(reading, text, stopped=stopped)
    proposed = {} if hidden else marks.suggested(answer_of(act.db, box, text))
    # What a lead has to settle stands above what the model suggested.
    proposed = {**proposed, **marks.differed(*(one.decisions for one in before))}
    new = marks.checked(
        code=said.code,
        verdict=said.verdict,
        state=said.state,
        reason=said.reason,
        spans=said.spans,
        length=text.length,
        kind=text.kind,
        scheme=scheme,
        proposed=proposed,
    )
    new.reading_id, new.made, new.blind = reading.id, act.now, hidden and reading.shown is None
    act.db.add(new)
    act.db.flush()
    act.record(
        "decision.made",
        f"text#{text.id}",
        indicator=new.indicator,
        verdict=new.verdict,
        state=new.state,
        reason=new.reason,
    )
    return new.id


def settle(ledger: Ledger, scheme: Scheme, person: int, text_id: int, *, version: int, code: str, part: str) -> int:
    """Say of an indicator what a reader before said of it; returns the reading's new version.

    Args:
        part: which reader, ``first`` or ``second``.

    Raises:
        NoSuchText, NotHeld, Changed: as `mark`.
        NotAMark: this person settles nothing, or there is no such reader, or they said nothing of it.
    """
    with ledger.acting(user(person)) as act:
        text, case, reading, _ = touch(act, person, text_id, version)
        box = open_box(ledger.vault, case)
        before = earlier_readings(act.db, box, text, reading)
        theirs = next((x for x in before if x.part == part), None)
        if theirs is None:
            raise NotAMark("verdict")
        said = theirs.decisions.get(code)
        if said is None:  # they rejected nothing: the reason has to be the one who settles's own
            raise NotAMark("reason")
        if said.state is None:
            new = _Said(code, "reject", reason=said.reason or "")
        else:
            new = _Said(code, "add", said.state, spans=said.spans)
        forget(act.db, Draft.text_id == text_id, Draft.user_id == person, Draft.part == REJECT + code)
        return _add(act, scheme, box, (text, reading), before, new)


def undo(ledger: Ledger, person: int, text_id: int, *, version: int) -> Decision:
    """Take back the last mark that stands; returns it.

    Raises:
        NoSuchText, NotHeld, Changed: see the classes.
        NotAMark: there is nothing to take back.
    """
    with ledger.acting(user(person)) as act:
        _, _, reading, mine = touch(act, person, text_id, version)
        standing = [x for x in marks.history(mine) if not x.undone]
        if not standing:
            raise NotAMark("nothing_to_undo")
        _take_back(act, reading, standing[-1:])
        return standing[-1]


def remove(ledger: Ledger, person: int, text_id: int, *, version: int, code: str) -> Decision:
    """Take back a sign that the reader added, whenever that was, with all that they said of it; returns the last of it.

    Raises:
        NoSuchText, NotHeld, Changed: see the classes.
        NotAMark: the reader added no such sign.
    """
    with ledger.acting(user(person)) as act:
        _, _, reading, mine = touch(act, person, text_id, version)
        standing = [x for x in marks.history(mine) if x.indicator == code and not x.undone]
        if not standing or standing[-1].verdict != "add":
            raise NotAMark("not_added")
        _take_back(act, reading, standing)
        return standing[-1]


def _take_back(act: Act, reading: Reading, taken: list[Decision]) -> None:
    for one in taken:
        blind = reading.shown is None
        act.db.add(
            Mark(
                reading_id=reading.id,
                indicator=one.indicator,
                verdict="undo",
                undoes=one.mark,
                blind=blind,
                made=act.now,
            )
        )
        act.record("decision.undone", f"text#{reading.text_id}", indicator=one.indicator)


class NothingMarked(ValueError):
    """Somebody who reads blind asks for the suggestions without having marked anything; ask them whether they mean it."""


def show(ledger: Ledger, person: int, text_id: int, *, sure: bool = False) -> None:
    """Show the suggestions to somebody who read blind; what was marked so far stays told as blind.

    Args:
        sure: also if nothing is marked.

    Raises:
        NoSuchText, NotHeld, NothingMarked: see the classes.
    """
    with ledger.acting(user(person)) as act:
        text, case, reading, mine = touch(act, person, text_id, None)
        if reading.shown is None:
            said = marks.current(mine)
            if not said and not sure:
                raise NothingMarked("nothing is marked")
            reading.shown = act.now
            _count(reading, _flagged(answer_of(act.db, open_box(ledger.vault, case), text)), said)
            act.record("reading.shown", f"text#{text_id}", marks=len(said))


def _flagged(answer: Assessment | None) -> list[str]:
    return [x.code for x in (answer.findings if answer else ()) if x.decision == FLAG]


def _count(reading: Reading, flagged: list[str], said: dict[str, marks.Decision]) -> None:
    """Keep how many of the flagged suggestions the reader has as stated."""
    reading.flagged = len(flagged)
    reading.found = sum(code in said and said[code].state == "stated" for code in flagged)


def submit(
    ledger: Ledger,
    person: int,
    text_id: int,
    *,
    version: int,
    outcome: str,
    note: str = "",
    for_training: bool = False,
    ask_second: bool = False,
) -> str:
    """Hand in a reading; returns the stage that the text goes to.

    Raises:
        NoSuchText, NotHeld, Changed: see the classes.
        Unfinished: a flagged suggestion, or a difference to settle, has no decision, or there is no outcome.
        NotAMark: the note is too long.
    """
    with ledger.acting(user(person)) as act:
        text, case, reading, mine = touch(act, person, text_id, version)
        box = open_box(ledger.vault, case)
        if len(note) > MAX_NOTE:
            raise NotAMark("note")
        stopped = not read_switches(act.db).suggestions
        if hides(reading, text, stopped=stopped) and not stopped:
            raise Unfinished((), outcome=outcome not in OUTCOMES)  # a blind reading ends with a look at the suggestions
        answer = None if stopped else answer_of(act.db, box, text)
        earlier = earlier_readings(act.db, box, text, reading)
        wanted = differing(earlier) if reading.part == "adjudicator" else _flagged(answer)
        said = marks.current(mine)
        missing = tuple(code for code in wanted if code not in said)
        if missing or outcome not in OUTCOMES:
            raise Unfinished(missing, outcome=outcome not in OUTCOMES)
        reading.submitted, reading.outcome = act.now, outcome
        if reading.flagged is None and reading.part != "adjudicator" and not stopped:
            _count(reading, _flagged(answer), said)
        if note.strip():
            seal(box, reading, "sealed_note", note)
        # It leaves only if everybody who hands in a reading of it says so: one who does not keeps it here.
        text.for_training = for_training and (reading.part == "first" or text.for_training)
        text.twice = text.twice or (ask_second and reading.part == "first")
        act.db.flush()
        text.stage = _next_stage(act.db, text, reading)
        if text.stage == "done":
            text.outcome = outcome
        # Of a text that is done also the drafts of those who had it and gave it back.
        forget(act.db, Draft.text_id == text_id, *(() if text.stage == "done" else (Draft.user_id == person,)))
        act.record(
            "reading.submitted",
            f"text#{text_id}",
            part=reading.part,
            outcome=outcome,
            stage=text.stage,
            for_training=for_training,
        )
        return text.stage


def _next_stage(db: Transaction, text: Text, reading: Reading) -> str:
    """Where a text goes after a reading: to a second reader, to somebody who settles differences, or nowhere."""
    if reading.part == "first":
        return "second" if text.twice else "done"
    if reading.part == "adjudicator":
        return "done"
    first = db.scalar(
        sa.select(Reading).where(Reading.text_id == text.id, Reading.part == "first", Reading.submitted.is_not(None))
    )
    if first is None:
        return "done"
    mine, theirs = ({x.says for x in marks.current(marks_of(db, row)).values() if x.state} for row in (reading, first))
    return "done" if mine == theirs and reading.outcome == first.outcome else "adjudication"
