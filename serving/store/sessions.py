"""Sessions: who somebody logged in is, for how long, and how it ends."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select, update

from serving.store.ledger import ANONYMOUS, Act, user
from serving.store.people import Part, digest
from serving.store.tables import Session, User

IDLE = timedelta(minutes=30)
"""A session ends when nothing was done for this long."""
LONGEST = timedelta(hours=12)
"""And after this long in any case."""
FRESH = timedelta(minutes=15)
"""How long after a link a password may be chosen without the old one."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody logged in."""

    id: int
    name: str
    role: str
    has_password: bool = False
    way: str = "link"
    """How they came in: link, password or provider."""
    fresh: bool = False
    """Came by a link a short while ago: may choose a password without the old one."""

    @property
    def actor(self) -> str:
        """Their name in the audit log."""
        return user(self.id)

    @property
    def may_choose_password(self) -> bool:
        """Whether a password is theirs to choose: whoever comes by a provider alone has theirs there."""
        return self.has_password or self.fresh


@dataclass(frozen=True, slots=True)
class Visit:
    """A session as its person sees it."""

    started: datetime
    seen: datetime
    way: str
    current: bool


class Sessions(Part):
    """Sessions of people. A token leaves once, when its session begins."""

    def _begin(self, act: Act, number: int, way: str) -> str:
        token, now = secrets.token_urlsafe(32), self._now()
        ended = (Session.seen < now - IDLE) | (Session.started < now - LONGEST)
        act.db.execute(delete(Session).where(Session.user_id == number, ended))
        act.db.add(Session(token_hash=digest(token), user_id=number, seen=now, started=now, way=way))
        act.db.execute(update(User).where(User.id == number).values(seen=now))
        act.actor = user(number)
        act.record("login.succeeded", user(number), way=way)
        return token

    def person(self, session: str) -> Person | None:
        """The person of a session, which is kept alive by asking; None if it is unknown or has ended."""
        now = self._now()
        with self._ledger.reading() as db:
            row = db.execute(self._live(session)).one_or_none()
        if row is None:
            return None
        found, somebody = row
        if now - found.seen > _MINUTE:
            with self._ledger.acting(user(somebody.id)) as act:
                act.db.execute(update(Session).where(Session.token_hash == found.token_hash).values(seen=now))
                act.db.execute(update(User).where(User.id == somebody.id).values(seen=now))
        fresh = found.way == "link" and found.started > now - FRESH
        has_password = somebody.password_hash is not None
        return Person(somebody.id, somebody.name, somebody.role, has_password, found.way, fresh)

    def _live(self, session: str) -> Select[Session, User]:
        now = self._now()
        return (
            select(Session, User)
            .join(User, User.id == Session.user_id)
            .where(
                Session.token_hash == digest(session),
                Session.seen > now - IDLE,
                Session.started > now - LONGEST,
                User.removed.is_(None),
            )
        )

    def visits(self, session: str) -> list[Visit]:
        """The live sessions of the person of one, newest first."""
        now, own = self._now(), digest(session)
        whose = select(Session.user_id).where(Session.token_hash == own).scalar_subquery()
        query = (
            select(Session)
            .where(Session.user_id == whose, Session.seen > now - IDLE, Session.started > now - LONGEST)
            .order_by(Session.started.desc())
        )
        with self._ledger.reading() as db:
            return [Visit(x.started, x.seen, x.way, x.token_hash == own) for x in db.scalars(query)]

    def log_out(self, session: str) -> None:
        """End a session."""
        self._end(session, Session.token_hash == digest(session))

    def log_out_elsewhere(self, session: str) -> None:
        """End all other sessions of the person of one."""
        own = digest(session)
        whose = select(Session.user_id).where(Session.token_hash == own).scalar_subquery()
        self._end(session, (Session.user_id == whose) & (Session.token_hash != own))

    def _end(self, session: str, which: ColumnElement[bool]) -> None:
        with self._ledger.acting(ANONYMOUS) as act:
            number = act.db.scalar(select(Session.user_id).where(Session.token_hash == digest(session)))
            if number is None:
                return
            act.actor = user(number)
            count = act.db.scalar(select(func.count()).select_from(Session).where(which)) or 0
            act.db.execute(delete(Session).where(which))
            act.record("logout", user(number), sessions=count)
