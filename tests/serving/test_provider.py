"""Log-in by OpenID Connect against a provider that the tests run themselves, honest and not."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from serving.app import create_app
from serving.claims import Roles
from serving.limits import Buckets, Limits
from serving.provider import Provider
from serving.settings import InvalidSettings, Settings, read_settings
from serving.store.tables import ROLES

ISSUER, CLIENT, SECRET = "https://id.example/realms/desk", "tegn", "provider secret"
DOWN, FAILED, REFUSED = "svarer ikke", "lykkedes ikke", "ikke adgang til Tegn"


@dataclass
class Realm:
    """A provider. What its fields say, it does; the defaults are honest."""

    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    sign_with: RSAKey | OctKey | None = None
    header: dict = field(default_factory=dict)
    claims: dict = field(default_factory=dict)
    about: dict = field(default_factory=dict)
    fails: str = ""
    codes: dict[str, dict] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        base = "/realms/desk"
        return Starlette(
            routes=[
                Route(f"{base}/.well-known/openid-configuration", self.describe),
                Route(f"{base}/keys", self.keys),
                Route(f"{base}/token", self.token, methods=["POST"]),
            ]
        )

    async def describe(self, _: Request) -> JSONResponse:
        self.asked.append("about")
        said = {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
        }
        return JSONResponse(said | self.about, 500 if self.fails == "about" else 200)

    async def keys(self, _: Request) -> JSONResponse:
        self.asked.append("keys")
        return JSONResponse({"keys": [self.key.as_dict(private=False)]}, 500 if self.fails == "keys" else 200)

    def authorise(self, url: str) -> dict[str, str]:
        """What the browser comes back with once somebody has logged in there."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert url.startswith(f"{ISSUER}/auth?")
        assert asked["response_type"] == "code"
        assert asked["scope"].split()[0] == "openid"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    async def token(self, request: Request) -> JSONResponse:
        self.asked.append("token")
        if self.fails == "token":
            return JSONResponse({}, 500)
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(form["code"], None)  # a code is good once
        if self.about.get("token_endpoint_auth_methods_supported") == ["client_secret_post"]:
            known = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        else:
            known = request.headers.get("authorization", "") == httpx2.BasicAuth(CLIENT, SECRET)._auth_header
        fits = (
            asked is not None
            and form["redirect_uri"] == asked["redirect_uri"]
            and create_s256_code_challenge(form["code_verifier"]) == asked["code_challenge"]
        )
        if not known or not fits:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": CLIENT, "sub": "s-1", "name": "Anna Berg", "iat": now, "exp": now + 300}
        claims |= {"nonce": asked["nonce"], "groups": ["tegn-analysts"]} | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one"} | self.header
        token = jwt.encode(header, claims, self.sign_with or self.key, algorithms=[header["alg"]])
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture
def realm() -> Realm:
    return Realm()


def settings_with(home, model, **more) -> Settings:
    fields = {
        "oidc_issuer": ISSUER,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_roles": "groups tegn-admins=admin tegn-analysts=analyst",
        "public_url": "https://tegn.example",
    }
    return Settings(home=home, model=model, **fields | more)


@pytest.fixture
def roles() -> str:
    return "groups tegn-admins=admin tegn-analysts=analyst"


@pytest.fixture
def app(tmp_path, engine, model_folder, roles):
    settings = settings_with(tmp_path / "home", model_folder, oidc_roles=roles)
    return create_app(lambda: settings, engine)


@pytest.fixture
def client(app, realm):
    with TestClient(app, base_url="https://tegn.example", follow_redirects=False) as client:
        transport = httpx2.ASGITransport(app=realm.app())
        app.state.provider = Provider(app.state.settings, app.state.settings.provider_roles, transport)
        app.state.limits = Limits(*(Buckets(100_000) for _ in range(4)))
        yield client


def begin(client, realm) -> dict[str, str]:
    response = client.get("/oidc/start")
    assert response.status_code == 303
    return realm.authorise(response.headers["location"])


def come_back(client, answer):
    return client.get("/oidc/callback", params=answer)


def refusals(app) -> list[str]:
    return [x.details["reason"] for x in app.state.ledger.entries(act="login.refused")]


