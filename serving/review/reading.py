"""The pages of one text: taking it, deciding each indicator."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.problems import Problem
from serving.desk import drafts, holding, marks, reading, views
from serving.desk.holding import EMERGENCIES, LOOKS, Changed, Held, NotHeld, NotWaiting, NotYours
from serving.desk.marks import Decision, NotAMark
from serving.desk.reading import NothingMarked
from serving.desk.views import NoSuchText, View
from serving.engine import Engine
from serving.noting import note
from serving.review.covering import covered
from serving.review.desk_contexts import desk_of, undone_of
from serving.review.drafting import marks_words, reasons_of, saved_of, typed_of
from serving.review.forms import read_form
from serving.review.guards import Reader
from serving.review.numbers import Number, row_number
from serving.review.rendering import show, words_of
from serving.review.words import Words
from serving.store.access import Person
from serving.store.desk import PART_OF, REASONS
from serving.store.ledger import Ledger
from triage.indicators import Scheme
from triage.text import STATES, Span

router = APIRouter(prefix="/texts/{number}", include_in_schema=False)
_MAX_GIVEN = 2_000
"""Characters of a list of places: more than the most a mark may have."""
_FIELD_OF = {"indicator": "code", "state": "state", "words": "words", "spans": "words"}
"""Which field of the form that marks words each fault belongs to."""


async def ask(request: Request, act: Callable[..., Any], *given: object, **named: object) -> Any:
    """Call the desk outside the event loop; what is not there gives the page that says so."""
    try:
        return await run_in_threadpool(act, request.app.state.ledger, *given, **named)
    except NoSuchText:
        raise Problem("not-found", "text") from None


def scheme_of(request: Request) -> Scheme:
    """The indicators that the model knows."""
    engine: Engine = request.app.state.engine
    return engine.model.scheme


def options(words: Words, prefix: str, codes: Sequence[str]) -> list[tuple[str, str]]:
    """Choices of a form: value and label of each."""
    return [(code, words[f"{prefix}_{code}"]) for code in codes]


@router.get("")
async def look(request: Request, number: Number, person: Reader) -> Response:
    """The text for who reads it or read it; for others, who has it and how to get it."""
    glance = await ask(request, views.glance, person.id, number)
    if glance.part is None and not (person.role == "lead" and glance.stage == "done"):
        return await outside(request, person, glance)
    return await _page(request, person, number)


async def outside(
    request: Request,
    person: Person,
    glance: views.Glance,
    *,
    status: int = 200,
    message: str = "",
    wrong: str = "",
    given: dict[str, str] | None = None,
) -> Response:
    """The text from outside: where it is, and who has it. That somebody saw it is recorded.

    Args:
        message: what went wrong, shown on top.
        wrong: what is wrong with the reason, shown at its field too.
        given: what was sent and could not be kept.
    """
    await note(request, person.actor, "document.glanced", f"text#{glance.id}")
    words = words_of(request)
    return show(
        "text_outside.html", words, status=status, person=person, text=glance, message=message, wrong=wrong,
        given=given or {}, posted=request.method == "POST", waits=glance.stage in PART_OF,
        emergencies_of=options(words, "emergency", EMERGENCIES), looks_of=options(words, "emergency", LOOKS),
    )  # fmt: skip


async def _page(
    request: Request,
    person: Person,
    number: int,
    *,
    status: int = 200,
    message: str = "",
    given: dict[str, str] | None = None,
    emergency: str | None = None,
    wrong: str = "",
) -> Response:
    """The text with its items.

    Args:
        message: what went wrong, shown on top.
        given: what was sent and could not be kept: it is filled in again.
        wrong: the field of the form that marks words that is to blame.
    """
    view: View = await ask(request, views.open_text, person.id, number, emergency=emergency)
    words = words_of(request)
    reads = view.part is not None and not view.submitted
    kept = await ask(request, drafts.kept, person.id, number) if reads else {}
    sent = given or {}
    desk = desk_of(view, scheme_of(request), words)
    places = {x.code: x.places for x in desk.items}
    return show(
        "text.html", words, status=status, person=person, view=view, desk=desk, posted=request.method == "POST",
        reads=reads, message=message, wrong=wrong, ask_show=request.query_params.get("ask") == "show", reasons=REASONS,
        reason_of=reasons_of(kept, sent), typed=typed_of(desk.text, kept, sent, request.query_params, places),
        unsaved=marks_words(sent), saved=saved_of(kept, words),
        states_of=[("", words["choose"]), *options(words, "state", STATES)],
        undone=undone_of(view, scheme_of(request), words, request.query_params.get("undone", "")),
    )  # fmt: skip


@router.post("/take")
async def take(request: Request, number: Number, person: Reader) -> Response:
    """Take the text; from somebody else only with a reason."""
    emergency = (await read_form(request)).get("emergency")
    words = words_of(request)
    if emergency is not None and emergency not in EMERGENCIES:
        glance = await ask(request, views.glance, person.id, number)
        return await outside(request, person, glance, status=422, wrong=words["emergency_missing"])
    try:
        await ask(request, holding.take, person.id, number, may_adjudicate=person.role == "lead", emergency=emergency)
    except (Held, NotYours, NotWaiting) as error:
        message = {Held: "held_now", NotYours: "not_yours", NotWaiting: "not_waiting"}[type(error)]
        glance = await ask(request, views.glance, person.id, number)
        return await outside(request, person, glance, status=409, message=words[message])
    return RedirectResponse(f"/texts/{number}", 303)


@router.post("/look")
async def look_once(request: Request, number: Number, person: Reader) -> Response:
    """Read a text that is not one's own, with a reason that is recorded."""
    emergency = (await read_form(request)).get("emergency", "")
    if emergency not in LOOKS:
        glance = await ask(request, views.glance, person.id, number)
        return await outside(request, person, glance, status=422, wrong=words_of(request)["emergency_missing"])
    return await _page(request, person, number, emergency=emergency)


