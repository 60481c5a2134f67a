"""The real app on a port of its own, and a browser to see its pages with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from tests.browser.server import NoBrowser, Site, chromium, serve
from tests.browser.states import add_parts_page

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def site(tmp_path_factory, model_folder) -> Iterator[Site]:
    """The app on the tiny model."""
    with serve(tmp_path_factory.mktemp("browser") / "home", model_folder, more=add_parts_page) as site:
        yield site


@pytest.fixture(scope="module")  # playwright keeps an event loop in this thread: no test after these may find it
def browser():
    """Chromium of the operating system; tests that need it are skipped, loudly, where it is not there."""
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(chromium())
        except NoBrowser as reason:
            warnings.warn(str(reason), stacklevel=1)
            pytest.skip(str(reason))
        yield browser


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
                page.goto(f"{site.url}/login/{site.app.state.access.add_user(f'Anna {next(_NUMBERS)}', role)}")
                page.click("main button")
            contexts[wanted] = page
        return contexts[wanted]

    yield opened
    for page in contexts.values():
        page.context.close()


@pytest.fixture
def page(open_page):
    """A reader's page on a wide screen."""
    page = open_page("da", True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", media="screen")
    return page
