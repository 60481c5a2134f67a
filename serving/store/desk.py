"""Tables of the review desk: cases, texts, what the model said, who reads, and what people decided.

Everything that may hold words of a case is sealed (`serving.store.vault`) and named `sealed_...`. A mark is never changed: a
later one replaces it, so history and undo are the same rows read in order.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.tables import Base, UTCDateTime
from triage.text import KINDS, STATES

STAGES = ("new", "first", "second", "adjudication", "done")
"""What a text waits for: the model, the first reader, the second, somebody to settle differences, or nothing."""
PARTS = ("first", "second", "adjudicator")
"""In which part somebody reads a text."""
VERDICTS = ("accept", "reject", "correct", "add", "withdraw")
"""What a mark says of an indicator; `withdraw` takes the last one back."""
OUTCOMES = ("refer", "not_relevant", "wait", "more_information")
REASONS = ("denied", "other_person", "hypothetical", "lawful", "wrong_words", "not_in_text", "other")
"""Why a suggestion is rejected."""


def _one_of(column: str, values: tuple[str, ...], *, optional: bool = False) -> CheckConstraint:
    known = f"{column} IN ({', '.join(repr(x) for x in values)})"
    return CheckConstraint(f"{column} IS NULL OR {known}" if optional else known, name=f"{column}_is_known")


class Case(Base):
    """Texts that belong together, under one key. Erased, the row stays as a tombstone without key and words."""

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_reference: Mapped[bytes | None] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    keep_until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    erased: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Text(Base):
    """A text submitted for review, exactly as received."""

    __tablename__ = "texts"
    __table_args__ = (
        _one_of("kind", KINDS),
        _one_of("stage", STAGES),
        _one_of("outcome", OUTCOMES, optional=True),
        Index("ix_texts_queue", "stage", "priority", "received"),
        Index("ix_texts_uncertain", "stage", "uncertainty"),
        Index("ix_texts_draw", "stage", "draw"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    source: Mapped[str | None] = mapped_column(String(40))
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_title: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Where it came from, such as a file's name and a row."""
    length: Mapped[int]
    """Code points."""
    fingerprint: Mapped[str] = mapped_column(String(64), index=True)
    """Keyed hash of the canonical text: tells duplicates without telling the text."""
    received: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    stage: Mapped[str] = mapped_column(String(20), default="new")
    priority: Mapped[int] = mapped_column(default=0)
    """0 none to 3 high, as `triage.priority` says."""
    uncertainty: Mapped[float] = mapped_column(Float, default=0.0)
    """How near the nearest indicator is to a decision it does not have, 0 to 1."""
    draw: Mapped[float] = mapped_column(Float)
    """Uniform at random when it was received: an audit sample takes those below its share."""
    blind: Mapped[bool] = mapped_column(default=False)
    """The first reader marks before seeing suggestions."""
    for_training: Mapped[bool] = mapped_column(default=False)
    """May leave in an export."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    version: Mapped[int] = mapped_column(default=1)
    """Counts changes, so that two people who change the same text at once are told."""


class Suggestion(Base):
    """What one model said of a text."""

    __tablename__ = "suggestions"
    __table_args__ = (UniqueConstraint("text_id", "model"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"))
    model: Mapped[str] = mapped_column(String(120))
    """Name and version."""
    made: Mapped[datetime] = mapped_column(UTCDateTime)
    sealed_answer: Mapped[bytes] = mapped_column(LargeBinary)
    """The result object of ``/v1/tag``, all indicators."""


class Reading(Base):
    """One person reading one text in one part. Who has an open reading has the text; nobody else can take it."""

    __tablename__ = "readings"
    __table_args__ = (
        _one_of("part", PARTS),
        _one_of("outcome", OUTCOMES, optional=True),
        Index(
            "ux_readings_held",
            "text_id",
            "part",
            unique=True,
            sqlite_where=text("released IS NULL"),
            postgresql_where=text("released IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    part: Mapped[str] = mapped_column(String(20))
    taken: Mapped[datetime] = mapped_column(UTCDateTime)
    touched: Mapped[datetime] = mapped_column(UTCDateTime)
    """Last act: a text that is left lying goes back to the queue."""
    shown: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the suggestions were shown; until then the reading is blind."""
    submitted: Mapped[datetime | None] = mapped_column(UTCDateTime)
    released: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Given back unread, or taken away. A submitted reading stays held."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    sealed_note: Mapped[bytes | None] = mapped_column(LargeBinary)


class Mark(Base):
    """What a reader says of one indicator in a text."""

    __tablename__ = "marks"
    __table_args__ = (
        _one_of("verdict", VERDICTS),
        _one_of("state", STATES, optional=True),
        _one_of("reason", REASONS, optional=True),
        Index("ix_marks_reading", "reading_id", "indicator", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    reading_id: Mapped[int] = mapped_column(ForeignKey("readings.id", ondelete="CASCADE"))
    indicator: Mapped[str] = mapped_column(String(60))
    verdict: Mapped[str] = mapped_column(String(20))
    state: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(20))
    spans: Mapped[str | None] = mapped_column(String(2000))
    """JSON list of [start, end] in code points; places, not words."""
    blind: Mapped[bool] = mapped_column(default=False)
    """Made before the suggestions were shown."""
    made: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditEntry(Base):
    """One act, reads included, written in the transaction of the act and chained to the one before."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    act: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(String(60), index=True)
    details: Mapped[str] = mapped_column(String(2000))
    """JSON of names, numbers and yes or no; never words of a text."""
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)


class Switch(Base):
    """A setting that people change while Tegn runs, such as the stop switch for suggestions."""

    __tablename__ = "switches"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    changed: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
