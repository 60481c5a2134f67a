"""Reading a request's body within a limit, and checking it."""

from __future__ import annotations

from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from serving.api.problems import Problem
from triage.wire import MalformedJSON, parse_json, problems_of

MAX_BODY = 40 * 1024 * 1024
"""Bytes: 64 texts of 50,000 code points, every one of them escaped as a surrogate pair."""
Body = TypeVar("Body", bound=BaseModel)


async def read_limited(request: Request, limit: int) -> bytes:
    """The body, read no further than `limit` bytes.

    Raises:
        Problem: the body is larger.
    """
    too_large = Problem("too-large", f"A request has at most {limit:,} bytes; send fewer or shorter texts.")
    declared = request.headers.get("content-length", "0")
    # Python refuses to read a number of thousands of digits; the first twenty say enough.
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise too_large
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise too_large
        pieces.append(piece)
    return b"".join(pieces)


async def read_json(request: Request, model: type[Body]) -> Body:
    """The JSON body of a request as `model`.

    Raises:
        Problem: wrong content type, too large, malformed or breaking the model.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
        raise Problem("media-type", "Send the body as `Content-Type: application/json`, in UTF-8.")
    raw = await read_limited(request, MAX_BODY)
    try:
        value: Any = parse_json(raw)
    except MalformedJSON as error:
        raise Problem("malformed-json", f"The body is {error}.") from None
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise Problem("invalid-request", "See `errors` for each field.", errors=problems_of(error)) from None
