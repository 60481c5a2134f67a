"""The entries of an RSS or Atom feed. For the child alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from serving.ads.ads import MAX_SHORT, MAX_TITLE, web_address
from serving.ads.dates import read_date
from serving.ads.faults import PageFault
from serving.ads.gone import is_gone
from serving.ads.page import Found, cut, tidy, words_of
from serving.ads.rules import Columns, Rules
from triage.entities import find_entities

_ENTITY = re.compile(r"<!ENTITY", re.I)
_PROLOG = re.compile(r"\A\s*<\?xml[^>]{0,500}\?>")
_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_PLACES = frozenset(
    "places location locations geo geography region regions county cities towns coverage spatial "  # noqa: SIM905
    "byer steder områder kommune kommuner landsdel landsdele lokation".split()
)
"""Last words of the domain of categories that are places, besides what columns of places are called."""


def read_feed(
    text: str, retrieved: datetime | None, rules: Rules, named: str | None
) -> Iterator[tuple[int, Found | PageFault | None]]:
    """Entries with their numbers, from 1; number 0 is the feed as a whole.

    Raises:
        PageFault: entities that may expand (bomb), or no entry can be found (bad_feed, empty).
    """
    import feedparser

    if _ENTITY.search(text):
        raise PageFault("bomb")  # no feed needs entities of its own
    # As a stream: bytes or text might be taken for a path or an address, and be opened.
    stream = io.BytesIO(_PROLOG.sub("", text).encode("utf-8", "replace"))
    feed = feedparser.parse(stream, response_headers=_HEADERS, sanitize_html=False, resolve_relative_uris=False)
    broken = bool(feed.bozo) and not isinstance(feed.bozo_exception, feedparser.CharacterEncodingOverride)
    if not feed.entries:
        raise PageFault("bad_feed" if broken or not feed.version else "empty")
    for number, entry in enumerate(feed.entries, 1):
        try:
            yield number, _read(entry, retrieved, rules, named)
        except PageFault as error:
            yield number, error
    if broken:
        yield 0, PageFault("bad_feed")


def _read(entry: Mapping[str, Any], retrieved: datetime | None, rules: Rules, named: str | None) -> Found | None:
    url = web_address(entry.get("link"))
    name, site = rules.site_for(url, named)
    if not site.is_ad(url):
        return None
    columns = rules.columns_for(named)
    day = entry.get("published") or entry.get("updated") or _first(entry, columns.posted)
    posted = read_date(day, retrieved, site.dates) if day else None
    text, calls = _text(entry, columns)
    contacts = [x for key in columns.contacts if isinstance(x := entry.get(key), str)] + calls
    title = cut(_words(entry.get("title"), entry.get("title_detail"))[0], MAX_TITLE)
    place = cut(_place(entry, columns), MAX_SHORT)
    faults = ("bad_date",) if day and posted is None else ()
    if is_gone(text, title, contacts):
        raise PageFault("gone", url)
    return Found(name, url, title, text, posted, place, tidy(contacts), faults)


def _text(entry: Mapping[str, Any], columns: Columns) -> tuple[str, list[str]]:
    """The longest of what an entry says, as a summary may stand beside the whole; and what links in any of it call."""
    said = [*(entry.get("content") or ()), entry.get("summary_detail")]
    read = [_words(x.get("value"), x) for x in said if x]
    texts = [x for x, _ in read]
    if not any(texts):
        texts = [_first(entry, columns.text)]
    text = max((x for x in texts if x), key=len, default=None)
    if text is None:
        raise PageFault("no_text")
    return text, [x for _, calls in read for x in calls]


def _words(value: Any, detail: Any) -> tuple[str | None, list[str]]:
    if not isinstance(value, str) or not value.strip():
        return None, []
    if (
        detail is not None
        and detail.get("type") == "text/plain"
        and not re.search(r"</?[a-z][^>]*>|&#?\w+;", value, re.I)
    ):
        return value.strip(), []
    try:
        return words_of(value)
    except PageFault as error:
        if error.kind == "no_text":
            return None, []
        raise


def _place(entry: Mapping[str, Any], columns: Columns) -> str | None:
    """Where an entry is from: by a field that is called so, else GeoRSS, a category of places, or Dublin Core."""
    told = _first(entry, columns.place) or _first(entry, ("georss_featurename",))
    return told or ", ".join(_categories(entry, columns)) or _first(entry, ("dcterms_spatial",)) or _coverage(entry)


def _categories(entry: Mapping[str, Any], columns: Columns) -> list[str]:
    """The categories of which the domain (RSS) or scheme (Atom) ends in a word for places, each once."""
    names = _PLACES.union(x.casefold() for x in columns.place)
    found: dict[str, None] = {}
    for tag in entry.get("tags") or ():
        words = re.findall(r"[^\W_]+", _of_address(tag.get("scheme") or "").casefold())
        said = " ".join((tag.get("label") or tag.get("term") or "").split())
        if said and words and words[-1] in names:
            found[said] = None
    return list(found)


def _of_address(scheme: str) -> str:
    """What an address says beside its host; all of what is none."""
    try:
        parts = urlsplit(scheme)
    except ValueError:
        return scheme
    return f"{parts.path} {parts.query} {parts.fragment}" if parts.netloc else scheme


def _coverage(entry: Mapping[str, Any]) -> str | None:
    """The coverage of Dublin Core, which may be a time, an address or coordinates too: with digits it must name a known place."""
    said = _first(entry, ("dc_coverage",))
    if said is None or re.search(r"=|://", said):
        return None
    return said if not re.search(r"\d", said) or any(x.type == "place" for x in find_entities(said)) else None


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((x.strip() for name in names if isinstance(x := entry.get(name), str) and x.strip()), None)
