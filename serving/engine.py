"""Inference inside the service: one tagger, loaded once, used by a bounded number of threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from serving.telemetry.observer import Observer
from triage import language
from triage.assessment import Assessment
from triage.indicators import Scheme, parse_scheme
from triage.modelfolder import SCHEME
from triage.reference import Reference, UnusableReference
from triage.tagger import Tagger, load
from triage.text import Document

log = logging.getLogger("tegn")


class StillLoading(RuntimeError):
    """The model is not loaded yet; ask again in a moment."""


class Engine:
    """Tags documents once `load` has finished; until then `StillLoading`."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._folder = folder
        self._tagger: Tagger | None = None
        self._scheme: Scheme | None = None
        self._threads = threads
        self._limiter: anyio.CapacityLimiter | None = None
        self._observer = Observer()

    def watched_by(self, observer: Observer) -> None:
        """Report to this observer from now on: which model is in use, how long texts wait and take, how many are read at once."""
        self._observer = observer
        if self._tagger is not None:
            self._tell(self._tagger)

    def _tell(self, tagger: Tagger) -> None:
        self._observer.metrics.model(tagger.name, tagger.version, tagger.scheme)
        try:
            reference = Reference.load(self._folder, tagger.version)
        except UnusableReference as error:  # its words are a path and a command
            log.warning("drift is not measured: %s", error)
            reference = None
        self._observer.drift.compare_with(reference)

    def load(self) -> None:
        """Read the model folder.

        Raises:
            BrokenModel: the folder is missing, incomplete or changed.
        """
        tagger = load(self._folder)
        language.warm_up()
        self._tell(tagger)
        self._tagger = tagger

    def load_in_background(self) -> threading.Thread:
        """Start `load` in a thread, so that health checks answer meanwhile."""
        thread = threading.Thread(target=self.load, name="tegn-load-model", daemon=True)
        thread.start()
        return thread

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._tagger is not None

    @property
    def tagger(self) -> Tagger:
        """The tagger.

        Raises:
            StillLoading: see the class.
        """
        if self._tagger is None:
            raise StillLoading("the model is still loading")
        return self._tagger

    @property
    def scheme(self) -> Scheme:
        """The indicators of the model, known before it is loaded.

        Raises:
            StillLoading: the model folder does not tell them.
        """
        if self._tagger is not None:
            return self._tagger.scheme
        if self._scheme is None:
            try:
                self._scheme = parse_scheme((self._folder / SCHEME).read_text("utf-8"))
            except (OSError, ValueError):
                raise StillLoading("the model folder cannot be read") from None
        return self._scheme

    async def tag(self, documents: Sequence[Document]) -> list[Assessment]:
        """Assess documents, in their order, outside the event loop; one at a time, so that a long one blocks no other call
        for longer than itself.

        Raises:
            StillLoading: see the class.
        """
        tagger = self.tagger
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._threads)
        return [await self._tag_one(tagger, document) for document in documents]

    async def _tag_one(self, tagger: Tagger, document: Document) -> Assessment:
        """One text, and what it took."""
        asked = begun = time.perf_counter()

        def work() -> Assessment:
            nonlocal begun
            begun = time.perf_counter()
            self._observer.metrics.queued(-1)
            return tagger([document])[0]

        self._observer.metrics.queued(1)
        try:
            assessment = await anyio.to_thread.run_sync(work, limiter=self._limiter)
        finally:
            if begun == asked:  # it was given up while it waited
                self._observer.metrics.queued(-1)
        self._observer.stage("queue", begun - asked)
        self._observer.stage("tag", time.perf_counter() - begun)
        self._observer.metrics.batch(1, assessment.measures.tokens if assessment.measures else 0)
        return assessment
