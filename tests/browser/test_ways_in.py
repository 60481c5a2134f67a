"""Log-in through a provider of another site, in a browser that keeps its rules for cookies; and where each role may go."""

from unittest.mock import patch

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from serving.provider import Provider
from serving.review.rendering import _PAGES
from serving.store.tables import ROLES
from tests.browser.server import running
from tests.serving import test_provider
from tests.serving.test_provider import Realm, settings_with


@pytest.fixture
def realm(site, monkeypatch):
    """A provider on a port of its own, of another site than the app: it is called localhost, and the app 127.0.0.1."""
    realm = Realm()
    app = realm.app()

    async def log_in(request: Request) -> RedirectResponse:
        answer = realm.authorise(f"{test_provider.ISSUER}/auth?{request.url.query}")
        return RedirectResponse(f"{site.url}/oidc/callback?code={answer['code']}&state={answer['state']}", 303)

    app.router.routes.append(Route("/realms/desk/auth", log_in))
    with running(app, "localhost") as port:
        monkeypatch.setattr(test_provider, "ISSUER", f"http://localhost:{port}/realms/desk")
        state = site.app.state
        settings = settings_with(state.settings.home, state.settings.model, public_url=site.url)
        with patch.object(state, "provider", Provider(settings, settings.provider_roles)):
            yield realm


def test_somebody_comes_in_through_a_provider_of_another_site(browser, site, realm):
    realm.claims["name"] = "Anna fra kommunen"
    page = browser.new_context().new_page()
    page.goto(f"{site.url}/login")
    page.click("a[href='/oidc/start']")
    page.wait_for_url(f"{site.url}/")
    assert "Anna fra kommunen" in page.locator(".person").inner_text()
    page.goto(f"{site.url}/account")
    assert "organisation" in page.locator("main").inner_text()
    page.context.close()


def test_somebody_to_whom_the_provider_gives_no_role_is_told_whom_to_ask(browser, site, realm):
    realm.claims["groups"] = []
    page = browser.new_context().new_page()
    page.goto(f"{site.url}/login")
    page.click("a[href='/oidc/start']")
    page.wait_for_selector("h1:has-text('ikke adgang til Tegn')")
    assert page.url.startswith(f"{site.url}/oidc/callback")
    page.goto(site.url)
    assert page.url.endswith("/login")
    page.context.close()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_led_where_it_may_go_and_told_why_it_may_not(role, open_page, site):
    page = open_page("da", True, role)
    page.goto(f"{site.url}/account")
    shown = page.eval_on_selector_all(".site-nav a", "all => all.map(x => x.getAttribute('href'))")
    assert shown == [address for address, _, roles in _PAGES if role in roles]
    for address, _, roles in _PAGES:
        status = page.goto(site.url + address).status
        heading = page.locator("h1").inner_text()
        assert status == (200 if role in roles else 403), address
        assert ("Din rolle giver ikke adgang" in heading) == (role not in roles), address
