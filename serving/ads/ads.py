"""An ad: a text that somebody put on a page, with what the page tells about it.

How ads are told apart. The id is ``PAGE-VERSION``: PAGE is a hash of the address, without what does not make another page
(http or https, fragment, log-in, usual port, capitals of the host, parameters that count visitors); VERSION is a hash of what a
reader sees of the ad: title, text, place and contacts. So

- the same page taken in twice has the same id, and is one ad;
- a page that was edited has the same PAGE and another VERSION: a new version of the same ad. All ids of an ad begin alike;
- the same text under another address is another ad, even word by word: linking tells that they are alike.

Without an address, PAGE is the hash of the site and of what a reader sees: an edited page is another ad then. The posting date is
no part of the version, as "yesterday" is another day on each visit.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

MAX_TITLE = 300
"""Code points of a title; a longer one is cut."""
MAX_SHORT = 200
"""Code points of a place or of one contact."""
MAX_CONTACTS = 50
MAX_URL = 2_000
_COUNTING = ("utm_", "mc_", "ga_", "pk_")
_COUNTERS = frozenset(("fbclid", "gclid", "msclkid", "dclid", "igshid", "_ga", "_gl"))
_ID = re.compile("[0-9a-f]{24}-[0-9a-f]{16}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Ad:
    """One version of one ad."""

    id: str
    text: str
    title: str | None
    url: str | None
    site: str | None
    posted: str | None
    """Day, as ``2026-05-03``; None where nothing says it beyond doubt."""
    retrieved: str | None
    """When the page was saved, in ISO 8601; None where nothing says it."""
    place: str | None
    contacts: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """A document that `python -m serving tag` reads."""
        return {
            "id": self.id,
            "kind": "ad",
            "text": self.text,
            "title": self.title,
            "url": self.url,
            "site": self.site,
            "posted": self.posted,
            "retrieved": self.retrieved,
            "place": self.place,
            "contacts": list(self.contacts),
        }


def id_of(
    url: str | None, site: str | None, *, title: str | None, text: str, place: str | None, contacts: Sequence[str]
) -> str:
    """The id of an ad; see the module."""
    seen = _hash(title or "", text, place or "", *contacts)
    page = page_id(url) if url else _hash("seen", site or "", seen)[:24]
    return f"{page}-{seen[:16]}"


def page_id(url: str) -> str:
    """PAGE of the ids of an ad, by its address."""
    return _hash("url", page_address(url))[:24]


def page_of(id_: str) -> str:
    """What all versions of an ad have in common; of an id that was not made here, all of it."""
    return id_[:24] if _ID.fullmatch(id_) else id_


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        raw = part.encode("utf-8", "replace")
        digest.update(len(raw).to_bytes(8, "big") + raw)
    return digest.hexdigest()


def page_address(url: str) -> str:
    """An address without what does not make another page."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").removesuffix(".")
    except ValueError:  # brackets or a port that are none
        return url
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS.get(parts.scheme):
        host += f":{port}"
    query = parts.query
    kept = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape")
        if not name.lower().startswith(_COUNTING) and name.lower() not in _COUNTERS
    ]
    if query:
        query = urlencode(kept, errors="surrogateescape")
    return f"//{host}{parts.path or '/'}{'?' + query if query else ''}"


def site_of(url: str | None) -> str | None:
    """The host of an address, without ``www.``; None if there is none."""
    try:
        host = (urlsplit(url or "").hostname or "").removesuffix(".").removeprefix("www.")
    except ValueError:
        return None
    return host[:MAX_SHORT] or None


def web_address(value: str | None) -> str | None:
    """An address of the web, without a log-in in it; None if it is none."""
    if not value:
        return None
    value = value.strip()
    if len(value) > MAX_URL or any(x.isspace() or not x.isprintable() for x in value):
        return None
    try:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:  # a port that is none raises
            return None
        if parts.username is not None or parts.password is not None:
            value = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    except ValueError:
        return None
    return value
