"""What whoever is responsible looks at: settings with who changed them, texts by stage, outcomes, people by number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.queue import counts
from serving.store.desk import OUTCOMES, STAGES, Text
from serving.store.tables import ApiKey, Switch, User


@dataclass(frozen=True, slots=True)
class Turned:
    """The last change of a setting."""

    when: datetime
    by: str | None
    """Who did it, if they are known."""


def last_turned(db: Transaction) -> dict[str, Turned]:
    """The last change of each setting that was ever changed."""
    query = sa.select(Switch.name, Switch.changed, User.name.label("by")).outerjoin(User, User.id == Switch.changed_by)
    return {row.name: Turned(row.changed, row.by) for row in db.execute(query)}


def stages(db: Transaction) -> list[tuple[str, int]]:
    """How many texts are at each stage, in the order they pass them."""
    found = counts(db)
    return [(stage, found.get(stage, 0)) for stage in STAGES]


def outcomes(db: Transaction) -> list[tuple[str, int]]:
    """How many texts that are done have each outcome."""
    rows = db.execute(sa.select(Text.outcome, sa.func.count()).where(Text.stage == "done").group_by(Text.outcome)).all()
    found = dict(rows)
    return [(outcome, found.get(outcome, 0)) for outcome in OUTCOMES]


def names(db: Transaction) -> dict[str, str]:
    """The name of everybody and of every key, by how the audit log calls them."""
    people = {f"user#{row.id}": row.name for row in db.execute(sa.select(User.id, User.name).order_by(User.name))}
    keys = {f"key#{row.id}": row.name for row in db.execute(sa.select(ApiKey.id, ApiKey.name).order_by(ApiKey.name))}
    return people | keys
