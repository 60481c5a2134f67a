"""Texts that cannot be opened, because what is stored was changed or their key is not here: what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa

from serving.desk.holding import put_back
from serving.store.ledger import Ledger
from serving.store.tables import AuditEntry
from serving.store.vault import KeyLost

_AGAIN = timedelta(days=1)


def reason_of(error: Exception) -> str:
    """Why something cannot be opened, as the audit log calls it."""
    return "key_lost" if isinstance(error, KeyLost) else "tampered"


def give_up(ledger: Ledger, actor: str, person: int, text_id: int, error: Exception) -> None:
    """After somebody met a text that cannot be opened: record it, and put the text back if they have it. What they marked stays,
    and is theirs again once the text was mended and they take it."""
    with ledger.acting(actor) as act:
        put_back(act, person, text_id)
        act.record("document.unreadable", f"text#{text_id}", reason=reason_of(error))


def note_passed_over(ledger: Ledger, actor: str, met: Mapping[int, Exception]) -> None:
    """Record the texts that were passed over on the way to the next one, each once a day: everybody meets them each time."""
    with ledger.acting(actor) as act:
        said = sa.select(AuditEntry.subject).where(
            AuditEntry.subject.in_([f"text#{number}" for number in met]),
            AuditEntry.act == "document.unreadable",
            AuditEntry.at > act.now - _AGAIN,
        )
        known = set(act.db.scalars(said))
        for number, error in met.items():
            if f"text#{number}" not in known:
                act.record("document.unreadable", f"text#{number}", reason=reason_of(error))
