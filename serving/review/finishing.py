"""The page that hands a reading in."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from serving.desk import drafts, reading, views
from serving.desk.holding import Changed, NotHeld
from serving.desk.marks import NotAMark
from serving.desk.reading import Unfinished
from serving.desk.views import View
from serving.review.desk_contexts import desk_of
from serving.review.drafting import saved_of
from serving.review.forms import read_form
from serving.review.guards import Reader
from serving.review.numbers import Number
from serving.review.reading import ask, lost, options, outside, scheme_of, version_of
from serving.review.rendering import show, words_of
from serving.store.access import Person
from serving.store.desk import OUTCOMES

router = APIRouter(prefix="/texts/{number}/finish", include_in_schema=False)


@router.get("")
async def look(request: Request, number: Number, person: Reader) -> Response:
    """The outcome, a note, and what is not decided yet."""
    return await _page(request, person, number, {})


async def _page(
    request: Request,
    person: Person,
    number: int,
    given: dict[str, str],
    *,
    status: int = 200,
    problems: tuple[tuple[str, str], ...] = (),
) -> Response:
    glance = await ask(request, views.glance, person.id, number)
    if glance.part is None:
        return await outside(request, person, glance)
    view: View = await ask(request, views.open_text, person.id, number)
    if view.submitted:
        return RedirectResponse(f"/texts/{number}", 303)
    words = words_of(request)
    kept = await ask(request, drafts.kept, person.id, number)
    return show(
        "finish.html", words, status=status, person=person, view=view, desk=desk_of(view, scheme_of(request), words),
        given=given or (kept["finish"].fields if "finish" in kept else {}), unsaved=bool(given),
        saved=saved_of(kept, words), problems=problems, outcomes_of=options(words, "outcome", OUTCOMES),
    )  # fmt: skip


@router.post("")
async def finish(request: Request, number: Number, person: Reader) -> Response:
    """Hand the reading in."""
    fields = await read_form(request)
    words = words_of(request)
    try:
        stage = await ask(
            request, reading.submit, person.id, number, version=version_of(fields), outcome=fields.get("outcome", ""),
            note=fields.get("note", ""), for_training="for_training" in fields, ask_second="ask_second" in fields,
        )  # fmt: skip
    except Unfinished as error:
        found = [("items", words.say("undecided", count=len(error.codes)))] if error.codes else []
        if not error.codes and not error.outcome:
            found.append(("items", words["still_blind"]))
        if error.outcome:
            found.append(("outcome", words["outcome_missing"]))
        return await _page(request, person, number, fields, status=422, problems=tuple(found))
    except NotAMark:
        problems = (("note", words.say("mark_note", count=words.number(reading.MAX_NOTE))),)
        return await _page(request, person, number, fields, status=422, problems=problems)
    except Changed:
        problems = (("items", words["changed_elsewhere"]),)
        return await _page(request, person, number, fields, status=409, problems=problems)
    except NotHeld:
        return await lost(request, person, number, fields)
    return RedirectResponse(f"/queue?done={stage}", 303)
