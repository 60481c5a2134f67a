"""Who may call: every route names one of these as its guard, and a test refuses routes without one."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from serving.api.problems import Problem
from serving.store.access import Access


class Guard:
    """Something that lets a request pass or ends it."""


class Open(Guard):
    """Anybody may call: health, the API description, log-in. Must give away nothing about texts."""

    async def __call__(self, request: Request) -> None:
        return None


class Key(Guard):
    """A system with a key of this scope, as `Authorization: Bearer KEY`."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> None:
        access: Access = request.app.state.access
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        scopes = None
        if scheme.lower() == "bearer" and key.strip():
            scopes = await run_in_threadpool(access.scopes, key.strip())
        if scopes is None:
            raise Problem(
                "no-key",
                "Send a valid key in the header `Authorization: Bearer KEY`. `python -m serving key add NAME` makes one.",
                headers={"WWW-Authenticate": 'Bearer realm="tegn"'},
            )
        if self.scope not in scopes:
            raise Problem(
                "scope",
                f"The key lacks the scope `{self.scope}`.",
                headers={"WWW-Authenticate": f'Bearer realm="tegn", error="insufficient_scope", scope="{self.scope}"'},
            )
