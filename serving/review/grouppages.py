"""The pages of groups of ads: the list, and one group with its ads, ties and what is not known."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.problems import Problem
from serving.danishtime import danish_time
from serving.desk.reading import MAX_NOTE
from serving.groups import listing, noting, view
from serving.groups.listing import ORDERS, UNDECIDED, Filter, Listed
from serving.groups.noting import NotANote
from serving.groups.summing import tour, towns
from serving.groups.view import Elsewhere, NoSuchGroup, Seen
from serving.review.forms import read_form
from serving.review.groupads import shown_ads
from serving.review.groupfigures import HEIGHT, chart, drawn, sign_rows
from serving.review.groupwords import facts, gone, listed_contacts, sentence, unknown
from serving.review.guards import READERS
from serving.review.numbers import Number, row_number
from serving.review.reading import options, scheme_of
from serving.review.rendering import show, words_of
from serving.store.access import Person
from serving.store.desk import OUTCOMES
from serving.store.ledger import Ledger, user

router = APIRouter(prefix="/groups", include_in_schema=False)
_Reader = Annotated[Person, Depends(READERS)]
_SIZE = 25
_LAST_PAGE = 10_000
LEAST = ("5", "10", "25", "100")
"""Ads that a group of the list can be asked to have."""
DAYS = ("30", "90", "365")


class Wanted(BaseModel):
    """What somebody wants to see of the groups; anything else they may have written is the default."""

    order: str = "largest"
    outcome: str = ""
    least: int = 0
    days: int = 0
    page: Annotated[int, Field(ge=1, le=_LAST_PAGE)] = 1

    def filter(self) -> Filter:
        """As the store takes it."""
        return Filter(self.outcome, self.least, self.days)

    def address(self, **changed: object) -> str:
        """The address of this list, with something changed."""
        values = {**self.model_dump(), "page": 1, **changed}
        return "?" + urlencode({key: x for key, x in values.items() if x})


def wanted_of(given: dict[str, str]) -> Wanted:
    """What is asked for by the fields of an address."""
    allowed = {"order": ORDERS, "outcome": (UNDECIDED, *OUTCOMES), "least": LEAST, "days": DAYS}
    known = {name: x for name, x in given.items() if x and x in allowed.get(name, ())}
    page = row_number(given.get("page", "")) or 1
    return Wanted.model_validate({**known, "page": page if page <= _LAST_PAGE else 1})


@router.get("")
async def list_groups(request: Request, person: _Reader) -> Response:
    """The groups."""
    ledger: Ledger = request.app.state.ledger
    wanted, words, today = wanted_of(dict(request.query_params)), words_of(request), datetime.now(danish_time()).date()

    def read() -> tuple[list[Listed], int]:
        with ledger.acting(user(person.id)) as act:
            found = listing.listed(act.db, wanted.filter(), wanted.order, today=today, page=wanted.page, size=_SIZE)
            act.record("groups.read", groups=len(found[0]))
            return found

    groups, count = await run_in_threadpool(read)
    return show(
        "groups.html", words, person=person, here="/groups", wanted=wanted, groups=groups, count=count,
        pages=max(1, -(-count // _SIZE)), sentences={x.id: sentence(words, x.figures, today) for x in groups},
        orders=options(words, "groups_order", ORDERS),
        outcomes=[("", words["all"]), (UNDECIDED, words["groups_undecided"]), *options(words, "outcome", OUTCOMES)],
        leasts=[("0", words["all"]), *((x, words.say("groups_least_value", count=x)) for x in LEAST)],
        times=[("0", words["all"]), *((x, words.say("groups_days_value", days=x)) for x in DAYS)],
        filtered=bool(wanted.outcome or wanted.least or wanted.days),
    )  # fmt: skip


async def _open(request: Request, person: Person, number: int, page: int) -> Seen | Response:
    """A group, or the way to where it is now."""
    ledger: Ledger = request.app.state.ledger
    try:
        return await run_in_threadpool(view.open_group, ledger, person.id, number, page=page)
    except NoSuchGroup:
        raise Problem("not-found", "group") from None
    except Elsewhere as error:
        return RedirectResponse(f"/groups/{error.into}?was={number}" if error.into else f"/cases/{error.case}", 303)


async def _page(
    request: Request, person: Person, number: int, *, error: str = "", given: dict[str, str] | None = None
) -> Response:
    """The group; with what was typed where it could not be kept."""
    query = request.query_params
    page = min(row_number(query.get("page", "")) or 1, _LAST_PAGE)
    seen = await _open(request, person, number, page)
    if isinstance(seen, Response):
        return seen
    words, scheme, today = words_of(request), scheme_of(request), datetime.now(danish_time()).date()
    rows, read = sign_rows(seen, scheme, words)
    was = row_number(query.get("was", ""))
    return show(
        "group.html", words, status=422 if error else 200, person=person, seen=seen, page=page,
        posted=request.method == "POST", error=error, given=given or {}, noted="noted" in query,
        sentence=sentence(words, seen.figures, today), facts=facts(words, seen), unknown=unknown(words, seen, read=read),
        hubs=listed_contacts(words, seen.further["hubs"]), chart=chart(seen, words), height=HEIGHT, towns=towns(seen.ads),
        gone=gone(words, seen), tour=tour(seen.ads), signs=rows, read=read, drawn=drawn(seen, words),
        ads=shown_ads(seen, page, scheme, words, whole=row_number(query.get("ad", ""))),
        was=was if was in seen.was else None,
        outcomes=[("", words["group_no_outcome"]), *options(words, "outcome", OUTCOMES)],
    )  # fmt: skip


@router.get("/{number}")
async def group(request: Request, number: Number, person: _Reader) -> Response:
    """One group."""
    return await _page(request, person, number)


@router.post("/{number}/notes")
async def note(request: Request, number: Number, person: _Reader) -> Response:
    """Keep what somebody decides of a group, or writes of it."""
    fields = await read_form(request)
    ledger: Ledger = request.app.state.ledger
    words, given = words_of(request), {"outcome": fields.get("outcome", ""), "note": fields.get("note", "")}
    try:
        await run_in_threadpool(noting.add_note, ledger, person.id, number, **given)
    except NotANote as error:
        said = words.say(f"group_note_{error.code}", count=words.number(MAX_NOTE))
        return await _page(request, person, number, error=said, given=given)
    except NoSuchGroup:
        raise Problem("not-found", "group") from None
    except Elsewhere as error:
        if error.into is None:
            return RedirectResponse(f"/cases/{error.case}", 303)
        # It was merged while somebody wrote: they see what they wrote on the page of the group that has it now.
        return await _page(
            request, person, error.into, error=words.say("group_note_merged", number=error.into), given=given
        )
    return RedirectResponse(f"/groups/{number}?noted#notes", 303)
