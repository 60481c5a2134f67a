"""Signs ads by several processes, batch by batch: what is on disk is not made again, whichever file it comes in."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol

from serving.ads.linkable import Linkable
from serving.linking import segments
from serving.linking.ragged import Ragged
from serving.linking.records import LinkKey
from serving.linking.signatures import OtherKey, Signatures, sign_and_mark

BATCH = 1_000
"""Ads in a batch, at most."""
CHARACTERS = 2_000_000
"""Code points in a batch, at most; of a single long ad more."""
_Signed = tuple[Signatures, Ragged]


class SignersLost(RuntimeError):
    """A process that signs ended, perhaps for memory. What is whole is kept: try again with fewer workers."""


class _Signs(Protocol):
    def __call__(self, ads: list[Linkable]) -> Future[_Signed]: ...


def sign_new(ads: Iterable[Linkable], folder: Path, key: LinkKey, workers: int) -> Iterator[int]:
    """Keep the signatures of those ads in `folder` that are not there yet, in order; gives how many more are there.

    Raises:
        DamagedSegment: a batch in the folder cannot be read.
        OtherKey: a batch in the folder was made under another key.
        SignersLost: see the class.
    """
    names = segments.batches(folder)
    known: set[int] = set()
    for name in names:
        mark, digests = segments.load_digests(folder, name)
        if mark != key.mark():
            raise OtherKey(f"{folder} was made under another key or by another version; use that, or another folder")
        known.update(digests)
    number = max((int(x) for x in names if x.isdecimal()), default=-1)
    waiting: deque[tuple[int, Future[_Signed]]] = deque()
    with _signers(workers, key) as sign:
        for batch in _batches(ads, known, key):
            waiting.append((len(batch), sign(batch)))
            if len(waiting) > 2 * workers:
                number += 1
                yield _keep(folder, number, *waiting.popleft())
        while waiting:
            number += 1
            yield _keep(folder, number, *waiting.popleft())


def _keep(folder: Path, number: int, size: int, signed: Future[_Signed]) -> int:
    try:
        signatures, marks = signed.result()
    except BrokenProcessPool:
        raise SignersLost(
            "a process that reads ads ended, perhaps for memory; what is finished is kept, run the same command again "
            "with fewer --workers"
        ) from None
    segments.save(folder, f"{number:08d}", signatures, marks)
    return size


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
def _signers(workers: int, key: LinkKey) -> Iterator[_Signs]:
    """Processes that sign, or this one if one is enough; they end with it, however it ends."""
    if workers == 1:
        yield lambda ads: _done(_sign(ads, key))
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent)
    try:
        yield lambda ads: pool.submit(_sign, ads, key)
    finally:
        pool.shutdown(cancel_futures=True)


def _done(signed: _Signed) -> Future[_Signed]:
    future: Future[_Signed] = Future()
    future.set_result(signed)
    return future


def _sign(ads: list[Linkable], key: LinkKey) -> _Signed:
    return sign_and_mark((x.to_record(key) for x in ads), key)


def _end_with_parent() -> None:
    """A killed parent closes no queue, since its children hold the queue's other end: each watches for itself."""

    def watch() -> None:
        if (parent := parent_process()) is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
