"""The way through one site: what is asked next, and what follows from each answer. Knows no network.

All that follows from an answer is one transaction of `State`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from serving.ads.ads import page_address
from serving.ads.collecting.asking import HOPS, REDIRECTS, Answer, Asked
from serving.ads.collecting.consequences import Consequences, Reading
from serving.ads.collecting.content import unpacked
from serving.ads.collecting.faults import PASSING, Trouble
from serving.ads.collecting.gate import Gate
from serving.ads.collecting.queue import Visit
from serving.ads.collecting.report import Report
from serving.ads.collecting.robots import LIMIT, Policy
from serving.ads.collecting.scope import Place, Scope, origin_of
from serving.ads.collecting.state import State
from serving.ads.faults import PageFault

TRIES = 3
AHEAD = 2
"""Pages on their way or waiting to be read, at most, for each that may be asked for at the same time."""
FAILURES = 10
"""Failures in a row after which a site is left alone."""
_PAUSE, _LONGEST_PAUSE = 60.0, 600.0
"""Seconds a site that asks for a pause gets if it does not say how long, and that a run waits at most."""


class Course:
    """One site of a run."""

    def __init__(
        self,
        scope: Scope,
        state: State,
        run: str,
        gate: Gate,
        read: Reading,
        *,
        limit: int,
        tell: Callable[[Trouble], None],
        step: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.scope = scope
        self._state, self._run, self._gate, self._step, self._now = state, run, gate, step, now
        self._report = Report(state, scope.name, run, tell, now)
        self._consequences = Consequences(scope, state, self._report, read, limit)
        self._site, self._manners = scope.name, scope.manners
        self._on_way: set[int] = set()
        self._asked = self._failures = 0
        self._pause = 0.0
        self.stopped = False
        """Whether nothing more is asked in this run."""

    def begin(self) -> None:
        """Go on with the round, or begin another if none is under way; what was done in this run is not done again."""
        queue = self._state.queue
        if queue.has_done(self._site, self._run):
            self.stopped = True
            return
        with self._state.change():
            if not queue.has_begun(self._site):
                queue.begin_round(self._site, self._run)
            for url in self._manners.start:  # one may be new in the rules
                queue.add(self._site, page_address(url), url, self.scope.place_of(url) or Place("list"), 0)

    def end(self) -> bool:
        """Whether all has been asked for; the next run begins anew then."""
        queue = self._state.queue
        if queue.has_done(self._site, self._run):
            return True
        if self._on_way or queue.has_waiting(self._site):
            return False
        with self._state.change():
            queue.end_round(self._site, self._run)
        return True

    def has_more(self) -> bool:
        """Whether anything is still to be asked for in this run."""
        return not self.stopped and self._state.queue.has_waiting(self._site)

    def next(self) -> Asked | None:
        """What to ask for now; None if nothing is to be, at the moment or any more."""
        while self._may_ask():
            visit = self._state.queue.next(self._site, self._now().timestamp(), self._on_way)
            if visit is None:
                break
            if not self._is_asked_for(visit):  # it was, by the rules of an earlier run
                with self._state.change():
                    self._state.queue.finish(visit)
                continue
            origin = origin_of(visit.url)
            policy = self._gate.policy(origin)
            if policy is None:
                place = self._gate.ask(origin)
                if place is None:
                    break  # its robots.txt is on the way
                self._asked += 1
                return Asked(place[0], {}, origin=origin, hops=place[1])
            if not policy.allows(visit.url):
                self._refuse(visit, policy)
                continue
            self._on_way.add(visit.id)
            self._asked += 1
            return Asked(visit.url, self._conditions(visit), visit)
        return None

    def _may_ask(self) -> bool:
        if self._asked >= self._manners.pages:
            self.stopped = True
        # Scrapy would go on asking while answers wait to be read, and an interruption would lose them all.
        ahead = len(self._on_way) >= AHEAD * self._manners.concurrency
        return not (self.stopped or ahead or self._now().timestamp() < self._pause)

    def _is_asked_for(self, visit: Visit) -> bool:
        if visit.is_start:
            return self.scope.allows(visit.url)
        place = self.scope.place_of(visit.url)
        return place is not None and (place.kind == "ad" or visit.kind == "list")

    def _conditions(self, visit: Visit) -> dict[str, str]:
        known = self._state.pages.known(self._site, visit.address) if visit.kind == "ad" else None
        if known is None or known.removed:
            return {}
        conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.modified}
        return {name: value for name, value in conditions.items() if value}

    async def answered(self, asked: Asked, answer: Answer) -> None:
        """What follows from an answer."""
        if asked.origin is not None:
            self._robots_answered(asked, asked.origin, answer)
        elif asked.visit is not None:
            try:
                await self._page_answered(asked.visit, answer)
            finally:
                self._on_way.discard(asked.visit.id)
        self._step()

    def failed(self, asked: Asked, fault: str) -> None:
        """What follows from no answer.

        Args:
            fault: A key of `FAULTS`.
        """
        if asked.origin is not None:
            self._robots_unknown(asked, asked.origin, fault, None)
        elif asked.visit is not None:
            self._on_way.discard(asked.visit.id)
            self._fails(asked.visit, fault, None)
        self._step()

    # robots.txt

    def _robots_answered(self, asked: Asked, origin: str, answer: Answer) -> None:
        if answer.status in REDIRECTS:
            url = answer.leads_to(asked.url)
            if url is not None and asked.hops < HOPS and self.scope.covers(url):
                self._gate.ask_instead(origin, url, asked.hops + 1)
                return
        try:
            body = unpacked(answer.body, answer.header("content-encoding"), LIMIT)
        except PageFault as error:
            self._robots_unknown(asked, origin, error.kind, answer.status)
            return
        if not self._gate.learn(origin, answer.status, body):
            self._robots_unknown(asked, origin, "robots_unknown", answer.status)
            return
        policy = self._gate.policy(origin)
        said, before = policy.hash if policy else "", self._state.pages.robots(self._site, origin)
        if before != said:
            with self._state.change():
                self._state.pages.set_robots(self._site, origin, said)
                self._report.change(asked.url, answer.status, "robots_first" if before is None else "robots_changed")

    def _robots_unknown(self, asked: Asked, origin: str, fault: str, status: int | None) -> None:
        if self._gate.try_again(origin, TRIES if fault in PASSING or fault == "robots_unknown" else 0):
            self._pause = self._now().timestamp() + self._manners.again
            return
        with self._state.change():
            self._report.trouble(asked.url, fault, status)

    # Pages

    async def _page_answered(self, visit: Visit, answer: Answer) -> None:
        status = answer.status
        if status == 200 and not answer.refused:
            self._failures = 0
            await self._consequences.page(visit, answer)
            return
        if status in (429, 503) and self._wait(answer):
            self._fails(visit, "http_error", status)
            return
        if status >= 500 or status in (408, 429):
            self._fails(visit, "http_error", status)
            return
        self._failures = 0
        known = self._state.pages.known(self._site, visit.address)
        with self._state.change():
            if status == 200:
                self._state.count("refused")
                self._state.queue.finish(visit)
            elif status == 304 and known is not None:
                self._consequences.unchanged(visit)
            elif status in (404, 410) and known is not None:
                self._consequences.gone(visit, known, status)
            elif status in REDIRECTS:
                self._consequences.redirected(visit, answer)
            else:
                self._report.trouble(visit.url, "http_error", status)
                self._state.queue.finish(visit)

    def _refuse(self, visit: Visit, policy: Policy) -> None:
        """What robots.txt disallows, or may, is not asked for; of a page that was kept it is said."""
        with self._state.change():
            self._state.count("disallowed" if policy.known else "closed")
            if policy.known and self._state.pages.bar(self._site, visit.address):
                self._report.change(visit.url, None, "barred")
            self._state.queue.finish(visit)

    # When something is wrong

    def _fails(self, visit: Visit, fault: str, status: int | None) -> None:
        self._failures += 1
        with self._state.change():
            if fault in PASSING and visit.tries + 1 < TRIES:
                self._state.queue.postpone(visit, self._now().timestamp() + self._manners.again)
            else:
                self._report.trouble(visit.url, fault, status)
                self._state.queue.finish(visit)
            if self._failures >= FAILURES and not self.stopped:
                self.stopped = True
                self._report.trouble(visit.url, "site_down", status)

    def _wait(self, answer: Answer) -> bool:
        """Leave the site alone for as long as it asks; whether it asked."""
        told = answer.header("retry-after")
        if told is None and answer.status != 429:
            return False
        seconds = _seconds(told, self._now())
        self._pause = self._now().timestamp() + seconds
        if seconds > _LONGEST_PAUSE and not self.stopped:
            self.stopped = True
            with self._state.change():
                self._report.trouble(self._manners.start[0], "wait_longer", answer.status)
        return True


def _seconds(told: str | None, now: datetime) -> float:
    """What Retry-After asks for."""
    if told is None:
        return _PAUSE
    if told.strip().isdecimal() and len(told.strip()) < 10:
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - now).total_seconds())
    except (ValueError, TypeError):
        return _PAUSE
