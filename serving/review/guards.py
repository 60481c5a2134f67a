"""Who may see a page: guards of routes, and the cookie that holds a session."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool

from serving.api.auth import Guard
from serving.store.access import Access, Person
from serving.store.tables import ROLES


class NotLoggedIn(Exception):
    """The request comes from nobody we know: send them to the log-in page."""


class WrongRole(Exception):
    """Somebody logged in may not see this page: say so."""


class LoggedIn(Guard):
    """Somebody logged in; any role."""

    async def __call__(self, request: Request) -> Person:
        access: Access = request.app.state.access
        token = session_of(request)
        person = await run_in_threadpool(access.person, token) if token else None
        if person is None:
            raise NotLoggedIn
        return person


class Roles(LoggedIn):
    """Somebody logged in who has one of these roles."""

    def __init__(self, *roles: str) -> None:
        if not roles or not set(roles) <= set(ROLES):
            raise ValueError(f"roles are {', '.join(ROLES)}")
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Person:
        person = await super().__call__(request)
        if person.role not in self.roles:
            raise WrongRole
        return person


READERS = Roles("analyst", "lead")
# What routes take: whoever is logged in, or somebody of these roles alone.
AnyRole = Annotated[Person, Depends(LoggedIn())]
Reader = Annotated[Person, Depends(READERS)]
"""May read texts of cases."""
Lead = Annotated[Person, Depends(Roles("lead"))]
Responsible = Annotated[Person, Depends(Roles("lead", "admin"))]
"""Sees figures and the audit log."""
Admin = Annotated[Person, Depends(Roles("admin"))]


def cookie(request: Request, name: str = "tegn") -> str:
    """The full name of a cookie: over https it is bound to this host."""
    return f"__Host-{name}" if request.app.state.settings.secure_cookies else name


def session_of(request: Request) -> str:
    """The session token of a request, or nothing."""
    return request.cookies.get(cookie(request), "")


def keep_session(request: Request, response: Response, token: str) -> None:
    """Have the browser keep a session."""
    response.set_cookie(
        cookie(request),
        token,
        httponly=True,
        samesite="strict",
        secure=request.app.state.settings.secure_cookies,
        path="/",
    )


def drop_session(request: Request, response: Response) -> None:
    """Have the browser forget a session. Browsers change a `__Host-` cookie only if told as it was set."""
    secure = request.app.state.settings.secure_cookies
    response.delete_cookie(cookie(request), path="/", secure=secure, httponly=True, samesite="strict")
