"""Collects: every site of a rules file that may be, in one process, into one folder. Resumable at any moment."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from serving.ads.collecting.content import Read, read_page
from serving.ads.collecting.course import Course
from serving.ads.collecting.faults import FAULTS, Trouble
from serving.ads.collecting.gate import Gate
from serving.ads.collecting.manners import Collector
from serving.ads.collecting.report import ERRORS, JOURNAL
from serving.ads.collecting.scope import Scope, scopes_of
from serving.ads.collecting.settings import about, settings_of
from serving.ads.collecting.shelf import Shelf
from serving.ads.collecting.state import State, UnusableState
from serving.ads.reader import Reader, ReaderLost
from serving.ads.rules import Rules
from serving.batch.alone import locked
from serving.batch.resuming import CannotGoOn, unfinished

CHANGES = ("new", "reposted", "edited", "back", "removed", "unchanged", "disallowed", "closed", "refused")
_WORDS = {
    "new": "new",
    "reposted": "reposted",
    "edited": "edited",
    "back": "back again",
    "removed": "removed",
    "unchanged": "unchanged",
    "disallowed": "disallowed by robots.txt",
    "closed": "not asked for, as robots.txt could not be read",
    "refused": "no HTML",
}


class CannotCollect(RuntimeError):
    """Collecting cannot begin or go on; the message says what to do. Nothing finished is lost."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did, interruptions included."""

    counts: Counter[str]
    waiting: int
    """Addresses that wait for the next run."""
    journal: Path
    errors: Path
    interrupted: bool

    @property
    def bad(self) -> int:
        """Faults that were reported."""
        return self.counts["faults"]

    def sentence(self) -> str:
        """The summary in words."""
        pages = ", ".join(f"{self.counts[x]:,} {_WORDS[x]}" for x in CHANGES if self.counts[x]) or "no pages"
        waiting = f"; {self.waiting:,} addresses wait for the next run" if self.waiting else ""
        kinds = ", ".join(f"{x} {self.counts[f'fault {x}']:,}" for x in sorted(FAULTS) if self.counts[f"fault {x}"])
        bad = f"; {self.bad:,} faults, see {self.errors} ({kinds})" if self.bad else ""
        return f"{pages}{waiting}{bad}"


def collect(
    rules: Rules, folder: Path, only: tuple[str, ...] = (), *, tell: Callable[[str], None] = lambda _: None
) -> Summary:
    """Collect into `folder`, where nothing but WARC files is put; all else is in `folder`.runs. Once in a process.

    All logging of the process is switched off: Scrapy and Twisted write addresses and parts of answers into theirs.

    Raises:
        CannotCollect: see the class.
        UnusableRules: no site may be collected.
    """
    collector, scopes = scopes_of(rules, only)
    folder = folder.resolve()
    beside = folder.with_name(folder.name + ".runs")
    logging.disable(logging.CRITICAL)
    try:
        with _held(folder, beside), closing(State(beside / "state.sqlite")) as state:
            return _Run(rules, collector, scopes, folder, beside, state, tell).go()
    except (UnusableState, ReaderLost, CannotGoOn) as error:
        raise CannotCollect(str(error)) from None
    except sqlite3.Error as error:
        raise CannotCollect(unfinished(error, beside)) from None
    except OSError as error:
        raise CannotCollect(unfinished(error, folder)) from None


@contextmanager
def _held(folder: Path, beside: Path) -> Iterator[None]:
    """The folders, for this command alone."""
    if folder.exists() and not folder.is_dir():
        raise CannotCollect(f"{folder} is no folder; name another place")
    for path in (folder, beside):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_dev != beside.stat().st_dev:
        raise CannotCollect(f"{folder} and {beside} must lie on one disk; name a folder inside {folder}")
    with locked(beside / "lock", f"another command collects into {folder}; wait for its end"):
        yield


