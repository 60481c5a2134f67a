"""What follows from an answer for a page: what is kept, said and asked for next. Apart from `page`, inside `State.change`."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from hashlib import sha256

from serving.ads.ads import page_address
from serving.ads.collecting.asking import HOPS, Answer
from serving.ads.collecting.content import Read, page_in, unpacked
from serving.ads.collecting.faults import UNKEPT
from serving.ads.collecting.pages import Known
from serving.ads.collecting.queue import Visit
from serving.ads.collecting.report import Report
from serving.ads.collecting.scope import Place, Scope, clean
from serving.ads.collecting.spool import Kept
from serving.ads.collecting.state import State
from serving.ads.faults import PageFault

Reading = Callable[[str, str | None, str, bytes], Awaitable[Read]]
"""Reads a page, by its address, content type, time and bytes."""


class Consequences:
    """Of the answers of one site."""

    def __init__(self, scope: Scope, state: State, report: Report, read: Reading, limit: int) -> None:
        self._scope, self._state, self._report, self._read, self._limit = scope, state, report, read, limit
        self._site, self._manners = scope.name, scope.manners

    async def page(self, visit: Visit, answer: Answer) -> None:
        """A page: follow its links, and keep it if it is an ad that is new or changed."""
        time = self._report.time()
        try:
            body = page_in(unpacked(answer.body, answer.header("content-encoding"), self._limit))
            read = None if body is None else await self._read(visit.url, answer.header("content-type"), time, body)
        except PageFault as error:
            body, read = b"", Read(fault=error.kind)
        with self._state.change():
            self._state.queue.finish(visit)
            if read is None or body is None:
                self._state.count("refused")
                return
            fault = "login" if read.login and read.fault in ("no_text", "no_rule_text") else read.fault
            is_gone = fault == "gone" and visit.kind == "ad"
            if is_gone and (
                known := self._state.pages.known(self._site, visit.address)
            ):  # as if the server had said so
                self.gone(visit, known, answer.status)
                return
            if fault is not None and (visit.kind == "ad" or fault in UNKEPT):
                self._report.trouble(visit.url, fault, answer.status)
            if fault != "login":
                self._follow(visit, read.links)
            if visit.kind == "ad" and fault != "login" and fault not in UNKEPT:
                self._keep(visit, answer, time, body, read)

    def _keep(self, visit: Visit, answer: Answer, time: str, body: bytes, read: Read) -> None:
        pages, known = self._state.pages, self._state.pages.known(self._site, visit.address)
        digest = sha256(body).hexdigest()[:32]
        version = read.version or f"body-{digest[:16]}"
        same = known is not None and known.removed is None and (known.body == digest or known.version == version)
        pages.keep(
            self._site,
            visit,
            time,
            version=version,
            body=digest,
            etag=answer.header("etag"),
            modified=answer.header("last-modified"),
        )
        if same:
            self._state.count("unchanged")
            return
        other = pages.elsewhere(self._site, visit.address, version)
        if known is not None:
            self._report.change(visit.url, answer.status, "back" if known.removed else "edited")
        elif other is None:
            self._report.change(visit.url, answer.status, "new")
        else:
            self._report.change(visit.url, answer.status, "reposted", same_as=other)
        headers = json.dumps(answer.headers)
        status = f"{answer.status} {answer.reason}".strip()
        self._state.spool.keep(Kept(self._site, visit.url, time, answer.ip, status, headers, answer.body))

    def _follow(self, visit: Visit, links: tuple[str, ...]) -> None:
        queue, lists = self._state.queue, self._state.queue.lists(self._site)
        for link in links:
            url = clean(link)
            place = self._scope.place_of(url) if url else None
            if url is None or place is None:
                continue
            address = page_address(url)
            listed = place.kind == "list"
            full = listed and lists[place.pattern] >= self._manners.lists
            if full or visit.depth >= self._manners.depth:
                if not queue.has(self._site, address):
                    self._report.limit(visit.url, "too_many_lists" if full else "too_far")
            elif queue.add(self._site, address, url, place, visit.depth + 1) and listed:
                lists[place.pattern] += 1

    def unchanged(self, visit: Visit) -> None:
        """The server says that a page is what it was."""
        self._state.pages.see(self._site, visit.address, self._report.time())
        self._state.count("unchanged")
        self._state.queue.finish(visit)

    def gone(self, visit: Visit, known: Known, status: int) -> None:
        """A page that was kept is no longer there."""
        if not known.removed:
            self._state.pages.remove(self._site, visit.address, self._report.time())
            self._report.change(visit.url, status, "removed")
        self._state.queue.finish(visit)

    def redirected(self, visit: Visit, answer: Answer) -> None:
        """It is elsewhere: asked for there if that is of the site, and an ad or to be followed."""
        queue = self._state.queue
        url = answer.leads_to(visit.url)
        fault = None
        if url is None or not self._scope.covers(url):
            fault = "off_site"
        elif visit.hops >= HOPS:
            fault = "redirects"
        elif page_address(url) == visit.address:
            if url == visit.url:
                fault = "redirect_loop"
            else:  # from http to https
                queue.move(visit, url)
                return
        else:
            place = self._scope.place_of(url)
            if place is None and visit.is_start and self._scope.allows(url):
                place = Place("list")
            address = page_address(url)
            if place is None:
                fault = "redirected"
            elif not queue.add(self._site, address, url, place, visit.depth, visit.hops + 1):
                fault = "redirect_loop" if queue.led_on(self._site, address) else None
        if fault is not None:
            self._report.trouble(visit.url, fault, answer.status)
        queue.finish(visit, "redirected")
