"""What the service asks about texts: the model it has, and assessments by it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

import anyio

from serving.inference.messages import Read
from serving.inference.pool import Pool
from serving.inference.turns import Answer, ReaderLost, Unreadable
from serving.telemetry.observer import Observer
from triage.assessment import Assessment
from triage.loading import Inference, Model, read_model
from triage.modelfolder import MANIFEST, BrokenModel
from triage.reference import Reference, UnusableReference
from triage.text import Document

log = logging.getLogger("tegn")
LOOK = 5.0
"""Seconds between two looks whether another model lies in the folder."""


class StillLoading(RuntimeError):
    """The model is not loaded yet; ask again in a moment."""


class Tagged(NamedTuple):
    """Assessments of documents, in their order, all by the same model."""

    model: Model
    assessments: list[Assessment]


class Engine(Protocol):
    """Where the service sends texts to be read."""

    @property
    def ready(self) -> bool:
        """Whether a model is loaded."""
        ...

    @property
    def model(self) -> Model:
        """The model that is asked from now on, known before it is loaded.

        Raises:
            StillLoading: the model folder does not tell.
        """
        ...

    @property
    def waiting(self) -> int:
        """Texts that wait for their turn at this moment."""
        ...

    def watched_by(self, observer: Observer) -> None:
        """Report to this observer from now on: which model is in use, how long texts wait and take, how many are read at once."""
        ...

    async def read(
        self, documents: Sequence[Document], *, check: bool = True, patient: bool = False
    ) -> tuple[Model, list[Answer]]:
        """Answers to documents, in their order, and the model they come from.

        Args:
            check: whether to check their flags; it takes about as long as all the rest.
            patient: wait for a turn however long it takes.

        Raises:
            StillLoading: no model is loaded.
            Overloaded: too much waits already.
        """
        ...

    async def close(self) -> None:
        """Finish what was accepted, and end."""
        ...


async def tag(engine: Engine, documents: Sequence[Document], *, check: bool = True) -> Tagged:
    """Assessments of documents, all or none; see `Engine.read`.

    Raises:
        StillLoading, Overloaded: see `Engine.read`.
        ReaderLost: reading a text was ended from outside; it may be asked for again.
        Unreadable: the model failed on a text.
    """
    model, answers = await engine.read(documents, check=check)
    assessments = []
    for answer in answers:
        if isinstance(answer, Unreadable | ReaderLost):
            raise answer
        assessments.append(answer)
    return Tagged(model, assessments)


class Described:
    """The model of a folder, read when somebody asks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: Model | None = None
        self._observer = Observer()

    def watched_by(self, observer: Observer) -> None:
        """See `Engine.watched_by`."""
        self._observer = observer
        if self._model is not None:
            self._tell(self._model)

    def _tell(self, model: Model) -> None:
        """Say which model answers now."""
        self._observer.metrics.model(model.name, model.version, model.scheme)
        try:
            reference = Reference.load(self._folder, model.version)
        except UnusableReference as error:  # its words are a path and a command
            log.warning("drift is not measured: %s", error)
            reference = None
        self._observer.drift.compare_with(reference)

    @property
    def model(self) -> Model:
        """See `Engine.model`."""
        if self._model is None:
            try:
                self._model = read_model(self._folder)
            except BrokenModel as error:
                raise StillLoading("the model folder cannot be read") from error
        return self._model


class PooledEngine(Described):
    """Reads in processes of its own, and takes up another model when it lies in the folder."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        inference: Inference,
        room: int,
    ) -> None:
        """As `Pool`."""
        super().__init__(folder)
        self._make = partial(
            Pool, folder, workers=workers, inference=inference, room=room, on_read=self._note, on_loss=self._note_loss
        )
        self._pool: Pool | None = None
        self._seen: tuple[int, ...] = ()
        self._complained = ""

    @property
    def ready(self) -> bool:
        """See `Engine.ready`."""
        return self._pool is not None

    @property
    def pool(self) -> Pool | None:
        """The processes, once there are some."""
        return self._pool

    async def read(
        self, documents: Sequence[Document], *, check: bool = True, patient: bool = False
    ) -> tuple[Model, list[Answer]]:
        """See `Engine.read`."""
        if self._pool is None:
            raise StillLoading("the model is still loading")
        model = self.model
        with self._observer.timed("tag"):
            return model, await asyncio.wrap_future(self._pool.read(documents, check=check, patient=patient))

    @property
    def waiting(self) -> int:
        """See `Engine.waiting`."""
        return 0 if self._pool is None else self._pool.texts

    def _note(self, said: Read, waits: Sequence[float]) -> None:
        """From the thread of a reading process."""
        metrics = self._observer.metrics
        for seconds in waits:
            metrics.stage("queue", seconds)
        metrics.stage("encode", said.seconds)
        metrics.batch(len(said.answers), said.tokens)
        metrics.cached(said.hits, said.misses)

    def _note_loss(self) -> None:
        self._observer.metrics.worker_restarted()

    async def keep_up(self) -> None:
        """Load the model, and whatever model takes its place; runs until it is cancelled.

        Answers come from the old one until the new one is loaded. One that cannot be loaded is told of, and the old one stays.
        """
        while True:
            try:
                if (seen := _mark(self._folder)) != self._seen:
                    await self._take_up()
                    self._seen, self._complained = seen, ""
            except (BrokenModel, OSError) as error:
                if str(error) != self._complained:
                    self._complained = str(error)
                    log.error("the model is not taken up: %s", error)
            await asyncio.sleep(LOOK)

    async def _take_up(self) -> None:
        model = await anyio.to_thread.run_sync(read_model, self._folder)
        fresh = self._make()
        await anyio.to_thread.run_sync(fresh.start)
        old, self._pool, self._model = self._pool, fresh, model
        self._tell(model)
        log.info("%s %s answers", model.name, model.version)
        if old is not None:
            await anyio.to_thread.run_sync(old.close)

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._pool is not None:
            await anyio.to_thread.run_sync(self._pool.close)


def _mark(folder: Path) -> tuple[int, ...]:
    """What changes whenever another manifest lies in a folder."""
    found = os.stat(folder / MANIFEST)
    return found.st_ino, found.st_mtime_ns, found.st_size
