"""Who may do what: log-in by one-time link, password or OpenID Connect; sessions; and with `People` and `Keys` all of access."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Transaction

from serving.store.keys import Keys, System
from serving.store.ledger import ANONYMOUS, Act, user
from serving.store.passwords import WeakPassword, check_password
from serving.store.people import Account, NotAllowed, People, digest, provider_subject
from serving.store.sessions import Person, Sessions, Visit
from serving.store.tables import LoginLink, Session, User

__all__ = ["Access", "Account", "NotAllowed", "Person", "System", "Visit", "WeakPassword", "WrongPassword"]

TRIES = 6
"""Wrong passwords in a row that lock an account."""
LOCK = timedelta(minutes=15)


class WrongPassword(ValueError):
    """The old password is wrong, or may not be tried now: ask for it again, or for a link."""


class Logins(Sessions):
    """Ways in, each of which begins a session."""

    def use_link(self, token: str) -> str | None:
        """Log in with a link; returns a session token, or None if the link is unknown, used or too old."""
        now, kept = self._now(), digest(token)
        with self._ledger.acting(ANONYMOUS) as act:
            # One statement both checks and spends the link: two requests at once cannot both win.
            spent = act.db.execute(
                update(LoginLink)
                .where(LoginLink.token_hash == kept, LoginLink.used.is_(None), LoginLink.expires > now)
                .values(used=now)
                .returning(LoginLink.user_id)
            ).scalar()
            if spent is not None:
                return self._begin(act, spent, "link")
            link = act.db.get(LoginLink, kept)
            if link is None:
                self._refuse(act, "unknown")
            else:
                self._refuse(act, "used" if link.used else "expired", link.user_id)
            return None

    def log_in(self, name: str, password: str) -> str | None:
        """Log in with a password; returns a session token, or None, which does not tell why. Takes a good part of a second."""
        name = name.strip()
        found = None
        if name.isprintable() and len(name) <= 100:
            with self._ledger.reading() as db:
                query = select(User.id, User.password_hash).where(User.name == name, User.removed.is_(None))
                found = db.execute(query).one_or_none()
        kept = found.password_hash if found else None
        fits = self._passwords.fits(kept, password)
        anew = self._passwords.hash(password) if fits and kept and self._passwords.is_outdated(kept) else kept
        with self._ledger.acting(ANONYMOUS) as act:
            # An unknown name does the same work, on a row that is not there.
            row = act.db.get(User, found.id if found else 0, with_for_update=True)
            if row is None or row.removed is not None:
                self._refuse(act, "unknown")
                return None
            if not self._judge(act, row, kept, fits):
                return None
            row.password_hash = anew
            return self._begin(act, row.id, "password")

    def _judge(self, act: Act, row: User, kept: str | None, fits: bool) -> bool:
        """Whether somebody is let in who gave a password; counts it if it was wrong."""
        now = self._now()
        if row.locked_until is not None and row.locked_until > now:
            self._refuse(act, "locked", row.id)
            return False
        if fits and row.password_hash == kept:  # else it was changed meanwhile
            row.failures, row.locked_until = 0, None
            return True
        self._refuse(act, "password", row.id)
        row.failures += 1
        if row.failures >= TRIES:
            row.failures, row.locked_until = 0, now + LOCK
            act.record("user.changed", user(row.id), locked=True)
        return False

    def enter(self, issuer: str, number: str, name: str, role: str | None) -> str | None:
        """Log in somebody whom the OpenID Connect provider vouches for; returns a session token, or None if they may not.

        Args:
            number: the subject at the issuer, which alone says who it is.
            name: used for whoever comes the first time.
            role: the role that the provider gives; None lets in only those who are bound already, with the role they have.
        """
        known = provider_subject(issuer, number)
        with self._ledger.acting(ANONYMOUS) as act:
            admins = self._lock_admins(act.db)
            row = act.db.scalar(select(User).where(User.subject == known).with_for_update())
            if row is None and role is not None:
                row = User(name=_free_name(act.db, name), role=role, created=self._now(), subject=known)
                act.db.add(row)
                act.db.flush()
                act.record("user.added", user(row.id), role=role)
            if row is None or row.removed is not None:
                self._refuse(act, "removed" if row else "unknown", row.id if row else None)
                return None
            if role is not None and row.role != role and admins != {row.id}:  # the last administrator stays one
                row.role = role
                self._end_sessions(act.db, row.id)
                act.record("user.changed", user(row.id), role=role)
            return self._begin(act, row.id, "provider")

    def refuse(self, reason: str) -> None:
        """Record that somebody was not let in before it was known who it is."""
        with self._ledger.acting(ANONYMOUS) as act:
            self._refuse(act, reason)

    @staticmethod
    def _refuse(act: Act, reason: str, number: int | None = None) -> None:
        act.record("login.refused", user(number) if number else "", reason=reason)

    def set_password(self, session: str, old: str, new: str) -> None:
        """Give the person of a session a password, and end their other sessions.

        Args:
            old: the password so far; not needed soon after a link.

        Raises:
            WrongPassword: the old one is needed and wrong.
            WeakPassword: the new one cannot be taken.
        """
        person = self.person(session)
        if person is None or not person.may_choose_password:
            raise WrongPassword
        check_password(new, person.name)
        with self._ledger.reading() as db:
            kept = db.scalar(select(User.password_hash).where(User.id == person.id))
        fits = person.fresh or self._passwords.fits(kept, old)
        hashed = self._passwords.hash(new)
        with self._ledger.acting(person.actor) as act:
            row = act.db.get_one(User, person.id, with_for_update=True)
            right = row.removed is None and (person.fresh or self._judge(act, row, kept, fits))
            if right:
                row.password_hash, row.failures, row.locked_until = hashed, 0, None
                own = digest(session)
                act.db.execute(delete(Session).where(Session.user_id == row.id, Session.token_hash != own))
                act.db.execute(update(Session).where(Session.token_hash == own).values(way="password"))
                # A link that lies about could undo what was done here.
                act.db.execute(delete(LoginLink).where(LoginLink.user_id == row.id, LoginLink.used.is_(None)))
                act.record("user.changed", user(row.id), password=True)
        if not right:
            raise WrongPassword


def _free_name(db: Transaction, wanted: str) -> str:
    """A name nobody has. Whoever comes from a provider is never taken for somebody of the same name."""
    shown = "".join(x for x in wanted if x.isprintable()).strip()[:90].strip() or "?"
    name, number = shown, 1
    while db.scalar(select(User.id).where(User.name == name)) is not None:
        number += 1
        name = f"{shown} ({number})"
    return name


class Access(People, Logins, Keys):
    """People, links, passwords, sessions and keys of one store. Secrets leave it once, when they are made."""
