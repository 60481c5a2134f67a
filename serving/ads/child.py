"""The child that reads pages: limits itself as the one for uploads does, then reads page after page until its input ends."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from serving.ads.collecting.links import Links, read_links
from serving.ads.dates import moment
from serving.ads.encoding import decode
from serving.ads.faults import PageFault
from serving.ads.feed import read_feed
from serving.ads.messages import Answer, Entry, Request, receive, send
from serving.ads.page import Found, read_page, tidy, words_of
from serving.ads.rules import Rules
from serving.extract.child import limit
from triage.text import MAX_TEXT

_MOST = 1 << 30
"""Bytes of a request; the limit of a page is kept by the other side."""


def entries(request: Request, data: bytes, rules: Rules, named: str | None) -> Iterator[Entry]:
    """What is said of a page, a feed or a piece of HTML."""
    try:
        text = decode(data, request.charset)
        if request.kind == "feed":
            for number, found in read_feed(text, moment(request.retrieved), rules, named):
                yield _told(number, found)
        elif request.kind == "words":
            words, calls = words_of(text)
            yield _told(1, Found(None, None, None, words, None, None, tidy(calls)))
        else:
            yield _told(1, read_page(text, request.url, moment(request.retrieved), rules, named))
    except PageFault as error:
        yield Entry(0, fault=error.kind, url=error.url)
    except MemoryError:
        raise
    except Exception as error:  # whatever a library raises for a hostile page; its words may quote the page
        if "memory" in str(error).lower():  # libxml2 says so in words
            raise MemoryError from None
        yield Entry(0, fault="damaged")


def answer(request: Request, data: bytes, rules: Rules, named: str | None) -> Answer:
    """All that is said of one thing."""
    told = tuple(entries(request, data, rules, named))
    links = _links(request, data) if request.kind == "collected" else Links()
    return Answer(told, links.addresses, links.login)


def _links(request: Request, data: bytes) -> Links:
    try:
        return read_links(decode(data, request.charset), request.url or "")
    except PageFault:
        return Links()  # the entry says why
    except MemoryError:
        raise
    except Exception as error:  # as in `entries`
        if "memory" in str(error).lower():
            raise MemoryError from None
        return Links()


def _told(number: int, found: Found | PageFault | None) -> Entry:
    if isinstance(found, PageFault):
        return Entry(number, fault=found.kind, url=found.url)
    if found is not None and len(found.text) > MAX_TEXT:
        return Entry(number, fault="too_long")
    return Entry(number, found)


def main() -> None:
    """Read until the input ends. Running out of memory ends the child without a word, which the other side understands."""
    limit(int(sys.argv[1]), int(sys.argv[2]))
    logging.disable(logging.CRITICAL)  # libraries quote pages in their warnings
    import trafilatura  # noqa: F401 - takes longer than any page: before the first one is waited for

    first = receive(sys.stdin.buffer, _MOST)
    if first is None:
        return
    settings: dict[str, Any] = first[0]
    rules = Rules.model_validate_json(settings["rules"])
    send(sys.stdout.buffer, {"ready": True})
    while (asked := receive(sys.stdin.buffer, _MOST)) is not None:
        send(sys.stdout.buffer, asdict(answer(Request(**asked[0]), asked[1], rules, settings["site"])))


if __name__ == "__main__":
    main()
