"""Contacts that an earlier version compared otherwise than `ads link` does today are found anew, a few texts at a time."""

from __future__ import annotations

from contextlib import suppress

import sqlalchemy as sa

from serving.desk.cases import open_box, unseal_text
from serving.desk.traces import LOCK, mark_shared, replace, traces
from serving.linking.records import FORM
from serving.store.desk import Case, Text, Trace
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE
from triage.entities import find_entities

_TEXTS = 20
"""Texts of one transaction: others wait for the store meanwhile."""


def retrace_texts(ledger: Ledger, after: int) -> int | None:
    """Compare the contacts of a few texts as today's form does, if an earlier one compared them.

    One that cannot be opened keeps what it has; one that no model read yet gets its contacts then.

    Args:
        after: number of the last text that was looked at.

    Returns:
        The number of the last text looked at now; None if there is none any more.
    """
    waiting = sa.select(Text, Case).join(Case).where(Text.traced < FORM, Text.stage != "new", Text.id > after)
    found: list[tuple[int, list[Trace]]] = []
    last = None
    with ledger.reading() as db:
        for text, case in db.execute(waiting.order_by(Text.id).limit(_TEXTS)):
            last = text.id
            if case.wrapped_key is None:
                continue
            with suppress(*UNREADABLE):
                plain = unseal_text(open_box(ledger.vault, case), text, "sealed_text")
                found.append((text.id, traces(ledger.vault, text.id, plain, find_entities(plain))))
    if found:
        with ledger.acting(SYSTEM) as act:
            act.alone(LOCK)
            for number, rows in found:
                now = act.db.get(Text, number, with_for_update=True)
                if now is not None and now.traced < FORM:
                    replace(act.db, now, rows)
            mark_shared(act.db, [x for _, rows in found for x in rows])
    return last
