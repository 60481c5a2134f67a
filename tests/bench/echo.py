"""What the HTTP layer costs by itself: JSON in, the same JSON out."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def answer(request: Request) -> JSONResponse:
    """What was sent."""
    return JSONResponse(await request.json())


app = Starlette(routes=[Route("/", answer, methods=["POST"])])
