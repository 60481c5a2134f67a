"""What can go wrong with an address. No report ever carries text of a page: an address and a kind is all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from serving.ads.faults import FAULTS as PAGE_FAULTS

_OF_PAGES = (
    "bomb",
    "content_encoding",
    "damaged",
    "empty",
    "gone",
    "no_rule_text",
    "no_text",
    "not_text",
    "too_deep",
    "too_large",
    "too_much",
    "too_slow",
)
FAULTS = {
    **{kind: PAGE_FAULTS[kind] for kind in _OF_PAGES},
    "http_error": "the server answered with an error",
    "login": "a page to log in; the collector never logs in",
    "no_address": "the name of the host leads nowhere",
    "no_connection": "the server cannot be reached, or broke the connection off",
    "off_site": "it leads to another host, and was not followed",
    "private_address": "the host is an address of a private network; say private = true if the site is your own",
    "redirect_loop": "it leads back to itself",
    "redirected": "it leads to a page that is neither an ad nor to be followed, perhaps a log-in",
    "redirects": "it leads on too many times",
    "robots_unknown": "robots.txt cannot be read, so nothing of its host was asked for",
    "site_down": "too many failures in a row; the rest waits for the next run",
    "timeout": "it took too long",
    "tls": "the certificate or the encryption of the connection is wrong",
    "too_far": "links farther from the beginning than `depth` allows; they were not followed",
    "too_many_lists": "more pages of links than `lists` allows; the others were not followed",
    "truncated": "the connection ended in the middle of it",
    "wait_longer": "the server asks for a pause longer than a run waits; the rest waits for the next run",
}
"""Every kind of fault, each in words."""
UNKEPT = frozenset(_OF_PAGES) - {"no_rule_text", "no_text"}
"""Faults of a page that leave nothing to keep; of the others other rules may make something."""
PASSING = frozenset(("http_error", "no_address", "no_connection", "timeout", "truncated"))
"""Faults that may be gone in a moment."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An address that gave nothing, or not what it should."""

    time: str
    site: str
    address: str
    fault: str
    """A key of `FAULTS`."""
    status: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in the file of errors."""
        return {
            "time": self.time,
            "site": self.site,
            "address": self.address,
            "status": self.status,
            "fault": self.fault,
        }

    def sentence(self) -> str:
        """In words."""
        status = f" {self.status}" if self.status else ""
        return f"{self.address}: {FAULTS[self.fault]} ({self.fault}{status})"
