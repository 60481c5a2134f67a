"""The newest uploads of a person, as a list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from serving.store.desk import Case, Upload, UploadedFile
from serving.store.ledger import Ledger

_MOST = 5
"""Uploads that are listed."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An upload in the list of a person's own."""

    id: int
    kind: str
    made: datetime
    case_id: int | None
    states: dict[str, int]
    """How many files are in each state; `again` are those that wait to be tried again."""

    @property
    def files(self) -> int:
        """How many files it has."""
        return sum(self.states.values())


def recent(ledger: Ledger, person: int) -> list[Sent]:
    """The newest uploads of a person."""
    with ledger.reading() as db:
        rows = db.execute(
            sa.select(Upload, Case.id)
            .join(Case, Case.id == Upload.case_id)
            .where(Upload.user_id == person)
            .order_by(Upload.id.desc())
            .limit(_MOST)
        ).all()
        seen = sa.case((UploadedFile.again.is_not(None), "again"), else_=UploadedFile.state).label("seen")
        of_upload = sa.select(UploadedFile.upload_id, seen, sa.func.count())
        wanted = UploadedFile.upload_id.in_([upload.id for upload, _ in rows])
        states: dict[int, dict[str, int]] = {}
        for number, said, many in db.execute(of_upload.where(wanted).group_by(UploadedFile.upload_id, sa.text("seen"))):
            states.setdefault(number, {})[said] = many
        return [
            Sent(upload.id, upload.kind, upload.made, case if upload.together else None, states.get(upload.id, {}))
            for upload, case in rows
        ]
