"""What a robots.txt allows, after RFC 9309, and where that leaves a choice the careful one.

Scrapy's own middleware is not used: it takes a server that fails for a site that allows everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from protego import Protego

LIMIT = 512 * 1024
"""Bytes of a robots.txt that are read; RFC 9309 asks for 500 KiB."""
HOURS = 24
"""How long one is believed."""
_DAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for one host."""

    allows: Callable[[str], bool]
    delay: float = 0.0
    """Seconds between two requests that it asks for."""
    hash: str = ""
    """Of all it says; empty where there is none."""
    known: bool = True


def policy_of(status: int, body: bytes, name: str) -> Policy | None:
    """What the answer to a request for robots.txt means for a collector of this name; None if it cannot be known.

    Without one (404 and the like) all is allowed; whoever forbids it to be read, fails or asks to wait allows nothing.
    """
    if 200 <= status < 300:
        said = Protego.parse(body.decode("utf-8-sig", "ignore"))
        rate = said.request_rate(name)
        delays = (said.crawl_delay(name), rate.seconds / rate.requests if rate and rate.requests else None)
        # Other ends of lines say nothing else.
        words = "\n".join(x.strip() for x in body.decode("utf-8", "replace").splitlines()).strip()
        return Policy(
            lambda url: bool(said.can_fetch(url, name)),
            min(max((x for x in delays if x), default=0.0), _DAY),
            hashlib.sha256(words.encode()).hexdigest()[:16],
        )
    if 400 <= status < 500 and status not in (401, 403, 408, 429):
        return Policy(lambda _: True)
    return None


IGNORED = Policy(lambda _: True)
"""What holds where the operator was allowed to pass robots.txt over."""
UNKNOWN = Policy(lambda _: False, known=False)
"""What holds where it cannot be read."""
