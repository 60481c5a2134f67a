"""The page for what cannot be opened: what is wrong, what is not, and what to do."""

from __future__ import annotations

import logging

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from serving.desk.unreadable import give_up, reason_of
from serving.noting import note
from serving.review.forms import from_script
from serving.review.guards import LoggedIn, NotLoggedIn
from serving.review.numbers import row_number
from serving.review.rendering import error_page, show, words_of
from serving.store.access import Person

log = logging.getLogger("tegn")
_KEPT = {"text": "text_heading", "note": "note", "words": "words_label", "reference": "kept_reference"}
"""Fields of forms whose words are shown again, with what they are called: nothing that was typed is lost."""


async def on_unreadable(request: Request, error: Exception) -> Response:
    """What whoever asked for it gets. A text goes back to the queue; that something cannot be opened is recorded."""
    try:
        person = await LoggedIn()(request)
    except NotLoggedIn:
        return error_page(request.scope, 500)
    log.error("%s cannot be opened: %s", request.scope["route"].path, type(error).__name__)
    kind = request.scope["path"].split("/")[1].removesuffix("s")
    number = row_number(str(request.path_params.get("number", "")))
    subject = f"{kind}#{number}" if number is not None else ""
    if kind == "text" and number is not None:
        await run_in_threadpool(give_up, request.app.state.ledger, person.actor, person.id, number, error)
    elif not from_script(request):  # a page that asks every few seconds is no act
        await note(request, person.actor, "document.unreadable", subject, reason=reason_of(error))
    return page(request, person, error, subject)


def page(request: Request, person: Person, error: Exception, subject: str, *, may_go_on: bool = True) -> Response:
    """The page.

    Args:
        subject: what cannot be opened, as the audit log calls it; nothing where it is not known.
        may_go_on: the next text is worth a try.
    """
    words, (kind, _, number) = words_of(request), subject.partition("#")
    of_text = kind == "text"
    fields: dict[str, str] = getattr(request.state, "fields", {})
    about = f"about_{kind}" if f"about_{kind}" in words else "about_case"
    return show(
        "unreadable.html",
        words,
        status=409,
        person=person,
        heading=words["unreadable_heading" if of_text else "unreadable_heading_case"],
        what=f"{words[about].lower()} {number}" if number else words["unreadable_it"],
        reason=reason_of(error),
        typed=[(label, fields[x]) for x, label in _KEPT.items() if fields.get(x, "").strip()],
        of_text=of_text,
        may_go_on=may_go_on,
    )
