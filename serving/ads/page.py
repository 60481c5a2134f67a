"""One page, entry or fragment to what an ad needs. For the child alone: the parsers are not trusted with hostile pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from serving.ads.ads import MAX_CONTACTS, MAX_SHORT, MAX_TITLE, web_address
from serving.ads.dates import read_date, read_labelled
from serving.ads.faults import PageFault
from serving.ads.gone import is_gone
from serving.ads.rules import Dates, Picked, Rules, Site
from triage.text import NUL, SURROGATE

if TYPE_CHECKING:
    from lxml.html import HtmlElement

    from serving.ads.metadata import Told

_SAVED_FROM = re.compile(r"<!-- saved from url=\(\d{4}\)(\S{1,2000}) -->")
_MOST = 200
"""Elements of one rule that are read."""
_SAYS_MORE = re.compile(r"[\d@]")
"""What the words of a link may say beside what it calls."""
_UNSEEN = ["//nav", "//footer", "//form//select"]
"""What never belongs to an ad's words, in XPath; short pages would be taken whole otherwise."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a page gave. `faults` are about parts of it that could not be read."""

    site: str | None
    url: str | None
    title: str | None
    text: str
    posted: str | None
    place: str | None
    contacts: tuple[str, ...]
    faults: tuple[str, ...] = ()


def read_page(html: str, url: str | None, retrieved: datetime | None, rules: Rules, named: str | None) -> Found | None:
    """What a page of HTML gives; None if it is no ad by the rules of its site.

    Args:
        url: Where it was, if known; else it is asked itself.
        named: The site, if the importer was told one.

    Raises:
        PageFault: gone, if the rules of its site or its text say that there is no ad any more; else see the class.
    """
    from serving.ads.metadata import Told

    root = parse(html)
    told = Told(root)
    if url is None:
        saved = _SAVED_FROM.search(html[:4096])
        url = web_address(saved[1] if saved else told.address())
    name, site = rules.site_for(url, named)
    if not site.is_ad(url):
        return None
    if site.gone and any(_finds(root, x) for x in site.gone):
        raise PageFault("gone", url)
    posted, faults = _posted(root, told, site, retrieved)
    title = cut(_first(root, site.title) if site.title else told.title(), MAX_TITLE)
    place = cut(_first(root, site.place) if site.place else told.place(), MAX_SHORT)
    contacts = _picked(root, site.contacts, _reached) if site.contacts else list(told.contacts())
    text = _text(root, site)  # the last: it may change the tree
    if is_gone(text or (_main(root) if site.text else ""), title, contacts):
        raise PageFault("gone", url)
    if not text:
        raise PageFault("no_rule_text" if site.text else "no_text")
    return Found(name, url, title, text, posted, place, tidy(contacts), faults)


def parse(html: str) -> HtmlElement:
    """The tree of a page.

    Raises:
        PageFault: empty, nested beyond what libxml2 reads (too_deep), or no tree at all (damaged).
    """
    from lxml import etree
    from lxml import html as lxml_html

    if not html.strip():
        raise PageFault("empty")
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        root = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, AssertionError):
        raise PageFault("damaged") from None
    fatal = [x.type_name for x in parser.error_log if x.level_name == "FATAL"]
    if "ERR_NO_MEMORY" in fatal:
        raise MemoryError
    if fatal:
        raise PageFault("too_deep")  # rather than an ad cut short
    return root


def words_of(fragment: str) -> tuple[str, list[str]]:
    """The words of a piece of HTML, as in a feed, all of them, line by line; and what its links call.

    Raises:
        PageFault: as `parse`; no_text if there are none.
    """
    from serving.extract.html import lines_of

    root = parse(fragment)
    text = lines_of(root)
    if not text.strip():
        raise PageFault("no_text")
    return text, _called_in(root)


def tidy(values: list[str]) -> tuple[str, ...]:
    """Contacts without white space around them, each once."""
    return tuple(dict.fromkeys(y for x in values if (y := cut(x, MAX_SHORT))))[:MAX_CONTACTS]


