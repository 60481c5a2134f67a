"""The pages of links between cases: which contacts stand in several of them, or in a case and in ads, and where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.ads.ads import MAX_SHORT
from serving.api.problems import Problem
from serving.desk import crossing
from serving.desk.crossing import Link, NoSuchLink
from serving.review.forms import read_form
from serving.review.guards import READERS
from serving.review.numbers import LARGEST, Number, row_number
from serving.review.rendering import show, words_of
from serving.store.access import Person
from serving.store.ledger import Ledger, user
from triage.entities import CONTACTS
from triage.text import has_bad_characters

router = APIRouter(prefix="/links", include_in_schema=False)
_Reader = Annotated[Person, Depends(READERS)]
_SIZE = 25
_LAST_PAGE = 2_000


@router.get("")
async def list_links(request: Request, person: _Reader) -> Response:
    """The links, and where to look for a contact."""
    return await _list(request, person)


@router.post("/find")
async def find(request: Request, person: _Reader) -> Response:
    """What has a contact. It is a form because a contact does not belong into an address, which is logged."""
    said, words = (await read_form(request)).get("contact", "").strip(), words_of(request)
    if len(said) > MAX_SHORT or has_bad_characters(said):
        return await _list(request, person, said[:MAX_SHORT], words["seek_unknown"])
    found = await run_in_threadpool(crossing.seek, request.app.state.ledger, person.id, said)
    if found is None:
        return await _list(request, person, said, words["seek_unknown" if said else "seek_missing"])
    return show("linked.html", words, person=person, linked=found, page=1, sought=True)


async def _list(request: Request, person: Person, contact: str = "", error: str = "") -> Response:
    ledger: Ledger = request.app.state.ledger
    query, words = request.query_params, words_of(request)
    kind = query.get("kind", "")
    kind = kind if kind in CONTACTS else ""
    page = min(row_number(query.get("page", "")) or 1, _LAST_PAGE)

    def read() -> tuple[list[Link], bool]:
        with ledger.acting(user(person.id)) as act:
            found = crossing.links(act.db, kind=kind, page=page, size=_SIZE)
            act.record("links.read", links=len(found[0]))
            return found

    links, more = await run_in_threadpool(read)
    kinds = [("", words["all"]), *((x, words[f"entity_{x}"]) for x in CONTACTS)]
    return show(
        "links.html",
        words,
        status=422 if error else 200,
        person=person,
        here="/links",
        links=links,
        more=more,
        page=page,
        kind=kind,
        kinds=kinds,
        contact=contact,
        error=error,
    )


@router.get("/{number}/{place}")
async def link(
    request: Request, number: Number, place: Annotated[int, Path(ge=0, le=LARGEST)], person: _Reader
) -> Response:
    """One link, by a text that has the contact and its place there: of the contact itself nothing is in the address."""
    page = min(row_number(request.query_params.get("page", "")) or 1, _LAST_PAGE)
    try:
        found = await run_in_threadpool(crossing.look, request.app.state.ledger, person.id, number, place, page=page)
    except NoSuchLink:
        raise Problem("not-found", "link") from None
    return show("linked.html", words_of(request), person=person, linked=found, page=page, sought=False)
