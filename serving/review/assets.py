"""Style sheets, fonts and icons of the pages, from the folder ``static``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import APIRouter, Depends, Response

from serving.api.auth import Open
from serving.api.problems import Problem

router = APIRouter(include_in_schema=False)
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain",
    ".md": "text/plain",
}
_VERSION: Final = re.compile(r"([0-9a-f]{16})/(.+)")


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda x: x.name):
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_bytes()


@lru_cache(maxsize=1)
def _read() -> tuple[str, dict[str, bytes]]:
    """(version, content by name) of every file: what is asked for is looked up here, never on the disk."""
    content = dict(_walk(files("serving.review") / "static"))
    digest = sha256()
    for name, data in content.items():
        digest.update(name.encode() + b"\0" + sha256(data).digest())
    return digest.hexdigest()[:16], content


def address(name: str) -> str:
    """The path of a file, with the version of all files in it: a changed file has a new path.

    The version is a folder, so that what a style sheet names relative to itself has it too.

    Raises:
        KeyError: there is no such file.
    """
    version, content = _read()
    if name not in content:
        raise KeyError(name)
    return f"/static/{version}/{name}"


@router.get("/static/{path:path}", dependencies=[Depends(Open())])
async def static(path: str) -> Response:
    """One of the files. Browsers keep it for a year under its version, and ask again under any other address."""
    version, content = _read()
    match = _VERSION.fullmatch(path)
    asked, name = match.groups() if match else ("", path)
    suffix = name[name.rfind(".") :]
    if name not in content or suffix not in _MEDIA_TYPES:
        raise Problem("not-found", "static")
    return Response(
        content[name],
        media_type=_MEDIA_TYPES[suffix],
        headers={"Cache-Control": "public, max-age=31536000, immutable" if asked == version else "no-cache"},
    )
