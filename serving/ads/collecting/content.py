"""A body as it came to what it says: unpacked within limits, and read by the child that reads pages."""

from __future__ import annotations

from dataclasses import dataclass

from serving.ads.ads import id_of
from serving.ads.faults import PageFault
from serving.ads.messages import Answer, Request
from serving.ads.reader import Reader
from serving.ads.sources.kinds import HEAD, PAGES, charset_of, kind_of
from serving.ads.sources.unpacking import inflate

_NO_PAGES = frozenset(("gzip", "archive", "feed", "warc", "json", "jsonl"))


@dataclass(frozen=True, slots=True)
class Read:
    """What a page says."""

    version: str | None = None
    """Hash of what a reader sees of an ad; None if it cannot be told."""
    links: tuple[str, ...] = ()
    login: bool = False
    fault: str | None = None


def is_page(content_type: str | None) -> bool:
    """Whether an answer is a page by its header; one without a header may be."""
    return content_type is None or content_type.partition(";")[0].strip().lower() in PAGES


def unpacked(data: bytes, packing: str | None, limit: int) -> bytes:
    """What a server sent, as it was before it was packed.

    Raises:
        PageFault: too_large, bomb, content_encoding.
    """
    packing = (packing or "").strip().lower()
    if packing in ("gzip", "x-gzip", "deflate"):
        data = inflate(data, limit)
    elif packing not in ("", "identity"):
        raise PageFault("content_encoding")
    if len(data) > limit:
        raise PageFault("too_large")
    return data


def page_in(data: bytes) -> bytes | None:
    """The page that bytes are; None if they are none, whatever their header says.

    Raises:
        PageFault: empty.
    """
    if not data.strip():
        raise PageFault("empty")
    return None if kind_of(data[:HEAD]) in _NO_PAGES else data


def read_page(reader: Reader, url: str, content_type: str | None, time: str, body: bytes) -> Read:
    """What the child says of a page.

    Raises:
        ReaderLost: see the class.
    """
    answer: Answer = reader.read(Request("collected", url, time, charset_of(content_type or "")), body)
    entry = answer.entries[0]
    version = None
    if entry.found is not None:
        found = entry.found
        seen = id_of(url, found.site, title=found.title, text=found.text, place=found.place, contacts=found.contacts)
        version = seen.rpartition("-")[2]
    # A text that is too long for an ad is one for the import to report.
    fault = None if entry.fault == "too_long" else entry.fault
    return Read(version, answer.links, answer.login, fault)
