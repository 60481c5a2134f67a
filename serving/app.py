"""The ASGI app that holds API and pages. Built without side effects; what it needs is opened when it starts."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api import routes
from serving.api.auth import Open
from serving.api.problems import TYPES, Problem, ProblemDocument
from serving.api.schemas import TagRequest
from serving.engine import Engine, PooledEngine, StillLoading
from serving.headers import Headers
from serving.inference.turns import Overloaded, ReaderLost
from serving.jobs import Jobs, stop
from serving.limits import Buckets, Limits
from serving.provider import Provider
from serving.review import (
    accounts,
    assets,
    auditpages,
    casepages,
    draftpages,
    finishing,
    language,
    oversight,
    pages,
    provided,
    queue,
    reading,
    submit,
    unreadable,
    uploading,
    users,
)
from serving.review.guards import NotLoggedIn, WrongRole
from serving.review.rendering import error_page
from serving.settings import Settings, read_settings
from serving.store.access import Access
from serving.store.ledger import open_ledger
from serving.store.vault import UNREADABLE
from serving.telemetry import logs
from serving.telemetry.metrics import Metrics
from serving.telemetry.observer import Observer
from serving.telemetry.port import metrics_port
from serving.telemetry.traces import Traces
from serving.telemetry.watch import Watch
from serving.telemetry.wiring import watch

log = logging.getLogger("tegn")


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


class Refusals:
    """Turns everything that goes wrong into a problem document or an error page, and logs no more than where it happened."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            # Neither the exception's words nor its traceback are logged: both may hold text of a document.
            place = error.__traceback__
            while place is not None and place.tb_next is not None:
                place = place.tb_next
            where = f"{place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno}" if place else "?"
            log.error("%s at %s", type(error).__name__, where)
            if not started:
                await _internal(scope)(scope, receive, send)


def _internal(scope: Scope) -> Response:
    if scope["path"].startswith("/v1"):
        problem = Problem("internal", "Something failed inside Tegn. Nothing was stored. Try again.")
        return _refuse(Request(scope), problem)
    return error_page(scope, 500)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if not request.scope["path"].startswith("/v1"):
        return error_page(request.scope, TYPES[error.name][0])
    return _refuse(request, error)


def _refuse(request: Request, problem: Problem) -> Response:
    """Turn a call of the API away, and count it."""
    metrics: Metrics = request.app.state.metrics
    metrics.refused(problem.name)
    return problem.response()


def _later(request: Request, name: str, detail: str, seconds: int, words: str | None = None) -> Response:
    """Nothing can be done right now: say when to come again, as a problem or on a page with words of its own."""
    headers = {"Retry-After": str(seconds)}
    if request.scope["path"].startswith("/v1"):
        return _refuse(request, Problem(name, detail, headers=headers))
    return error_page(request.scope, TYPES[name][0], headers, words)


async def _on_loading(request: Request, _: Exception) -> Response:
    return _later(request, "loading", "Ask again in a moment; /readyz tells when.", 5)


async def _on_overload(request: Request, error: Exception) -> Response:
    assert isinstance(error, Overloaded)
    return _later(request, "overloaded", "Nothing was read. Ask again later.", error.seconds)


async def _on_loss(request: Request, _: Exception) -> Response:
    detail = "The process that read a text ended. Ask again; if it happens again, leave out texts to find the one."
    return _later(request, "interrupted", detail, 1)


async def _on_store(request: Request, error: Exception) -> Response:
    """The database does not answer, ended the connection, or is locked for too long: it may be well again soon."""
    log.error("the store does not answer: %s", type(error).__name__)  # the error's words may hold an address
    return _later(request, "store", "Nothing was read. Ask again in a moment.", 5, "error_store")


async def _on_query(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not request.scope["path"].startswith("/v1"):
        return error_page(request.scope, 404)  # no page of ours has a number that is none
    errors = [(".".join(str(x) for x in item["loc"]), str(item["msg"])) for item in error.errors()]
    return _refuse(request, Problem("invalid-request", "See `errors` for each field.", errors=errors))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if not request.scope["path"].startswith("/v1"):
        return error_page(request.scope, error.status_code, error.headers)
    if error.status_code == 405:
        return _refuse(request, Problem("method", "See /v1/openapi.json for what there is.", headers=error.headers))
    return _refuse(request, Problem("not-found", "See /v1/openapi.json for what there is."))


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
    app.add_middleware(Refusals)
    app.add_middleware(language.Choice)
    app.add_middleware(Heads)
    app.add_middleware(Headers)
    app.add_middleware(Watch)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(NotLoggedIn, accounts.on_stranger)
    app.add_exception_handler(WrongRole, accounts.on_wrong_role)
    app.add_exception_handler(StillLoading, _on_loading)
    app.add_exception_handler(Overloaded, _on_overload)
    app.add_exception_handler(ReaderLost, _on_loss)
    for silent in (OperationalError, InterfaceError, NoConnection):
        app.add_exception_handler(silent, _on_store)
    for unopened in UNREADABLE:
        app.add_exception_handler(unopened, unreadable.on_unreadable)
    app.add_exception_handler(RequestValidationError, _on_query)
    app.add_exception_handler(HTTPException, _on_http)
    app.include_router(routes.router)
    parts = (
        pages,
        submit,
        uploading,
        queue,
        reading,
        finishing,
        draftpages,
        casepages,
        oversight,
        auditpages,
        provided,
        accounts,
        users,
        assets,
    )
    for part in parts:
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


def describe(app: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1 of everything under ``/v1``."""
    described = get_openapi(
        title="Tegn",
        version="1",
        openapi_version="3.1.0",
        description="Possible indicators of human trafficking in Danish texts, with the words that are the evidence. "
        "People decide; nothing here is a statement about a person.",
        routes=app.routes,
    )
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    for model in (TagRequest, ProblemDocument):
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    described["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    # FastAPI describes its own form of 422 errors, which this API does not send.
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return described
