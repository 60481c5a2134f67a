"""The page of whoever is responsible: stop switch, samples, figures of the work; nothing about a person in a text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.problems import Problem
from serving.desk import agreement, figures
from serving.desk.switches import NotASetting, read_switches, turn
from serving.review.forms import read_form
from serving.review.guards import Responsible
from serving.review.rendering import show, words_of
from serving.store.access import Person
from serving.store.ledger import Ledger, user
from triage.indicators import Scheme, load_scheme

router = APIRouter(include_in_schema=False)
LEAST = 20
"""Texts below which a figure says nothing."""
_SHARES = ("blind_share", "second_share")


@lru_cache(maxsize=1)
def scheme() -> Scheme:
    """The indicators."""
    return load_scheme()


def percent(part: int, whole: int) -> int:
    """A part in whole percent; 0 of nothing."""
    return round(100 * part / whole) if whole else 0


def _figures(ledger: Ledger, person: int) -> dict[str, Any]:
    with ledger.acting(user(person)) as act:
        act.record("oversight.read", what="figures")
    # Afterwards, as others wait for the write lock.
    with ledger.reading() as db:
        by_code, by_pair = agreement.agreements(db, scheme().codes)
        return {
            "switches": read_switches(db),
            "turned": figures.last_turned(db),
            "stages": figures.stages(db),
            "outcomes": figures.outcomes(db),
            "relied": agreement.reliance(db),
            "by_code": [x for x in by_code if x.texts],
            "by_pair": by_pair,
        }


async def _page(
    request: Request, person: Person, errors: dict[str, str] | None = None, typed: dict[str, str] | None = None
) -> Response:
    words = words_of(request)
    found = await run_in_threadpool(_figures, request.app.state.ledger, person.id)
    now = {name: getattr(found["switches"], name) for name in _SHARES}
    return show(
        "oversight.html",
        words,
        status=422 if errors else 200,
        person=person,
        here="/oversight",
        errors=errors or {},
        shares=now | (typed or {}),
        indicators={x.code: words.of(x) for x in scheme()},
        least=LEAST,
        most=agreement.NEWEST,
        percent=percent,
        number=lambda said: said.replace(".", ",") if words.language == "da" else said,
        saved="saved" in request.query_params,
        **found,
    )


@router.get("/oversight")
async def oversight(request: Request, person: Responsible) -> Response:
    """The page."""
    return await _page(request, person)


@router.post("/oversight")
async def change(request: Request, person: Responsible) -> Response:
    """Turn the stop switch, or set the shares."""
    fields, ledger = await read_form(request), request.app.state.ledger
    wanted = {name: fields[name].strip() for name in ("suggestions", *_SHARES) if name in fields}
    if not wanted:
        raise Problem("malformed-json", "switch")
    wrong = await run_in_threadpool(_turn, ledger, person.id, wanted)
    if "suggestions" in wrong:
        raise Problem("malformed-json", "switch")
    if wrong:
        return await _page(request, person, {name: words_of(request)["over_share_bad"] for name in wrong}, wanted)
    return RedirectResponse("/oversight?saved", 303)


def _turn(ledger: Ledger, person: int, wanted: dict[str, str]) -> list[str]:
    """Change what is not so already, all or nothing; returns the names of those that take no such value."""
    wrong: list[str] = []
    try:
        with ledger.acting(user(person)) as act:
            now = read_switches(act.db)
            known = {"suggestions": "on" if now.suggestions else "off"} | {x: str(getattr(now, x)) for x in _SHARES}
            for name, value in wanted.items():
                try:
                    if value != known[name]:
                        turn(act, name, value, by=person)
                except NotASetting:
                    wrong.append(name)
            if wrong:
                raise NotASetting
    except NotASetting:
        pass
    return wrong
