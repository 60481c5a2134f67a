"""The pages: log-in, one page to read a text, the accessibility statement. Nothing that is pasted is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import Scope

from serving.api.auth import Guard, Open
from serving.api.bodies import read_limited
from serving.api.problems import Problem
from serving.engine import Engine
from serving.review import assets
from serving.review.contexts import read
from serving.review.language import COOKIE as LANGUAGE_COOKIE
from serving.review.words import LANGUAGES, Words, words_in
from serving.store.access import Access
from serving.store.access import Person as Somebody
from triage.text import KINDS, MAX_TEXT
from triage.wire import InvalidDocument, read_document

router = APIRouter(include_in_schema=False)
MAX_FORM = 12 * MAX_TEXT + 10_000
"""Bytes of a form: the longest text, every code point percent-encoded."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_templates = Environment(
    loader=PackageLoader("serving.review"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals.update(asset=assets.address, nav=(), person=None)  # a page may say otherwise


class NotLoggedIn(Exception):
    """The request comes from nobody we know: send them to the log-in page."""


class Person(Guard):
    """Somebody logged in; any role."""

    async def __call__(self, request: Request) -> Somebody:
        access: Access = request.app.state.access
        token = request.cookies.get(_cookie(request))
        person = await run_in_threadpool(access.person, token) if token else None
        if person is None:
            raise NotLoggedIn
        return person


def _cookie(request: Request) -> str:
    return "__Host-tegn" if request.app.state.settings.secure_cookies else "tegn"


def _show(
    template: str, words: Words, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
) -> HTMLResponse:
    page = _templates.get_template(template).render(words=words, **values)
    return HTMLResponse(page, status, {**(headers or {}), **_HEADERS})


def _words(request: Request) -> Words:
    return words_in(request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE))


def error_page(scope: Scope, status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page for what went wrong, in words for people."""
    words = _words(Request(scope))
    shown = status if f"error_{status}" in words else 500 if status >= 500 else 400
    return _show("error.html", words, status=status, headers=headers, message=words[f"error_{shown}"])


async def _read_form(request: Request) -> dict[str, str]:
    """The fields of a form sent by one of our own pages.

    Raises:
        Problem: it came from elsewhere (cross-site request forgery) or is too large.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = {request.app.state.settings.origin, f"{request.url.scheme}://{request.headers.get('host', '')}"}
    if (site not in ("same-origin", "none")) if site else (origin is not None and origin not in ours):
        raise Problem("scope", "cross-site")
    raw = await read_limited(request, MAX_FORM)
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError:  # not form-encoded, or not UTF-8 below the percent signs
        raise Problem("malformed-json", "form") from None
    return {name: values[0] for name, values in fields.items()}


@router.get("/")
async def start(request: Request, person: Somebody = Depends(Person())) -> Response:  # noqa: B008
    """The page to paste a text."""
    return _paste(_words(request), person)


def _paste(words: Words, person: Somebody, *, text: str = "", kind: str = "note", error: str = "") -> Response:
    return _show("paste.html", words, status=422 if error else 200, person=person, text=text, kind=kind, error=error)


@router.post("/")
async def show(request: Request, person: Somebody = Depends(Person())) -> Response:  # noqa: B008
    """The text with its possible signs."""
    fields = await _read_form(request)
    language = fields.get("language")
    words = words_in(language) if language in LANGUAGES else _words(request)
    text, kind = fields.get("text", ""), fields.get("kind", "note")
    response = await _reading(request, words, person, text, kind if kind in KINDS else "note", bool(language))
    response.set_cookie(LANGUAGE_COOKIE, words.language, samesite="strict", httponly=True, max_age=31_536_000)
    return response


async def _reading(
    request: Request, words: Words, person: Somebody, text: str, kind: str, only_language: bool
) -> Response:
    if not text.strip():
        return _paste(words, person, kind=kind, error="" if only_language else words["empty_text"])
    if len(text) > MAX_TEXT:
        return _paste(words, person, text=text, kind=kind, error=words.say("too_long", count=f"{len(text):,}"))
    try:
        document = read_document({"id": "pasted", "kind": kind, "text": text})
    except InvalidDocument:
        return _paste(words, person, text=text, kind=kind, error=words["bad_characters"])
    engine: Engine = request.app.state.engine
    tagger = engine.tagger
    (assessment,) = await engine.tag([document])
    reading = read(text, assessment, tagger, words)
    return _show("reading.html", words, person=person, text=text, kind=kind, reading=reading)


@router.get("/login", dependencies=[Depends(Open())])
async def login(request: Request) -> Response:
    """How to log in."""
    return _show("login.html", _words(request), bad="bad" in request.query_params, out="out" in request.query_params)


@router.get("/login/{token}", dependencies=[Depends(Open())])
async def link(request: Request, token: str) -> Response:
    """A log-in link; it is spent by the button, not by programs that fetch links ahead."""
    return _show("link.html", _words(request), token=token)


@router.post("/login/{token}", dependencies=[Depends(Open())])
async def enter(request: Request, token: str) -> Response:
    """Spend a log-in link."""
    await _read_form(request)
    access: Access = request.app.state.access
    session = await run_in_threadpool(access.use_link, token)
    if session is None:
        return RedirectResponse("/login?bad", 303, _HEADERS)
    response = RedirectResponse("/", 303, _HEADERS)
    response.set_cookie(
        _cookie(request),
        session,
        httponly=True,
        samesite="strict",
        secure=request.app.state.settings.secure_cookies,
        path="/",
    )
    return response


@router.post("/logout", dependencies=[Depends(Open())])
async def leave(request: Request) -> Response:
    """End the session."""
    await _read_form(request)
    access: Access = request.app.state.access
    if token := request.cookies.get(_cookie(request)):
        await run_in_threadpool(access.log_out, token)
    response = RedirectResponse("/login?out", 303, _HEADERS)
    response.delete_cookie(_cookie(request))
    return response


@router.get("/accessibility", dependencies=[Depends(Open())])
async def accessibility(request: Request) -> Response:
    """The accessibility statement; the operating body fills in its places (docs/accessibility.md)."""
    words = _words(request)
    unfilled = any("[[" in words[key] for key in words if key.startswith("access_"))
    return _show("accessibility.html", words, unfilled=unfilled)


@router.get("/was", dependencies=[Depends(Open())])
async def was() -> Response:
    """The short address that Danish public sites have for their statement."""
    return RedirectResponse("/accessibility", 303, _HEADERS)
