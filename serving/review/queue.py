"""The page of the queue: what waits, in which order, and the next text."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.desk import queue
from serving.desk.answers import LEVELS
from serving.desk.queue import ORDERS, Called, Filter, Waiting
from serving.desk.switches import read_switches
from serving.desk.unreadable import note_passed_over
from serving.review import unreadable
from serving.review.forms import read_form
from serving.review.guards import Reader
from serving.review.numbers import row_number
from serving.review.rendering import show, words_of
from serving.store.desk import STAGES
from serving.store.ledger import Ledger, user
from triage.text import KINDS

router = APIRouter(include_in_schema=False)
_STAGES = ("first", "second", "adjudication", "done", "new")
"""As they are listed: what people can act on first."""
_SIZE = 25
_LAST_PAGE = 2_000


class Wanted(BaseModel):
    """What somebody wants to see of the queue; anything else they may have written is the default."""

    stage: str = "first"
    order: str = "priority"
    kind: str = ""
    least: str = ""
    mine: bool = False
    page: Annotated[int, Field(ge=1, le=_LAST_PAGE)] = 1

    def filter(self) -> Filter:
        """As the desk takes it."""
        return Filter(self.stage, self.kind, self.least, self.mine)

    def address(self, **changed: object) -> str:
        """The address of this list, with something changed."""
        values = {**self.model_dump(), "page": 1, **changed}
        return "?" + urlencode({key: int(x) if isinstance(x, bool) else x for key, x in values.items() if x})


def wanted_of(given: dict[str, str]) -> Wanted:
    """What is asked for by the fields of an address or a form."""
    allowed = {"stage": STAGES, "order": ORDERS, "kind": KINDS, "least": LEVELS, "mine": ("1",)}
    known = {name: x for name, x in given.items() if x and x in allowed.get(name, ())}
    page = row_number(given.get("page", "")) or 1
    return Wanted.model_validate({**known, "page": page if page <= _LAST_PAGE else 1})


@router.get("/queue")
async def list_texts(request: Request, person: Reader) -> Response:
    """The queue."""
    ledger: Ledger = request.app.state.ledger
    wanted = wanted_of(dict(request.query_params))
    texts, called, more, counts, stopped = await run_in_threadpool(_read, ledger, person.id, wanted)
    words = words_of(request)
    done = request.query_params.get("done", "")
    return show(
        "queue.html", words, person=person, here="/queue", wanted=wanted, texts=texts, called=called, more=more, counts=counts,
        orders_of=[(x, words[f"order_{x}"]) for x in ORDERS], stages=_STAGES,
        empty="empty" in request.query_params, stopped=stopped, done=done if done in ("second", "adjudication", "done") else "",
    )  # fmt: skip


def _read(
    ledger: Ledger, person: int, wanted: Wanted
) -> tuple[list[Waiting], dict[int, Called], bool, dict[str, int], bool]:
    with ledger.acting(user(person)) as act:
        stopped = not read_switches(act.db).suggestions
        if stopped and wanted.order in ("priority", "uncertainty"):
            wanted.order = "age"  # the others say what the model thinks
        if stopped:
            wanted.least = ""
        texts, more = queue.listed(act.db, person, wanted.filter(), wanted.order, page=wanted.page, size=_SIZE)
        act.record("queue.read", texts=len(texts))
        counts = queue.counts(act.db)
    # Afterwards, as others wait for the write lock.
    with ledger.reading() as db:
        return texts, queue.called(db, ledger.vault, texts), more, counts, stopped


@router.post("/queue/next")
async def take_next(request: Request, person: Reader) -> Response:
    """Take the first text of a list that nobody has."""
    wanted = wanted_of(await read_form(request))
    ledger: Ledger = request.app.state.ledger
    found = await run_in_threadpool(
        queue.take_next, ledger, person.id, wanted.filter(), wanted.order, may_adjudicate=person.role == "lead"
    )
    if found.unreadable:
        await run_in_threadpool(note_passed_over, ledger, person.actor, found.unreadable)
    if found.text is not None:
        return RedirectResponse(f"/texts/{found.text}", 303)
    if found.unreadable:  # there are texts, and none of them can be opened
        number, error = next(iter(found.unreadable.items()))
        return unreadable.page(request, person, error, f"text#{number}", may_go_on=False)
    return RedirectResponse(f"/queue{wanted.address(empty=1)}", 303)
