"""The rules file: what a site's pages look like, what a feed calls its columns, and how a site may be read. By the operator."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from serving.ads.ads import site_of
from serving.ads.collecting.manners import Collector, Manners
from serving.ads.patterns import Pattern
from triage.wire import problems_of

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)
_MEGABYTE = 1_000_000
NAMES = {
    "text": ("text", "body", "description", "content", "tekst", "annonce", "annoncetekst", "beskrivelse"),
    "html": ("html", "body_html", "description_html"),
    "title": ("title", "headline", "heading", "subject", "titel", "overskrift"),
    "url": ("url", "link", "address", "adresse_url"),
    "site": ("site", "source", "portal"),
    "posted": ("posted", "date", "published", "posted_at", "created", "dato", "oprettet", "indrykket"),
    "retrieved": ("retrieved", "retrieved_at", "fetched", "crawled", "hentet"),
    "place": ("place", "location", "city", "town", "by", "sted", "område"),
    "contacts": ("contacts", "contact", "phone", "telephone", "mobile", "email", "telefon", "mobil", "kontakt",
                 "e-mail", "mail", "tlf", "tlf."),
}  # fmt: skip
"""What columns are called where no rule says it, in capitals or not; of contacts all are taken, of others the first there is."""


class UnusableRules(RuntimeError):
    """The rules cannot be used; the message says where and why."""


def _selector(value: Any) -> Any:
    return {"css": value} if isinstance(value, str) else value


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _date_form(form: str) -> str:
    try:
        datetime.strptime("", form)
    except ValueError as error:
        if "does not match" not in str(error):
            raise ValueError("is no format of dates as strptime has them") from None
    return form


class Picked(BaseModel):
    """Where on a page something stands: by CSS or XPath, the words of the elements or one attribute of theirs."""

    model_config = _STRICT
    css: str | None = None
    xpath: str | None = None
    attribute: str | None = None

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        from lxml.cssselect import CSSSelector
        from lxml.etree import Element, XPath, XPathError

        if (self.css is None) == (self.xpath is None):
            raise ValueError("needs either css or xpath")
        try:
            find = CSSSelector(self.css, translator="html") if self.css is not None else XPath(self.xpath)
            find(Element("html"))
        except (SyntaxError, XPathError):  # cssselect's own errors are syntax errors too
            raise ValueError("cannot be read as CSS or XPath") from None
        return self


Selector = Annotated[Picked, BeforeValidator(_selector)]
Selectors = Annotated[tuple[Selector, ...], BeforeValidator(lambda x: tuple(_list(x)))]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda x: tuple(_list(x)))]


class Columns(BaseModel):
    """What a table or feed calls its columns; each name or list of names replaces those of `NAMES`."""

    model_config = _STRICT
    text: Names = NAMES["text"]
    html: Names = NAMES["html"]
    title: Names = NAMES["title"]
    url: Names = NAMES["url"]
    site: Names = NAMES["site"]
    posted: Names = NAMES["posted"]
    retrieved: Names = NAMES["retrieved"]
    place: Names = NAMES["place"]
    contacts: Names = NAMES["contacts"]

    def names(self) -> frozenset[str]:
        """All names that are looked for."""
        return frozenset(name for field in type(self).model_fields for name in getattr(self, field))


class Dates(BaseModel):
    """How dates read."""

    model_config = _STRICT
    order: Literal["day-first", "month-first"] = "day-first"
    formats: tuple[Annotated[str, AfterValidator(_date_form)], ...] = Field(default=(), strict=False)
    """As of `datetime.strptime`; where some are given, nothing else is tried."""


class Site(BaseModel):
    """One site."""

    model_config = _STRICT
    hosts: tuple[str, ...] = Field(default=(), strict=False)
    """Hosts of its pages, those below them included; its name if none is given."""
    ads: tuple[Pattern, ...] = Field(default=(), strict=False)
    """Addresses with any of these patterns in them are ads; all are if none is given, and a page without an address is."""
    text: Selectors | None = None
    title: Selectors | None = None
    posted: Selectors | None = None
    place: Selectors | None = None
    contacts: Selectors | None = None
    gone: Selectors | None = None
    """A page on which any of these finds something says that its ad is gone."""
    dates: Dates = Dates()
    columns: Columns | None = None
    collect: Manners | None = Field(default=None, exclude=True)
    """How the site may be read, if it may be; an import does not depend on it."""

    @model_validator(mode="after")
    def _says_what_is_kept(self) -> Self:
        if self.collect is not None and not self.ads:
            raise ValueError("needs ads, the patterns of addresses to keep, where it has collect")
        return self

    def is_ad(self, url: str | None) -> bool:
        """Whether a page of the site is an ad, by its address."""
        return not self.ads or url is None or any(re.search(x, url) for x in self.ads)


class Rules(BaseModel):
    """The whole file."""

    model_config = _STRICT
    limit_mb: float = Field(default=5.0, gt=0, le=100, strict=False)
    """A page, record or feed with more than so many megabytes is left out."""
    dates: Dates = Dates()
    """Of sites without rules of their own."""
    columns: Columns = Columns()
    sites: dict[str, Site] = Field(default_factory=dict)
    collector: Collector | None = Field(default=None, exclude=True)
    """Who collects; needed where a site is collected."""

    @property
    def limit(self) -> int:
        """Bytes of a page."""
        return int(self.limit_mb * _MEGABYTE)

    def site_for(self, url: str | None, named: str | None) -> tuple[str | None, Site]:
        """Name and rules of the site of a page: the one that was named, else the one with the host of the address."""
        if named is not None:
            return named, self.sites.get(named) or Site(dates=self.dates)
        host = site_of(url)
        for name, site in self.sites.items():
            for own in site.hosts or (name,):
                own_host = own.lower().removeprefix("www.")
                if host and (host == own_host or host.endswith("." + own_host)):
                    return name, site
        return host, Site(dates=self.dates)

    def columns_for(self, named: str | None) -> Columns:
        """What the columns of a table or feed are called."""
        site = self.sites.get(named) if named is not None else None
        return site.columns if site is not None and site.columns is not None else self.columns

    def fingerprint(self) -> str:
        """Hash of all that the rules say."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def read_rules(path: Path | None) -> Rules:
    """The rules of a file, or those that hold without one.

    Raises:
        UnusableRules: see the class.
    """
    if path is None:
        return Rules()
    try:
        return Rules.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise UnusableRules(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        where = f" ({error})" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise UnusableRules(f"{path} is not TOML in UTF-8{where}") from None
    except ValidationError as error:
        problems = "; ".join(f"{place or 'the file'}: {problem}" for place, problem in problems_of(error))
        raise UnusableRules(f"{path}: {problems}") from None
