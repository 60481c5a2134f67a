"""Drafts: what a reader typed and has not sent. Sealed with the case, shown to nobody else, they end with the text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import open_box, seal, unseal_text
from serving.desk.holding import touch
from serving.desk.views import find
from serving.store.desk import Draft
from serving.store.ledger import Ledger, user
from serving.store.vault import Tampered
from triage.indicators import Scheme

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "finish": ("outcome", "note", "for_training", "ask_second"),
    "mark": ("code", "state", "words", "spans"),
}
"""What is kept of each form; of one that rejects an indicator, the reason."""
REJECT = "reject-"
"""What the drafts of a rejection begin with; the indicator follows."""
_ALWAYS = ("state",)
"""Fields that say nothing by themselves."""
MOST = 20_000
"""Code points of a draft: more than any form takes, so that what is too long to be sent is kept too."""


class NotADraft(ValueError):
    """There is no such form, or it holds far more than one takes; the page that sent it is not ours."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft as it was kept."""

    fields: dict[str, str]
    saved: datetime


def save(
    ledger: Ledger, scheme: Scheme, person: int, text_id: int, part: str, fields: Mapping[str, str]
) -> datetime | None:
    """Keep what somebody typed in a form, in place of what was kept of it; returns when, or None if nothing is left of it.

    Nothing is recorded: it tells nothing of the text, and only who typed it gets it back.

    Raises:
        NoSuchText, NotHeld: see the classes.
        NotADraft: see the class.
    """
    rejects = part.startswith(REJECT) and part.removeprefix(REJECT) in scheme.position
    names = ("reason",) if rejects else _FIELDS.get(part)
    if names is None or sum(len(x) for x in fields.values()) > MOST:
        raise NotADraft("there is no such form, or it holds too much")
    typed = {name: fields[name] for name in names if name in fields}
    with ledger.acting(user(person)) as act:
        _, case, _, _ = touch(act, person, text_id, None)
        row = act.db.scalar(sa.select(Draft).filter_by(text_id=text_id, user_id=person, part=part))
        if not any(x.strip() for name, x in typed.items() if name not in _ALWAYS):
            if row is not None:
                act.db.delete(row)
            return None
        if row is None:
            row = Draft(text_id=text_id, user_id=person, part=part, sealed_fields=b"")
            act.db.add(row)
        row.saved = act.now
        act.db.flush()
        seal(open_box(ledger.vault, case), row, "sealed_fields", json.dumps(typed))
        return act.now


def kept(ledger: Ledger, person: int, text_id: int) -> dict[str, Kept]:
    """What a person typed on the page of a text, by form; one that cannot be opened is left out.

    Raises:
        NoSuchText: see the class.
    """
    with ledger.reading() as db:
        _, case = find(db, text_id)
        box = open_box(ledger.vault, case)
        rows = db.scalars(sa.select(Draft).filter_by(text_id=text_id, user_id=person))
        found = {}
        for row in rows:
            with suppress(Tampered):  # the text can be read without it
                found[row.part] = Kept(json.loads(unseal_text(box, row, "sealed_fields")), row.saved)
        return found


def forget(db: Transaction, *which: sa.ColumnElement[bool]) -> None:
    """Delete the drafts for which all of this holds; part of an act."""
    db.execute(sa.delete(Draft).where(*which))
