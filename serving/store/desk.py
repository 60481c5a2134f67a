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
UNREAD = STAGES[:2]
"""Before the first reading is handed in: so long suggestions for a blind text are secret."""
PARTS = ("first", "second", "adjudicator")
"""In which part somebody reads a text."""
PART_OF = {"first": "first", "second": "second", "adjudication": "adjudicator"}
"""The part in which a text is read at each stage."""
VERDICTS = ("accept", "reject", "correct", "add", "undo")
"""What a mark says of an indicator; `undo` takes an earlier mark back."""
OUTCOMES = ("refer", "not_relevant", "wait", "more_information")
REASONS = ("denied", "other_person", "hypothetical", "lawful", "wrong_words", "not_in_text", "other")
"""Why a suggestion is rejected."""


def one_of(column: str, values: tuple[str, ...], *, optional: bool = False) -> CheckConstraint:
    """A check that a column has one of these values."""
    known = f"{column} IN ({', '.join(repr(x) for x in values)})"
    return CheckConstraint(f"{column} IS NULL OR {known}" if optional else known, name=f"{column}_is_known")


class Case(Base):
    """Texts that belong together, under one key. Erased, the row stays as a tombstone without key and words."""

    __tablename__ = "cases"
    id: Mapped[int] = mapped_column(primary_key=True)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    """None once erased."""
    sealed_reference: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What people call it, such as a journal number."""
    reference: Mapped[str | None] = mapped_column(String(64), index=True)
    """Keyed hash of what people call it, to find it again."""
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    keep_until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    erased: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Text(Base):
    """A text submitted for review, exactly as received."""

    __tablename__ = "texts"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("stage", STAGES),
        one_of("outcome", OUTCOMES, optional=True),
        Index("ix_texts_priority", "stage", "priority", "id"),
        Index("ix_texts_uncertainty", "stage", "uncertainty", "id"),
        Index("ix_texts_age", "stage", "id"),
        Index("ix_texts_sample", "stage", "draw", "id"),
        Index("ix_texts_outcome", "stage", "outcome"),
        Index("ix_texts_tries", "stage", "tries", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_title: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Where it came from, such as a file's name and a row."""
    length: Mapped[int]
    """Code points."""
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hash of the canonical text: tells duplicates without telling the text."""
    received: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    stage: Mapped[str] = mapped_column(String(20), default="new")
    priority: Mapped[int] = mapped_column(default=3)
    """0 high to 3 none, as `triage.priority` says: an index has the order of the queue."""
    uncertainty: Mapped[float] = mapped_column(Float, default=0.0)
    """Of the indicator that is least certain: 1 at a probability of one half, 0 at none and at one."""
    draw: Mapped[float] = mapped_column(Float)
    """Uniform at random when it was received: an audit sample takes those below its share."""
    blind: Mapped[bool] = mapped_column(default=False)
    """The first reader marks before seeing suggestions."""
    twice: Mapped[bool] = mapped_column(default=False)
    """A second person reads it without seeing what the first decided."""
    model: Mapped[str | None] = mapped_column(String(120))
    """Name and version of the model whose answer is shown; None if none was asked yet."""
    claimed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When a worker took it to ask the model; given up if that is long ago."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often a worker took it since one last came back with it."""
    tried_by: Mapped[str | None] = mapped_column(String(64))
    """Digest of the model and the master keys that the tries are of: for any other they count as none."""
    for_training: Mapped[bool] = mapped_column(default=False)
    """May leave in an export: everybody who handed in a reading so far said so."""
    traced: Mapped[int] = mapped_column(default=0)
    """The form of its contacts, as `serving.linking.records.FORM`; those of a lower one are found anew."""
    outcome: Mapped[str | None] = mapped_column(String(20))


class Trace(Base):
    """Something that texts can have in common: a contact, or a part of their words. A keyed hash tells that, and nothing else."""

    __tablename__ = "traces"
    __table_args__ = (
        Index("ix_traces_value", "value", "shared"),
        Index(
            "ix_traces_shared",
            "text_id",
            "place",
            sqlite_where=text("shared = 1"),  # as SQLAlchemy asks for it, or SQLite does not use it
            postgresql_where=text("shared"),
        ),
    )
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Number within the text."""
    kind: Mapped[str] = mapped_column(String(10))
    """A kind of contact, as in `serving.linking.contacts.KINDS`, or `words`."""
    value: Mapped[str] = mapped_column(String(64))
    shared: Mapped[bool] = mapped_column(default=False)
    """A contact that was in another text or an ad too, and may be a link (`serving.desk.traces.mark_shared`)."""


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
        one_of("part", PARTS),
        one_of("outcome", OUTCOMES, optional=True),
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
    emergency: Mapped[str | None] = mapped_column(String(20))
    """Why it was taken from somebody who held it."""
    flagged: Mapped[int | None]
    """Suggestions with a flag when they were shown to a blind reader, or when the reading was handed in."""
    found: Mapped[int | None]
    """How many of those the reader had as stated: a blind one before seeing them."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    sealed_note: Mapped[bytes | None] = mapped_column(LargeBinary)


class Mark(Base):
    """What a reader says of one indicator in a text."""

    __tablename__ = "marks"
    __table_args__ = (
        one_of("verdict", VERDICTS),
        one_of("state", STATES, optional=True),
        one_of("reason", REASONS, optional=True),
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
    undoes: Mapped[int | None] = mapped_column(ForeignKey("marks.id", ondelete="CASCADE"), index=True)
    made: Mapped[datetime] = mapped_column(UTCDateTime)


class Draft(Base):
    """What somebody typed on the page of a text and has not sent yet. Nobody else is shown it."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("text_id", "user_id", "part"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    part: Mapped[str] = mapped_column(String(80))
    """Which form of the page: `finish`, `mark`, or `reject-` with an indicator."""
    sealed_fields: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON object of the form's fields."""
    saved: Mapped[datetime] = mapped_column(UTCDateTime)


class Upload(Base):
    """Files that somebody sent together."""

    __tablename__ = "uploads"
    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    """Its key seals the files while they wait."""
    together: Mapped[bool]
    """The texts go to that case; else each is a case of its own."""
    kind: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    made: Mapped[datetime] = mapped_column(UTCDateTime)


FILE_STATES = ("waiting", "choose", "reading", "done", "failed")
"""`choose`: a table whose column of texts somebody has to name."""


class UploadedFile(Base):
    """A file on its way to texts. Its bytes go as soon as they are read, or cannot be; they stay while trying again may help."""

    __tablename__ = "uploaded_files"
    __table_args__ = (one_of("state", FILE_STATES), Index("ix_uploaded_files_state", "state", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[int] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"), index=True)
    sealed_name: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_data: Mapped[bytes | None] = mapped_column(LargeBinary)
    sealed_columns: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON of the names of a table's columns, and which of them hold short cells alone."""
    sealed_column: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The column that was chosen."""
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    claimed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    """How often a worker took it since one last came back with it."""
    delays: Mapped[int] = mapped_column(default=0)
    """How often it was put off because the machine had too much to do."""
    again: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When it was put off: until then nobody takes it."""
    texts: Mapped[int] = mapped_column(default=0)
    """Texts that were taken from it."""
    known: Mapped[int] = mapped_column(default=0)
    """Texts of it that were there already."""
    problems: Mapped[str] = mapped_column(String(4000), default="[]")
    """JSON list of [code, place] of `serving.extract.result`."""
