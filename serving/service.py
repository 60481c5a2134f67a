"""The BentoML service and the place where everything is put together.

All routes live in one ASGI app mounted at ``/``: BentoML's own input handling would log what it refuses, which is case text.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import bentoml
from starlette.applications import Starlette
from starlette.routing import Mount

from serving.app import create_app

app = create_app()


@asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    async with app.router.lifespan_context(app):
        yield


# A plain Starlette app around it: BentoML forwards to a mounted Starlette app what one of its routes matches, and this
# one matches every path, so that unknown paths get Tegn's own answers too.
_everything = Starlette(routes=[Mount("/", app)], lifespan=_lifespan)


@bentoml.service(
    name="tegn",
    workers=1,
    traffic={"timeout": 300},  # 64 texts of 50,000 code points take minutes on a slow machine
    logging={"access": {"enabled": False}},  # it logs paths as sent; `serving.telemetry.watch` logs routes
    metrics={"enabled": False},  # `/metrics` would be open to the world; `serving.telemetry.port` has a port of its own
    tracing={
        "excluded_urls": ".*"
    },  # its spans hold paths as sent, log-in links among them; `serving.telemetry.traces`
)
@bentoml.asgi_app(_everything, path="/")
class Tegn:
    """Tags Danish texts with possible indicators of human trafficking."""

    def __is_ready__(self) -> bool:
        return bool(app.state.engine.ready)
