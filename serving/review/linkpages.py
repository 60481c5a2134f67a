"""The pages of links between cases: which contacts stand in several of them, or in a case and in ads, and where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.ads.ads import MAX_SHORT
from serving.api.problems import Problem
from serving.desk import crossing
from serving.desk.crossing import Cursor, Link, NoSuchLink
from serving.linking.contacts import KINDS
from serving.review.forms import read_form
from serving.review.guards import Reader
from serving.review.numbers import LARGEST, Number, row_number
from serving.review.rendering import show, words_of
from serving.store.access import Person
from serving.store.ledger import Ledger, user
from triage.text import has_bad_characters

router = APIRouter(prefix="/links", include_in_schema=False)
_SIZE = 25
_LAST_PAGE = 2_000


@router.get("")
async def list_links(request: Request, person: Reader) -> Response:
    """The links, and where to look for a contact."""
    return await _list(request, person)


@router.post("")
async def find(request: Request, person: Reader) -> Response:
    """What has a contact. It is a form because a contact does not belong into an address, which is logged."""
    form, words = await read_form(request), words_of(request)
    said, page = form.get("contact", "").strip(), _page(form.get("page", ""))
    if len(said) > MAX_SHORT or has_bad_characters(said):
        return await _list(request, person, said[:MAX_SHORT], words["seek_unknown"])
    found = await run_in_threadpool(crossing.seek, request.app.state.ledger, person.id, said, page=page)
    if found is None:
        return await _list(request, person, said, words["seek_unknown" if said else "seek_missing"])
    return show("linked.html", words, person=person, linked=found, page=page, sought=said)


async def _list(request: Request, person: Person, contact: str = "", error: str = "") -> Response:
    ledger: Ledger = request.app.state.ledger
    query, words = request.query_params, words_of(request)
    kind = query.get("kind", "")
    kind = kind if kind in KINDS else ""
    before = _cursor(query.get("before", ""))

    def read() -> tuple[list[Link], Cursor | None]:
        with ledger.acting(user(person.id)) as act:
            found = crossing.links(act.db, kind=kind, before=before, size=_SIZE)
            act.record("links.read", links=len(found[0]))
            return found

    links, rest = await run_in_threadpool(read)
    kinds = [("", words["all"]), *((x, words[f"entity_{x}"]) for x in KINDS)]
    asked, older = (_asked(kind, x) for x in (before, rest))
    newest = f"?kind={kind}" if before else ""
    return show(
        "links.html",
        words,
        status=422 if error else 200,
        person=person,
        here="/links",
        links=links,
        asked=asked,
        newest=newest,
        older=older if rest else "",
        kind=kind,
        kinds=kinds,
        contact=contact,
        error=error,
    )


def _page(said: str) -> int:
    return min(row_number(said) or 1, _LAST_PAGE)


def _cursor(said: str) -> Cursor | None:
    """Where a page goes on, as its address says it; None if that is no place."""
    text, _, place = said.partition("-")
    number, after = row_number(text), row_number(place) if place != "0" else 0
    return None if number is None or after is None else (number, after)


def _asked(kind: str, before: Cursor | None) -> str:
    return f"?kind={kind}" + (f"&before={before[0]}-{before[1]}" if before else "")


@router.get("/{number}")
async def groups_of(request: Request, number: Number, person: Reader) -> Response:
    """The groups of ads that share a contact with a text."""
    page = _page(request.query_params.get("page", ""))
    try:
        groups, more = await run_in_threadpool(
            crossing.groups_beside, request.app.state.ledger, person.id, number, page=page
        )
    except NoSuchLink:
        raise Problem("not-found", "text") from None
    return show("beside.html", words_of(request), person=person, text=number, groups=groups, more=more, page=page)


@router.get("/{number}/{place}")
async def link(
    request: Request, number: Number, place: Annotated[int, Path(ge=0, le=LARGEST)], person: Reader
) -> Response:
    """One link, by a text that has the contact and its place there: of the contact itself nothing is in the address."""
    page = _page(request.query_params.get("page", ""))
    try:
        found = await run_in_threadpool(crossing.look, request.app.state.ledger, person.id, number, place, page=page)
    except NoSuchLink:
        raise Problem("not-found", "link") from None
    return show("linked.html", words_of(request), person=person, linked=found, page=page, sought="")
