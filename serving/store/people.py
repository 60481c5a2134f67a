"""Who may log in, with which role, as administrators arrange it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Transaction

from serving.store.desk import Draft
from serving.store.ledger import SYSTEM, Act, Ledger
from serving.store.ledger import user as subject
from serving.store.passwords import Passwords
from serving.store.tables import ROLES, LoginLink, Session, User

LINK_LIFE = timedelta(hours=24)


class NotAllowed(ValueError):
    """A name is taken or unknown, a role or scope is not known, or nobody would be left to administer; the message says which.

    `code` names the reason for pages: name, role, taken, unknown, last_admin, self or other.
    """

    def __init__(self, message: str, code: str = "other") -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Account:
    """A person as administrators see them."""

    id: int
    name: str
    role: str
    seen: datetime | None
    """Last time here, to the minute."""
    locked: bool
    removed: bool
    has_password: bool


def digest(secret: str) -> str:
    """What is kept of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_name(name: str) -> str:
    """A name as it is kept.

    Raises:
        NotAllowed: it is empty, too long or has characters that cannot be shown.
    """
    name = name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise NotAllowed("a name has 1 to 100 printable characters", "name")
    return name


def check_role(role: str) -> str:
    """A role that people may have.

    Raises:
        NotAllowed: it is not one.
    """
    if role == "client":
        raise NotAllowed("client is the role of systems, which have keys: use `key add NAME`", "role")
    if role not in ROLES:
        raise NotAllowed(f"the role {role!r} is not known; roles are {', '.join(ROLES)}", "role")
    return role


class Part:
    """What the parts of `Access` share."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._ledger = ledger
        self._passwords = passwords or Passwords()
        self._now = clock

    def _end_sessions(self, db: Transaction, number: int) -> None:
        db.execute(delete(Session).where(Session.user_id == number))

    @staticmethod
    def _lock_admins(db: Transaction) -> set[int]:
        """All administrators, locked in one order before anything else: two who remove each other must not both succeed."""
        admins = select(User.id).where(User.role == "admin", User.removed.is_(None)).order_by(User.id)
        return set(db.scalars(admins.with_for_update()))


class People(Part):
    """People and their roles. Every act is recorded as that of `by`, an actor of the audit log."""

    def has_users(self) -> bool:
        """Whether anybody may log in."""
        with self._ledger.reading() as db:
            return bool(db.scalar(select(func.count()).select_from(User).where(User.removed.is_(None))))

    def users(self) -> list[Account]:
        """Everybody, those who were removed last."""
        now = self._now()
        with self._ledger.reading() as db:
            rows = db.scalars(select(User).order_by(User.removed.is_not(None), User.name)).all()
            return [
                Account(
                    x.id,
                    x.name,
                    x.role,
                    x.seen,
                    locked=x.locked_until is not None and x.locked_until > now,
                    removed=x.removed is not None,
                    has_password=x.password_hash is not None,
                )
                for x in rows
            ]

    def add_user(self, name: str, role: str, *, by: str = SYSTEM) -> str:
        """Add a person; returns the token of a log-in link.

        Raises:
            NotAllowed: see the class.
        """
        role, name = check_role(role), check_name(name)
        with self._ledger.acting(by) as act:
            user = User(name=name, role=role, created=self._now())
            act.db.add(user)
            try:
                act.db.flush()
            except IntegrityError:
                raise NotAllowed(
                    f"there is or was a user {name!r} already; `user link` makes a new link, or choose another name",
                    "taken",
                ) from None
            act.record("user.added", subject(user.id), role=role)
            return self._new_link(act, user.id)

    def new_link(self, name: str, *, by: str = SYSTEM) -> str:
        """A further log-in link for a person; earlier unused ones stop working.

        Raises:
            NotAllowed: nobody has that name.
        """
        with self._ledger.acting(by) as act:
            user = self._named(act.db, name)
            act.db.execute(delete(LoginLink).where(LoginLink.user_id == user.id, LoginLink.used.is_(None)))
            return self._new_link(act, user.id)

    def _new_link(self, act: Act, number: int) -> str:
        token = secrets.token_urlsafe(32)
        act.db.add(LoginLink(token_hash=digest(token), user_id=number, expires=self._now() + LINK_LIFE))
        act.record("user.linked", subject(number))
        return token

    def change_role(self, name: str, role: str, *, by: str = SYSTEM) -> None:
        """Give a person another role; they are logged out everywhere.

        Raises:
            NotAllowed: nobody has that name, the role is not known, or nobody would be left to administer.
        """
        role = check_role(role)
        with self._ledger.acting(by) as act:
            admins = self._lock_admins(act.db)
            self._give_role(act, self._named(act.db, name), role, admins)

    def _give_role(self, act: Act, user: User, role: str, admins: set[int]) -> None:
        if user.role == role:
            return
        self._check_others(admins, user)
        user.role = role
        self._end_sessions(act.db, user.id)
        act.record("user.changed", subject(user.id), role=role)

    def remove_user(self, name: str, *, by: str = SYSTEM) -> None:
        """Let a person log in no more. The name stays with what they did.

        Raises:
            NotAllowed: nobody has that name, it is oneself, or nobody would be left to administer.
        """
        with self._ledger.acting(by) as act:
            admins = self._lock_admins(act.db)
            user = self._named(act.db, name)
            if subject(user.id) == by:
                raise NotAllowed("nobody removes themselves; ask another administrator", "self")
            self._check_others(admins, user)
            user.removed, user.password_hash, user.failures, user.locked_until = self._now(), None, 0, None
            act.db.execute(delete(LoginLink).where(LoginLink.user_id == user.id))
            act.db.execute(delete(Draft).where(Draft.user_id == user.id))
            self._end_sessions(act.db, user.id)
            act.record("user.removed", subject(user.id))

    def unlock(self, name: str, *, by: str = SYSTEM) -> None:
        """Let a person try their password again.

        Raises:
            NotAllowed: nobody has that name.
        """
        with self._ledger.acting(by) as act:
            user = self._named(act.db, name)
            user.failures, user.locked_until = 0, None
            act.record("user.changed", subject(user.id), locked=False)

    def bind(self, name: str, issuer: str, number: str) -> None:
        """Say who a person is at the OpenID Connect provider.

        Raises:
            NotAllowed: nobody has that name, or somebody else is that one there.
        """
        with self._ledger.acting(SYSTEM) as act:
            user = self._named(act.db, name)
            user.subject = provider_subject(issuer, number)
            act.record("user.changed", subject(user.id), provider=True)
            try:
                act.db.flush()
            except IntegrityError:
                raise NotAllowed("another user is bound to that subject", "taken") from None

    @staticmethod
    def _named(db: Transaction, name: str) -> User:
        wanted = check_name(name)
        user = db.scalar(select(User).where(User.name == wanted, User.removed.is_(None)).with_for_update())
        if user is None:
            raise NotAllowed(f"there is no user {wanted!r}; `user add` makes one", "unknown")
        return user

    @staticmethod
    def _check_others(admins: set[int], user: User) -> None:
        if admins == {user.id}:
            raise NotAllowed(f"{user.name!r} is the last admin; make another one first", "last_admin")


def provider_subject(issuer: str, number: str) -> str:
    """What is kept of somebody's subject at an issuer: the same subject elsewhere is somebody else."""
    return hashlib.sha256(f"{issuer}\n{number}".encode("utf-8", "surrogatepass")).hexdigest()
