"""Roles that an OpenID Connect provider gives by a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Roles:
    """Which value of a claim gives which role; of several the first counts."""

    claim: str
    given: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, said: str, known: tuple[str, ...]) -> Self | None:
        """From a setting such as ``groups tegn-admins=admin tegn=analyst``; None where it is empty.

        Raises:
            ValueError: it says something else.
        """
        claim, *pairs = said.split() or [""]
        given = tuple((value, role) for value, _, role in (pair.rpartition("=") for pair in pairs))
        if not claim:
            return None
        if "=" in claim or not given or not all(value and role in known for value, role in given):
            raise ValueError(
                f"must be a claim and VALUE=ROLE for each value, such as `groups staff=analyst`; roles are {', '.join(known)}"
            )
        return cls(claim, given)

    def of(self, claims: Mapping[str, Any]) -> str | None:
        """The role that claims give; a claim within another is named with a full stop."""
        found: Any = claims.get(self.claim)
        if found is None:
            found = claims
            for part in self.claim.split("."):
                found = found.get(part) if isinstance(found, Mapping) else None
        values = found if isinstance(found, list) else [found]
        return next((role for value, role in self.given if value in values), None)
