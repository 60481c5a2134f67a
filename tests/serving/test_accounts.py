"""Log-in, passwords, sessions and the administration of users, as people see them."""

import html
import re

import pytest
from starlette.testclient import TestClient

from serving.app import create_app
from serving.limits import Buckets, Limits, network
from serving.settings import Settings
from serving.store.access import TRIES

GOOD = "tre grå katte på taget"
BETTER = "fire blå katte i haven"
WRONG = "Det lykkedes ikke at logge ind"


def still(a_minute):
    """A bucket that does not fill while a slow machine works."""
    return Buckets(a_minute, clock=lambda: 0.0)


def new_password(client, new=GOOD, again=None, old=""):
    fields = {"password_old": old, "password_new": new, "password_again": new if again is None else again}
    return client.post("/password", data=fields, follow_redirects=False)


def log_in(client, name="Anna", password=GOOD, **fields):
    return client.post("/login", data={"name": name, "password": password, **fields}, follow_redirects=False)


@pytest.fixture
def anna(logged_in) -> TestClient:
    """Anna, who has a password."""
    assert new_password(logged_in).status_code == 303
    return logged_in


@pytest.fixture
def admin(client, app) -> TestClient:
    client.post(f"/login/{app.state.access.add_user('Ada', 'admin')}")
    return client


def test_the_button_of_a_link_leads_to_choosing_a_password_which_can_wait(client, app):
    token = app.state.access.add_user("Anna", "analyst")
    page = client.get(f"/login/{token}").text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    response = client.post(f"/login/{token}", data=fields, follow_redirects=False)
    assert response.headers["location"] == "/password"
    page = client.get("/password").text
    assert "Senere" in page
    assert "password_old" not in page
    assert client.get("/").status_code == 200


def test_a_password_is_chosen_and_logs_in(anna):
    anna.post("/logout")
    assert anna.get("/", follow_redirects=False).status_code == 303
    response = log_in(anna)
    assert (response.status_code, response.headers["location"]) == (303, "/")
    cookie = response.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert anna.get("/").status_code == 200
    page = anna.get("/password").text
    assert "password_old" in page
    assert "Senere" not in page


def test_each_log_in_gives_a_new_session_and_ends_the_one_before(anna, app):
    before = anna.cookies["tegn"]
    log_in(anna)
    assert anna.cookies["tegn"] != before
    assert app.state.access.person(before) is None


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        (GOOD, BETTER, "ikke ens"),
        ("elleve tegn", None, "mindst 12 anslag"),
        ("x1 yz" * 41, None, "plads til 200"),
        ("Anna1234567", "", "ikke ens"),
        ("annaannaanna", None, "dit navn"),
        ("kodeord12345", None, "prøver først"),
    ],
)
def test_a_password_that_cannot_be_is_explained_and_never_shown(logged_in, new, again, said):
    response = new_password(logged_in, new, again)
    assert response.status_code == 422
    assert said in response.text
    assert new not in response.text


def test_changing_it_needs_the_old_one_and_logs_out_elsewhere(anna, app):
    elsewhere = app.state.access.log_in("Anna", GOOD)
    response = new_password(anna, BETTER, old="not the old one")
    assert response.status_code == 422
    assert "Den nuværende adgangskode er forkert" in response.text
    assert new_password(anna, BETTER, old=GOOD).headers["location"] == "/account?changed"
    assert app.state.access.person(elsewhere) is None
    assert "logget ud alle andre steder" in anna.get("/account?changed").text


def test_answers_tell_neither_whether_a_name_exists_nor_whether_it_is_locked(anna, app, unlimited):
    anna.cookies.clear()
    wrong = log_in(anna, password=BETTER)
    unknown = log_in(anna, name="Otto")
    for _ in range(TRIES):
        log_in(anna, password=BETTER)
    locked, locked_right = log_in(anna, password=BETTER), log_in(anna)
    assert WRONG in wrong.text
    for x in (unknown, locked, locked_right):
        assert (x.status_code, x.text.replace("Otto", "Anna")) == (401, wrong.text)
        assert x.headers.keys() == wrong.headers.keys()
    assert [x.locked for x in app.state.access.users()] == [True]


