"""Traces in OpenTelemetry's form, sent by OTLP over HTTP to where the operator says; by default none are made.

A span has a route's template, method, status, and the names of stages; no exception is recorded, as its words may hold text.
From a caller the trace and its sampling are taken over (W3C ``traceparent``), but not ``tracestate`` or baggage, which may say
anything. The provider is one of our own: BentoML's, which sees paths as sent, is switched off in `serving.service`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import PackageNotFoundError, version

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from serving.telemetry import names
from serving.telemetry.names import known

_PARENT = "traceparent"


class Traces:
    """The spans of one process."""

    def __init__(self, exporter: SpanExporter | None = None) -> None:
        """
        Args:
            exporter: where spans go; without one none are made.
        """
        self._provider: TracerProvider | None = None
        tracer: Tracer = trace.NoOpTracer()
        if exporter is not None:
            about = Resource.create({"service.name": "tegn", "service.version": _version()})
            self._provider = TracerProvider(sampler=ParentBased(ALWAYS_ON), resource=about, shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
            tracer = self._provider.get_tracer("tegn")
        self._tracer = tracer

    @classmethod
    def to(cls, endpoint: str) -> Traces:
        """Traces that are sent to an OTLP/HTTP address; none if it is empty."""
        if not endpoint:
            return cls()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return cls(OTLPSpanExporter(endpoint=endpoint))

    @contextmanager
    def request(self, method: str, headers: Mapping[str, str]) -> Iterator[Request]:
        """The span of a request, within the caller's trace if it has one."""
        caller = {_PARENT: headers[_PARENT]} if _PARENT in headers else {}
        # An empty context: what BentoML's middleware may have left in the current one is not ours.
        parent = TraceContextTextMapPropagator().extract(caller, context=Context())
        with self._span(known(method, names.METHODS), parent, SpanKind.SERVER) as span:
            yield Request(span)

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """The span of work beside requests; `name` is a constant of the code."""
        with self._span(name, Context(), SpanKind.INTERNAL):
            yield

    def _span(self, name: str, parent: Context, kind: SpanKind) -> AbstractContextManager[Span]:
        return self._tracer.start_as_current_span(
            name, parent, kind, record_exception=False, set_status_on_exception=False
        )

    def stage(self, name: str, seconds: float) -> None:
        """A stage of the work that is under way ended just now and took so long."""
        if not trace.get_current_span().is_recording():
            return
        end = time.time_ns()
        span = self._tracer.start_span(known(name, names.STAGES), start_time=end - int(seconds * 1e9))
        span.end(end)

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        if self._provider is not None:
            self._provider.force_flush(3_000)
            self._provider.shutdown()


class Request:
    """The span of a request while it is answered."""

    def __init__(self, span: Span) -> None:
        self._span = span

    @property
    def trace(self) -> str | None:
        """The trace's number in hexadecimal digits; None if there is none."""
        context = self._span.get_span_context()
        return trace.format_trace_id(context.trace_id) if context.is_valid else None

    def answered(self, route: str, method: str, status: int) -> None:
        """Say what it was, once that is known: the route is known only after the answer."""
        self._span.update_name(f"{method} {route}")
        self._span.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        if status >= 500:
            self._span.set_status(Status(StatusCode.ERROR))


def _version() -> str:
    try:
        return version("tegn")
    except PackageNotFoundError:  # it runs from its folder
        return "unknown"
