"""The metrics of one process, in a registry of its own; Prometheus reads them at a port of their own (`serving.telemetry.port`).

All series whose labels are known beforehand begin at 0, as a rate cannot see a counter that appears at 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, values
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from serving.store.acts import ACTS, Detail
from serving.store.desk import VERDICTS
from serving.telemetry import names
from serving.telemetry.names import known
from triage.assessment import Assessment
from triage.indicators import Scheme
from triage.reference import DECISIONS
from triage.text import KINDS, Document

REQUEST_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
STAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DOCUMENTS = (1, 2, 4, 8, 16, 32, 64)
TOKENS = (50, 100, 200, 400, 600, 800, 1200, 2000, 4000, 10_000)


class Metrics:
    """What the rest of the service reports to. Every method may be called from any thread."""

    def __init__(self) -> None:
        # BentoML asks for values in files that several processes share; these are of one process, and stay in its memory.
        values.ValueClass = values.MutexValue
        # When each series began is as many series again, which nobody reads.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"tegn_{name}", says, labels, registry=registry)

        def gauge(name: str, says: str, *labels: str) -> Gauge:
            return Gauge(f"tegn_{name}", says, labels, registry=registry)

        def histogram(name: str, says: str, buckets: Sequence[float], *labels: str) -> Histogram:
            return Histogram(f"tegn_{name}", says, labels, buckets=buckets, registry=registry)

        self._requests = counter("http_requests", "Requests by route, method and status.", "route", "method", "status")
        self._request_seconds = histogram(
            "http_request_seconds", "Seconds until the whole answer was sent.", REQUEST_SECONDS, "route", "method"
        )
        self._refusals = counter("refusals", "Calls of the API that were turned away, by reason.", "reason")
        self._stages = histogram("stage_seconds", "Seconds of each stage of the work.", STAGE_SECONDS, "stage")
        self._batch_documents = histogram("batch_documents", "Texts that the model read at once.", DOCUMENTS)
        self._batch_tokens = histogram("batch_tokens", "Tokens that the model read at once.", TOKENS)
        self._queue = gauge("queue_length", "Texts that wait for the model at this moment.")
        self._cache = counter("cache", "Units looked up among the scores that are kept.", "result")
        self._restarts = counter("worker_restarts", "Workers that ended and were started anew.")
        self._documents = counter("documents", "Texts that were assessed.", "kind", "source", "status")
        self._abstentions = counter("abstentions", "Reasons for which the tagger abstained.", "reason")
        self._decisions = counter("decisions", "Decisions of the model.", "indicator", "decision")
        self._verdicts = counter("verdicts", "What people said of an indicator at the desk.", "indicator", "verdict")
        self._acts = counter("acts", "Acts that were written into the audit log.", "act")
        self._refused_logins = counter("login_refusals", "Log-ins that were refused, by reason.", "reason")
        self._failures = counter("background_failures", "Work beside requests that failed.", "work")
        self._anchor_faults = counter("audit_faults", "Checks of the audit log that did not go well.", "fault")
        self._anchor_kept = gauge("audit_anchor_timestamp_seconds", "When the audit log was last found unbroken.")
        self._unreadable = counter("unreadable", "Texts that could not be opened.", "reason")
        self._model = gauge("model_info", "1 for the model in use, 0 for those before it.", "name", "version", "scheme")
        self._ready = gauge("ready", "1 when the model is loaded.")
        self._in_use: tuple[str, str, str] | None = None
        self._codes: frozenset[str] = frozenset()
        self._begin()

    def _begin(self) -> None:
        """Set everything that is known beforehand to 0."""
        series: list[tuple[Counter, Iterable[tuple[str, ...]]]] = [
            (self._refusals, product((*names.REFUSALS, names.OTHER))),
            (self._cache, product(("hit", "miss"))),
            (self._documents, product(KINDS, names.SOURCES, names.STATUSES)),
            (self._abstentions, product((*names.REASONS, names.OTHER))),
            (self._acts, product(ACTS)),
            (self._refused_logins, product(_login_reasons())),
            (self._failures, product(names.WORK)),
            (self._anchor_faults, product(names.ANCHOR_FAULTS)),
            (self._unreadable, product(names.UNREADABLE_REASONS)),
        ]
        for collector, every in series:
            for labels in every:
                collector.labels(*labels)

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered. `route` is a template, never the path as sent."""
        method = known(method, names.METHODS)
        self._requests.labels(route, method, str(status)).inc()
        self._request_seconds.labels(route, method).observe(seconds)

    def refused(self, reason: str) -> None:
        """A call of the API was turned away, for one of `names.REFUSALS`."""
        self._refusals.labels(known(reason, names.REFUSALS)).inc()

    def stage(self, name: str, seconds: float) -> None:
        """A stage of the work took so long; one of `names.STAGES`."""
        self._stages.labels(known(name, names.STAGES)).observe(seconds)

    def batch(self, documents: int, tokens: int) -> None:
        """The model read so much at once."""
        self._batch_documents.observe(documents)
        self._batch_tokens.observe(tokens)

    def waiting_is(self, waiting: Callable[[], int]) -> None:
        """Ask this how many texts wait for the model, whenever somebody looks."""
        self._queue.set_function(lambda: float(waiting()))

    def cached(self, hits: int, misses: int) -> None:
        """So many units had scores that were kept, and so many were computed."""
        self._cache.labels("hit").inc(hits)
        self._cache.labels("miss").inc(misses)

    def worker_restarted(self) -> None:
        """A worker ended and was started anew."""
        self._restarts.inc()

    def model(self, name: str, version: str, scheme: Scheme) -> None:
        """This model is in use from now on."""
        self._codes = frozenset(scheme.codes)
        if self._in_use is not None:
            self._model.labels(*self._in_use).set(0)
        self._in_use = (name, version, scheme.version)
        self._model.labels(*self._in_use).set(1)
        for code in scheme.codes:
            for decision in DECISIONS:
                self._decisions.labels(code, decision)
            for verdict in VERDICTS:
                self._verdicts.labels(code, verdict)

    def ready_when(self, ready: Callable[[], bool]) -> None:
        """Ask this whether the model is loaded, whenever somebody looks."""
        self._ready.set_function(lambda: float(ready()))

    def assessed(self, source: str, documents: Sequence[Document], assessments: Sequence[Assessment | None]) -> None:
        """These texts were assessed for one of `names.SOURCES`; None where the model failed on one."""
        source = known(source, names.SOURCES)
        for document, assessment in zip(documents, assessments, strict=True):
            status = "failed" if assessment is None else known(assessment.status, names.STATUSES)
            self._documents.labels(known(document.kind, KINDS), source, status).inc()
            if assessment is None:
                continue
            for reason in assessment.reasons:
                self._abstentions.labels(known(reason, names.REASONS)).inc()
            for finding in assessment.findings:
                self._decisions.labels(known(finding.code, self._codes), known(finding.decision, DECISIONS)).inc()

    def acted(self, act: str, details: Mapping[str, Detail]) -> None:
        """An act was written into the audit log."""
        self._acts.labels(known(act, ACTS)).inc()
        if act in ("decision.made", "decision.undone"):
            verdict = known(details.get("verdict", "undo"), VERDICTS)
            self._verdicts.labels(known(details.get("indicator"), self._codes), verdict).inc()
        elif act == "login.refused":
            self._refused_logins.labels(known(details.get("reason"), _login_reasons())).inc()
        elif act == "document.unreadable":
            self._unreadable.labels(known(details.get("reason"), names.UNREADABLE_REASONS)).inc()

    def failed(self, work: str) -> None:
        """Work beside requests failed; one of `names.WORK`."""
        self._failures.labels(known(work, names.WORK)).inc()

    def anchored(self) -> None:
        """The audit log was found unbroken up to its anchor."""
        self._anchor_kept.set_to_current_time()

    def audit_fault(self, fault: str) -> None:
        """The audit log has no new anchor: one of `names.ANCHOR_FAULTS`."""
        self._anchor_faults.labels(known(fault, names.ANCHOR_FAULTS)).inc()


def _login_reasons() -> tuple[str, ...]:
    rule = ACTS["login.refused"]["reason"]
    return rule if isinstance(rule, tuple) else ()
