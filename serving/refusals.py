"""What is answered where something is not answered: a problem document to a system, a page with words to a person.

No message of an exception and no traceback reaches a log or an answer, as both may hold text of a document.
"""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problems import TYPES, Problem
from serving.engine import StillLoading
from serving.inference.turns import Overloaded, ReaderLost
from serving.review import accounts, unreadable
from serving.review.guards import NotLoggedIn, WrongRole
from serving.review.rendering import error_page
from serving.store.vault import UNREADABLE
from serving.telemetry.metrics import Metrics

log = logging.getLogger("tegn")


def refuse_with_words(app: FastAPI) -> None:
    """Let an app answer everything that goes wrong in it."""
    app.add_middleware(Refusals)
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