def test_the_password_is_nowhere_in_the_page_the_log_or_the_address(anna, caplog):
    response = log_in(anna, password="hemmelig ting her")
    assert "hemmelig ting" not in response.text + caplog.text + str(response.headers)


@pytest.mark.parametrize(
    ("to", "place"),
    [
        ("/account", "/account"),
        ("/cases/3", "/cases/3"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a?b=c", "/"),
        ("/%2f", "/"),
        ("/" + "a" * 300, "/"),
        ("", "/"),
    ],
)
def test_after_log_in_one_goes_on_to_a_page_of_ours_alone(anna, to, place):
    assert log_in(anna, to=to).headers["location"] == place


def test_who_is_sent_to_log_in_comes_back_to_the_page(client):
    assert client.get("/account", follow_redirects=False).headers["location"] == "/login?to=/account"
    assert 'name="to" value="/account"' in client.get("/account").text


TEXT = 'KANARIEFUGL "<b>&amp;</b>\r\n\r\n👩‍👧 skylder'


@pytest.mark.parametrize("cookie", [None, "gone"])
def test_what_was_written_outlives_the_session(client, app, cookie):
    if cookie:
        client.cookies.set("tegn", cookie)
    response = client.post("/", data={"text": TEXT, "kind": "ad"}, follow_redirects=False)
    assert response.status_code == 401
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert '<form method="post" action="/">' in response.text
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.text)
    kept = {name: html.unescape(value) for name, value in fields}
    assert kept == {"text": TEXT, "kind": "ad"}
    client.cookies.clear()
    client.post(f"/login/{app.state.access.add_user('Anna', 'analyst')}")  # in another tab
    page = client.post("/", data=kept)
    assert page.status_code == 200
    assert "KANARIEFUGL" in page.text


