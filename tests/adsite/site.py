"""The site: harmless invented ads, lists that lead to them, and traps. What it answers depends on nothing but its state."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import escape

CANARY = "KANARIEFUGL"
"""Stands in every text."""
PER_LIST = 50
ROBOTS = "User-agent: *\nDisallow: /privat/\n"
BIG = 50_000_000
_WHAT = ("Rengøring", "Havearbejde", "Flyttehjælp", "Cykelreparation", "Vinduespudsning", "Hundeluftning")
_HOW = ("hver uge", "i weekenden", "om aftenen", "efter aftale", "hele året", "i ferien")
_TOWNS = ("Aarhus", "Odense", "Ribe", "Skagen", "Nyborg", "Thisted", "Køge")


@dataclass(frozen=True)
class Advert:
    """One ad."""

    title: str
    text: str
    place: str
    phone: str


@dataclass(frozen=True)
class Reply:
    """What the server says, and how."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    way: str = "plain"
    """plain; chunked: a large body without a length; slow: byte by byte; cut: ends before its length."""


def advert(number: int, edition: int = 0) -> Advert:
    """An ad of a number; an edition of it."""
    what, how = _WHAT[number % len(_WHAT)], _HOW[number % len(_HOW)]
    edited = f" Nu også tilbud nummer {edition}." if edition else ""
    return Advert(
        f"{what} {how}, nr. {number}",
        f"{CANARY}: {what} tilbydes {how} af hold {number}. Vi kommer med eget værktøj og æder frokost selv.{edited}",
        _TOWNS[number % len(_TOWNS)],
        f"1{number % 10} {number // 10 % 100:02} {number // 1000 % 100:02} 00",
    )


class AdSite:
    """The state of the site."""

    def __init__(self, count: int, *, other: str = "http://127.0.0.2:1", traps: bool = True) -> None:
        """A site of so many ads.

        Args:
            other: Another host, to which one of the traps leads.
        """
        self.adverts = {str(x): advert(x) for x in range(count)}
        self.robots: str | None = ROBOTS
        self.other, self.traps = other, traps
        self.visits = 0
        self.busy = 0
        """Answers with 503 that are still to be given by /annonce/optaget."""

    # What happens between visits

    def edit(self, slug: str, edition: int = 1) -> None:
        """Change the text of an ad."""
        now = self.adverts[slug]
        fresh = advert(int(slug), edition)
        self.adverts[slug] = replace(now, text=fresh.text)

    def remove(self, slug: str) -> None:
        """Take an ad away."""
        del self.adverts[slug]

    def add(self, number: int) -> None:
        """Put a new ad up."""
        self.adverts[str(number)] = advert(number)

    def repost(self, slug: str, as_: str) -> None:
        """Put an ad up again, word by word, at another address."""
        self.adverts[as_] = self.adverts[slug]

    # What it answers

    def answer(self, path: str, headers: dict[str, str]) -> Reply:
        """The reply to a request."""
        self.visits += 1
        if path == "/robots.txt":
            return (
                Reply(404) if self.robots is None else Reply(200, self.robots.encode(), {"Content-Type": "text/plain"})
            )
        if path == "/":
            return _html(_links(self._front()))
        if path.startswith("/alle?side="):
            return _html(_links(self._list(int(path.partition("=")[2]))))
        if path.startswith("/kalender?dag="):
            day = int(path.partition("=")[2])
            return _html(_links(f"/kalender?dag={day + x}" for x in (1, 2, 30)))
        if path.startswith("/privat/"):
            return _html(_page(advert(7)))
        if path == "/login":
            return _html('<form><input type="text"><input type="Password"></form>')
        name = path.removeprefix("/annonce/")
        if name == path:
            return Reply(404)
        trap = self._trap(name) if self.traps else None
        return trap or self._advert(name, headers)

    def _front(self) -> Iterator[str]:
        yield from (
            "/alle?side=0",
            "/login",
            "/om-os",
            "/billede.png",
            f"{self.other}/annonce/9",
            "mailto:nogen@tavle.example",
        )
        if self.traps:
            yield from (f"/annonce/{x}" for x in TRAPS)
            yield from (
                "/kalender?dag=0",
                "/privat/annonce/1",
                "javascript:alert(1)",
                "http://[",
                "/annonce/1#foto",
                "ftp://x/1",
            )

    def _list(self, number: int) -> Iterator[str]:
        slugs = sorted(self.adverts, key=lambda x: (len(x), x))
        here = slugs[number * PER_LIST : (number + 1) * PER_LIST]
        yield from (f"/annonce/{x}" for x in here)
        if (number + 1) * PER_LIST < len(slugs):
            yield f"/alle?side={number + 1}"

    def _advert(self, slug: str, headers: dict[str, str]) -> Reply:
        found = self.adverts.get(slug)
        if found is None:
            return Reply(410 if slug.isdigit() and int(slug) % 2 else 404)
        html = _page(found)
        last = int(slug[-1]) if slug[-1].isdigit() else 0
        if last == 1:  # changes at every visit, and says the same
            return _html(f"<!-- {self.visits} -->{html}")
        if last == 2:  # no help for who asks again
            return _html(html)
        tag = '"' + hashlib.sha256(html.encode()).hexdigest()[:16] + '"'
        about = {"ETag": tag}
        if headers.get("if-none-match") == tag:
            return Reply(304, b"", about)
        if last == 3 and "gzip" in headers.get("accept-encoding", ""):
            packed = gzip.compress(html.encode(), mtime=0)
            return Reply(200, packed, {**about, "Content-Type": "text/html; charset=utf-8", "Content-Encoding": "gzip"})
        return Reply(200, html.encode(), {**about, "Content-Type": "text/html; charset=utf-8"})

    def _trap(self, name: str) -> Reply | None:
        page = _page(
            Advert("Fælde", f"{CANARY}: en annonce for sig selv ved navn {name}, ærligt talt.", "Ribe", "10 00 00 00")
        )
        html = {"Content-Type": "text/html; charset=utf-8"}
        step = name.partition("kaede-")[2]
        replies = {
            "stor": lambda: Reply(200, b"", html, "big"),
            "stor-i-stykker": lambda: Reply(200, b"", html, "chunked"),
            "bombe": lambda: Reply(200, bomb(), {**html, "Content-Encoding": "gzip"}),
            "langsom": lambda: Reply(200, page.encode(), html, "slow"),
            "tegnsaet": lambda: Reply(200, page.encode("latin-1"), html),
            "brudt": lambda: Reply(200, page.replace("</p>", "").replace("</main>", "</b></i>").encode()[:-9], html),
            "tom": lambda: Reply(200, b"  ", html),
            "log-ind": lambda: Reply(302, b"", {"Location": "/login"}),
            "kodeord": lambda: _html('<form><input type="password"></form>'),
            "foto": lambda: Reply(200, b"\x89PNG\r\n\x1a\n" + bytes(1000), {"Content-Type": "image/png"}),
            "foto-i-forklaedning": lambda: Reply(200, b"\x89PNG\r\n\x1a\n" + bytes(1000), html),
            "ud": lambda: Reply(302, b"", {"Location": f"{self.other}/annonce/1"}),
            "sloejfe-a": lambda: Reply(302, b"", {"Location": "/annonce/sloejfe-b"}),
            "sloejfe-b": lambda: Reply(302, b"", {"Location": "/annonce/sloejfe-a"}),
            "sig-selv": lambda: Reply(301, b"", {"Location": "/annonce/sig-selv"}),
            "flyttet": lambda: Reply(301, b"", {"Location": "/annonce/ny-adresse"}),
            "ny-adresse": lambda: Reply(200, page.encode(), html),
            "afbrudt": lambda: Reply(200, page.encode(), html, "cut"),
            "fejl": lambda: Reply(500, page.encode(), html),
            "forbudt": lambda: Reply(403, page.encode(), html),
            "optaget": lambda: self._busy(page),
        }
        if step.isdigit():
            return Reply(302, b"", {"Location": f"/annonce/kaede-{int(step) + 1}"})
        return replies[name]() if name in replies else None

    def _busy(self, page: str) -> Reply:
        if self.busy:
            self.busy -= 1
            return Reply(503, b"", {"Retry-After": "0"})
        return _html(page)


