"""What the import or the collector and its reading child say to one another: a length, a line of JSON, then bytes."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import IO, Any, Literal

from serving.ads.ads import MAX_CONTACTS, MAX_URL
from serving.ads.page import Found
from triage.text import MAX_TEXT

MAX_LINKS = 5_000
"""Links of one page that are read."""
_LENGTH = struct.Struct(">Q")
Kind = Literal["page", "feed", "words", "collected"]


@dataclass(frozen=True, slots=True)
class Request:
    """One thing to read."""

    kind: Kind
    """A page of HTML; a feed of XML; a piece of HTML of which the words are wanted; a page of which the links are wanted too."""
    url: str | None = None
    retrieved: str | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One ad, or why there is none."""

    record: int
    """Number of the entry in a feed; 0 for all of it."""
    found: Found | None = None
    fault: str | None = None
    """Neither of both: it is no ad."""
    url: str | None = None
    """Of an ad that is gone, where it was, if known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read."""

    entries: tuple[Entry, ...] = field(default_factory=tuple)
    links: tuple[str, ...] = ()
    """Addresses a page leads to, where they were asked for."""
    login: bool = False
    """Whether it asks for a password; known where the links are."""


def send(stream: IO[bytes], head: dict[str, Any], data: bytes = b"") -> None:
    """Send one message."""
    line = json.dumps(head, ensure_ascii=False).encode("utf-8", "replace")
    stream.write(_LENGTH.pack(len(line) + 1 + len(data)))
    stream.write(line + b"\n")
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> tuple[Any, bytes] | None:
    """The next message; None where the other side has ended, or says more than `most` bytes or no JSON."""
    size = stream.read(_LENGTH.size)
    if len(size) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(size)
    if length > most:
        return None
    message = stream.read(length)
    line, mark, data = message.partition(b"\n")
    if len(message) < length or not mark:
        return None
    try:
        return json.loads(line), data
    except (ValueError, RecursionError):
        return None


def leads_on(answer: Answer) -> bool:
    """Whether the links of an answer are as many and as long as links are."""
    return len(answer.links) <= MAX_LINKS and all(len(x) <= MAX_URL for x in answer.links)


def fits(found: Found) -> bool:
    """Whether a text can be tagged, and its contacts be kept."""
    return len(found.text) <= MAX_TEXT and len(found.contacts) <= MAX_CONTACTS
