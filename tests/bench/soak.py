"""A long time under work while processes are killed and connections are cut; afterwards everything is counted."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.bench import sample
from tests.bench.client import KEPT, TIMEOUT
from tests.bench.disturbances import cut_connections, kill_readers, lock_the_file
from tests.bench.memory import Watch
from tests.bench.plan import Plan
from tests.bench.server import Service, serve
from tests.bench.verdict import judge, wait_until_tagged
from tests.serving import postgres
from triage.text import Document

PEOPLE = 3
"""Who submit texts for review."""
SYSTEMS = 3
"""That call the API."""
CANARY = "Kanariefugl"


@dataclass
class Sent:
    """What was sent, and what became of it."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that are neither one nor a refusal that says when to come again: what was asked, and the status."""
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Canary of each text that was said to be stored, and where its receipt is."""
    open: set[str] = field(default_factory=set)
    """Canaries of texts that were sent, and not acknowledged."""


def measure(plan: Plan) -> dict[str, Any]:
    """The soak on each kind of store; PostgreSQL only where its binaries are."""
    results: dict[str, Any] = {}
    for kind in ("postgresql", "sqlite"):
        with _store(kind) as settings:
            if settings is None:
                results[kind] = "not measured: no PostgreSQL on this machine"
                continue
            results[kind] = _soak(plan, kind, settings)
            print(f"soak on {kind}: {results[kind]['findings'] or 'no findings'}", flush=True)
    return {"soak": {"minutes": plan.minutes, **results}}


@contextmanager
def _store(kind: str) -> Iterator[dict[str, str] | None]:
    if kind == "sqlite":
        yield {}
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        yield None
        return
    with postgres.server(binaries) as url:
        yield {"TEGN_DATABASE_URL": postgres.new_database(url)}


def _soak(plan: Plan, kind: str, settings: dict[str, str]) -> dict[str, Any]:
    chance = random.Random(7)
    with (
        tempfile.TemporaryDirectory(prefix="tegn-soak-") as place,
        serve(plan.model, inside=Path(place), **settings) as service,
    ):
        links = [service.run("user", "add", f"Person {i}", "--role", "analyst").stdout.strip() for i in range(PEOPLE)]
        sent, done = Sent(), Counter[str]()
        with Watch(service) as watch:
            asyncio.run(_work(service, plan.minutes * 60, links, sent, done, kind, chance))
            waited = wait_until_tagged(service, 60 if plan.quick else 1200)
        found = judge(service, sent.acknowledged, sent.open, CANARY)
        findings = [*sent.wrong[:20], *found.findings]
        return {
            "requests": sum(sent.statuses.values()),
            "statuses": dict(sorted(sent.statuses.items())),
            "not_clean": len(sent.wrong),
            "disturbances": dict(done),
            "acknowledged": len(sent.acknowledged),
            **found.counts,
            "seconds_until_all_was_tagged": round(waited, 1),
            "memory": watch.report(),
            "findings": findings,
        }


async def _work(
    service: Service, seconds: float, links: list[str], sent: Sent, done: Counter[str], kind: str, chance: random.Random
) -> None:
    end = time.monotonic() + seconds
    notes = sample.new_notes(sample.texts("test"), seed=3)
    hindering = [kill_readers(service, done, chance)]
    hindering.append(
        lock_the_file(service, done, chance) if kind == "sqlite" else cut_connections(service, done, chance)
    )
    disturbing = [asyncio.create_task(x) for x in hindering]
    await asyncio.gather(
        *(_call(service, end, notes, sent, chance) for _ in range(SYSTEMS)),
        *(_submit(service, end, link, number, notes, sent, chance) for number, link in enumerate(links)),
    )
    for task in disturbing:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _session(service: Service, **options: Any) -> aiohttp.ClientSession:
    """A browser or a system; the jar for cookies is `unsafe` where the address is a number."""
    connector = aiohttp.TCPConnector(keepalive_timeout=KEPT)
    return aiohttp.ClientSession(service.url, timeout=TIMEOUT, connector=connector, **options)


async def _call(service: Service, end: float, notes: Iterator[Document], sent: Sent, chance: random.Random) -> None:
    async with _session(service, headers=service.headers) as session:
        while time.monotonic() < end:
            batch = [next(notes) for _ in range(chance.choice((1, 1, 1, 4)))]
            body = {"documents": [{"id": x.id, "kind": x.kind, "text": f"{CANARY}. {x.text}"} for x in batch]}
            await _ask(session, "/v1/tag", sent, good=(200,), json=body)
            await asyncio.sleep(chance.expovariate(2))


async def _submit(
    service: Service, end: float, link: str, who: int, notes: Iterator[Document], sent: Sent, chance: random.Random
) -> None:
    async with _session(service, cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        path = "/login/" + link.rsplit("/", 1)[1]
        while (await _ask(session, path, sent, good=(303,)))[0] != 303:
            pass
        number = 0
        while time.monotonic() < end:
            number += 1
            canary = f"{CANARY}-{who}-{number}x"
            sent.open.add(canary)
            text = f"{canary} {next(notes).text}"
            while True:  # as a person would: again, until it is said to be stored
                form = {"text": text, "kind": "note", "reference": ""}
                status, where = await _ask(session, "/submit", sent, good=(303,), data=form)
                if status == 303:
                    break
                if time.monotonic() > end + 120:
                    sent.wrong.append("a text was refused for two minutes after the end")
                    return
            if "/submit/receipt?" not in where:
                sent.wrong.append("a text that was sent led to another page than its receipt")
                continue
            sent.open.discard(canary)
            sent.acknowledged[canary] = where
            await asyncio.sleep(chance.expovariate(1))


async def _ask(
    session: aiohttp.ClientSession, path: str, sent: Sent, *, good: tuple[int, ...], **body: Any
) -> tuple[int, str]:
    """Post something; waits as long as a refusal says. Returns the status, and where the answer leads."""
    route = "/" + path.split("/")[1]
    try:
        async with session.post(path, allow_redirects=False, **body) as answer:
            await answer.read()
            status, headers = answer.status, answer.headers
    except (aiohttp.ClientError, TimeoutError) as error:
        sent.statuses[f"{route} none"] += 1
        sent.wrong.append(f"{route} had no answer: {type(error).__name__}")
        await asyncio.sleep(1)
        return 0, ""
    sent.statuses[f"{route} {status}"] += 1
    if status in good:
        return status, headers.get("Location", "")
    wait = headers.get("Retry-After", "")
    if status not in (429, 503) or not wait.isdecimal():
        sent.wrong.append(f"{route} answered {status}" + (" without Retry-After" if status in (429, 503) else ""))
    await asyncio.sleep(min(10, int(wait)) if wait.isdecimal() else 1)
    return status, ""
