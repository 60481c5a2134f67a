"""A small server for the site, in a thread, with a log of what it was asked."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from tests.adsite.site import BIG, Reply


class Answers(Protocol):
    """What can be served."""

    def answer(self, path: str, headers: dict[str, str]) -> Reply: ...


@dataclass(frozen=True)
class Line:
    """One request."""

    time: float
    method: str
    path: str
    headers: dict[str, str]
    status: int


@dataclass
class Served:
    """A running server."""

    host: str
    port: int
    log: list[Line] = field(default_factory=list)
    on_request: Callable[[int], None] | None = None
    """Is told how many requests there were."""

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    def paths(self) -> list[str]:
        return [x.path for x in self.log]

    def clear(self) -> None:
        self.log.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """A client that was killed or hung up is no news."""


@contextlib.contextmanager
def serve(site: Answers, *, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Served]:
    """A server until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            headers = {x.lower(): y for x, y in self.headers.items()}
            reply = site.answer(self.path, headers)
            served.log.append(Line(time.monotonic(), self.command, self.path, headers, reply.status))
            self.send_response(reply.status)
            for name, value in {"Set-Cookie": "spor=1", **reply.headers}.items():
                self.send_header(name, value)
            _WAYS[reply.way](self, reply)
            self.wfile.flush()
            if served.on_request is not None:
                served.on_request(len(served.log))

        do_POST = do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    server = _Server((host, 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    served = Served(host, server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _plain(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if reply.status != 304:
        handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    handler.wfile.write(reply.body)


def _big(handler: BaseHTTPRequestHandler, _: Reply) -> None:
    handler.send_header("Content-Length", str(BIG))
    handler.end_headers()
    for _unused in range(BIG // 100_000):
        handler.wfile.write(b"<p>" + b"x" * 99_997)


def _chunked(handler: BaseHTTPRequestHandler, _: Reply) -> None:
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _unused in range(BIG // 100_000):
        handler.wfile.write(b"186a0\r\n<p>" + b"x" * 99_997 + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def _slow(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    handler.send_header("Content-Length", str(len(reply.body)))
    handler.end_headers()
    for byte in reply.body:
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        time.sleep(0.2)


def _cut(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    handler.send_header("Content-Length", str(len(reply.body) + 1000))
    handler.end_headers()
    handler.wfile.write(reply.body)
    handler.wfile.flush()
    handler.close_connection = True


_WAYS = {"plain": _plain, "big": _big, "chunked": _chunked, "slow": _slow, "cut": _cut}
