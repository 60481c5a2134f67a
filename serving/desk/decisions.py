"""What was decided of texts that are done, and the export that models learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk import marks
from serving.desk.cases import open_box, unseal_text
from serving.desk.unreadable import reason_of
from serving.desk.views import marks_of
from serving.store.acts import ranges
from serving.store.desk import Case, Reading, Text
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE
from triage.text import Document, Label
from triage.wire import document_to_json

SOURCE = "review"
"""Where exported texts say they come from."""
_AT_ONCE = 50
"""Texts of one entry in the audit log, whose numbers always fit into it."""


@dataclass(frozen=True, slots=True)
class Record:
    """A text that leaves for training: the document, and how its labels came about."""

    document: dict[str, Any]
    """As in JSON Lines of documents."""
    provenance: dict[str, Any]
    """Who is not told; how many read it, whether blind, what they said of each suggestion, which model suggested."""


def submitted(db: Transaction, text_id: int) -> list[Reading]:
    """The readings of a text that were handed in, in their order."""
    query = sa.select(Reading).where(Reading.text_id == text_id, Reading.submitted.is_not(None))
    return list(db.scalars(query.order_by(Reading.id)))


def export(ledger: Ledger, *, unreadable: Callable[[int, Exception], object] = lambda *_: None) -> Iterator[Record]:
    """All texts that are done and may be used for training, oldest first.

    The numbers of each few texts are recorded before these leave: whatever happens then, no text left unrecorded, and of the
    last few that are recorded some may not have left. A text that cannot be opened is recorded as that, and stops no other.

    Args:
        unreadable: called with the number of each text that cannot be opened, and why.
    """
    last, count = 0, 0
    while True:
        query = (
            sa.select(Text, Case)
            .join(Case)
            .where(Text.stage == "done", Text.for_training, Text.id > last)
            .order_by(Text.id)
            .limit(_AT_ONCE)
        )
        records: dict[int, Record] = {}
        failed: dict[int, Exception] = {}
        with ledger.reading() as db:
            rows = db.execute(query).all()
            for text, case in rows:
                try:
                    records[text.id] = _record(db, ledger, text, case)
                except UNREADABLE as error:
                    failed[text.id] = error
        with ledger.acting(SYSTEM) as act:
            for number, why in failed.items():
                act.record("document.unreadable", f"text#{number}", reason=reason_of(why))
            if records or not (rows or count):  # an export of nothing is one too
                numbers = ranges(records) or None
                act.record("export.made", format="jsonl", records=len(records), with_text=True, numbers=numbers)
        for number, why in failed.items():
            unreadable(number, why)
        yield from records.values()
        if len(rows) < _AT_ONCE:
            return
        last, count = rows[-1][0].id, count + len(rows)


def _record(db: Transaction, ledger: Ledger, text: Text, case: Case) -> Record:
    readings = submitted(db, text.id)
    decisions = marks.final({reading.part: marks.current(marks_of(db, reading)) for reading in readings})
    document = Document(
        id=f"{SOURCE}-{text.id}",
        kind=text.kind,
        text=unseal_text(open_box(ledger.vault, case), text, "sealed_text"),
        source=SOURCE,
        lang="da",
        labels=tuple(Label(x.indicator, x.state, x.spans) for x in decisions.values() if x.state is not None),
    )
    parts = {reading.part for reading in readings}
    return Record(
        document_to_json(document),
        {
            "id": document.id,
            "model": text.model,
            "readers": len(parts & {"first", "second"}),
            "adjudicated": "adjudicator" in parts,
            # Two readers who say the same of an indicator agree, whichever words each of them marked.
            "agreement": "indicator and state, not spans",
            "blind_first": text.blind,
            "outcome": text.outcome,
            "done": max(reading.submitted for reading in readings if reading.submitted).date().isoformat(),
            "decisions": {
                code: {"verdict": x.verdict, "state": x.state, "reason": x.reason, "blind": x.blind}
                for code, x in sorted(decisions.items())
            },
        },
    )
