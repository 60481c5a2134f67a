"""A request and what a server answered, in our own terms."""

from __future__ import annotations

from dataclasses import dataclass

from serving.ads.collecting.queue import Visit
from serving.ads.collecting.scope import joined

REDIRECTS = (301, 302, 303, 307, 308)
HOPS = 5
"""Redirects in a row, at most."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: for a page, or for the robots.txt of `origin`."""

    url: str
    headers: dict[str, str]
    visit: Visit | None = None
    origin: str | None = None
    hops: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    ip: str | None
    refused: bool = False
    """Whether the body was not read, being no HTML by its header."""

    def header(self, name: str) -> str | None:
        """The first header of a name."""
        return next((y for x, y in self.headers if x.lower() == name), None)

    def leads_to(self, url: str) -> str | None:
        """Where a redirect from an address leads; None if nowhere on the web."""
        told = self.header("location") or ""
        # Headers are read byte by byte; addresses in them are UTF-8 where they are not plain.
        return joined(url, told.encode("latin-1", "replace").decode("utf-8", "replace")) if told else None
