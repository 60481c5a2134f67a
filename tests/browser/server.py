"""The real app on a port of its own, and the browser of the operating system, for tests and for the pictures of the pages."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from serving import jobs
from serving.app import create_app
from serving.limits import Buckets, Limits
from serving.settings import Settings
from tests.localengine import LocalEngine

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class NoBrowser(RuntimeError):
    """There is no Chromium, or no Playwright: install them."""


@dataclass(frozen=True, slots=True)
class Site:
    """A running app."""

    url: str
    app: FastAPI


@contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1") -> Iterator[int]:
    """An app, served by uvicorn in a thread until the block ends; gives its port."""
    server = uvicorn.Server(
        # Logging is the process's: uvicorn's own set-up would change it for every test that runs after.
        uvicorn.Config(app, host=host, port=0, log_config=None, log_level="warning", access_log=False, lifespan="on")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the server ended while it started"
        assert time.monotonic() < until, "the server did not start in a minute"
        time.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def serve(home: Path, model: Path, *, more=lambda _: None) -> Iterator[Site]:
    """The app, served until the block ends.

    Args:
        more: called with the app before it starts.
    """
    engine = LocalEngine(model)
    settings = Settings(home=home, model=model)
    app = create_app(lambda: settings, engine)
    more(app)
    jobs.PAUSE = 0.2  # texts are read soon: every test waits for that
    with running(app) as port:
        app.state.limits = Limits(*(Buckets(100_000) for _ in range(4)))  # many log in from one address here
        yield Site(f"http://127.0.0.1:{port}", app)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium of the operating system.

    Raises:
        NoBrowser: see the class.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        raise NoBrowser("The PAGES ARE NOT TESTED in a browser: install chromium (and playwright) to test them")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
