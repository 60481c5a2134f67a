"""Who may call: every route names one of these as its guard, and a test refuses routes without one."""

from __future__ import annotations

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from serving.api.problems import Problem
from serving.limits import Limits
from serving.store.access import Access, System


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

    async def __call__(self, request: Request) -> System:
        access: Access = request.app.state.access
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        system = None
        if scheme.lower() == "bearer" and key.strip():
            system = await run_in_threadpool(access.system, key.strip())
        if system is None:
            raise Problem(
                "no-key",
                "Send a valid key in the header `Authorization: Bearer KEY`. `python -m serving key add NAME` makes one.",
                headers={"WWW-Authenticate": 'Bearer realm="tegn"'},
            )
        if self.scope not in system.scopes:
            raise Problem(
                "scope",
                f"The key lacks the scope `{self.scope}`.",
                headers={"WWW-Authenticate": f'Bearer realm="tegn", error="insufficient_scope", scope="{self.scope}"'},
            )
        limits: Limits = request.app.state.limits
        if wait := limits.calls.take(system.actor):
            raise Problem("rate", f"This key may call again in {wait} s.", headers={"Retry-After": str(wait)})
        return system
