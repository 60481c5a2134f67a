"""Drafts come in: from the script a moment after somebody stops typing, or by the button of a page without script."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse

from serving.api.problems import Problem
from serving.desk import drafts
from serving.desk.drafts import NotADraft
from serving.desk.holding import NotHeld
from serving.desk.views import NoSuchText
from serving.review.drafting import said
from serving.review.forms import from_script, read_form
from serving.review.guards import Reader
from serving.review.numbers import Number
from serving.review.reading import lost
from serving.review.rendering import words_of

router = APIRouter(include_in_schema=False)


@router.post("/texts/{number}/draft")
async def save(request: Request, number: Number, person: Reader) -> Response:
    """Keep what is typed in a form and not sent yet."""
    fields = await read_form(request)
    words, part = words_of(request), fields.get("part", "")
    state = request.app.state
    script = from_script(request)
    try:
        saved = await run_in_threadpool(
            drafts.save, state.ledger, state.engine.model.scheme, person.id, number, part, fields
        )
    except NoSuchText:
        raise Problem("not-found", "text") from None
    except NotADraft:
        raise Problem("malformed-json", "draft") from None
    except NotHeld:
        if script:
            return JSONResponse({"said": words["draft_failed"]}, 409)
        return await lost(request, person, number, fields)
    if script:
        return JSONResponse({"said": said(saved, words).striptags() if saved else ""})
    return RedirectResponse(f"/texts/{number}/finish" if part == "finish" else f"/texts/{number}#{part}", 303)
