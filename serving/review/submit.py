"""The page where texts come in: one that is pasted, or many files."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.desk import intake
from serving.desk.cases import MAX_REFERENCE
from serving.desk.intake import Item, NotAText
from serving.desk.recent import recent
from serving.desk.uploads import MAX_FILES
from serving.extract.result import MAX_FILE
from serving.noting import note
from serving.review.fileforms import MAX_REQUEST
from serving.review.forms import read_form
from serving.review.guards import Reader
from serving.review.numbers import row_number
from serving.review.rendering import show, words_of
from serving.review.words import Words
from serving.store.access import Person
from serving.store.desk import Text
from serving.store.ledger import Ledger, user
from triage.text import KINDS

router = APIRouter(include_in_schema=False)
_ERRORS = {"empty": "empty_text", "bad_characters": "bad_characters"}
_MOST = 100
"""Texts of one receipt."""


def check_reference(words: Words, reference: str) -> str:
    """What is wrong with what people call a case, in words; nothing if it may be called so."""
    if len(" ".join(reference.split())) > MAX_REFERENCE:
        return words.say("submit_reference_long", count=MAX_REFERENCE)
    shown = all(x.isprintable() or x.isspace() for x in reference)
    return "" if shown else words["submit_reference_bad"]


async def page(
    request: Request,
    person: Person,
    errors: Mapping[str, str] | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 422,
) -> Response:
    """The page, with what was typed and what is wrong with it.

    Args:
        errors: by name of the field.
        fields: as they were sent.
        status: of a page with errors.
    """
    ledger: Ledger = request.app.state.ledger
    await note(request, person.actor, "submit.read")
    return show(
        "submit.html",
        words_of(request),
        status=status if errors else 200,
        person=person,
        here="/submit",
        errors=errors or {},
        fields=fields or {},
        recent=await run_in_threadpool(recent, ledger, person.id),
        keep_days=request.app.state.settings.keep_days,
        max_files=MAX_FILES,
        max_file=MAX_FILE // 1024**2,
        max_request=MAX_REQUEST // 1024**2,
        max_reference=MAX_REFERENCE,
    )


@router.get("/submit")
async def submit(request: Request, person: Reader) -> Response:
    """The page to paste a text or choose files."""
    return await page(request, person)


@router.post("/submit")
async def take_text(request: Request, person: Reader) -> Response:
    """Store a pasted text, exactly as it is."""
    fields = await read_form(request)
    words = words_of(request)
    text, kind, reference = fields.get("text", ""), fields.get("kind", ""), fields.get("reference", "")
    errors = {}
    try:
        intake.check_text(text)
    except NotAText as error:
        long = words.say("too_long", count=words.number(len(text))) if error.code == "too_long" else ""
        errors["text"] = long or words[_ERRORS[error.code]]
    if kind not in KINDS:
        errors["kind"] = words["submit_kind_missing"]
    if wrong := check_reference(words, reference):
        errors["reference"] = wrong
    if errors:
        return await page(request, person, errors, fields)
    ledger: Ledger = request.app.state.ledger
    receipt = await run_in_threadpool(
        intake.submit,
        ledger,
        [Item(text)],
        kind=kind,
        by=person.id,
        actor=user(person.id),
        reference=reference,
        keep_days=request.app.state.settings.keep_days,
    )
    said = "&".join([*(f"new={x}" for x in receipt.new), *(f"known={x}" for x in receipt.known)])
    return RedirectResponse(f"/submit/receipt?{said}", 303)


@router.get("/submit/receipt")
async def receipt(request: Request, person: Reader) -> Response:
    """What became of texts: which are new, and which were there already."""
    asked = {name: _numbers(request.query_params.getlist(name)) for name in ("new", "known")}
    ledger: Ledger = request.app.state.ledger

    def find() -> dict[int, int]:
        numbers = [x for of_name in asked.values() for x in of_name]
        with ledger.reading() as db:
            return {x.id: x.case_id for x in db.execute(sa.select(Text.id, Text.case_id).where(Text.id.in_(numbers)))}

    cases = await run_in_threadpool(find)
    found = {name: [(x, cases[x]) for x in numbers if x in cases] for name, numbers in asked.items()}
    await note(request, person.actor, "receipt.read", texts=len(cases))
    words = words_of(request)
    return show("receipt.html", words, person=person, here="/submit", new=found["new"], known=found["known"])


def _numbers(said: list[str]) -> list[int]:
    return [number for x in said[:_MOST] if (number := row_number(x)) is not None]
