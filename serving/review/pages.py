"""The page to read a text, where nothing that is pasted is stored, and the accessibility statement."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.auth import Open
from serving.desk.switches import read_switches
from serving.engine import Engine, tag
from serving.noting import note
from serving.review.contexts import read
from serving.review.forms import read_form
from serving.review.guards import AnyRole
from serving.review.language import COOKIE
from serving.review.rendering import show as show_page
from serving.review.rendering import words_of
from serving.review.words import LANGUAGES, Words, words_in
from serving.store.access import Person
from serving.store.ledger import Ledger
from serving.telemetry.observer import Observer
from triage.text import KINDS, MAX_TEXT
from triage.wire import InvalidDocument, read_document

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(request: Request, person: AnyRole) -> Response:
    """The page to paste a text."""
    return _paste(words_of(request), person)


def _suggests(ledger: Ledger) -> bool:
    """Whether the stop switch lets pages show what the model says."""
    with ledger.reading() as db:
        return read_switches(db).suggestions


def _paste(
    words: Words, person: Person, *, text: str = "", kind: str = "note", error: str = "", stopped: bool = False
) -> Response:
    status = 422 if error or stopped else 200
    return show_page(
        "paste.html", words, status=status, person=person, here="/", text=text, kind=kind, error=error, stopped=stopped
    )


@router.post("/")
async def show(request: Request, person: AnyRole) -> Response:
    """The text with its possible signs."""
    fields = await read_form(request)
    language = fields.get("language")
    words = words_in(language) if language in LANGUAGES else words_of(request)
    text, kind = fields.get("text", ""), fields.get("kind", "note")
    response = await _reading(request, words, person, text, kind if kind in KINDS else "note", bool(language))
    response.set_cookie(COOKIE, words.language, samesite="strict", httponly=True, max_age=31_536_000)
    return response


async def _reading(
    request: Request, words: Words, person: Person, text: str, kind: str, only_language: bool
) -> Response:
    if not text.strip():
        return _paste(words, person, kind=kind, error="" if only_language else words["empty_text"])
    if len(text) > MAX_TEXT:
        return _paste(words, person, text=text, kind=kind, error=words.say("too_long", count=words.number(len(text))))
    try:
        document = read_document({"id": "pasted", "kind": kind, "text": text})
    except InvalidDocument:
        return _paste(words, person, text=text, kind=kind, error=words["bad_characters"])
    if not await run_in_threadpool(_suggests, request.app.state.ledger):
        return _paste(words, person, text=text, kind=kind, stopped=True)
    engine: Engine = request.app.state.engine
    observer: Observer = request.app.state.observer
    with observer.timed("whole"):
        (model, (assessment,)), _ = await asyncio.gather(
            tag(engine, [document]),
            note(request, person.actor, "paste.read", kind=kind, code_points=len(text)),
        )
    observer.assessed("page", [document], [assessment])
    reading = read(text, assessment, model, words)
    return show_page("reading.html", words, person=person, here="/", text=text, kind=kind, reading=reading)


@router.get("/accessibility", dependencies=[Depends(Open())])
async def accessibility(request: Request) -> Response:
    """The accessibility statement; the operating body fills in its places (docs/accessibility.md)."""
    words = words_of(request)
    unfilled = any("[[" in words[key] for key in words if key.startswith("access_"))
    return show_page("accessibility.html", words, unfilled=unfilled)


@router.get("/was", dependencies=[Depends(Open())])
async def was() -> Response:
    """The short address that Danish public sites have for their statement."""
    return RedirectResponse("/accessibility", 303)
