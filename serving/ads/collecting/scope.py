"""Which addresses belong to a site, and what each is: an ad, a page of links, or nothing to ask for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urldefrag, urljoin, urlsplit

from serving.ads.ads import site_of, web_address
from serving.ads.collecting.manners import Collector, Manners
from serving.ads.rules import Rules, Site, UnusableRules

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[\w-][\w.-]{0,99}")
_TRANSLATED = ip_network("64:ff9b::/96")
_EXAMPLE = 'contact = "ads@your-organisation.example"'


@dataclass(frozen=True, slots=True)
class Place:
    """What is at an address."""

    kind: Literal["ad", "list"]
    """list: read for its links and not kept."""
    pattern: int = -1
    """Which of `follow` it is by; -1 for an ad or a page to begin at."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What may be asked of a site."""

    name: str
    rules: Site
    manners: Manners

    def covers(self, url: str) -> bool:
        """Whether an address is of this site: one of its hosts, at a usual port or one of a page to begin at."""
        host = _host(url)
        ports = {*_PORTS.values(), *(port_of(x) for x in self.manners.start)}
        return any(host == x or host.endswith("." + x) for x in self.hosts()) and port_of(url) in ports

    def hosts(self) -> tuple[str, ...]:
        """The hosts of the site; those below them are of it too."""
        return tuple(x.lower().removeprefix("www.") for x in self.rules.hosts or (self.name,))

    def allows(self, url: str) -> bool:
        """Whether an address may be asked for at all."""
        return self.covers(url) and not any(re.search(x, url) for x in self.manners.skip)

    def place_of(self, url: str) -> Place | None:
        """What is at an address; None if it is not to be asked for."""
        if not self.allows(url):
            return None
        if self.rules.is_ad(url):
            return Place("ad")
        return next((Place("list", i) for i, x in enumerate(self.manners.follow) if re.search(x, url)), None)


def scopes_of(rules: Rules, only: tuple[str, ...] = ()) -> tuple[Collector, list[Scope]]:
    """Who collects, and the sites that may be.

    Args:
        only: names of sites; all that may be if there are none.

    Raises:
        UnusableRules: no site may be collected, or not those; the message says what to write.
    """
    scopes = [
        Scope(name, site, site.collect)
        for name, site in rules.sites.items()
        if site.collect is not None and (not only or name in only)
    ]
    for name in only:
        if name not in rules.sites:
            raise UnusableRules(f"no site is named {name}; there are {', '.join(rules.sites) or 'none'}")
        if rules.sites[name].collect is None:
            raise UnusableRules(f'{name} may not be collected; say who allowed it under [sites."{name}".collect]')
    if not scopes:
        raise UnusableRules('no site may be collected; say who allowed it under [sites."NAME".collect]')
    if rules.collector is None or not rules.collector.contact:
        raise UnusableRules(f"say whom a site can ask, for every request tells it: [collector] with {_EXAMPLE}")
    for scope in scopes:
        if not _NAME.fullmatch(scope.name) or ".." in scope.name:
            raise UnusableRules(f"sites.{scope.name}: a folder gets this name; use letters, digits, . and -")
        for start in scope.manners.start:
            if not scope.covers(start):
                raise UnusableRules(f"sites.{scope.name}.collect.start: {start} is on none of the site's hosts")
    return rules.collector, scopes


def clean(address: str) -> str | None:
    """An address as it is asked for, without fragment and log-in; None if it is none of the web."""
    url = web_address(address)
    return urldefrag(url).url if url else None


def joined(base: str, address: str) -> str | None:
    """Where an address on a page, or in a header, leads; None if nowhere on the web."""
    # As browsers do: no breaks inside an address, and a space is written as one.
    address = address.strip().replace("\t", "").replace("\r", "").replace("\n", "").replace(" ", "%20")
    try:
        return clean(urljoin(base, address))
    except ValueError:  # brackets or a port that are none
        return None


def origin_of(url: str) -> str:
    """Scheme, host and port: what a robots.txt speaks for."""
    scheme, host, port = urlsplit(url).scheme, urlsplit(url).hostname or "", port_of(url)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}{'' if port == _PORTS.get(scheme) else f':{port}'}"


def port_of(url: str) -> int:
    """The port an address is asked at."""
    parts = urlsplit(url)
    return parts.port or _PORTS.get(parts.scheme, 0)


def is_public(address: str) -> bool:
    """Whether an IP address is of the open internet, and not of this machine or a network behind it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inner = IPv4Address(int(found) & 0xFFFFFFFF) if found in _TRANSLATED else found.ipv4_mapped or found.sixtofour
        if inner is not None:  # an address of the old kind in one of the new
            return is_public(str(inner))
    return found.is_global and not found.is_multicast


def _host(url: str) -> str:
    return site_of(url) or ""
