"""Signs ads by several processes or a cluster, batch by batch: what is on disk is not made again, whichever file it comes in."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path

from serving.ads.linkable import Linkable
from serving.batch.cluster import connected
from serving.batch.engines import PATIENCE, RAY, Engine, in_order
from serving.batch.spreading import spread
from serving.linking import segments
from serving.linking.ragged import Ragged
from serving.linking.records import LinkKey
from serving.linking.signatures import OtherKey, Signatures, sign_and_mark
from serving.machine import cores

BATCH = 1_000
"""Ads in a batch, at most."""
CHARACTERS = 2_000_000
"""Code points in a batch, at most; of a single long ad more."""
_Signed = tuple[Signatures, Ragged]
Signers = Engine[list[Linkable], _Signed]


class SignersLost(RuntimeError):
    """A process that signs ended, perhaps for memory. What is whole is kept: try again with fewer workers."""


def sign_new(ads: Iterable[Linkable], folder: Path, key: LinkKey, sign: Signers) -> None:
    """Keep the signatures of those ads in `folder` that are not there yet, in order.

    Raises:
        DamagedSegment: a batch in the folder cannot be read.
        OtherKey: a batch in the folder was made under another key.
        SignersLost: see the class.
        EngineStopped: a cluster went no further.
    """
    names = segments.batches(folder)
    known: set[int] = set()
    for name in names:
        mark, digests = segments.load_digests(folder, name)
        if mark != key.mark():
            raise OtherKey(f"{folder} was made under another key or by another version; use that, or another folder")
        known.update(digests)
    number = max((int(x) for x in names if x.isdecimal()), default=-1)
    for signatures, marks in sign(_batches(ads, known, key)):
        number += 1
        segments.save(folder, f"{number:08d}", signatures, marks)


def _batches(ads: Iterable[Linkable], known: set[int], key: LinkKey) -> Iterator[list[Linkable]]:
    batch: list[Linkable] = []
    size = 0
    for ad in ads:
        if (digest := ad.digest(key)) in known:
            continue
        known.add(digest)
        batch.append(ad)
        size += len(ad.text)
        if len(batch) >= BATCH or size >= CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


@contextmanager
def signers(name: str, key: LinkKey, workers: int | None, patience: float = PATIENCE) -> Iterator[Signers]:
    """The engine of that name, signing; what it started ends with this process, however it ends.

    Args:
        workers: batches at once; one a core, of this machine or of the cluster, if it is not given.
        patience: of a cluster, see `spread`.

    Raises:
        EngineStopped: it cannot be had.
    """
    work = Sign(key)
    if name == RAY:
        with connected(workers) as slots:
            yield lambda batches: spread(work, batches, slots=slots, patience=patience)
        return
    workers = workers or cores()
    if workers == 1:
        yield lambda batches: map(work, batches)
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
    try:
        yield lambda batches: _by(pool, work, batches, 2 * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _by(pool: ProcessPoolExecutor, work: Sign, batches: Iterable[list[Linkable]], ahead: int) -> Iterator[_Signed]:
    try:
        yield from in_order(batches, lambda batch: pool.submit(work, batch), ahead=ahead)
    except BrokenProcessPool:
        raise SignersLost(
            "a process that reads ads ended, perhaps for memory; what is finished is kept, run the same command again "
            "with fewer --workers"
        ) from None


@dataclass(frozen=True, slots=True)
class Sign:
    """Signs a batch under a key, in whatever process."""

    key: LinkKey

    def __call__(self, ads: list[Linkable]) -> _Signed:
        """Signatures and marks."""
        return sign_and_mark((x.to_record(self.key) for x in ads), self.key)


def _end_with_parent() -> None:
    """A killed parent closes no queue, since its children hold the queue's other end: each watches for itself."""

    def watch() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
