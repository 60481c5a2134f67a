"""Tables of people, keys and the audit log.

Secrets that we make are kept as SHA-256 of 256 random bits: there is nothing to guess, so no slow hash is needed. Passwords,
which people make, are kept as Argon2id.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import CheckConstraint, DateTime, Dialect, ForeignKey, Index, LargeBinary, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ROLES = ("analyst", "lead", "engineer", "admin")
"""What people may be. The role of systems is `client`: they have keys with scopes."""
SCOPES = ("tag",)
WAYS = ("link", "password", "provider")
"""How somebody logs in."""


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite forgets the zone, so it is put back on reading."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Base of all tables."""


class User(Base):
    """Somebody who may log in."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role_is_known"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """Argon2id; None until a password is chosen."""
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong passwords since the last log-in or lock."""
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    removed: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """May not log in any more; the row stays, as what the person did refers to it."""
    subject: Mapped[str | None] = mapped_column(String(255), unique=True)
    """Who it is at the OpenID Connect provider: a hash of issuer and subject."""
    seen: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When the person was last here, to the minute."""


class LoginLink(Base):
    """A link that logs one person in, once."""

    __tablename__ = "login_links"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires: Mapped[datetime] = mapped_column(UTCDateTime)
    used: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Session(Base):
    """A person logged in with one browser."""

    __tablename__ = "sessions"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    seen: Mapped[datetime] = mapped_column(UTCDateTime)
    started: Mapped[datetime] = mapped_column(UTCDateTime)
    way: Mapped[str] = mapped_column(String(10), default="link")
    """How the person came in: one of `WAYS`."""


class ApiKey(Base):
    """A key of a system that calls the API, with what it may do."""

    __tablename__ = "api_keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[str] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditEntry(Base):
    """One act, reads included, written in the transaction of the act and chained to the one before."""

    __tablename__ = "audit"
    __table_args__ = tuple(Index(f"ix_audit_{column}", column, "seq") for column in ("actor", "act", "subject"))
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(120))
    act: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(60))
    details: Mapped[str] = mapped_column(String(2000))
    """JSON of names, numbers and yes or no; never words of a text."""
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    mac: Mapped[bytes] = mapped_column(LargeBinary)


class Switch(Base):
    """A setting that people change while Tegn runs, such as the stop switch for suggestions."""

    __tablename__ = "switches"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    changed: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