def test_nobody_elses_form_is_shown_to_who_is_not_logged_in(client):
    response = client.post("/", data={"text": TEXT}, headers={"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert "KANARIEFUGL" not in response.text
    assert client.post("/", content=b"text=" + b"a" * 700_000).status_code == 413


def test_passwords_are_not_kept_in_a_page_when_the_session_ended(client):
    fields = {"password_old": GOOD, "password_new": BETTER, "password_again": BETTER}
    response = client.post("/password", data=fields, follow_redirects=False)
    assert (response.status_code, response.text) == (303, "")


SITES = {None: True, "same-origin": True, "none": True, "same-site": False, "cross-site": False, "nonsense": False}
ORIGINS = {
    None: (True, True),
    "http://127.0.0.1:3000": (True, True),
    "null": (True, False),  # a form of our own says null, because pages send no referrer; then Sec-Fetch-Site vouches
    "https://evil.example": (False, False),
    "http://127.0.0.1:3001": (False, False),
    "": (False, False),
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("origin", ORIGINS)
def test_forms_of_other_sites_are_refused_in_every_combination(logged_in, site, origin):
    headers = {}
    if site is not None:
        headers["Sec-Fetch-Site"] = site
    if origin is not None:
        headers["Origin"] = origin
    allowed = SITES[site] and ORIGINS[origin][0 if site else 1]
    response = logged_in.post("/", data={"text": ""}, headers=headers)
    assert response.status_code == (422 if allowed else 403)


FORMS = ["/", "/login", "/login/x", "/logout", "/password", "/account/elsewhere", "/users", "/users/1/link"]
FORMS += ["/users/1/role", "/users/1/remove", "/users/1/unlock"]


@pytest.mark.parametrize("path", FORMS)
def test_no_form_of_another_site_does_anything(admin, app, ledger_length, path):
    before = ledger_length()
    response = admin.post(path, headers={"Sec-Fetch-Site": "cross-site"}, data={"name": "x", "role": "lead"})
    assert response.status_code == 403
    assert ledger_length() == before


@pytest.fixture
def ledger_length(app):
    return lambda: app.state.ledger.last().seq


def test_log_in_is_limited_by_address(client, app):
    app.state.limits = Limits(still(600), addresses=still(5), names=still(20))
    for _ in range(5):
        assert log_in(client, name="Otto").status_code == 401
    response = log_in(client, name="Otto")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "12"
    assert "Vent et minut" in response.text
    assert client.post("/login/nonsense").status_code == 429
    assert [x.details["reason"] for x in app.state.ledger.entries(act="login.refused")].count("too_many") == 1


def test_log_in_is_limited_by_name_from_all_addresses_together(client, app):
    app.state.limits = Limits(still(1), addresses=still(10_000), names=still(20))
    for _ in range(20):
        assert log_in(client, name=" Otto").status_code == 401
    assert log_in(client, name="Otto").headers["retry-after"] == "3"
    assert log_in(client, name="Anna").status_code == 401


def test_the_old_password_is_limited_too(anna, app):
    app.state.limits = Limits(still(1), addresses=still(1), names=still(2))
    for _ in range(2):
        assert new_password(anna, BETTER, old="wrong").status_code == 422
    assert new_password(anna, BETTER, old=GOOD).status_code == 429


def test_calls_are_limited_by_key(client, app, key):
    other = app.state.access.add_key("other", ["tag"])
    app.state.limits = Limits(calls=still(2))

    def call(with_key):
        return client.post("/v1/tag", content=b"{", headers={"Authorization": f"Bearer {with_key}"})

    assert [call(key).status_code for _ in range(2)] == [415, 415]
    response = call(key)
    assert response.status_code == 429
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == "urn:tegn:problem:rate"
    assert response.headers["retry-after"] == "30"
    assert call(other).status_code == 415
    assert app.state.settings.calls_per_minute == 600


def test_a_bucket_fills_again_and_holds_no_more_than_a_minutes_worth():
    now = 0.0
    buckets = Buckets(5, most=3, clock=lambda: now)
    assert [buckets.take("a") for _ in range(7)] == [0, 0, 0, 0, 0, 12, 12]
    now = 11.0
    assert buckets.take("a") == 1
    now = 12.0
    assert [buckets.take("a"), buckets.take("a")] == [0, 12]
    now = 10_000.0
    assert [buckets.take("a") for _ in range(6)].count(0) == 5
    for name in "bcde":
        buckets.take(name)
    assert len(buckets) == 3
    assert buckets.take("a") == 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2:3", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "testclient", True),
    ],
)
def test_one_customer_of_ipv6_is_one_client(one, other, same):
    assert (network(one) == network(other)) is same


def test_the_account_page_shows_own_sessions_and_ends_the_others(anna, app):
    elsewhere = app.state.access.log_in("Anna", GOOD)
    page = anna.get("/account").text
    assert page.count('role="rowheader"') == 2
    assert "dette sted" in page
    anna.post("/account/elsewhere")
    assert app.state.access.person(elsewhere) is None
    assert anna.get("/account").text.count('role="rowheader"') == 1


def test_what_each_role_may_do_stands_where_somebody_is_added(admin):
    page = admin.get("/users").text
    after = page[page.index("Tilføj en bruger") :]
    for role in ("Analytiker", "Leder", "Modeludvikler", "Administrator"):
        assert f"<li><strong>{role}</strong>: " in after


def test_an_admin_adds_somebody_and_sees_the_link_once(admin, app):
    page = admin.post("/users", data={"name": " Bo ", "role": "lead"})
    link = re.search(r"http://127\.0\.0\.1:3000/login/(\S{43})<", page.text)
    assert "Bo" in page.text
    assert re.search(r'<code id="link">http[^<]*</code>', page.text)
    assert re.search(r'<button type="button" [^>]*data-copy="link"[^>]* hidden>Kopiér linket<', page.text)
    assert admin.get(re.search(r'src="(/static/[^"]*copy[^"]*)"', page.text)[1]).status_code == 200
    assert link[1] not in admin.get("/users").text
    assert app.state.access.person(app.state.access.use_link(link[1])).role == "lead"
    entry = app.state.ledger.entries(act="user.added")[0]
    assert (entry.actor, entry.subject) == ("user#1", "user#2")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "", "role": "lead"}, "1 til 100 anslag"),
        ({"name": "Ada", "role": "lead"}, "i brug"),
        ({"name": "Bo", "role": "king"}, "findes ikke"),
        ({"name": "Bo"}, "findes ikke"),
    ],
)
def test_what_cannot_be_added_is_explained_and_kept(admin, fields, said):
    response = admin.post("/users", data=fields)
    assert response.status_code == 422
    assert said in response.text
    assert f'value="{fields["name"]}"' in response.text


