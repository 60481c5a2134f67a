"""Who may log in, for administrators."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from serving.api.problems import Problem
from serving.noting import note
from serving.review.forms import read_form
from serving.review.guards import Admin
from serving.review.rendering import show, words_of
from serving.store.access import Access, NotAllowed, Person
from serving.store.tables import ROLES

router = APIRouter(include_in_schema=False)


async def _page(
    request: Request, person: Person, *, error: str = "", link: str = "", of: str = "", name: str = "", role: str = ""
) -> Response:
    access: Access = request.app.state.access
    people = await run_in_threadpool(access.users)
    await note(request, person.actor, "users.read")
    return show(
        "users.html",
        words_of(request),
        status=422 if error else 200,
        person=person,
        here="/users",
        people=people,
        roles=ROLES,
        error=error,
        link=link,
        of=of,
        name=name,
        role=role,
    )


@router.get("/users")
async def users(request: Request, person: Admin) -> Response:
    """Everybody."""
    return await _page(request, person)


@router.post("/users")
async def add(request: Request, person: Admin) -> Response:
    """Add somebody; shows their link, once."""
    fields, access = await read_form(request), request.app.state.access
    name, role = fields.get("name", ""), fields.get("role", "")
    try:
        token = await run_in_threadpool(lambda: access.add_user(name, role, by=person.actor))
    except NotAllowed as error:
        return await _page(request, person, error=_say(request, error), name=name, role=role)
    return await _show_link(request, person, name.strip(), token)


@router.post("/users/{number}/link")
async def new_link(request: Request, number: int, person: Admin) -> Response:
    """A new link; shows it, once."""
    await read_form(request)
    name, access = await _name(request, number), request.app.state.access
    try:
        token = await run_in_threadpool(lambda: access.new_link(name, by=person.actor))
    except NotAllowed as error:
        return await _page(request, person, error=_say(request, error))
    return await _show_link(request, person, name, token)


async def _show_link(request: Request, person: Person, name: str, token: str) -> Response:
    return await _page(request, person, link=f"{request.app.state.settings.origin}/login/{token}", of=name)


def _say(request: Request, error: NotAllowed) -> str:
    return words_of(request)[f"users_{error.code}"]


async def _name(request: Request, number: int) -> str:
    access: Access = request.app.state.access
    for somebody in await run_in_threadpool(access.users):
        if somebody.id == number and not somebody.removed:
            return somebody.name
    raise Problem("not-found", "user")


async def _change(request: Request, person: Person, change: Callable[[], None]) -> Response:
    try:
        await run_in_threadpool(change)
    except NotAllowed as error:
        return await _page(request, person, error=_say(request, error))
    return RedirectResponse("/users", 303)


@router.post("/users/{number}/role")
async def change_role(request: Request, number: int, person: Admin) -> Response:
    """Another role; logs them out everywhere."""
    fields, name, access = await read_form(request), await _name(request, number), request.app.state.access
    role = fields.get("role", "")
    return await _change(request, person, lambda: access.change_role(name, role, by=person.actor))


@router.get("/users/{number}/remove")
async def ask_to_remove(request: Request, number: int, person: Admin) -> Response:
    """What it means to remove somebody, before it is done."""
    name = await _name(request, number)
    await note(request, person.actor, "users.read")
    words = words_of(request)
    return show("users_remove.html", words, person=person, here="/users", name=name, number=number)


@router.post("/users/{number}/remove")
async def remove(request: Request, number: int, person: Admin) -> Response:
    """They may log in no more."""
    await read_form(request)
    name, access = await _name(request, number), request.app.state.access
    return await _change(request, person, lambda: access.remove_user(name, by=person.actor))


@router.post("/users/{number}/unlock")
async def unlock(request: Request, number: int, person: Admin) -> Response:
    """They may try their password again."""
    await read_form(request)
    name, access = await _name(request, number), request.app.state.access
    return await _change(request, person, lambda: access.unlock(name, by=person.actor))
