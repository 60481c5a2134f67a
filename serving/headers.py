"""Headers that every answer carries: pages, API, static files, errors, redirects and health alike."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""By default; an answer may say something else of itself, as a style sheet does of caching."""
HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}
"""Where people reach the service over https."""


class Headers:
    """Adds them to whatever the app answers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                settings = getattr(scope["app"].state, "settings", None)
                secure = settings is not None and settings.secure_cookies
                for name, value in (SECURITY | HTTPS_ONLY if secure else SECURITY).items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, add)