def test_an_admin_changes_unlocks_links_and_removes(admin, app):
    access = app.state.access
    session = access.use_link(access.add_user("Bo", "analyst"))
    access.set_password(session, "", GOOD)
    admin.post("/users/2/role", data={"role": "engineer"})
    assert access.person(session) is None
    assert access.users()[1].role == "engineer"
    for _ in range(TRIES):
        access.log_in("Bo", BETTER)
    assert "låst" in admin.get("/users").text
    admin.post("/users/2/unlock")
    assert "låst" not in admin.get("/users").text
    assert "/login/" in admin.post("/users/2/link").text
    assert 'action="/users/2/remove"' not in admin.get("/users").text  # it is asked first
    assert 'href="/users/2/remove"' in admin.get("/users").text
    asked = admin.get("/users/2/remove").text
    assert "Fjern Bo?" in asked
    assert 'action="/users/2/remove"' in asked
    admin.post("/users/2/remove")
    assert admin.get("/users/2/remove").status_code == 404
    assert access.log_in("Bo", GOOD) is None
    assert "fjernet" in admin.get("/users").text
    assert admin.post("/users/2/link").status_code == 404


def test_an_admin_cannot_leave_nobody_to_administer(admin):
    response = admin.post("/users/1/remove")
    assert (response.status_code, "fjerne sig selv" in response.text) == (422, True)
    response = admin.post("/users/1/role", data={"role": "lead"})
    assert (response.status_code, "sidste administrator" in response.text) == (422, True)
    assert admin.get("/users").status_code == 200


def test_a_changed_role_holds_at_once(admin, app):
    app.state.access.add_user("Bo", "admin")
    app.state.access.change_role("Ada", "lead")
    assert admin.get("/users", follow_redirects=False).status_code == 303
    admin.post(f"/login/{app.state.access.new_link('Ada')}")
    response = admin.get("/users")
    assert (response.status_code, "Din rolle giver ikke adgang" in response.text) == (403, True)


@pytest.mark.parametrize("number", ["99", "-1", "x", "9" * 30])
def test_a_user_who_is_not_there_is_404(admin, number):
    response = admin.post(f"/users/{number}/remove")
    assert (response.status_code, "findes ikke" in response.text) == (404, True)


def test_a_name_is_never_markup(admin):
    page = admin.post("/users", data={"name": "<script>x</script>", "role": "lead"}).text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/login", "/password", "/account", "/users"])
def test_pages_speak_english_too(admin, path):
    page = admin.get(path + "?lang=en").text
    assert '<html lang="en">' in page
    assert not re.search(r"\b(adgangskode|Adgangskode|Brugere|Din konto)\b", page)


def test_over_https_cookies_are_bound_to_the_host_and_go_when_logged_out(tmp_path, engine, model_folder):
    settings = Settings(home=tmp_path / "h", model=model_folder, public_url="https://tegn.example")
    app = create_app(lambda: settings, engine)
    with TestClient(app, base_url="https://tegn.example") as client:
        client.post(f"/login/{app.state.access.add_user('Anna', 'analyst')}")
        new_password(client)
        for response in (log_in(client), client.post("/logout", follow_redirects=False)):
            cookie = response.headers["set-cookie"]
            assert cookie.startswith("__Host-tegn=")
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert not client.cookies
