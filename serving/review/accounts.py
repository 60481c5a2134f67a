"""Log-in, log-out, and the pages of one's own account."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.auth import Open
from serving.api.problems import TYPES, Problem
from serving.limits import Limits, network
from serving.noting import note
from serving.review.forms import read_form
from serving.review.guards import AnyRole, drop_session, keep_session, session_of
from serving.review.rendering import error_page, show, words_of
from serving.store.access import Access, Person, WeakPassword, WrongPassword
from serving.store.passwords import LONGEST, SHORTEST
from serving.store.people import digest

router = APIRouter(include_in_schema=False)
_PLACE = re.compile(r"/(?:[a-z0-9_-]+/)*[a-z0-9_-]*")
"""Pages of our own to go on to after log-in: a path without host, dots or words."""
T = TypeVar("T")


def place(wanted: str | None) -> str:
    """Where to go on, if that is one of our pages; else the start."""
    return wanted if wanted and len(wanted) <= 200 and _PLACE.fullmatch(wanted) else "/"


async def on_stranger(request: Request, _: Exception) -> Response:
    """What whoever is not logged in gets: the log-in page; what they sent is kept for when they are."""
    if request.method != "POST":
        to = place(request.scope["path"])
        return RedirectResponse("/login" if to in ("/", "/login") else f"/login?to={to}", 303)
    try:
        fields = await read_form(request)
    except Problem as problem:
        return error_page(request.scope, TYPES[problem.name][0])
    # Passwords are not written into a page, and without words there is nothing to lose.
    if not any(fields.values()) or any(name.startswith("password") for name in fields):
        return RedirectResponse("/login", 303)
    return show("ended.html", words_of(request), status=401, fields=fields, action=request.scope["path"])


async def on_wrong_role(request: Request, _: Exception) -> Response:
    """What somebody gets whose role does not have this page."""
    return error_page(request.scope, 403, message="wrong_role")


async def hashing(request: Request, work: Callable[[], T]) -> T:
    """Do something that hashes passwords in a thread, few at once: each takes 64 MiB."""
    return await anyio.to_thread.run_sync(work, limiter=request.app.state.hashing)


async def wait_for(request: Request, name: str | None = None) -> int:
    """Seconds to wait before a log-in may be tried; 0 counts as a try."""
    limits: Limits = request.app.state.limits
    access: Access = request.app.state.access
    client = network(request.client.host if request.client else "")
    wait = limits.addresses.take(client) or (limits.names.take(digest(name.strip())) if name is not None else 0)
    if wait and not limits.notes.take("log-in"):
        await run_in_threadpool(access.refuse, "too_many")
    return wait


def too_many(request: Request, wait: int) -> Response:
    """Says that log-in was tried too often."""
    return error_page(request.scope, 429, {"Retry-After": str(wait)})


def _login(request: Request, *, status: int = 200, name: str = "", to: str = "/", wrong: bool = False) -> Response:
    return show(
        "login.html",
        words_of(request),
        status=status,
        bad="bad" in request.query_params,
        out="out" in request.query_params,
        changed="changed" in request.query_params,
        provider=request.app.state.provider is not None,
        name=name,
        to=to,
        wrong=wrong,
    )


@router.get("/login", dependencies=[Depends(Open())])
async def login(request: Request) -> Response:
    """Log in."""
    return _login(request, to=place(request.query_params.get("to")))


@router.post("/login", dependencies=[Depends(Open())])
async def enter_with_password(request: Request) -> Response:
    """Log in with a password. The answer tells neither whether the name exists nor whether it is locked."""
    fields = await read_form(request)
    name, password, to = fields.get("name", ""), fields.get("password", ""), place(fields.get("to"))
    if wait := await wait_for(request, name):
        return too_many(request, wait)
    access: Access = request.app.state.access
    session = await hashing(request, lambda: access.log_in(name, password))
    if session is None:
        return _login(request, status=401, name=name, to=to, wrong=True)
    response = RedirectResponse(to, 303)
    await _replace_session(request, response, session)
    return response


@router.get("/login/{token}", dependencies=[Depends(Open())])
async def link(request: Request, token: str) -> Response:
    """A log-in link; it is spent by the button, not by programs that fetch links ahead."""
    return show("link.html", words_of(request), token=token)


@router.post("/login/{token}", dependencies=[Depends(Open())])
async def enter(request: Request, token: str) -> Response:
    """Spend a log-in link. The button of its page leads on to choosing a password."""
    fields = await read_form(request)
    if wait := await wait_for(request):
        return too_many(request, wait)
    access: Access = request.app.state.access
    session = await run_in_threadpool(access.use_link, token)
    if session is None:
        return RedirectResponse("/login?bad", 303)
    response = RedirectResponse(place(fields.get("to")), 303)
    await _replace_session(request, response, session)
    return response


async def _replace_session(request: Request, response: Response, session: str) -> None:
    """A browser has one session: the one before ends."""
    access: Access = request.app.state.access
    if before := session_of(request):
        await run_in_threadpool(access.log_out, before)
    keep_session(request, response, session)


@router.post("/logout", dependencies=[Depends(Open())])
async def leave(request: Request) -> Response:
    """End the session."""
    await read_form(request)
    access: Access = request.app.state.access
    if token := session_of(request):
        await run_in_threadpool(access.log_out, token)
    response = RedirectResponse("/login?out", 303)
    drop_session(request, response)
    return response


def _password(request: Request, person: Person, *, error: str = "", field: str = "") -> Response:
    return show(
        "password.html",
        words_of(request),
        status=422 if error else 200,
        person=person,
        error=error,
        field=field,
        shortest=SHORTEST,
        longest=LONGEST,
    )


@router.get("/password")
async def password(request: Request, person: AnyRole) -> Response:
    """Choose a password."""
    return _password(request, person)


@router.post("/password")
async def choose_password(request: Request, person: AnyRole) -> Response:
    """Keep the password that was chosen."""
    words, fields = words_of(request), await read_form(request)
    old, new = fields.get("password_old", ""), fields.get("password_new", "")
    if new != fields.get("password_again", ""):
        return _password(request, person, error=words["password_differs"], field="password_again")
    if not person.fresh and (wait := request.app.state.limits.names.take(digest(person.name))):
        return too_many(request, wait)
    access: Access = request.app.state.access
    try:
        await hashing(request, lambda: access.set_password(session_of(request), old, new))
    except WeakPassword as error:
        said = words.say(f"password_{error.code}", shortest=SHORTEST, longest=LONGEST)
        return _password(request, person, error=said, field="password_new")
    except WrongPassword:
        return _password(request, person, error=words["password_wrong"], field="password_old")
    return RedirectResponse("/account?changed", 303)


@router.get("/account")
async def account(request: Request, person: AnyRole) -> Response:
    """One's own account: password and sessions."""
    access: Access = request.app.state.access
    visits = await run_in_threadpool(access.visits, session_of(request))
    await note(request, person.actor, "account.read")
    changed, ended = "changed" in request.query_params, "ended" in request.query_params
    words = words_of(request)
    return show("account.html", words, person=person, here="/account", visits=visits, changed=changed, ended=ended)


@router.post("/account/elsewhere")
async def log_out_elsewhere(request: Request, person: AnyRole) -> Response:
    """End one's other sessions."""
    await read_form(request)
    access: Access = request.app.state.access
    await run_in_threadpool(access.log_out_elsewhere, session_of(request))
    return RedirectResponse("/account?ended", 303)
