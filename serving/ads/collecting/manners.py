"""How a site may be read: who allowed it, where to begin, what to follow, and how slowly. Part of the rules file."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from serving.ads.ads import web_address
from serving.ads.patterns import Pattern

_STRICT = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_CONTACT = re.compile(r"[\x21-\x7e]{1,120}@[\x21-\x7e]{1,120}\.[a-zA-Z]{2,20}|https?://[\x21-\x7e]{4,200}")
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
SLOWEST = 0.5
"""Seconds between two requests that a site of others gets at the least; a site of one's own network may be asked faster."""


def _web(address: str) -> str:
    if web_address(address) != address or "#" in address:
        raise ValueError("is no address of the web (https://..., without log-in and without #)")
    return address


def _said(why: str) -> str:
    if len(why.strip()) < 12 or not _YEAR.search(why):
        raise ValueError('must say who allowed it and when, with the year: "Agreement with the publisher, 3 May 2026"')
    return why.strip()


Address = Annotated[str, AfterValidator(_web)]
Reason = Annotated[str, AfterValidator(_said)]


class Collector(BaseModel):
    """Who collects. Every request says so."""

    model_config = _STRICT
    contact: str = ""
    """E-mail or page where the people of a site reach the operator."""
    name: str = "Tegn"
    """What robots.txt may call the collector."""

    @field_validator("contact")
    @classmethod
    def _can_be_reached(cls, contact: str) -> str:
        if not _CONTACT.fullmatch(contact):
            raise ValueError("must be an e-mail address or the address of a page where a site reaches you")
        return contact

    @field_validator("name")
    @classmethod
    def _is_a_token(cls, name: str) -> str:
        if not _TOKEN.fullmatch(name):
            raise ValueError("must be one word of letters, digits, - and _")
        return name

    @property
    def agent(self) -> str:
        """The User-Agent."""
        return f"{self.name}/1.0 (collector of ads, by permission; contact: {self.contact})"


class Manners(BaseModel):
    """How one site is read. Sizes of pages are limited by `limit_mb` of the whole file."""

    model_config = _STRICT
    permission: str = ""
    """Who allowed the site to be read, and when."""
    start: tuple[Address, ...] = Field(default=(), strict=False)
    """Pages to begin at."""
    follow: tuple[Pattern, ...] = Field(default=(), strict=False)
    """Addresses with any of these patterns in them are read for their links and not kept."""
    skip: tuple[Pattern, ...] = Field(default=(), strict=False)
    """Addresses with any of these patterns in them are never asked for."""
    delay: float = Field(default=5.0, ge=0, le=3600, strict=False)
    """Seconds between two requests, at the least: more where the site is slow or its robots.txt asks for it."""
    concurrency: int = Field(default=1, ge=1, le=8)
    pages: int = Field(default=1000, ge=1, le=1_000_000)
    """Requests in one run, at most; the next run goes on with the rest."""
    lists: int = Field(default=500, ge=1, le=100_000)
    """Pages by one pattern of `follow`, at most, until all has been seen once: calendars never end."""
    depth: int = Field(default=100, ge=0, le=10_000)
    """Links from a page of `start`, at most."""
    timeout: float = Field(default=30.0, gt=0, le=600, strict=False)
    """Seconds for one page, from the request to its last byte."""
    again: float = Field(default=60.0, ge=0, le=3600, strict=False)
    """Seconds until a page that failed for a time is asked for again; three tries in all."""
    private: bool = False
    """Whether the site is in one's own network, where other sites could be made to lead to."""
    ignore_robots: Reason | None = None
    """Who allowed robots.txt to be passed over, and when; it is obeyed without it."""

    @field_validator("permission")
    @classmethod
    def _was_given(cls, permission: str) -> str:
        return _said(permission)

    @model_validator(mode="before")
    @classmethod
    def _is_asked_for(cls, value: object) -> object:
        if isinstance(value, dict):
            for needed in ("permission", "start"):
                if not value.get(needed):
                    raise ValueError(
                        "needs permission: who allowed the site to be read, and when"
                        if needed == "permission"
                        else "needs start: the pages to begin at"
                    )
        return value

    @model_validator(mode="after")
    def _is_slow(self) -> Self:
        if self.delay < SLOWEST and not self.private:
            raise ValueError(
                f"delay must be {SLOWEST} or more, unless the site is of your own network (private = true)"
            )
        return self
