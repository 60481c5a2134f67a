"""The real app on a port of its own, and a browser to see its pages with."""

from __future__ import annotations

import shutil
import threading
import time
import warnings
from collections.abc import Iterator

import pytest
import uvicorn

from serving.app import create_app
from serving.engine import Engine
from serving.settings import Settings
from serving.store.access import NotAllowed
from tests.browser.states import Site, add_parts_page


@pytest.fixture(scope="session")
def site(tmp_path_factory, model_folder) -> Iterator[Site]:
    """The app on the tiny model, served by uvicorn in a thread."""
    engine = Engine(model_folder)
    engine.load()
    settings = Settings(home=tmp_path_factory.mktemp("browser") / "home", model=model_folder)
    app = create_app(lambda: settings, engine)
    add_parts_page(app)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False, lifespan="on"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started:
        assert thread.is_alive(), "the server ended while it started"
        assert time.monotonic() < until, "the server did not start in 30 seconds"
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", app)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")  # playwright keeps an event loop in this thread: no test after these may find it
def browser():
    """Chromium of the operating system; tests that need it are skipped, loudly, where it is not there."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        reason = "The PAGES ARE NOT TESTED in a browser: install chromium (and playwright) to test them"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def _link(site: Site, name: str, role: str) -> str:
    """A log-in link for somebody who is added if another module did not yet."""
    try:
        return site.app.state.access.add_user(name, role)
    except NotAllowed:
        return site.app.state.access.new_link(name)


@pytest.fixture(scope="module")
def open_page(browser, site):
    """A function that gives the page of a context: one context for each language, logged in or not."""
    contexts = {}

    def opened(language: str, logged_in: bool, role: str = "analyst"):
        wanted = (language, role if logged_in else "")
        if wanted not in contexts:
            context = browser.new_context(reduced_motion="reduce")
            context.add_cookies([{"name": "tegn_lang", "value": language, "url": site.url}])
            context.add_init_script(
                "window.violations = [];"
                "document.addEventListener('securitypolicyviolation', e => violations.push(e.violatedDirective));"
            )
            page = context.new_page()
            page.asked = []
            page.on("request", lambda request: page.asked.append(request.url))
            if logged_in:
                page.goto(f"{site.url}/login/{_link(site, f'Anna {role} {language}', role)}")
                page.click("main button")
            contexts[wanted] = page
        return contexts[wanted]

    yield opened
    for page in contexts.values():
        page.context.close()
