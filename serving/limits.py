"""Token buckets that slow down guessing and runaway clients.

They live in the memory of one process: several workers allow several times as much, and a restart forgets. What must hold in
any case, such as the lock after wrong passwords, is in the store.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

_DUST = 1e-6
"""Less than this is rounding."""


class Buckets:
    """One bucket a key, filled at a steady rate up to a minute's worth. Used from the event loop alone, so it has no lock."""

    def __init__(self, a_minute: int, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            a_minute: how much is allowed.
            most: buckets that are remembered; beyond, the one that was used longest ago is forgotten, as if it were full.
        """
        self._full, self._rate, self._most, self._clock = float(a_minute), a_minute / 60, most, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str) -> int:
        """Take one; returns 0, or the seconds to wait until there is one again."""
        now = self._clock()
        left, then = self._buckets.get(key, (self._full, now))
        left = min(self._full, left + (now - then) * self._rate)
        allowed = left >= 1 - _DUST
        self._buckets[key] = (left - 1 if allowed else left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return 0 if allowed else math.ceil((1 - left) / self._rate - _DUST)


@dataclass(frozen=True)
class Limits:
    """What is limited."""

    calls: Buckets
    """Calls of the API, by key."""
    addresses: Buckets = field(default_factory=lambda: Buckets(5))
    """Log-ins, by address of the client."""
    names: Buckets = field(default_factory=lambda: Buckets(20))
    """Log-ins, by the name that was given, from all addresses together."""
    notes: Buckets = field(default_factory=lambda: Buckets(1))
    """Entries in the audit log that log-in is tried too often: one says it."""


def network(host: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:100]
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return address.exploded[:19]
