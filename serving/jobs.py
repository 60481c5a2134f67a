"""Work that goes on beside requests: files are read, texts are tagged, cases whose time is over are erased."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from serving.desk import cases, extraction, holding, retracing, tagging
from serving.engine import Engine
from serving.groups.renewing import retrace_ads
from serving.inference.turns import Answer, ReaderLost, Unreadable
from serving.store import anchors
from serving.store.database import overwrite_deleted
from serving.store.ledger import Ledger
from serving.store.retention import forget_logins
from serving.telemetry.observer import Observer
from triage.assessment import Assessment

log = logging.getLogger("tegn")
Retrace = Callable[[Ledger, int], int | None]
PAUSE = 1.0
"""Seconds between two looks when nothing waits."""
HOUSEKEEPING = 600.0
"""Seconds between two looks for what is to be erased or goes back to the queue."""
_AFTER_FAILURE = 30.0
_FAULTS = {anchors.Broken: "broken", anchors.UnusableAnchor: "unusable", OSError: "io"}
"""What may keep the audit log from a new anchor, and what the metrics call it."""


class Jobs:
    """The work of one process. Several processes share it: each takes what no other has."""

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        *,
        keep_days: int,
        keep_logins_days: int = 30,
        home: Path | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._ledger, self._engine, self._keep_days = ledger, engine, keep_days
        self._keep_logins = timedelta(days=keep_logins_days)
        self._home = home
        """Where the anchor of the audit log is kept."""
        self._observer = observer or Observer()
        self._outdated = True
        """Whether texts may wait that an earlier model read."""
        self._traced: dict[Retrace, int | None] = {retracing.retrace_texts: 0, retrace_ads: 0}
        """The last text, and ad, whose contacts were looked at; None once all were."""
        self._tidied = float("-inf")

    async def run(self) -> None:
        """Work until cancelled; what fails is logged by its kind alone and tried again."""
        while True:
            try:
                worked = await self.step()
                await asyncio.sleep(0 if worked else PAUSE)
            except Exception as error:  # an error's words may hold text of a document
                log.error("background work failed: %s", type(error).__name__)
                self._observer.metrics.failed("step")
                await asyncio.sleep(_AFTER_FAILURE)

    async def step(self) -> bool:
        """Do a little of everything; whether there was anything to do."""
        if time.monotonic() - self._tidied > HOUSEKEEPING:
            self._tidied = time.monotonic()
            await run_in_threadpool(self._tidy)
        began = time.perf_counter()
        read = await run_in_threadpool(extraction.read_next, self._ledger, keep_days=self._keep_days)
        if read:
            self._observer.stage("extract", time.perf_counter() - began)
        return await self._tag() or read or await self._retrace()

    async def _retrace(self) -> bool:
        """Bring contacts of an earlier version under today's rule, when nothing else waits; whether there were any."""
        for some, after in self._traced.items():
            if after is not None:
                self._traced[some] = await run_in_threadpool(some, self._ledger, after)
                return self._traced[some] is not None
        return False

    def _tidy(self) -> None:
        forget_logins(self._ledger, self._keep_logins)
        erased = cases.erase_expired(self._ledger)
        holding.give_back_lying(self._ledger)
        if not erased and self._ledger.engine.dialect.name == "sqlite":
            overwrite_deleted(self._ledger.engine)  # an earlier erasure may have found somebody reading
        if self._home is None:
            return
        try:
            anchors.keep_anchor(self._ledger, self._home)
        except tuple(_FAULTS) as error:  # none holds text, and none stops the work
            log.error("the audit log has no new anchor: %s; run `python -m serving audit verify`", error)
            self._observer.metrics.audit_fault(next(x for kind, x in _FAULTS.items() if isinstance(error, kind)))
        else:
            self._observer.metrics.anchored()

    async def _tag(self) -> bool:
        if not self._engine.ready:
            return False
        about = self._engine.model
        name = f"{about.name} {about.version}"
        model = tagging.Model(name, hashlib.sha256(name.encode()).hexdigest()[:16])
        documents = await run_in_threadpool(tagging.claim, self._ledger, model, outdated=False)
        if documents is None and self._outdated:
            documents = await run_in_threadpool(tagging.claim, self._ledger, model, outdated=True)
            self._outdated = documents is not None
        if not documents:
            return documents is not None
        try:
            with self._observer.traces.work("desk.tag"):
                read_by, answers = await self._engine.read(documents, patient=True)
            if read_by.version != about.version:  # another was taken up meanwhile: they are read again, by it alone
                await run_in_threadpool(tagging.give_back, self._ledger, documents)
                return True
            found = list(zip(documents, answers, strict=True))
            if lost := [text for text, answer in found if isinstance(answer, ReaderLost)]:
                await run_in_threadpool(tagging.give_back, self._ledger, lost, tried=True)
            documents = [text for text, answer in found if not isinstance(answer, ReaderLost)]
            said = [self._assessment(x) for x in answers if not isinstance(x, ReaderLost)]
            self._observer.assessed("desk", documents, said)
            with self._observer.timed("keep"):
                await run_in_threadpool(tagging.keep, self._ledger, model, documents, said)
        except BaseException:  # the service stops, has no model ready or lost its store: the texts are not to blame
            with suppress(SQLAlchemyError):  # else they wait until they are given up
                tagging.give_back(self._ledger, documents)
            raise
        return True

    def _assessment(self, answer: Answer) -> Assessment | None:
        """What the model says, or None if it failed on this text: it must not hold up the others, nor be tried for ever."""
        if isinstance(answer, Assessment):
            return answer
        log.error("the model failed on a text: %s", answer if isinstance(answer, Unreadable) else type(answer).__name__)
        self._observer.metrics.failed("tagging")
        return None


async def stop(task: asyncio.Task[None]) -> None:
    """Stop the work; what was begun is begun again by whoever comes next."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
