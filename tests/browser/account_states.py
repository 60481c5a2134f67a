"""States of log-in, of the account, of people's names, and of everything that is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import httpx2

from serving.engine import PooledEngine
from serving.limits import Buckets, Limits
from serving.provider import Provider
from tests.browser.intake import person
from tests.serving.test_provider import Realm, settings_with
from triage.loading import Inference

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

_NUMBERS = count(1)
_KEY = Realm().key
"""Made once: it takes a moment."""


def _send(page: Page, button: str) -> None:
    with page.expect_navigation():
        page.click(button)


def log_in_wrongly(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/login")
    page.fill("#name", "Bo Holm")
    page.fill("#password", "ikke den rigtige")
    _send(page, "main form .button-primary")


def try_too_often(page: Page, site: Site) -> None:
    few = Limits(*(Buckets(1) for _ in range(4)))
    few.addresses.take("127.0.0.1")
    with patch.object(site.app.state, "limits", few):
        log_in_wrongly(page, site)


def see_password(page: Page, site: Site) -> None:
    """Choose a password just after log-in: later, one who has none cannot."""
    access = site.app.state.access
    name = next(x.name for x in access.users() if x.id == person(page, site))
    page.goto(f"{site.url}/login/{access.new_link(name)}")
    _send(page, "main button")


def choose_password(new: str, again: str) -> Callable[[Page, Site], None]:
    """A password that is not kept."""

    def reach(page: Page, site: Site) -> None:
        see_password(page, site)
        page.fill("#password_new", new)
        page.fill("#password_again", again)
        _send(page, "main form .button-primary")

    return reach


def end_session(page: Page, site: Site) -> None:
    """A text sent after the session ended."""
    kept = [x for x in page.context.cookies() if x["name"] == "tegn"]
    page.goto(f"{site.url}/submit")
    page.fill("#text", "Manden fortæller, at formanden har taget passet.")
    page.context.clear_cookies(name="tegn")
    _send(page, "form[action='/submit'] .button-primary")
    page.context.add_cookies(kept)


def send_too_much(page: Page, site: Site) -> None:
    page.goto(site.url)
    page.evaluate("document.querySelector('#text').value = 'x'.repeat(800_000)")
    _send(page, "#text-form .button-primary")


UNLOADED = PooledEngine(Path("none"), workers=1, inference=Inference(), room=50_000)


def start_too_early(page: Page, site: Site) -> None:
    """A text to be read while the model is not loaded."""
    page.goto(site.url)
    page.fill("#text", "Et notat.")
    with patch.object(site.app.state, "engine", UNLOADED):
        _send(page, "#text-form .button-primary")


def add_person(name: str) -> Callable[[Page, Site], None]:
    """Somebody added; the name of somebody who is there already is refused."""

    def reach(page: Page, site: Site) -> None:
        page.goto(f"{site.url}/users")
        taken = page.locator("tbody th").first.inner_text()
        page.fill("#name", name.format(next(_NUMBERS)) or taken)
        _send(page, "form[action='/users'] .button-primary")

    return reach


def change_person(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/users")
    page.locator("details").last.evaluate("x => { x.open = true }")  # a click would move where the tabulator begins


def ask_to_remove(page: Page, site: Site) -> None:
    site.app.state.access.add_user(f"Nikoline {next(_NUMBERS)}", "analyst")
    page.goto(f"{site.url}/users")
    page.goto(site.url + page.locator("a[href$='/remove']").last.get_attribute("href"))


@contextmanager
def provider(site: Site, **fields: object) -> Iterator[Realm]:
    """A provider to log in with, until the block ends."""
    realm = Realm(key=_KEY, **fields)
    state = site.app.state
    settings = settings_with(state.settings.home, state.settings.model, public_url=site.url)
    made = Provider(settings, settings.provider_roles, httpx2.ASGITransport(app=realm.app()))
    with patch.object(state, "provider", made):
        yield realm


def see_provider(page: Page, site: Site) -> None:
    with provider(site):
        page.goto(f"{site.url}/login")


def come_from_provider(**fields: object) -> Callable[[Page, Site], None]:
    """Back from the provider, which vouches for somebody or not."""

    def reach(page: Page, site: Site) -> None:
        with provider(site, **fields) as realm:
            asked = page.context.request.get(f"{site.url}/oidc/start", max_redirects=0)
            answer = realm.authorise(asked.headers["location"])

            def stay(route) -> None:  # the page goes on by itself after no time
                response = route.fetch()
                headers = {x: value for x, value in response.headers.items() if x != "refresh"}
                route.fulfill(response=response, headers=headers)

            page.route("**/oidc/callback?*", stay)
            page.goto(f"{site.url}/oidc/callback?code={answer['code']}&state={answer['state']}")
            page.unroute("**/oidc/callback?*")
            page.context.clear_cookies(name="tegn")

    return reach


def come_unasked(page: Page, site: Site) -> None:
    with provider(site):
        page.goto(f"{site.url}/oidc/callback?code=x&state=y")


def find_provider_down(page: Page, site: Site) -> None:
    with provider(site, fails="about"):
        page.goto(f"{site.url}/oidc/start")
