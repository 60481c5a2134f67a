"""The pages of cases: finding one, what it holds and how long; a lead keeps it longer, or erases it."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.problems import Problem
from serving.desk import casefile, cases
from serving.desk.cases import ERASED_FOR, NoSuchCase
from serving.review.forms import read_form
from serving.review.guards import Lead, Reader
from serving.review.numbers import Number, row_number
from serving.review.rendering import show, words_of
from serving.review.submit import check_reference
from serving.store.access import Person
from serving.store.ledger import Ledger, user

router = APIRouter(include_in_schema=False)
_LAST_PAGE = 1_000_000
KEEP_DAYS = (90, 180, 365, 730, 1825)
"""For how long a case can be kept from a day on."""


async def _look(request: Request, person: Person, number: int, *, page: int = 1) -> casefile.CaseFile:
    ledger: Ledger = request.app.state.ledger
    try:
        return await run_in_threadpool(casefile.look, ledger, person.id, number, page=page)
    except NoSuchCase:
        raise Problem("not-found", "case") from None


@router.get("/cases")
async def cases_page(request: Request, person: Reader) -> Response:
    """The page to find a case by what it is called."""
    return show("cases.html", words_of(request), person=person, here="/cases", reference="", error="")


@router.post("/cases")
async def find(request: Request, person: Reader) -> Response:
    """Go to the case that is called so. It is a form because a name does not belong into an address, which is logged."""
    reference = (await read_form(request)).get("reference", "")
    words = words_of(request)
    error = check_reference(words, reference) if reference.strip() else words["cases_missing"]
    if not error:
        ledger: Ledger = request.app.state.ledger
        number = await run_in_threadpool(casefile.find, ledger, person.id, reference)
        if number is not None:
            return RedirectResponse(f"/cases/{number}", 303)
        error = words["cases_none"]
    return show("cases.html", words, status=422, person=person, here="/cases", reference=reference, error=error)


@router.get("/cases/{number}")
async def case(request: Request, number: Number, person: Reader) -> Response:
    """A case, or when it was erased."""
    page = min(row_number(request.query_params.get("page", "")) or 1, _LAST_PAGE)
    words = words_of(request)
    return show(
        "case.html",
        words,
        person=person,
        case=await _look(request, person, number, page=page),
        page=page,
        may_erase=person.role == "lead",
        keep_choices=[(str(days), words.say("case_keep_days", days=days)) for days in KEEP_DAYS],
        kept="kept" in request.query_params,
        waiting="waiting" in request.query_params,
    )


@router.post("/cases/{number}/keep")
async def keep(request: Request, number: Number, person: Lead) -> Response:
    """Keep a case longer."""
    fields = await read_form(request)
    days = fields.get("days", "")
    if days not in {str(x) for x in KEEP_DAYS}:
        raise Problem("malformed-json", "days")
    ledger: Ledger = request.app.state.ledger
    try:
        await run_in_threadpool(casefile.keep, ledger, person.id, number, int(days))
    except NoSuchCase:
        raise Problem("not-found", "case") from None
    return RedirectResponse(f"/cases/{number}?kept", 303)


async def _ask(request: Request, person: Person, number: int, error: str = "") -> Response:
    found = await _look(request, person, number)
    if found.erased is not None:
        return RedirectResponse(f"/cases/{number}", 303)
    words = words_of(request)
    reasons = [(x, words[f"erase_reason_{x}"]) for x in ERASED_FOR]
    status = 422 if error else 200
    return show("erase.html", words, status=status, person=person, case=found, reasons=reasons, error=error)


@router.get("/cases/{number}/erase")
async def ask(request: Request, number: Number, person: Lead) -> Response:
    """What an erasure takes away, and what it does not."""
    return await _ask(request, person, number)


@router.post("/cases/{number}/erase")
async def erase(request: Request, number: Number, person: Lead) -> Response:
    """Erase a case for good."""
    reason = (await read_form(request)).get("reason", "")
    if reason not in ERASED_FOR:
        return await _ask(request, person, number, words_of(request)["erase_reason_missing"])
    ledger: Ledger = request.app.state.ledger
    try:
        done = await run_in_threadpool(cases.erase, ledger, number, actor=user(person.id), reason=reason)
    except NoSuchCase:
        await _look(request, person, number)  # a second click finds it erased; one that never was is not found
        return RedirectResponse(f"/cases/{number}", 303)
    return RedirectResponse(f"/cases/{number}" + ("" if done.overwritten else "?waiting"), 303)
