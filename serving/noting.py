"""Acts that are nothing but their entry in the audit log, such as a look at a page or a call of the API."""

from __future__ import annotations

from functools import partial

from anyio import to_thread
from fastapi import Request

from serving.store.acts import Detail
from serving.store.ledger import Ledger


async def note(request: Request, actor: str, act: str, subject: str = "", **details: Detail) -> None:
    """Record an act, outside the event loop. One at a time: many threads that wait for the store's one writer would take
    turns badly, and none would be left for other requests.

    Raises:
        NotRecordable: as `Act.record`.
    """
    ledger: Ledger = request.app.state.ledger
    await to_thread.run_sync(partial(ledger.note, actor, act, subject, **details), limiter=request.app.state.noting)
