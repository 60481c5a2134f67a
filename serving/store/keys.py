"""Keys of systems that call the API."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from serving.store.ledger import SYSTEM
from serving.store.people import NotAllowed, Part, check_name, digest
from serving.store.tables import SCOPES, ApiKey

KEY_PREFIX = "tegn_"


@dataclass(frozen=True, slots=True)
class System:
    """A system that calls, by its key."""

    id: int
    name: str
    scopes: frozenset[str]
    created: datetime

    @property
    def actor(self) -> str:
        """Its name in the audit log."""
        return f"key#{self.id}"


class Keys(Part):
    """Keys, which the command line alone makes and ends; each leaves once, when it is made."""

    def has_keys(self) -> bool:
        """Whether any system may call."""
        with self._ledger.reading() as db:
            return bool(db.scalar(select(func.count()).select_from(ApiKey)))

    def systems(self) -> list[System]:
        """All systems that may call, by name."""
        with self._ledger.reading() as db:
            return [_system(row) for row in db.scalars(select(ApiKey).order_by(ApiKey.name))]

    def add_key(self, name: str, scopes: Iterable[str]) -> str:
        """A new API key; it cannot be read again.

        Raises:
            NotAllowed: see the class.
        """
        wanted = sorted(set(scopes))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise NotAllowed(f"scopes are {', '.join(SCOPES)}; name at least one")
        name = check_name(name)
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        with self._ledger.acting(SYSTEM) as act:
            row = ApiKey(name=name, key_hash=digest(key), scopes=" ".join(wanted), created=self._now())
            act.db.add(row)
            try:
                act.db.flush()
            except IntegrityError:
                raise NotAllowed(f"there is a key {name!r} already; choose another name", "taken") from None
            act.record("key.added", f"key#{row.id}", scopes=".".join(wanted))
        return key

    def remove_key(self, name: str) -> None:
        """End a key.

        Raises:
            NotAllowed: there is none of that name.
        """
        with self._ledger.acting(SYSTEM) as act:
            row = act.db.scalar(select(ApiKey).where(ApiKey.name == check_name(name)))
            if row is None:
                raise NotAllowed(f"there is no key {name!r}; `key list` names them", "unknown")
            act.record("key.removed", f"key#{row.id}")
            act.db.delete(row)

    def system(self, key: str) -> System | None:
        """Whose key it is; None if it is not known."""
        with self._ledger.reading() as db:
            row = db.scalar(select(ApiKey).where(ApiKey.key_hash == digest(key)))
            return None if row is None else _system(row)


def _system(row: ApiKey) -> System:
    return System(row.id, row.name, frozenset(row.scopes.split()), row.created)
