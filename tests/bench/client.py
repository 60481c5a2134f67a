"""A caller of the API with many connections. It costs little itself, as it shares the machine with what it measures."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

from triage.text import Document

Batch = Sequence[Document]
TIMEOUT = aiohttp.ClientTimeout(total=300)
KEPT = 2.0
"""Seconds that an idle connection is kept: less than the server keeps it, which else may close it just as it is used again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a request."""

    documents: int
    status: int
    """0 if there was no answer."""
    seconds: float
    """Since it was due."""
    done: float
    """When, by `time.perf_counter`."""
    wait: str = ""
    """What `Retry-After` says."""

    @property
    def clean(self) -> bool:
        """Answered, or refused in a way that says when to come again."""
        return self.status == 200 or (self.status in (429, 503) and self.wait.isdecimal())


@dataclass
class Client:
    """Sends documents to one address."""

    url: str
    key: str = ""
    _session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[None]:
        """Connections of one measurement: between two the server would close those that are idle, unnoticed by us."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT)
        async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT, connector=connector) as self._session:
            yield

    async def send(self, batch: Batch, due: float | None = None) -> Reply:
        """Send documents and read the whole answer."""
        due = time.perf_counter() if due is None else due
        body = json.dumps({"documents": [{"id": x.id, "kind": x.kind, "text": x.text} for x in batch]}).encode()
        assert self._session is not None
        try:
            async with self._session.post(self.url, data=body) as answer:
                await answer.read()
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError):
            status, wait = 0, ""
        now = time.perf_counter()
        return Reply(len(batch), status, now - due, now, wait)

    def closed(self, batches: Iterable[Batch], connections: int, seconds: float | None = None) -> list[Reply]:
        """Each connection sends as soon as it has an answer, until there are no more or the time is over."""

        async def go() -> list[Reply]:
            left, replies = iter(batches), []
            end = None if seconds is None else time.perf_counter() + seconds

            async def keep_sending() -> None:
                for batch in left:
                    if end is not None and time.perf_counter() > end:
                        return
                    replies.append(await self.send(batch))

            async with self._connected():
                await asyncio.gather(*(keep_sending() for _ in range(connections)))
            return replies

        return asyncio.run(go())

    def opened(self, batches: Iterator[Batch], gaps: Iterator[float], seconds: float) -> list[Reply]:
        """Requests come when they are due, whether or not earlier ones are answered; latency counts from when each was due."""

        async def go() -> list[Reply]:
            tasks = []
            async with self._connected():
                began = due = time.perf_counter()
                while (due := due + next(gaps)) < began + seconds:
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    tasks.append(asyncio.create_task(self.send(next(batches), due)))
                return list(await asyncio.gather(*tasks))

        return asyncio.run(go())


def batches_of(documents: Sequence[Document], size: int) -> list[list[Document]]:
    """Documents in requests of so many."""
    return [list(documents[i : i + size]) for i in range(0, len(documents), size)]


def mixed(notes: Iterator[Document], draw: Callable[[Sequence[int]], int], many: int = 32) -> Iterator[list[Document]]:
    """Requests without end: of each five, four hold one note and one holds `many`, in an order by chance."""
    sizes: list[int] = []
    for _ in count():
        sizes = sizes or [1, 1, 1, 1, many]
        yield [next(notes) for _ in range(sizes.pop(draw(range(len(sizes)))))]


def statuses(replies: Iterable[Reply]) -> dict[str, int]:
    """How many replies had each status."""
    return {str(status): number for status, number in sorted(Counter(x.status for x in replies).items())}


def require_answers(replies: Sequence[Reply]) -> list[Reply]:
    """The replies, all of which must be answers.

    Raises:
        RuntimeError: one is not, so that what was measured means nothing.
    """
    if any(x.status != 200 for x in replies):
        raise RuntimeError(f"requests were not answered: {statuses(replies)}")
    return list(replies)
