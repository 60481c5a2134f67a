"""Forms as our own pages send them; those of other sites are refused (cross-site request forgery)."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qs

from fastapi import Request

from serving.api.bodies import read_limited
from serving.api.problems import Problem
from triage.text import MAX_TEXT

MAX_FORM = 12 * MAX_TEXT + 10_000
"""Bytes of a form: the longest text, every code point percent-encoded."""
_DRAINED = 1024 * 1024 * 1024
"""Bytes of too large a request that are read and thrown away; whoever sends more is cut off."""


def check_origin(request: Request) -> None:
    """Refuse a request that another site made.

    What a browser says of the site (``Sec-Fetch-Site``) decides. Older browsers send ``Origin`` alone. Programs send neither;
    they have no cookies that somebody else could use, and no browser sends a form without both.

    Raises:
        Problem: it came from elsewhere.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = {request.app.state.settings.origin, f"{request.scope['scheme']}://{request.headers.get('host', '')}"}
    if site is not None and site not in ("same-origin", "none"):
        raise Problem("scope", "cross-site")
    # "null" is what a form of our own says beside Sec-Fetch-Site, because pages send no referrer.
    if origin is not None and origin not in ours and (site is None or origin != "null"):
        raise Problem("scope", "cross-site")


def from_script(request: Request) -> bool:
    """Whether our own script asks, which shows what it is told in the page that is there."""
    return request.headers.get("accept", "") == "application/json"


async def drain(request: Request) -> None:
    """Read what is left of a request and throw it away: a browser shows no answer before it has sent everything."""
    size = 0
    with suppress(RuntimeError):  # there is nothing left
        async for piece in request.stream():
            size += len(piece)
            if size > _DRAINED:
                return


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form sent by one of our own pages.

    Raises:
        Problem: it came from elsewhere, is too large or is no form.
    """
    check_origin(request)
    try:
        raw = await read_limited(request, MAX_FORM)
    except Problem:
        await drain(request)
        raise
    try:
        fields = parse_qs(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10)
    except ValueError:  # not form-encoded, or not UTF-8 below the percent signs
        raise Problem("malformed-json", "form") from None
    found = {name: values[0] for name, values in fields.items()}
    request.state.fields = found  # a page that says what went wrong can show what was typed
    return found
