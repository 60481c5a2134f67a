"""Pages from templates, in the language somebody reads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from fastapi import Request
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse
from starlette.types import Scope

from serving.review import assets
from serving.review.covering import covered
from serving.review.language import COOKIE
from serving.review.moments import day, moment
from serving.review.words import Words, words_in
from serving.store.access import Person


@pass_context
def _moment(page: Context, at: datetime | None) -> Markup:
    """A moment in the language of the page."""
    return moment(at, page["words"].language)


@pass_context
def _day(page: Context, on: date | None) -> Markup:
    """A day in the language of the page."""
    return day(on, page["words"].language)


def exact(text: str) -> Markup:
    """A text as a browser keeps it to the letter: of a line end CR LF in a page it would drop the CR, and count one less."""
    return escape(text).replace("\r", Markup("&#13;"))


_templates = Environment(
    loader=PackageLoader("serving.review"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["moment"] = _moment
_templates.filters["day"] = _day
_templates.filters["exact"] = exact
_templates.filters["covered"] = covered
_templates.globals.update(asset=assets.address, nav=(), person=None)  # a page may say otherwise


def words_of(request: Request) -> Words:
    """The messages in the language of the address or the cookie."""
    return words_in(request.query_params.get("lang") or request.cookies.get(COOKIE))


_PAGES = (
    ("/queue", "queue_heading", ("analyst", "lead")),
    ("/cases", "cases_heading", ("analyst", "lead")),
    ("/groups", "groups_heading", ("analyst", "lead")),
    ("/links", "links_heading", ("analyst", "lead")),
    ("/submit", "submit_heading", ("analyst", "lead")),
    ("/", "paste_heading", ("analyst", "lead", "engineer", "admin")),
    ("/oversight", "oversight_heading", ("lead", "admin")),
    ("/audit", "audit_heading", ("lead", "admin")),
    ("/users", "users_heading", ("admin",)),
    ("/account", "account_heading", ("analyst", "lead", "engineer", "admin")),
)
"""Address, key of its name, and the roles that may go there, of each page of the navigation."""


def navigation(words: Words, person: Person, here: str = "") -> list[tuple[str, str, bool]]:
    """Address, name, and whether it is the page itself, of each page a person may go to."""
    return [(address, words[key], address == here) for address, key, roles in _PAGES if person.role in roles]


def show(
    template: str,
    words: Words,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    person: Person | None = None,
    here: str = "",
    **values: Any,
) -> HTMLResponse:
    """A page.

    Args:
        person: who reads it; None before log-in.
        here: its own address, where the navigation names it.
    """
    if person is not None:
        values |= {"person": person, "nav": navigation(words, person, here)}
    return HTMLResponse(_templates.get_template(template).render(words=words, **values), status, headers)


def error_page(
    scope: Scope, status: int, headers: Mapping[str, str] | None = None, message: str | None = None
) -> HTMLResponse:
    """A page for what went wrong, in words for people.

    Args:
        message: key of the words, if those of the status do not say it.
    """
    words = words_of(Request(scope))
    shown = status if f"error_{status}" in words else 500 if status >= 500 else 400
    text = words[message or f"error_{shown}"]
    login = (message or "").startswith("provider_")  # who comes from a provider is not in yet
    return show("error.html", words, status=status, headers=headers, message=text, login=login)
