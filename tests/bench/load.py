"""The service under load: what it can do, how long single notes wait beside batches, and what becomes of far too much."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench import memory, sample
from tests.bench.client import Batch, Client, Reply, mixed, require_answers, statuses
from tests.bench.plan import Plan
from tests.bench.server import Service, serve
from tests.bench.speed import connections
from tests.bench.statistics import percentile, spread

SHARE = 0.7
"""Of capacity, for the latency."""
TIMES = 3.0
"""Capacity, for the overload."""
MANY = 32
"""Notes of a batch; one request of five is one."""
WINDOW = 10.0
"""Seconds over which throughput is counted."""


def arrivals(rate: float, chance: random.Random) -> Iterator[float]:
    """Seconds between requests that come independently of one another, so many a second."""
    while True:
        yield chance.expovariate(rate)


def measure(plan: Plan) -> dict[str, Any]:
    """Capacity, latency at a part of it, and overload, one after another on the same service."""
    seconds = 4.0 if plan.quick else 60.0
    documents = sample.texts("test")
    chance = random.Random(1)
    notes = sample.new_notes(documents)
    many = 4 if plan.quick else MANY
    # So small a queue overflows at once; otherwise all is as people have it.
    settings = {"TEGN_QUEUE_CODE_POINTS": "50000"} if plan.quick else {}
    with serve(plan.model, **settings) as service:
        client = Client(f"{service.url}/v1/tag", service.key)
        client.closed((next(mixed(notes, chance.choice, many)) for _ in range(5)), connections())
        idle = {size: _idle(client, notes, size, 3 if plan.quick else 30) for size in (1, many)}
        capacity = _capacity(client, mixed(notes, chance.choice, many), seconds)
        latency = _latency(client, mixed(notes, chance.choice, many), capacity, idle, 3 * seconds, chance)
        overload = _overload(service, client, mixed(notes, chance.choice, many), capacity, plan, chance)
    return {
        "latency": {"idle": {str(size): spread(x) for size, x in idle.items()}, **latency},
        "overload": overload,
        "load": {
            "capacity": capacity,
            "notes_of_a_batch": many,
            "arrivals": "Poisson; four requests of five hold one note, one holds many; latency counts from when a request is due",
            "notes": "made of sentences of the test notes, no two alike, as long as those",
            "sample": sample.describe([next(notes) for _ in range(200)], plan.model),
        },
    }


def _idle(client: Client, notes: Iterator[Any], size: int, times: int) -> list[float]:
    """Seconds of requests that come one by one."""
    return [
        x.seconds for x in require_answers(client.closed(([next(notes) for _ in range(size)] for _ in range(times)), 1))
    ]


def _capacity(client: Client, batches: Iterator[Batch], seconds: float) -> dict[str, float]:
    began = time.perf_counter()
    replies = require_answers(client.closed(batches, connections(), seconds))
    took = max(x.done for x in replies) - began
    rates = {"documents": sum(x.documents for x in replies), "requests": len(replies)}
    return {f"{name}_per_second": number / took for name, number in rates.items()} | {"seconds": took}


def _latency(
    client: Client,
    batches: Iterator[Batch],
    capacity: dict[str, float],
    idle: dict[int, list[float]],
    seconds: float,
    chance: random.Random,
) -> dict[str, Any]:
    rate = SHARE * capacity["requests_per_second"]
    replies = client.opened(batches, arrivals(rate, chance), seconds)
    medians = {size: spread(x)["median"] for size, x in idle.items()}
    # Of all together each counts by how much longer it took than one of its size takes when nothing else is there.
    times = [x.seconds / medians[x.documents] for x in replies if x.status == 200]
    found: dict[str, Any] = {"requests_per_second": rate, "share_of_capacity": SHARE, "statuses": statuses(replies)}
    for size, name in ((1, "single"), (max(idle), "batch")):
        mine = [x.seconds for x in replies if x.documents == size and x.status == 200]
        found[name] = _waited(mine, medians[size])
    return found | {"together_p95_vs_idle": round(percentile(times, 95), 3) if times else None}


def _waited(seconds: Sequence[float], idle: float) -> dict[str, float]:
    if not seconds:
        return {"n": 0}
    high = percentile(seconds, 95)
    return spread(seconds) | {"p95": high, "p99": percentile(seconds, 99), "p95_vs_idle": round(high / idle, 3)}


def _overload(
    service: Service,
    client: Client,
    batches: Iterator[Batch],
    capacity: dict[str, float],
    plan: Plan,
    chance: random.Random,
) -> dict[str, Any]:
    seconds = 6.0 if plan.quick else 60 * plan.minutes
    rate = max(TIMES * capacity["requests_per_second"], 20.0 if plan.quick else 0.0)
    with memory.Watch(service) as watch:
        began, own = time.perf_counter(), time.process_time()
        replies = client.opened(batches, arrivals(rate, chance), seconds)
        own = time.process_time() - own
    windows = throughput(replies, began, seconds)
    answered = spread(windows)["median"] if windows else 0.0
    return {
        "minutes": seconds / 60,
        "times_capacity": TIMES,
        "statuses": statuses(replies),
        "not_clean": sum(not x.clean for x in replies),
        "documents_per_second": round(answered, 2),
        "throughput_vs_peak": round(answered / capacity["documents_per_second"], 4),
        "windows": [round(x, 2) for x in windows],
        "seconds_until_refused": spread([x.seconds for x in replies if x.status == 503] or [0.0]),
        "seconds_until_answered": spread([x.seconds for x in replies if x.status == 200] or [0.0]),
        "processor_share_of_the_caller": round(own / seconds, 3),
        "memory": watch.report(),
        "readers_after": len(service.readers()),
    }


def throughput(replies: Sequence[Reply], began: float, seconds: float) -> list[float]:
    """Documents a second that were answered in each whole window; the first, in which the queue fills, is left out if there
    are more."""
    window = min(WINDOW, seconds)
    counts = [0] * int(seconds / window)
    for reply in replies:
        place = int((reply.done - began) / window)
        if reply.status == 200 and place < len(counts):
            counts[place] += reply.documents
    return [x / window for x in (counts[1:] or counts)]
