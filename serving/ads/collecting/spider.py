"""The course of a site in Scrapy's terms: a scheduler that asks it what is next, and a spider that tells it what was answered.

Left to Scrapy are connections, TLS, the pace (AutoThrottle), time-outs, sizes and the orderly end. Not used are its queue (not
safe against a kill), its redirects and retries (they know no rules of ours), its robots.txt (a failing server counts as
consent), its decompression (no limit of ratio), cookies, cache and log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Self
from urllib.parse import urlsplit

from OpenSSL import SSL
from scrapy import Request, Spider, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Response
from scrapy.http.headers import Headers
from service_identity import VerificationError
from twisted.python.failure import Failure
from twisted.web import http

from serving.ads.collecting.asking import Answer, Asked
from serving.ads.collecting.content import is_page
from serving.ads.collecting.course import Course
from serving.ads.collecting.guard import Guard
from serving.ads.collecting.robots import LIMIT


class SiteSpider(Spider):
    """Asks what the course of its site says, and nothing else."""

    name = "tegn"

    def __init__(
        self,
        build: Callable[[Callable[[float], None]], Course],
        guard: Guard,
        broke: Callable[[Exception], None],
        ended: Callable[[str], None],
    ) -> None:
        """A spider, made by the crawler.

        Args:
            build: Makes the course; is given what slows the pace down.
            broke: Is told what went wrong in the collector itself.
            ended: Is told why the crawl ended.
        """
        super().__init__()
        self._guard, self._broke, self._ended = guard, broke, ended
        self.course = build(self._slow)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Made by Scrapy."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.headers_received, signal=signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Nothing to begin with: all requests come from the scheduler."""
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    def headers_received(self, headers: Headers, request: Request) -> None:
        """Break off what is no page: pictures and other files are not fetched."""
        asked: Asked = request.meta["asked"]
        kind = headers.get("Content-Type")
        if asked.origin is None and not is_page(kind.decode("latin-1") if kind else None):
            raise StopDownload(fail=False)

    async def answered(self, response: Response) -> None:
        """An answer, of any status."""
        try:
            reason = http.RESPONSES.get(response.status, b"").decode()
            headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, values in response.headers.items()
                for value in values
            )
            ip = str(response.ip_address) if response.ip_address else None
            refused = "download_stopped" in response.flags
            answer = Answer(response.status, reason, headers, response.body, ip, refused)
            await self.course.answered(response.meta["asked"], answer)
        except Exception as error:  # it would be logged, and lost
            self._broke(error)

    def failed(self, failure: Failure) -> None:
        """No answer."""
        try:
            request: Request = failure.request  # type: ignore[attr-defined]
            self.course.failed(request.meta["asked"], self._fault(failure, request.url))
        except Exception as error:
            self._broke(error)

    def next_request(self) -> Request | None:
        """What to ask for now."""
        try:
            while (asked := self.course.next()) is not None:
                try:
                    return self._request(asked)
                except ValueError:  # an address that nobody can be asked for
                    self.course.failed(asked, "no_address")
        except Exception as error:
            self._broke(error)
        return None

    def _request(self, asked: Asked) -> Request:
        meta: dict[str, Any] = {"asked": asked, "download_slot": self.course.scope.name}
        if asked.origin is not None:
            meta["download_maxsize"] = LIMIT
        return Request(
            asked.url, headers=asked.headers, callback=self.answered, errback=self.failed, meta=meta, dont_filter=True
        )

    def closed(self, reason: str) -> None:
        """The crawl has ended."""
        self._ended(reason)

    def _slow(self, seconds: float) -> None:
        """Ask no oftener than that from now on."""
        throttle = self.crawler.get_extension(AutoThrottle)
        assert throttle is not None
        throttle.mindelay = max(throttle.mindelay, seconds)
        throttle.maxdelay = max(throttle.maxdelay, seconds)
        for slot in self.crawler.engine.downloader.slots.values():
            slot.delay = max(slot.delay, seconds)

    def _fault(self, failure: Failure, url: str) -> str:
        error: BaseException | None = failure.value
        if isinstance(error, CannotResolveHostError):
            host = (urlsplit(url).hostname or "").rstrip(".")
            return "private_address" if host in self._guard.refused else "no_address"
        if isinstance(error, DownloadTimeoutError):
            return "timeout"
        if isinstance(error, DownloadCancelledError):
            return "too_large"
        if isinstance(error, ResponseDataLossError):
            return "truncated"
        return "tls" if _is_tls(error) else "no_connection"


class CourseScheduler(BaseScheduler):
    """Where Scrapy asks for requests. Nothing is ever put in: what is next stands in the state."""

    def __init__(self, spider: SiteSpider) -> None:
        self._spider = spider

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Made by Scrapy."""
        assert isinstance(crawler.spider, SiteSpider)
        return cls(crawler.spider)

    def has_pending_requests(self) -> bool:
        """Whether anything is still to be asked for."""
        return self._spider.course.has_more()

    def enqueue_request(self, request: Request) -> bool:
        """Refused: nothing but the course knows what may be asked for."""
        return False

    def next_request(self) -> Request | None:
        """What to ask for now."""
        return self._spider.next_request()


def _is_tls(error: BaseException | None) -> bool:
    """Whether an error, or what it stands for, is one of certificates and encryption."""
    if error is None or isinstance(error, SSL.Error | VerificationError):
        return error is not None
    reasons = [x.value for x in getattr(error, "reasons", ()) if isinstance(x, Failure)]
    return any(_is_tls(x) for x in [*reasons, error.__cause__])