def test_somebody_with_a_role_comes_in_the_first_time_and_again(client, app, realm):
    response = come_back(client, begin(client, realm))
    assert response.status_code == 200
    assert response.headers["refresh"] == "0; url=/"
    (cookie,) = [x for x in response.headers.get_list("set-cookie") if x.startswith("__Host-tegn=")]
    assert "SameSite=strict" in cookie
    assert "Anna Berg" in client.get("/").text
    assert "organisation" in client.get("/account").text
    assert "har din adgangskode der" in client.get("/password").text
    assert come_back(client, begin(client, realm)).status_code == 200
    assert [(x.name, x.role) for x in app.state.access.users()] == [("Anna Berg", "analyst")]
    assert realm.asked == ["about", "token", "keys", "token"]  # what it says of itself is kept


def test_the_log_in_page_offers_it_and_the_way_is_bound_to_the_browser(client, realm):
    assert 'href="/oidc/start"' in client.get("/login").text
    response = client.get("/oidc/start")
    cookie = response.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=600"} <= set(cookie.split("; "))
    asked = parse_qs(urlsplit(response.headers["location"]).query)
    assert asked["redirect_uri"] == ["https://tegn.example/oidc/callback"]
    secret = re.search(r"__Host-tegn_oidc=([^;]+)", cookie)[1]
    assert secret not in response.headers["location"]
    second = parse_qs(urlsplit(client.get("/oidc/start").headers["location"]).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != second[name]
    assert len({asked["state"][0], asked["nonce"][0], asked["code_challenge"][0]}) == 3


def test_without_a_provider_there_is_nothing(tmp_path, engine, model_folder):
    settings = Settings(home=tmp_path / "h", model=model_folder)
    with TestClient(create_app(lambda: settings, engine), base_url="http://127.0.0.1:3000") as client:
        assert "/oidc/start" not in client.get("/login").text
        assert client.get("/oidc/start").status_code == 404
        assert client.get("/oidc/callback").status_code == 404


def refuse(client, app, response, said=FAILED, status=400):
    assert response.status_code == status
    assert said in response.text
    assert "__Host-tegn=" not in str(response.headers)
    assert "__Host-tegn" not in client.cookies
    assert client.get("/").status_code == 303
    assert app.state.access.users() == []
    assert refusals(app)[:1] == ["provider"]


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x"},
        {"state": ""},
        {"state": "å"},
        {"code": ""},
        {"code": "of somebody else"},
        {"iss": "https://evil.example"},
        {"error": "access_denied", "code": ""},
    ],
)
def test_an_answer_that_is_not_to_this_browsers_question_is_refused(client, app, realm, change):
    answer = begin(client, realm) | change
    refuse(client, app, come_back(client, answer))


def test_the_answer_to_another_browser_is_refused(client, app, realm):
    answer = begin(client, realm)
    client.cookies.clear()
    refuse(client, app, come_back(client, answer))
    begin(client, realm)
    refuse(client, app, come_back(client, answer))


def test_an_answer_is_good_once(client, app, realm):
    answer = begin(client, realm)
    secret = client.cookies["__Host-tegn_oidc"]
    assert come_back(client, answer).status_code == 200
    assert "__Host-tegn_oidc" not in client.cookies
    client.cookies.clear()
    client.cookies.set("__Host-tegn_oidc", secret, domain="tegn.example")
    response = come_back(client, answer)  # the code was spent, even where the cookie was kept
    assert (response.status_code, FAILED in response.text) == (400, True)
    assert "__Host-tegn" not in client.cookies


HOUR = 3600
BAD_CLAIMS = {
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "expired": {"exp": int(time.time()) - HOUR},
    "never ends": {"exp": None},
    "made in the future": {"iat": int(time.time()) + HOUR},
    "not yet good": {"nbf": int(time.time()) + HOUR},
    "another audience": {"aud": "somebody"},
    "another audience, asked for by us": {"aud": "somebody", "azp": CLIENT},
    "no audience": {"aud": None},
    "several audiences, for another": {"aud": [CLIENT, "other"], "azp": "other"},
    "several audiences, for nobody": {"aud": [CLIENT, "other"]},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 1},
    "another access token": {"at_hash": "x"},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_token_that_says_something_else_is_refused(client, app, realm, name):
    realm.claims = BAD_CLAIMS[name]
    refuse(client, app, come_back(client, begin(client, realm)))


