"""Watches every request: one log line, its metrics and its span."""

from __future__ import annotations

import logging
import time
from contextlib import nullcontext

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.telemetry import names
from serving.telemetry.logs import request_line
from serving.telemetry.observer import Observer

log = logging.getLogger("tegn")


class Watch:
    """Method, route, status and time of each request. Never the path as sent, a header or a body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, method = time.perf_counter(), 500, scope["method"]
        observer: Observer | None = getattr(scope["app"].state, "observer", None)

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with observer.traces.request(method, Headers(scope=scope)) if observer else nullcontext() as span:
            try:
                await self.app(scope, receive, note)
            finally:
                seconds = time.perf_counter() - began
                route = getattr(scope.get("route"), "path", "") or names.NO_ROUTE
                method = method if method in names.METHODS else "(no such method)"
                if observer and span:
                    observer.metrics.request(route, method, status, seconds)
                    span.answered(route, method, status)
                request_line(log, route, method, status, seconds, span.trace if span else None)
