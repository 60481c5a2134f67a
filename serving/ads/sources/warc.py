"""Pages and feeds in WARC files, as crawlers keep what servers answered."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import IO, Literal

from warcio.bufferedreaders import ChunkedDataReader
from warcio.statusandheaders import StatusAndHeaders

from serving.ads.ads import web_address
from serving.ads.faults import PageFault
from serving.ads.sources.frames import MAX_HEAD, frames, parse_headers
from serving.ads.sources.kinds import HEAD, PAGES, charset_of, kind_of
from serving.ads.sources.pieces import Piece, fault
from serving.ads.sources.unpacking import inflate

_NO_PAGE = re.compile(r"(?:image|audio|video|font)/|text/css|.*(?:javascript|ecmascript|json)")
"""Of answers that may hold HTML without being a page."""
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")


def read_warc(file: IO[bytes], size: int, name: str, limit: int) -> Iterator[Piece]:
    """The records of a file; those that are neither pages nor feeds are passed over."""
    for number, frame in enumerate(frames(file, size, limit), 1):
        if isinstance(frame, PageFault):
            yield fault(name, number, frame.kind)
            continue
        try:
            yield _piece(name, number, *frame, limit)
        except PageFault as error:
            yield fault(name, number, error.kind)


def _piece(name: str, number: int, headers: StatusAndHeaders, data: bytes, limit: int) -> Piece:
    kind = (headers.get_header("WARC-Type") or "").lower()
    nothing = Piece(name, number, "nothing")
    if kind == "response":
        ends = _HEAD_ENDS.search(data, 0, MAX_HEAD)
        if not data.startswith(b"HTTP/") or ends is None:
            return nothing  # of another protocol, as DNS
        answer = parse_headers(data[: ends.end()], "HTTP/")
        if answer.statusline.split()[1:2] != ["200"]:
            return nothing
        content_type = answer.get_header("Content-Type") or ""
        body = _body(answer, data[ends.end() :], limit)
    elif kind == "resource":
        content_type = headers.get_header("Content-Type") or ""
        body = data
    else:
        return nothing
    what = _what(content_type, body)
    if what is None:
        return nothing
    if not body.strip():
        raise PageFault("empty")
    if len(body) > limit:
        raise PageFault("too_large")
    return Piece(
        name,
        number,
        what,
        body,
        url=web_address((headers.get_header("WARC-Target-URI") or "").strip("<> ")),
        retrieved=headers.get_header("WARC-Date"),
        charset=charset_of(content_type),
    )


def _what(content_type: str, body: bytes) -> Literal["page", "feed"] | None:
    told = content_type.partition(";")[0].strip().lower()
    found = kind_of(body[:HEAD])
    if found == "feed":
        return "feed"
    return "page" if told in PAGES or (found == "html" and not _NO_PAGE.match(told)) else None


def _body(answer: StatusAndHeaders, data: bytes, limit: int) -> bytes:
    """What the server sent, unpacked; at most one byte more than `limit`."""
    if "chunked" in (answer.get_header("Transfer-Encoding") or "").lower():
        # Crawlers that keep the header keep the chunks or not: the reader takes what is no chunk as it is.
        stream = ChunkedDataReader(io.BytesIO(data), decomp_type=None)
        data = b"".join(iter(lambda: stream.read(MAX_HEAD), b""))
    packing = (answer.get_header("Content-Encoding") or "").strip().lower()
    if packing in ("", "identity", "none", "utf-8") or kind_of(data[:HEAD]) in ("html", "feed"):
        return data  # the last: unpacked by the crawler, which left the header
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise PageFault("content_encoding")
    return inflate(data, limit)