@pytest.mark.parametrize("kid", ["one", "two"])
def test_a_token_signed_by_somebody_else_is_refused(client, app, realm, kid):
    realm.sign_with, realm.header = RSAKey.generate_key(2048, {"kid": kid}), {"kid": kid}
    refuse(client, app, come_back(client, begin(client, realm)))


def test_a_token_signed_with_a_shared_secret_or_nothing_is_refused(client, app, realm):
    realm.sign_with, realm.header = OctKey.import_key("x" * 32), {"alg": "HS256"}
    refuse(client, app, come_back(client, begin(client, realm)))
    realm.header = {"alg": "none"}
    refuse(client, app, come_back(client, begin(client, realm)))


def test_new_keys_of_the_provider_are_fetched_but_not_at_every_token(client, realm, app, monkeypatch):
    assert come_back(client, begin(client, realm)).status_code == 200
    realm.key = RSAKey.generate_key(2048, {"kid": "two"})
    realm.header = {"kid": "two"}
    assert come_back(client, begin(client, realm)).status_code == 400
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert come_back(client, begin(client, realm)).status_code == 200
    assert realm.asked.count("keys") == 2


@pytest.mark.parametrize("groups", [[], ["others"], None, "tegn", {"a": 1}])
def test_who_has_no_role_there_is_refused_in_plain_words(client, app, realm, groups):
    realm.claims = {"groups": groups}
    refuse(client, app, come_back(client, begin(client, realm)), REFUSED, 403)


def test_the_claim_decides_the_role_each_time_and_a_subject_alone_says_who_it_is(client, app, realm):
    access = app.state.access
    access.add_user("Anna Berg", "admin")
    come_back(client, begin(client, realm))
    realm.claims = {"name": "Otto", "groups": ["tegn-analysts", "tegn-admins"], "email": "anna@example"}
    come_back(client, begin(client, realm))
    assert [(x.name, x.role) for x in access.users()] == [("Anna Berg", "admin"), ("Anna Berg (2)", "admin")]
    realm.claims = {"sub": "s-2", "email": "anna@example"}
    come_back(client, begin(client, realm))
    assert len(access.users()) == 3
    access.remove_user("Anna Berg (2)")
    realm.claims = {}
    response = come_back(client, begin(client, realm))
    assert (response.status_code, REFUSED in response.text) == (403, True)


@pytest.mark.parametrize("roles", [""])
def test_without_roles_there_only_those_bound_by_hand_come_in(client, app, realm, roles):
    response = come_back(client, begin(client, realm))
    assert (response.status_code, REFUSED in response.text) == (403, True)
    app.state.access.add_user("Bo", "lead")
    app.state.access.bind("Bo", ISSUER, "s-1")
    assert come_back(client, begin(client, realm)).status_code == 200
    assert [(x.name, x.role) for x in app.state.access.users()] == [("Bo", "lead")]


def test_another_way_of_showing_the_secret_is_followed(client, realm):
    realm.about = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert come_back(client, begin(client, realm)).status_code == 200


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"issuer": ISSUER + "/"},
        {"authorization_endpoint": "http://id.example/auth"},
        {"token_endpoint": None},
        {"jwks_uri": 7},
    ],
)
def test_a_provider_that_says_nonsense_of_itself_is_not_used(client, realm, about):
    realm.about = about
    response = client.get("/oidc/start")
    assert (response.status_code, DOWN in response.text) == (503, True)


@pytest.mark.parametrize("part", ["about", "keys", "token"])
def test_a_provider_that_fails_gives_a_clear_page_and_passwords_still_work(client, app, realm, part):
    answer = {} if part == "about" else begin(client, realm)
    realm.fails = part
    response = client.get("/oidc/start") if part == "about" else come_back(client, answer)
    assert response.status_code == 503
    assert DOWN in response.text
    token = app.state.access.add_user("Bo", "lead")
    assert client.post(f"/login/{token}").headers["location"] == "/"


