"""Documents a second: the whole service over HTTP beside a bare pipeline, TF-IDF and the HTTP layer alone, in rounds."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from tests.bench import memory, sample
from tests.bench.client import Client, batches_of, require_answers
from tests.bench.contestants import TRAINED_ON, Reader, bare_pipeline, encoder_of, pipeline_reader, tfidf_reader
from tests.bench.plan import Plan
from tests.bench.results import figures
from tests.bench.server import echo, serve
from tests.bench.statistics import interleave, ratio, spread
from triage.indicators import load_scheme
from triage.text import Document

BATCH = 8
"""Documents of a request."""


def measure(plan: Plan) -> dict[str, Any]:
    """Everything that is measured in documents a second; with each pass the service begins anew and knows no sentence."""
    unique = sample.texts("test")
    if plan.quick:
        unique = unique[: plan.per_round * plan.rounds]
    streams = {
        "unique": unique,
        "repeating": sample.ads(unique, plan.per_round * plan.rounds),
        "passages": sample.ads(unique, plan.per_round * plan.rounds, passages=True, seed=2),
    }
    encoder = encoder_of(plan.model, plan.encoder)
    pipe = bare_pipeline(encoder, len(load_scheme()))
    readers: dict[str, Reader] = {f"pipeline, batches of {n}": pipeline_reader(pipe, n) for n in (1, 16)}
    readers["TF-IDF"] = tfidf_reader(sample.texts("train", labelled=True), 200 if plan.quick else TRAINED_ON)
    warm = sample.texts("calibration")[: BATCH if plan.quick else 4 * BATCH]
    seconds: dict[str, dict[str, list[float]]] = {name: {} for name in streams}
    used: dict[str, Any] = {}
    for _ in range(plan.passes):
        for name, stream in streams.items():
            rounds = [stream[i :: plan.rounds] for i in range(plan.rounds)]
            found, used = _pass(plan, rounds, warm, readers)
            for contestant, times in found.items():
                seconds[name].setdefault(contestant, []).extend(times)
    return {
        **figures(**_ratios(seconds)),
        "speed": {
            "documents_per_second": {
                name: {x: spread(_rates(times, streams[name], plan)) for x, times in found.items()}
                for name, found in seconds.items()
            },
            "seconds": seconds,
            "passes": plan.passes,
            "rounds": plan.rounds,
            "sample": {name: sample.describe(stream, plan.model) for name, stream in streams.items()},
            "documents_per_request": BATCH,
            "connections": connections(),
            "service": "HTTP, tags, evidence, states, mentions (`?check=false`); with check, what is flagged is read twice more",
            "pipeline": "float32, random classification head, no HTTP, no evidence; the better of its batch sizes each round",
            "repeating": f"ads of {sample.SENTENCES[0]} to {sample.SENTENCES[1]} sentences; every second one drawn from "
            f"{sample.POOL} that recur, between others that stand nowhere else; an ad is read in windows of some sentences "
            "and what stands before them",
            "passages": "the same, but the sentences that recur stand together and in the same order, as in a template",
        },
        **used,
    }


def connections() -> int:
    """As many as keep every reading process busy."""
    return 4 * len(os.sched_getaffinity(0))


def _pass(
    plan: Plan, rounds: Sequence[list[Document]], warm: list[Document], readers: dict[str, Reader]
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    # A service of its own for each, as the second to read a text would know its sentences.
    with serve(plan.model) as service, serve(plan.model) as checking, echo() as plain:

        def over(client: Client) -> Reader:
            def read(documents: Sequence[Document]) -> float:
                began = time.perf_counter()
                require_answers(client.closed(batches_of(documents, BATCH), connections()))
                return time.perf_counter() - began

            return read

        contestants = {
            "service": over(Client(f"{service.url}/v1/tag?check=false", service.key)),
            "service with check": over(Client(f"{checking.url}/v1/tag", checking.key)),
            "Starlette alone": over(Client(plain)),
            **readers,
        }
        for read in contestants.values():
            read(warm)
        return interleave(contestants, rounds), memory.report(service)


def _ratios(seconds: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, float]]:
    found = {f"service_vs_pipeline_{name}": ratio(_best(x), x["service"]) for name, x in seconds.items()}
    found |= {f"checked_vs_pipeline_{name}": ratio(_best(x), x["service with check"]) for name, x in seconds.items()}
    unique = seconds["unique"]
    found["service_vs_tfidf"] = ratio(unique["TF-IDF"], unique["service"])
    found["http_share"] = ratio(unique["Starlette alone"], unique["service"])
    return found


def _best(found: dict[str, list[float]]) -> list[float]:
    """The seconds of the pipeline in each round, with the batch size that suits it better."""
    return [min(x) for x in zip(*(times for name, times in found.items() if name.startswith("pipeline")), strict=True)]


def _rates(times: Sequence[float], stream: Sequence[Document], plan: Plan) -> list[float]:
    sizes = [len(stream[i :: plan.rounds]) for i in range(plan.rounds)] * plan.passes
    return [size / x for size, x in zip(sizes, times, strict=True)]