class _Run:
    """One run of all sites."""

    def __init__(
        self,
        rules: Rules,
        collector: Collector,
        scopes: list[Scope],
        folder: Path,
        beside: Path,
        state: State,
        tell: Callable[[str], None],
    ) -> None:
        self._rules, self._collector, self._scopes, self._state, self._tell = rules, collector, scopes, state, tell
        run = state.fact("run")
        if run is None:
            run = _begin(state)
        self._run = run
        with state.change():
            for scope in scopes:
                state.set_fact(f"about {scope.name}", json.dumps(about(collector, scope.manners)))
        self._shelf = Shelf(folder, beside, state, run)
        self._courses: list[Course] = []
        self._broken: Exception | None = None
        self._reasons: list[str] = []
        self._process: Any = None
        self._stopping: Any = None

    def go(self) -> Summary:
        """Collect until all is done, a limit is reached, or somebody interrupts."""
        self._shelf.write_out()  # what an interrupted run left
        with (
            ThreadPoolExecutor(max_workers=1) as pool,
            Reader(self._rules) as reader,
            tqdm(unit=" pages", disable=None) as bar,
        ):
            try:
                self._crawl(pool, reader, bar)
            finally:
                if not isinstance(self._broken, OSError | sqlite3.Error):
                    self._shelf.write_out()
        if self._broken is not None:
            raise _told(self._broken)
        # Somebody in a hurry interrupts twice: some crawls end without a reason then.
        interrupted = "shutdown" in self._reasons or len(self._reasons) < len(self._courses)
        done = [x.end() for x in self._courses]
        summary = Summary(
            self._state.counts(),
            sum(self._state.queue.waiting(x.name) for x in self._scopes),
            self._shelf.files[JOURNAL],
            self._shelf.files[ERRORS],
            interrupted and not all(done),
        )
        if not summary.interrupted:
            with self._state.change():
                self._state.set_fact("run", None)
        return summary

    def _crawl(self, pool: ThreadPoolExecutor, reader: Reader, bar: Any) -> None:
        from scrapy.crawler import AsyncCrawlerProcess, Crawler

        from serving.ads.collecting.guard import Guard
        from serving.ads.collecting.spider import SiteSpider

        guard = Guard(host for x in self._scopes if x.manners.private for host in x.hosts())
        self._process = AsyncCrawlerProcess({"TWISTED_DNS_RESOLVER": guard.resolver(), "LOG_ENABLED": False})
        crawls = []
        for scope in self._scopes:
            crawler = Crawler(SiteSpider, settings_of(self._collector, scope.manners, self._rules.limit))
            build = partial(self._course, scope, pool, reader, bar)
            crawls.append(
                self._process.crawl(crawler, build=build, guard=guard, broke=self._broke, ended=self._reasons.append)
            )
        self._process.start()
        for crawl in crawls:
            error = crawl.exception() if crawl.done() and not crawl.cancelled() else None
            if isinstance(error, Exception) and self._broken is None:
                self._broken = error

    def _course(
        self, scope: Scope, pool: ThreadPoolExecutor, reader: Reader, bar: Any, slow: Callable[[float], None]
    ) -> Course:
        async def read(url: str, content_type: str | None, time: str, body: bytes) -> Read:
            # Apart from the loop: a page that takes its reader long holds up no other site.
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(pool, read_page, reader, url, content_type, time, body)

        def step() -> None:
            bar.update()
            if self._shelf.is_full():
                self._shelf.write_out()

        def tell(trouble: Trouble) -> None:
            self._tell(trouble.sentence())

        obeyed = scope.manners.ignore_robots is None
        gate = Gate(self._collector.name, obeyed=obeyed, slow=slow)
        course = Course(scope, self._state, self._run, gate, read, limit=self._rules.limit, tell=tell, step=step)
        course.begin()
        self._courses.append(course)
        return course

    def _broke(self, error: Exception) -> None:
        """Something is wrong with the collector itself, not with a page: stop all sites in order."""
        if self._broken is None:
            self._broken = error
            for course in self._courses:
                course.stopped = True
            self._stopping = asyncio.ensure_future(self._process.stop())


def _begin(state: State) -> str:
    began = datetime.now(UTC)
    run = began.strftime("%Y%m%dT%H%M%SZ")
    if state.fact("last run") == run:  # within one second
        run += "-2"
    with state.change():
        state.forget_counts()
        for name, value in {
            "run": run,
            "last run": run,
            "began": began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "warcs": "0",
            f"{JOURNAL}_bytes": "0",
            f"{ERRORS}_bytes": "0",
        }.items():
            state.set_fact(name, value)
    return run


def _told(error: Exception) -> Exception:
    """An error as it may be told: those of unknown origin could quote a page."""
    if isinstance(error, OSError | sqlite3.Error | ReaderLost):
        return error
    where = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(where.filename)}, line {where.lineno}"
    return CannotCollect(
        f"the collector failed ({type(error).__name__} in {place}); what is finished is kept. Please report it, "
        "and run the same command to go on"
    )
