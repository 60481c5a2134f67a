"""The one thing that the rest of the service reports to: it tells metrics, traces and drift what each has to know."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from serving.telemetry.drift import Drift
from serving.telemetry.metrics import Metrics
from serving.telemetry.traces import Traces
from triage.assessment import Assessment
from triage.text import Document


@dataclass(frozen=True)
class Observer:
    """Metrics, traces and drift of one process. Made by whoever puts the service together; one that nobody reads costs little."""

    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces = field(default_factory=Traces)
    drift: Drift = field(default_factory=Drift)

    def __post_init__(self) -> None:
        self.metrics.registry.register(self.drift)

    def stage(self, name: str, seconds: float) -> None:
        """A stage of `names.STAGES` ended just now: a measurement, and a span of the request that is under way."""
        self.metrics.stage(name, seconds)
        self.traces.stage(name, seconds)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measure a stage; one that fails is measured too."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.stage(name, time.perf_counter() - began)

    def assessed(self, source: str, documents: Sequence[Document], assessments: Sequence[Assessment | None]) -> None:
        """Texts were assessed for one of `names.SOURCES`; None where the model failed on one."""
        self.metrics.assessed(source, documents, assessments)
        self.drift.assessed(documents, assessments)
