"""The tiny server that Prometheus reads, at an address of its own: what is served to people and systems never leads there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server

log = logging.getLogger("tegn")


@contextmanager
def metrics_port(registry: CollectorRegistry, host: str, port: int) -> Iterator[None]:
    """Serve a registry while the context lasts; not at all at port 0.

    `python -m serving start` tries the address first. If it is taken all the same, the service runs without: nobody's work
    waits for the metrics, and Prometheus reports that it reads none.
    """
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        log.error("no metrics: port %d of %s cannot be used (%s); set TEGN_METRICS_PORT", port, host, error.strerror)
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
