"""The language somebody chose, kept in a cookie."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.review.words import LANGUAGES

COOKIE = "tegn_lang"


class Choice:
    """Keeps the language of an address with ``?lang=``, so that the next page speaks it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1")) if scope["type"] == "http" else {}
        chosen = query.get("lang", [""])[0]
        if chosen not in LANGUAGES or scope["path"].startswith("/v1"):
            await self.app(scope, receive, send)
            return

        async def keep(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append(
                    "set-cookie", f"{COOKIE}={chosen}; HttpOnly; Max-Age=31536000; Path=/; SameSite=strict"
                )
            await send(message)

        await self.app(scope, receive, keep)