def test_a_provider_that_failed_is_not_asked_again_at_once(client, realm, monkeypatch):
    realm.fails = "about"
    assert [client.get("/oidc/start").status_code for _ in range(3)] == [503] * 3
    assert realm.asked == ["about"]
    realm.fails = ""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    assert client.get("/oidc/start").status_code == 303


@pytest.mark.parametrize("error", [httpx2.ConnectError("no"), httpx2.ReadTimeout("slow")])
def test_a_provider_that_does_not_answer_gives_a_clear_page(client, app, error):
    def fail(_):
        raise error

    app.state.provider = Provider(app.state.settings, None, httpx2.MockTransport(fail))
    response = client.get("/oidc/start")
    assert (response.status_code, DOWN in response.text) == (503, True)


def test_coming_back_is_limited_by_address(client, app, realm):
    app.state.limits = Limits(Buckets(1), addresses=Buckets(5, clock=lambda: 0.0))
    for _ in range(5):
        failed = come_back(client, {})
        assert failed.status_code == 400
        assert 'href="/login">Log ind</a>' in failed.text  # where the page says to begin again
    assert come_back(client, begin(client, realm)).status_code == 429


def test_neither_secret_nor_code_nor_token_reaches_log_or_page(client, realm, caplog):
    answer = begin(client, realm)
    response = come_back(client, answer | {"state": "x"})
    for secret in (SECRET, answer["code"], answer["state"]):
        assert secret not in caplog.text + response.text


@pytest.mark.parametrize(
    ("said", "claims", "role"),
    [
        ("groups a=analyst b=lead", {"groups": ["b", "a"]}, "analyst"),
        ("groups a=analyst", {"groups": "a"}, "analyst"),
        ("realm_access.roles a=lead", {"realm_access": {"roles": ["a"]}}, "lead"),
        ("https://x.example/roles a=lead", {"https://x.example/roles": ["a"]}, "lead"),
        ("groups cn=x=admin", {"groups": ["cn=x"]}, "admin"),
        ("groups a=analyst", {}, None),
        ("a.b.c x=lead", {"a": "b"}, None),
    ],
)
def test_a_claim_gives_a_role(said, claims, role):
    assert Roles.read(said, ROLES).of(claims) == role


ALL = {"ISSUER": ISSUER, "CLIENT_ID": CLIENT, "CLIENT_SECRET": SECRET}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ISSUER": "http://id.example"}, "TEGN_OIDC_ISSUER: .*https"),
        ({"ISSUER": "id.example"}, "TEGN_OIDC_ISSUER: .*https"),
        ({"ISSUER": ISSUER + "?a"}, "TEGN_OIDC_ISSUER"),
        ({"ISSUER": None}, "set all or none"),
        ({"CLIENT_ID": None}, "set all or none"),
        ({"CLIENT_SECRET": None}, "set all or none"),
        ({"ISSUER": None, "CLIENT_ID": None, "CLIENT_SECRET": None, "ROLES": "a b=lead"}, "set all or none"),
        ({"ROLES": "groups"}, "TEGN_OIDC_ROLES: .*VALUE=ROLE"),
        ({"ROLES": "groups a=king"}, "TEGN_OIDC_ROLES: .*analyst"),
        ({"ROLES": "a=lead"}, "TEGN_OIDC_ROLES"),
    ],
)
def test_wrong_settings_stop_the_start_and_say_why_without_the_secret(monkeypatch, change, said):
    for name, value in (ALL | change).items():
        if value is not None:
            monkeypatch.setenv(f"TEGN_OIDC_{name}", value)
    with pytest.raises(InvalidSettings, match=said) as caught:
        read_settings()
    assert SECRET not in str(caught.value)


def test_right_settings_are_taken_and_the_secret_is_not_shown(monkeypatch):
    for name, value in (ALL | {"ROLES": "groups a=lead"}).items():
        monkeypatch.setenv(f"TEGN_OIDC_{name}", value)
    settings = read_settings()
    assert SECRET not in repr(settings)
    assert settings.provider_roles == Roles("groups", (("a", "lead"),))
