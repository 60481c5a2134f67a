"""Who may do what: people with one-time log-in links and sessions, systems with keys."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from serving.store.tables import ROLES, SCOPES, ApiKey, LoginLink, Session, User

LINK_LIFE = timedelta(hours=24)
IDLE = timedelta(minutes=30)
"""A session ends when nothing was done for this long."""
LONGEST = timedelta(hours=12)
"""And after this long in any case."""
KEY_PREFIX = "tegn_"


class NotAllowed(ValueError):
    """A name is taken or a role or scope is not known; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody logged in."""

    id: int
    name: str
    role: str


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _check_name(name: str) -> str:
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise NotAllowed("a name has 1 to 100 printable characters")
    return name.strip()


class Access:
    """People, links, sessions and keys of one store. Secrets leave it once, when they are made."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def has_users(self) -> bool:
        """Whether anybody may log in."""
        with Transaction(self._engine) as db:
            return bool(db.scalar(select(func.count()).select_from(User)))

    def has_keys(self) -> bool:
        """Whether any system may call."""
        with Transaction(self._engine) as db:
            return bool(db.scalar(select(func.count()).select_from(ApiKey)))

    def add_user(self, name: str, role: str) -> str:
        """Add a person; returns the token of a log-in link.

        Raises:
            NotAllowed: see the class.
        """
        if role not in ROLES:
            raise NotAllowed(f"the role {role!r} is not known; roles are {', '.join(ROLES)}")
        name = _check_name(name)
        with Transaction(self._engine) as db:
            user = User(name=name, role=role, created=_now())
            db.add(user)
            try:
                db.flush()
            except IntegrityError:
                raise NotAllowed(f"there is a user {name!r} already; `user link` makes a new link") from None
            token = self._new_link(db, user.id)
            db.commit()
        return token

    def new_link(self, name: str) -> str:
        """A further log-in link for a person; earlier unused ones stop working.

        Raises:
            NotAllowed: nobody has that name.
        """
        with Transaction(self._engine) as db:
            user = db.scalar(select(User).where(User.name == name))
            if user is None:
                raise NotAllowed(f"there is no user {name!r}; `user add` makes one")
            db.execute(delete(LoginLink).where(LoginLink.user_id == user.id))
            token = self._new_link(db, user.id)
            db.commit()
        return token

    def _new_link(self, db: Transaction, user_id: int) -> str:
        token = secrets.token_urlsafe(32)
        db.add(LoginLink(token_hash=_hash(token), user_id=user_id, expires=_now() + LINK_LIFE))
        return token

    def use_link(self, token: str) -> str | None:
        """Log in with a link; returns a session token, or None if the link is unknown, used or too old."""
        now = _now()
        with Transaction(self._engine) as db:
            # One statement both checks and spends the link: two requests at once cannot both win.
            spent = db.execute(
                update(LoginLink)
                .where(LoginLink.token_hash == _hash(token), LoginLink.used.is_(None), LoginLink.expires > now)
                .values(used=now)
                .returning(LoginLink.user_id)
            ).scalar()
            if spent is None:
                return None
            session = secrets.token_urlsafe(32)
            db.add(Session(token_hash=_hash(session), user_id=spent, seen=now, started=now))
            db.execute(delete(Session).where((Session.seen < now - IDLE) | (Session.started < now - LONGEST)))
            db.commit()
        return session

    def person(self, session: str) -> Person | None:
        """The person of a session, which is kept alive by asking; None if it is unknown or has ended."""
        now = _now()
        with Transaction(self._engine) as db:
            row = db.execute(
                select(Session, User)
                .join(User, User.id == Session.user_id)
                .where(
                    Session.token_hash == _hash(session),
                    Session.seen > now - IDLE,
                    Session.started > now - LONGEST,
                )
            ).first()
            if row is None:
                return None
            found, user = row
            person = Person(user.id, user.name, user.role)
            if now - found.seen > timedelta(minutes=1):
                found.seen = now
                db.commit()
        return person

    def log_out(self, session: str) -> None:
        """End a session."""
        with Transaction(self._engine) as db:
            db.execute(delete(Session).where(Session.token_hash == _hash(session)))
            db.commit()

    def add_key(self, name: str, scopes: Iterable[str]) -> str:
        """A new API key; it cannot be read again.

        Raises:
            NotAllowed: see the class.
        """
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise NotAllowed(f"scopes are {', '.join(SCOPES)}; name at least one")
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        with Transaction(self._engine) as db:
            db.add(ApiKey(name=_check_name(name), key_hash=_hash(key), scopes=" ".join(wanted), created=_now()))
            try:
                db.commit()
            except IntegrityError:
                raise NotAllowed(f"there is a key {name!r} already; choose another name") from None
        return key

    def scopes(self, key: str) -> frozenset[str] | None:
        """What a key may do; None if it is not known."""
        with Transaction(self._engine) as db:
            found = db.scalar(select(ApiKey.scopes).where(ApiKey.key_hash == _hash(key)))
        return None if found is None else frozenset(found.split())


def _now() -> datetime:
    return datetime.now(UTC)