TRAPS = (
    "stor",
    "stor-i-stykker",
    "bombe",
    "langsom",
    "tegnsaet",
    "brudt",
    "tom",
    "log-ind",
    "kodeord",
    "foto",
    "foto-i-forklaedning",
    "ud",
    "sloejfe-a",
    "sig-selv",
    "kaede-0",
    "flyttet",
    "afbrudt",
    "fejl",
    "forbudt",
    "findes-ikke",
    "optaget",
)
GOOD_TRAPS = ("tegnsaet", "brudt", "ny-adresse", "optaget")
"""Those that are ads in the end."""
FAULTS = {
    "/annonce/stor": "too_large",
    "/annonce/stor-i-stykker": "too_large",
    "/annonce/bombe": "bomb",
    "/annonce/langsom": "timeout",
    "/annonce/tom": "empty",
    "/annonce/log-ind": "redirected",
    "/annonce/kodeord": "login",
    "/annonce/foto-i-forklaedning": "not_text",
    "/annonce/ud": "off_site",
    "/annonce/sloejfe-b": "redirect_loop",
    "/annonce/sig-selv": "redirect_loop",
    "/annonce/kaede-5": "redirects",
    "/annonce/afbrudt": "truncated",
    "/annonce/fejl": "http_error",
    "/annonce/forbudt": "http_error",
    "/annonce/findes-ikke": "http_error",
}
"""What is reported of the others, by path."""


def bomb() -> bytes:
    """Fifty megabytes in fifty kilobytes."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as file:
        for _ in range(BIG // 1_000_000):
            file.write(b" " * 1_000_000)
    return out.getvalue()


def _page(ad: Advert) -> str:
    return (
        f'<!DOCTYPE html><html lang="da"><head><title>{escape(ad.title)} | Tavlen</title></head><body><nav>'
        f'<a href="/">Forside</a></nav><main><h1>{escape(ad.title)}</h1><div class="ad-body"><p>{escape(ad.text)}</p></div>'
        f'<p class="by">{ad.place}</p><a class="tel" href="tel:+45{ad.phone.replace(" ", "")}">{ad.phone}</a></main>'
        "<footer>Tavlen</footer></body></html>"
    )


def _links(addresses: Iterator[str]) -> str:
    return "<html><body>" + "".join(f'<p><a href="{escape(x)}">se mere</a></p>' for x in addresses) + "</body></html>"


def _html(html: str) -> Reply:
    return Reply(200, html.encode(), {"Content-Type": "text/html; charset=utf-8"})
