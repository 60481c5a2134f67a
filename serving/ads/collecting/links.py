"""The links of a page. For the reading child alone: the parsers are not trusted with hostile pages."""

from __future__ import annotations

from dataclasses import dataclass

from serving.ads.collecting.scope import joined
from serving.ads.messages import MAX_LINKS
from serving.ads.page import parse


@dataclass(frozen=True, slots=True)
class Links:
    """Where a page leads, and whether it asks for a password."""

    addresses: tuple[str, ...] = ()
    login: bool = False


def read_links(html: str, url: str) -> Links:
    """The addresses a page links to, each once, in order; none of those it asks not to be followed.

    Raises:
        PageFault: as `serving.ads.page.parse`.
    """
    root = parse(html)
    login = bool(root.xpath("//input[translate(@type, 'PASWORD', 'pasword') = 'password']"))
    said = " ".join(root.xpath("//meta[translate(@name, 'ROBTS', 'robts') = 'robots']/@content")).lower()
    if "nofollow" in said or "none" in said.replace(",", " ").split():
        return Links((), login)
    base = joined(url, next(iter(root.xpath("//base/@href")), "")) or url
    found: dict[str, None] = {}
    for element in root.xpath("//a[@href] | //area[@href]")[:MAX_LINKS]:
        if "nofollow" not in (element.get("rel") or "").lower():
            address = joined(base, element.get("href"))
            if address is not None:
                found[address] = None
    return Links(tuple(found), login)
