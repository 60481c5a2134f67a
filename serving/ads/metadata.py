"""What a page says of itself to machines: JSON-LD, microdata, meta and time elements. Read by the child alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from triage.entities import find_entities

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_NODES = 5_000
"""Objects of JSON-LD that are looked at."""
_JSON = 500_000
"""Code points of one script with JSON-LD."""
_POSTED = ("datePosted", "datePublished", "uploadDate")
_META = frozenset(
    ("article:published_time", "og:published_time", "datepublished", "dateposted", "publish-date", "publish_date",
     "pubdate", "dc.date", "dc.date.issued", "dcterms.created", "dcterms.issued", "date")
)  # fmt: skip
_ELSEWHERE = frozenset(("header", "footer", "nav", "aside"))
"""What stands in these belongs to the portal, not to the ad."""
_CONTACT = re.compile(
    r"(?:tel|sms|smsto|mms|mailto|callto|(?:whatsapp|viber)(?!://)):(?://)?(?P<plain>[^?#]+)"
    r"|https?://(?:www\.)?(?P<chat>(?:wa\.me|t\.me|api\.whatsapp\.com/send/?\?phone=)[^#&]*"
    r"|signal\.me/#p/[^?&]+|(?:telegram\.(?:me|dog)|viber\.me|m\.me|line\.me/(?:r/)?ti/p)/[^?#]+)",
    re.I,
)
_OPENED = re.compile(
    r"(?:https?://)?(?P<at>(?:whatsapp|viber|tg|sgnl|snapchat|line|kik|fb-messenger)://[^?]*"
    r"|(?:api|web)\.whatsapp\.com/send/?|chats\.viber\.com/[^?#]*)"
    r"(?:\?(?:[^#]*&)?(?P<who>(?:phone|number|domain)=[^&#]+))?",
    re.I,
)
"""A link that opens a chat, and the parameter that says with whom; others may hold a whole message."""


class Told:
    """What one page tells; computed when it is asked for."""

    def __init__(self, root: HtmlElement) -> None:
        self._root = root
        self._nodes = list(_json_ld(root))

    def posted(self) -> Iterator[list[str]]:
        """Dates of posting, one list for each place where a page may tell them, the most exact place first."""
        for key in _POSTED:
            yield [str(node[key]) for node in self._nodes if isinstance(node.get(key), str)]
        for key in _POSTED:
            yield self._microdata(key)
        yield [
            x.get("content", "")
            for x in self._root.iter("meta")
            if (x.get("property") or x.get("name") or "").strip().lower() in _META
        ]
        times = [x for x in self._root.iter("time") if x.get("datetime")]
        yield [x.get("datetime", "") for x in times if x.get("pubdate") is not None]
        yield [x.get("datetime", "") for x in times]

    def title(self) -> str | None:
        """The title: of the card for social media, the only heading, or the window."""
        for x in self._root.iter("meta"):
            if (x.get("property") or x.get("name") or "").strip().lower() == "og:title" and _line(x.get("content")):
                return _line(x.get("content"))
        headings = [y for x in self._root.iter("h1") if (y := _line(x.text_content()))]
        if len(headings) == 1:
            return headings[0]
        window = next(self._root.iter("title"), None)
        return _line(window.text_content()) if window is not None else None

    def place(self) -> str | None:
        """The town, if the page names exactly one."""
        found = {y for x in self._nodes if (y := _line(_town(x)))}
        if not found:
            found = {y for x in self._microdata("addressLocality") if (y := _line(x))}
        return found.pop() if len(found) == 1 else None

    def contacts(self) -> Iterator[str]:
        """What links call, write to or open a chat with, outside of what belongs to the portal."""
        for link in self._root.iter("a"):
            if (contact := called(link.get("href"))) and not any(x.tag in _ELSEWHERE for x in link.iterancestors()):
                yield contact

    def address(self) -> str | None:
        """The address the page gives as its own."""
        for link in self._root.iter("link"):
            if (link.get("rel") or "").strip().lower() == "canonical" and link.get("href"):
                return str(link.get("href"))
        for x in self._root.iter("meta"):
            if (x.get("property") or "").strip().lower() == "og:url" and x.get("content"):
                return str(x.get("content"))
        return None

    def _microdata(self, name: str) -> list[str]:
        found = self._root.xpath("//*[@itemprop=$name]", name=name)
        return [x.get("content") or x.get("datetime") or x.text_content() for x in found]


def called(address: str | None) -> str | None:
    """Whom a link calls, writes to or opens a chat with; None if it leads to a page, or shares one with anybody."""
    address = (address or "").strip()
    if found := _CONTACT.match(address):
        return unquote(found["plain"] or found["chat"])
    if not (found := _OPENED.match(address)):
        return None
    opened = unquote(f"{found['at']}?{found['who']}" if found["who"] else found["at"])
    return opened if found["who"] or any(x.type == "handle" for x in find_entities(opened)) else None


def _json_ld(root: HtmlElement) -> Iterator[dict[str, Any]]:
    seen = 0
    for script in root.iter("script"):
        if (script.get("type") or "").strip().lower() != "application/ld+json" or not script.text:
            continue
        try:
            waiting: list[Any] = [json.loads(script.text[:_JSON])]
        except (ValueError, RecursionError):
            continue
        while waiting and seen < _NODES:
            seen += 1
            node = waiting.pop()
            if isinstance(node, dict):
                yield node
                waiting.extend(_nested(node.values()))
            elif isinstance(node, list):
                waiting.extend(_nested(node))


def _nested(values: Iterable[Any]) -> Iterator[Any]:
    return (x for x in values if isinstance(x, dict | list))


def _town(node: dict[str, Any]) -> str | None:
    town = node.get("addressLocality")
    return town if isinstance(town, str) else None


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None
