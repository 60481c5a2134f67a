"""Asks the model about texts that wait, a few at a time; what was begun and not finished is begun again later."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.answers import LEVELS, dump, uncertainty
from serving.desk.cases import NoSuchCase, open_box, unseal_text
from serving.desk.traces import LOCK, mark_shared, replace, traces
from serving.desk.unreadable import reason_of
from serving.store.desk import Case, Reading, Suggestion, Text, Trace
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE, CaseBox, Place
from triage.assessment import Assessment
from triage.text import Document

log = logging.getLogger("tegn")
GIVEN_UP = timedelta(minutes=15)
"""After this long a text that was claimed and not tagged is claimed anew: its worker died."""
MAX_TRIES = 3
"""How often a worker may die while it has a text: once may be chance or a restart, and each time the service is down."""


@dataclass(frozen=True, slots=True)
class Model:
    """The model that is asked."""

    name: str
    """Name and version."""
    digest: str
    """Hexadecimal digits that tell its weights apart, for the audit log."""


def claim(ledger: Ledger, model: Model, *, outdated: bool, count: int = 8) -> list[Document] | None:
    """Texts that no other worker has, to ask the model about. That they were tried is kept before the model sees them.

    One whose worker died is tried alone, so that the others of its batch are not given up with it; after `MAX_TRIES` it goes to
    its readers without suggestions, or keeps those of the earlier model. One that cannot be opened goes to its readers too, who
    meet the error. The same model under the same keys does not take it again; another one does, or this one with other keys.

    Args:
        outdated: not the new ones, but those that this model has not read, and nobody took since.

    Returns:
        None if no text waits; an empty list if there is none to ask about among those it looked at, and more may wait.
    """
    asker = hashlib.sha256("\n".join((model.name, *ledger.vault.key_ids)).encode()).hexdigest()
    tries = sa.case((Text.tried_by == asker, Text.tries), else_=0)
    over = datetime.now(UTC) - GIVEN_UP
    free = sa.or_(Text.claimed.is_(None), Text.claimed < over)
    taken = sa.select(Reading.id).where(Reading.text_id == Text.id, Reading.released.is_(None)).exists()
    earlier = (Text.stage == "first", Text.model.is_distinct_from(model.name), ~taken, tries < MAX_TRIES)
    wanted = earlier if outdated else (Text.stage == "new",)
    query = (
        sa.select(Text.id).where(*wanted, free).order_by(Text.tries, Text.id).limit(count)
    )  # as ix_texts_tries has them
    with ledger.reading() as db:
        if db.scalar(query.limit(1)) is None:  # usually, and then nobody has to wait for the write lock
            return None
    with ledger.acting(SYSTEM) as act:
        found = act.db.execute(query.add_columns(tries).with_for_update(skip_locked=True)).all()
        numbers = [number for number, tried in found if not tried] or [number for number, _ in found[:1]]
        taking = {"claimed": act.now, "tries": tries + 1, "tried_by": asker}
        act.db.execute(sa.update(Text).where(Text.id.in_(numbers)).values(taking))
        rows = act.db.execute(sa.select(Text, Case).join(Case).where(Text.id.in_(numbers)).order_by(Text.id)).all()
        documents = []
        for text, case in rows:
            if text.tries > MAX_TRIES:
                log.error("text %d ended its worker %d times; it goes to its readers as it is", text.id, MAX_TRIES)
                text.stage, text.model, text.claimed, text.tries = "first", model.name, None, 0
                act.record("document.tagged", f"text#{text.id}", model=model.digest)
                continue
            try:
                plain = unseal_text(open_box(ledger.vault, case), text, "sealed_text")
            except (*UNREADABLE, NoSuchCase) as error:
                # It must not hold up the others. Whoever opens it meets the same error: the store has to be mended.
                log.error("text %d cannot be opened: %s", text.id, type(error).__name__)
                text.stage, text.claimed, text.tries = "first", None, MAX_TRIES
                act.record("document.unreadable", f"text#{text.id}", reason=reason_of(error))
                continue
            documents.append(Document(str(text.id), text.kind, plain))
        return documents if found else None


def give_back(ledger: Ledger, documents: Sequence[Document], *, tried: bool = False) -> None:
    """Leave texts that were claimed to whoever comes next: this worker stops, and they are not to blame.

    Args:
        tried: they may be to blame, as what read them ended: the try counts, and each is tried alone from now on.
    """
    with ledger.acting(SYSTEM) as act:
        mine = Text.id.in_([int(x.id) for x in documents])
        act.db.execute(
            sa.update(Text).where(mine, Text.tries > 0).values(claimed=None, tries=Text.tries - int(not tried))
        )


def keep(ledger: Ledger, model: Model, documents: Sequence[Document], assessments: Sequence[Assessment | None]) -> int:
    """Keep what the model said; returns how many texts it was kept for: one that was erased meanwhile is left out.

    A text for which there is no assessment, as the model failed on it, goes to its readers without suggestions.
    """
    kept = 0
    traced: list[Trace] = []
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        for document, assessment in zip(documents, assessments, strict=True):
            found = act.db.execute(
                sa.select(Text, Case).join(Case).where(Text.id == int(document.id)).with_for_update(of=Text)
            ).one_or_none()
            if found is None:
                continue
            text, case = found
            text.claimed = None
            # Else an answer is there, and this model fails on it for good.
            if assessment is not None or text.stage == "new":
                text.tries = 0
            if text.stage != "new" and (assessment is None or text.stage != "first" or _is_held(act.db, text.id)):
                continue  # somebody reads it by now: what they see stays
            try:
                box = open_box(ledger.vault, case)
                text.model = model.name
            except (*UNREADABLE, NoSuchCase) as error:  # since it was claimed
                act.record("document.unreadable", f"text#{text.id}", reason=reason_of(error))
                box = None
            if assessment is not None and box is not None:
                text.priority = LEVELS.index(assessment.priority.level)
                text.uncertainty = uncertainty(assessment)
                _store(act.db, box, text, assessment, act.now)
            text.stage = "first"
            entities = assessment.entities if assessment else ()
            rows = traces(ledger.vault, text.id, document.text, entities)
            replace(act.db, text, rows)
            traced += rows
            level = assessment.priority.level if assessment and box else None
            act.record("document.tagged", f"text#{text.id}", model=model.digest, priority=level)
            kept += 1
        mark_shared(act.db, traced)
    return kept


def _is_held(db: Transaction, text_id: int) -> bool:
    held = sa.select(Reading.id).where(Reading.text_id == text_id, Reading.released.is_(None))
    return db.scalar(held.limit(1)) is not None


def _store(db: Transaction, box: CaseBox, text: Text, assessment: Assessment, now: datetime) -> None:
    row = db.scalar(sa.select(Suggestion).where(Suggestion.text_id == text.id, Suggestion.model == text.model))
    if row is None:
        row = Suggestion(text_id=text.id, model=text.model, made=now, sealed_answer=b"")
        db.add(row)
        db.flush()
    row.made = now
    row.sealed_answer = box.seal(dump(assessment), Place("suggestions", "sealed_answer", row.id))
