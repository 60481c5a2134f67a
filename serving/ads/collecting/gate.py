"""The robots.txt of the hosts of one site: asked for before anything else, and again every day."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from serving.ads.collecting.robots import HOURS, IGNORED, UNKNOWN, Policy, policy_of


class Gate:
    """What may be asked of each host."""

    def __init__(
        self, name: str, *, obeyed: bool, slow: Callable[[float], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """A gate that is closed to every host until its robots.txt is known.

        Args:
            name: What robots.txt calls the collector.
            slow: Is told how many seconds a robots.txt asks for between two requests.
        """
        self._name, self._obeyed, self._slow, self._clock = name, obeyed, slow, clock
        self._policies: dict[str, tuple[Policy, float]] = {}
        self._asked: set[str] = set()
        self._instead: dict[str, tuple[str, int]] = {}
        self._tries: Counter[str] = Counter()

    def policy(self, origin: str) -> Policy | None:
        """What holds for a host; None if that is not known, or no longer."""
        if not self._obeyed:
            return IGNORED
        policy, learnt = self._policies.get(origin, (None, 0.0))
        return policy if policy is not None and self._clock() - learnt < HOURS * 3600 else None

    def ask(self, origin: str) -> tuple[str, int] | None:
        """Where to ask for robots.txt, and how many redirects led there; None if it was asked for already."""
        if origin in self._asked:
            return None
        self._asked.add(origin)
        return self._instead.pop(origin, (f"{origin}/robots.txt", 0))

    def ask_instead(self, origin: str, url: str, hops: int) -> None:
        """It is elsewhere."""
        self._asked.discard(origin)
        self._instead[origin] = (url, hops)

    def learn(self, origin: str, status: int, body: bytes) -> bool:
        """Take an answer for what holds from now on; whether it says anything."""
        policy = policy_of(status, body, self._name)
        self._asked.discard(origin)
        if policy is None:
            return False
        self._policies[origin] = (policy, self._clock())
        if policy.delay:
            self._slow(policy.delay)
        return True

    def try_again(self, origin: str, most: int) -> bool:
        """It could not be read; whether it is asked for again, up to so many times, or the host is closed for this run."""
        self._asked.discard(origin)
        self._tries[origin] += 1
        if self._tries[origin] < most:
            return True
        self._policies[origin] = (UNKNOWN, self._clock())
        return False
