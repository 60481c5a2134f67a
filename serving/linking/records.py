"""What linking is given: an ad with what was found in it, and the key of the hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from triage.assessment import Entity

LEAST_KEY = 16
"""Bytes. Telephone numbers are few: without a secret key their hashes can be tried out one by one."""

FORM = 2
"""Of signatures: higher where the same ad gives others, as where entities are found that were not found before."""


class UnusableKey(ValueError):
    """The key is too short to hide a number; give at least 16 random bytes."""


@dataclass(frozen=True, slots=True)
class Record:
    """An ad as linking sees it; `entities` have offsets into `text`, as `triage.entities.find_entities` gives them."""

    id: str
    posted: date | None
    text: str
    entities: tuple[Entity, ...] = ()
    beside: tuple[tuple[str, Entity], ...] = ()
    """What was found in other fields of the ad, each with the name of its field (see `marks.py`) and offsets into that."""
    retrieved: datetime | None = None
    page: str = ""
    """Of what the ad is a version; empty for an ad that is all by itself. Of each page the newest version is linked."""
    site: str | None = None
    digest: int = 0
    """Tells whether the same ad was signed before; whoever calls says what of."""

    def found(self) -> Iterator[tuple[str, Entity]]:
        """All entities, each with the field it stands in."""
        yield from (("text", x) for x in self.entities)
        yield from self.beside


@dataclass(frozen=True, slots=True)
class LinkKey:
    """The secret under which everything that is compared is hashed (BLAKE2b, RFC 7693, keyed). Never shown."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_KEY:
            raise UnusableKey(
                f"the key of the links has {len(self.secret)} bytes; give at least {LEAST_KEY} random ones"
            )

    def digest(self, kind: str, value: str) -> int:
        """64 bits of the keyed hash of a value; the same value of another kind has another."""
        hashed = hashlib.blake2b(
            value.encode("utf-8", "replace"), digest_size=8, key=self.secret[:64], person=kind.encode()[:16]
        )
        return int.from_bytes(hashed.digest(), "little")

    def mark(self) -> str:
        """Tells keys and forms apart without showing the key: signatures made under different ones cannot be compared."""
        return f"{self.digest('key', str(FORM)):016x}"
