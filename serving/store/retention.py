"""What is forgotten of log-ins: sessions that ended and links that are spent or too old, after a time. What people did stays in
the audit log. Of a log-in by a provider nothing is stored (`serving.provider.Secrets`), so there is nothing to forget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from serving.store.ledger import SYSTEM, Ledger
from serving.store.sessions import IDLE, LONGEST
from serving.store.tables import LoginLink, Session


def forget_logins(ledger: Ledger, keep: timedelta) -> int:
    """Delete sessions that ended and links that were used or ran out more than `keep` ago; returns how many rows."""
    until = datetime.now(UTC) - keep
    ended = sa.or_(Session.seen < until - IDLE, Session.started < until - LONGEST)
    over = sa.or_(LoginLink.used < until, LoginLink.expires < until)
    with ledger.reading() as db:
        if not any(db.scalar(sa.select(sa.literal(1)).where(sa.exists().where(x))) for x in (ended, over)):
            return 0  # usually, and then nobody has to wait for the write lock
    with ledger.acting(SYSTEM) as act:
        sessions = len(act.db.scalars(sa.delete(Session).where(ended).returning(Session.token_hash)).all())
        links = len(act.db.scalars(sa.delete(LoginLink).where(over).returning(LoginLink.token_hash)).all())
        act.record("logins.forgotten", sessions=sessions, links=links)
    return sessions + links
