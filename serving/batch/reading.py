"""Texts read by one of the engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from serving.batch.cluster import connected
from serving.batch.engines import PATIENCE, RAY, Engine, EngineStopped, in_order
from serving.batch.spreading import spread
from serving.inference.messages import Failed
from serving.inference.pool import Pool
from serving.inference.turns import Answer
from triage.loading import Inference
from triage.modelfolder import BrokenModel, read_manifest
from triage.text import Document

Readers = Engine[list[Document], list[Answer]]


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts are read."""

    model: Path
    version: str
    inference: Inference
    check: bool


@contextmanager
def readers(name: str, reading: Reading, workers: int | None, patience: float = PATIENCE) -> Iterator[Readers]:
    """The engine of that name, reading; whatever ends the run ends what it started.

    Args:
        workers: texts read at once; if it is not given one of this machine, or as many as a cluster has processors.
        patience: of a cluster, see `spread`.

    Raises:
        EngineStopped: it cannot be had.
        BrokenModel: the model folder cannot be used.
    """
    with _cluster(reading, workers, patience) if name == RAY else _here(reading, workers or 1) as found:
        yield found


@contextmanager
def _here(reading: Reading, workers: int) -> Iterator[Readers]:
    pool = Pool(reading.model, workers=workers, inference=reading.inference, room=0)
    pool.start()
    read = partial(pool.read, check=reading.check, patient=True)
    try:
        yield lambda batches: in_order(batches, read, ahead=2 * workers)
    finally:
        pool.kill()


@contextmanager
def _cluster(reading: Reading, workers: int | None, patience: float) -> Iterator[Readers]:
    # A task has one processor; the path is looked up on another machine, and from another folder.
    work = ReadThere(replace(reading, model=reading.model.resolve(), inference=replace(reading.inference, threads=1)))
    with connected(workers) as slots:

        def read(batches: Iterable[list[Document]]) -> Iterator[list[Answer]]:
            for answers in spread(work, batches, slots=slots, patience=patience):
                if isinstance(answers, Failed):
                    raise EngineStopped(f"a machine of the Ray cluster cannot read texts: {answers.message}")
                yield answers

        yield read


@dataclass(frozen=True, slots=True)
class ReadThere:
    """Reads a batch in a process of a cluster, or says why it cannot.

    By a reading process of its own, as everywhere: so a text that ends it is found, given up and told of as everywhere, and the
    model stays loaded from one batch to the next.
    """

    reading: Reading

    def __call__(self, documents: list[Document]) -> list[Answer] | Failed:
        """The answers, in order."""
        try:
            read = _reader(self.reading)
        except BrokenModel as error:  # its words are a path and what to do
            return Failed(str(error))
        return read(documents)


_started: dict[Reading, Callable[[list[Document]], list[Answer]]] = {}
"""Of this process of a cluster."""


def _reader(reading: Reading) -> Callable[[list[Document]], list[Answer]]:
    if reading not in _started:
        version = str(read_manifest(reading.model)["version"])
        if version != reading.version:
            raise BrokenModel(f"{reading.model} holds {version}, and the command was given {reading.version}")
        pool = Pool(reading.model, workers=1, inference=reading.inference, room=0)
        pool.start()
        _started[reading] = lambda documents: pool.read(documents, check=reading.check, patient=True).result()
    return _started[reading]
