"""The ASGI app that holds API and pages. Built without side effects; what it needs is opened when it starts."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api import routes
from serving.api.auth import Open
from serving.api.description import describe
from serving.engine import Engine, PooledEngine
from serving.headers import Headers
from serving.jobs import Jobs, stop
from serving.limits import Buckets, Limits
from serving.provider import Provider
from serving.refusals import refuse_with_words
from serving.review import (
    accounts,
    assets,
    auditpages,
    casepages,
    draftpages,
    finishing,
    grouppages,
    language,
    linkpages,
    oversight,
    pages,
    provided,
    queue,
    reading,
    submit,
    uploading,
    users,
)
from serving.settings import Settings, read_settings
from serving.store.access import Access
from serving.store.ledger import open_ledger
from serving.telemetry import logs
from serving.telemetry.observer import Observer
from serving.telemetry.port import metrics_port
from serving.telemetry.traces import Traces
from serving.telemetry.watch import Watch
from serving.telemetry.wiring import watch

_PAGES = (
    pages,
    submit,
    uploading,
    queue,
    reading,
    finishing,
    draftpages,
    casepages,
    grouppages,
    linkpages,
    oversight,
    auditpages,
    provided,
    accounts,
    users,
    assets,
)


class Heads:
    """Answers HEAD as GET without the body, which is what HEAD means."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def withhold(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        scope["method"] = "GET"  # in place: the journal reads the route from this scope
        await self.app(scope, receive, withhold)


def create_app(settings: Callable[[], Settings] = read_settings, engine: Engine | None = None) -> FastAPI:
    """The app.

    Args:
        settings: called when the app starts.
        engine: to share one between apps; by default processes for the settings' model, loaded in the background.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        chosen = settings()
        logs.set_up(chosen.log)
        chosen.make_home()
        ledger = open_ledger(chosen.store_url, chosen.home, os.environ)
        app.state.observer = observer = Observer(traces=Traces.to(chosen.traces))
        app.state.metrics = observer.metrics
        app.state.settings = chosen
        app.state.ledger = ledger
        app.state.access = Access(ledger)
        app.state.limits = Limits(calls=Buckets(chosen.calls_per_minute))
        app.state.hashing = CapacityLimiter(2)
        app.state.noting = CapacityLimiter(1)
        app.state.provider = Provider.of(chosen)
        app.state.engine = engine or PooledEngine(
            chosen.model, workers=chosen.workers, inference=chosen.inference, room=chosen.queue_code_points
        )
        watch(app.state.engine, ledger, observer, chosen.home)
        tending = asyncio.create_task(app.state.engine.keep_up()) if engine is None else None
        keep = {"keep_days": chosen.keep_days, "keep_logins_days": chosen.keep_logins_days}
        jobs = Jobs(ledger, app.state.engine, home=chosen.home, observer=observer, **keep)
        with metrics_port(observer.metrics.registry, chosen.metrics_host, chosen.metrics_port):
            working = asyncio.create_task(jobs.run())
            gc.collect()
            gc.freeze()  # what is there now stays: it need not be looked through again at every collection
            yield
            await stop(working)
            if tending is not None:
                await stop(tending)
                await app.state.engine.close()
        observer.traces.close()
        ledger.engine.dispose()

    app = FastAPI(
        title="Tegn", lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    refuse_with_words(app)
    app.add_middleware(language.Choice)
    app.add_middleware(Heads)
    app.add_middleware(Headers)
    app.add_middleware(Watch)
    app.include_router(routes.router)
    for part in _PAGES:
        app.include_router(part.router)
    app.include_router(health)
    return app


health = APIRouter(dependencies=[Depends(Open())])


@health.get("/livez", include_in_schema=False)
async def livez() -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")


@health.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> Response:
    """The model is loaded."""
    ready = request.app.state.engine.ready
    return PlainTextResponse("ready\n" if ready else "loading\n", 200 if ready else 503)


@health.get("/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """The description of the API (OpenAPI 3.1)."""
    return JSONResponse(describe(request.app))