def cut(text: str | None, most: int) -> str | None:
    """One line, no longer than `most`, without what no text holds; None if there is nothing in it."""
    start = SURROGATE.sub("", (text or "")[: 10 * most].replace(NUL, ""))
    return " ".join(start.split())[:most].strip() or None


def _text(root: HtmlElement, site: Site) -> str:
    """The words of the ad; empty if there are none."""
    text = "\n\n".join(x for x in _picked(root, site.text) if x) if site.text else _main(root)
    return text if text.strip() else ""


def _main(root: HtmlElement) -> str:
    """The main text of a page of which no rule says where it is."""
    import trafilatura

    main = trafilatura.extract(root, include_comments=False, favor_recall=True, prune_xpath=_UNSEEN, config=_config())
    return main or ""


def _config() -> Any:
    from trafilatura.settings import use_config

    config = use_config()
    # An ad may be one line: from 250 characters on is meant for articles, and shorter ones came with their menus.
    config["DEFAULT"]["MIN_EXTRACTED_SIZE"] = "20"
    return config


def _posted(
    root: HtmlElement, told: Told, site: Site, retrieved: datetime | None
) -> tuple[str | None, tuple[str, ...]]:
    if site.posted:
        found = _first(root, site.posted)
        if found:
            day = read_date(found, retrieved, site.dates)
            return day, () if day else ("bad_date",)
    machine = Dates(order=site.dates.order)
    for values in told.posted():
        days = {read_date(x, retrieved, machine) for x in values}
        if len(days) == 1 and (day := days.pop()):
            return day, ()
    from serving.extract.html import lines_of

    return read_labelled(lines_of(root).split("\n"), retrieved, site.dates), ()


def _first(root: HtmlElement, selectors: tuple[Picked, ...]) -> str | None:
    return next((x for x in _picked(root, selectors) if x.strip()), None)


def _finds(root: HtmlElement, selector: Picked) -> bool:
    """Whether there is anything where a rule points."""
    found = _found(root, selector)
    if selector.attribute is not None and isinstance(found, list):
        return any(x.get(selector.attribute) is not None for x in found[:_MOST] if hasattr(x, "iterancestors"))
    return bool(found)


def _found(root: HtmlElement, selector: Picked) -> Any:
    """What a rule finds: elements or texts, or what else XPath gives."""
    from lxml.cssselect import CSSSelector
    from lxml.etree import XPath, XPathEvalError

    find = CSSSelector(selector.css, translator="html") if selector.css is not None else XPath(selector.xpath)
    try:
        return find(root)
    except XPathEvalError:  # it was tried on an empty page (`Picked`): what is wanting here is room
        raise MemoryError from None


def _lines(found: HtmlElement | str) -> list[str]:
    from serving.extract.html import lines_of

    return [found if isinstance(found, str) else lines_of(found)]


def _reached(found: HtmlElement | str) -> list[str]:
    """What the links of an element call, and its words unless these are as "Show number"; of an address, what it calls."""
    from serving.ads.metadata import called

    if isinstance(found, str):
        return [called(found) or found]
    calls, words = _called_in(found), _lines(found)
    return calls + (words if not calls or _SAYS_MORE.search(words[0]) else [])


def _called_in(root: HtmlElement) -> list[str]:
    from serving.ads.metadata import called

    return [contact for x in root.iter("a") if (contact := called(x.get("href")))]


def _picked(
    root: HtmlElement, selectors: tuple[Picked, ...], read: Callable[[HtmlElement | str], list[str]] = _lines
) -> list[str]:
    """What is read of the elements, texts and attributes where selectors point."""
    words: list[str] = []
    for selector in selectors:
        found = _found(root, selector)
        for x in (found if isinstance(found, list) else [found])[:_MOST]:
            if not hasattr(x, "iterancestors"):  # text, a number or an attribute
                words += read(str(x))
            else:
                words += read(x if selector.attribute is None else x.get(selector.attribute) or "")
    return words