@router.post("/back")
async def give_back(request: Request, number: Number, person: Reader) -> Response:
    """Put the text back into the queue."""
    await read_form(request)
    await ask(request, holding.give_back, person.id, number)
    return RedirectResponse("/queue", 303)


@router.post("/show")
async def show_suggestions(request: Request, number: Number, person: Reader) -> Response:
    """End the blind part; where nothing is marked it is asked once whether that is meant."""
    fields = await read_form(request)
    try:
        await ask(request, reading.show, person.id, number, sure="sure" in fields)
    except NothingMarked:
        return RedirectResponse(f"/texts/{number}?ask=show#end", 303)
    except NotHeld:
        return await look(request, number, person)
    return RedirectResponse(f"/texts/{number}", 303)


def version_of(fields: dict[str, str]) -> int:
    """Which version the page knew; -1, which none is, where it does not say."""
    version = fields.get("version", "")
    return 0 if version == "0" else row_number(version) or -1


async def lost(request: Request, person: Person, number: int, fields: dict[str, str]) -> Response:
    """The page for somebody who does not have the text any more, with what they typed."""
    glance = await ask(request, views.glance, person.id, number)
    return await outside(request, person, glance, status=409, message=words_of(request)["lost_text"], given=fields)


async def _refused(
    request: Request, person: Person, number: int, fields: dict[str, str], act: Callable[[Ledger], object]
) -> Response | None:
    """The page that says why an act was not done; None once it is done."""
    words = words_of(request)
    try:
        await ask(request, act)
    except NotHeld:
        return await lost(request, person, number, fields)
    except Changed:
        return await _page(request, person, number, status=409, message=words["changed_elsewhere"], given=fields)
    except NotAMark as error:
        message = words[f"mark_{error.code}"]
        wrong = _FIELD_OF.get(error.code, "") if marks_words(fields) else ""
        return await _page(request, person, number, status=422, message=message, given=fields, wrong=wrong)
    return None


@router.post("/marks")
async def mark(request: Request, number: Number, person: Reader) -> Response:
    """Decide one indicator."""
    fields = await read_form(request)
    scheme = scheme_of(request)
    code, verdict = fields.get("code", ""), fields.get("verdict", "")

    def act(ledger: Ledger) -> int:
        spans: tuple[Span, ...] = ()
        if verdict in ("first", "second"):
            return reading.settle(
                ledger, scheme, person.id, number, version=version_of(fields), code=code, part=verdict
            )
        if verdict in ("correct", "add"):
            spans = _spans(ledger, person, number, fields)
        return reading.mark(
            ledger, scheme, person.id, number, version=version_of(fields), code=code, verdict=verdict,
            state=fields.get("state", ""), reason=fields.get("reason", ""), spans=spans,
            sent="mark" if verdict in ("correct", "add") else "",
        )  # fmt: skip

    refused = await _refused(request, person, number, fields, act)
    return refused or RedirectResponse(f"/texts/{number}#sign-{code}", 303)


def _spans(ledger: Ledger, person: Person, number: int, fields: dict[str, str]) -> tuple[Span, ...]:
    """The words that were chosen: by place where the page knows it, else as they were typed."""
    given, words = fields.get("spans", ""), fields.get("words", "")
    try:
        text = views.peek(ledger, person.id, number)
    except NoSuchText:  # the act itself says what is wrong
        return ()
    if len(given) > _MAX_GIVEN:
        raise NotAMark("spans")
    shown = covered(text)
    if given:
        try:
            found = tuple(Span(start, end) for start, end in json.loads(given))
            if not all(
                isinstance(x, int) and not isinstance(x, bool) for span in found for x in (span.start, span.end)
            ):
                raise NotAMark("spans")
        except (ValueError, TypeError, RecursionError):
            raise NotAMark("spans") from None
        # Words that were typed after something was chosen count: the places are then of other words.
        if any(" ".join(said[x.start : x.end] for x in found).split() == words.split() for said in (text, shown)):
            return found
    return marks.located(text, words, shown)


@router.post("/undo")
async def undo(request: Request, number: Number, person: Reader) -> Response:
    """Take the last decision back."""
    fields = await read_form(request)
    return await _take_back(request, person, number, fields, reading.undo)


@router.post("/remove")
async def remove(request: Request, number: Number, person: Reader) -> Response:
    """Take a sign back that the reader added."""
    fields = await read_form(request)
    return await _take_back(request, person, number, fields, partial(reading.remove, code=fields.get("code", "")))


async def _take_back(
    request: Request, person: Person, number: int, fields: dict[str, str], take_back: Callable[..., Decision]
) -> Response:
    """Take something back; the page then shows the place where it was."""
    taken: list[Decision] = []

    def act(ledger: Ledger) -> None:
        taken.append(take_back(ledger, person.id, number, version=version_of(fields)))

    refused = await _refused(request, person, number, fields, act)
    return refused or RedirectResponse(f"/texts/{number}?undone={taken[0].mark}#sign-{taken[0].indicator}", 303)
