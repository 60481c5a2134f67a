"""Forms with files, read in memory: nothing of a file ever stands on the disk unsealed."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from serving.api.problems import Problem
from serving.desk.uploads import MAX_FILES
from serving.review.forms import check_origin, drain

MAX_REQUEST = 100 * 1024 * 1024
"""Bytes of one request with files. A browser that runs the page's script sends each file in a request of its own."""


class TooMuch(ValueError):
    """The request is larger than `MAX_REQUEST`, or has more than `MAX_FILES` files; `code` says which."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent."""

    name: str
    data: bytes


class _InMemory(MultiPartParser):
    spool_max_size = 0
    """Never: whatever its size, no file is written to a temporary file."""


async def read_files(request: Request) -> tuple[dict[str, str], list[Sent]]:
    """The fields and the files of a form sent by one of our own pages.

    Raises:
        Problem: it came from elsewhere, is no form with files, or has a field as large as a file.
        TooMuch: see the class.
    """
    check_origin(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Problem("media-type", "form")
    # One more than there may be, as a field left empty counts as a file without a name.
    parser = _InMemory(request.headers, _limited(request), max_files=MAX_FILES + 1, max_fields=10)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        await drain(request)
        if error.message.startswith("Too many files"):
            raise TooMuch("too_many_files") from None
        if error.message.startswith("Part exceeded"):
            raise Problem("too-large", "form") from None
        raise Problem("malformed-json", "form") from None
    try:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        files = [x for _, x in form.multi_items() if isinstance(x, UploadFile)]
        sent = [Sent(x.filename or "", await x.read()) for x in files if x.filename or x.size]
    finally:
        await form.close()
    if len(sent) > MAX_FILES:
        raise TooMuch("too_many_files")
    return fields, sent


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size <= MAX_REQUEST:
            yield piece
        else:
            await drain(request)
            raise TooMuch("too_large_together")
