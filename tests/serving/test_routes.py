"""All routes, all callers, all methods: who gets in is what one table says, and every answer has the headers."""

from itertools import count

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from serving.api.auth import Guard
from serving.app import create_app
from serving.headers import HTTPS_ONLY, SECURITY
from serving.settings import Settings
from serving.store.tables import ROLES, ApiKey

ALL, PEOPLE, ADMIN, KEY = "all", frozenset(ROLES), frozenset({"admin"}), "key"
READERS, LEAD, RESPONSIBLE = frozenset({"analyst", "lead"}), frozenset({"lead"}), frozenset({"lead", "admin"})
"""Readers may read texts of cases: nobody else, whatever else they may do. The responsible see figures and the audit log."""
TABLE = {
    ("GET", "/"): PEOPLE,
    ("POST", "/"): PEOPLE,
    ("GET", "/account"): PEOPLE,
    ("POST", "/account/elsewhere"): PEOPLE,
    ("GET", "/livez"): ALL,
    ("GET", "/login"): ALL,
    ("POST", "/login"): ALL,
    ("GET", "/login/{token}"): ALL,
    ("POST", "/login/{token}"): ALL,
    ("POST", "/logout"): ALL,
    ("GET", "/oidc/callback"): ALL,
    ("GET", "/oidc/start"): ALL,
    ("GET", "/password"): PEOPLE,
    ("POST", "/password"): PEOPLE,
    ("GET", "/readyz"): ALL,
    ("GET", "/accessibility"): ALL,
    ("GET", "/was"): ALL,
    ("GET", "/static/{path:path}"): ALL,
    ("GET", "/audit"): RESPONSIBLE,
    ("POST", "/audit/verify"): RESPONSIBLE,
    ("GET", "/cases"): READERS,
    ("POST", "/cases"): READERS,
    ("GET", "/cases/{number}"): READERS,
    ("GET", "/cases/{number}/erase"): LEAD,
    ("POST", "/cases/{number}/erase"): LEAD,
    ("POST", "/cases/{number}/keep"): LEAD,
    ("GET", "/groups"): READERS,
    ("GET", "/groups/{number}"): READERS,
    ("POST", "/groups/{number}/notes"): READERS,
    ("GET", "/links"): READERS,
    ("POST", "/links"): READERS,
    ("GET", "/links/{number}"): READERS,
    ("GET", "/links/{number}/{place}"): READERS,
    ("GET", "/oversight"): RESPONSIBLE,
    ("POST", "/oversight"): RESPONSIBLE,
    ("GET", "/submit"): READERS,
    ("POST", "/submit"): READERS,
    ("GET", "/submit/receipt"): READERS,
    ("POST", "/uploads"): READERS,
    ("GET", "/uploads/{number}"): READERS,
    ("POST", "/uploads/{number}/again"): READERS,
    ("POST", "/uploads/{number}/column"): READERS,
    ("POST", "/uploads/{number}/files"): READERS,
    ("GET", "/uploads/{number}/state"): READERS,
    ("GET", "/queue"): READERS,
    ("POST", "/queue/next"): READERS,
    ("GET", "/texts/{number}"): READERS,
    ("GET", "/texts/{number}/finish"): READERS,
    ("POST", "/texts/{number}/back"): READERS,
    ("POST", "/texts/{number}/draft"): READERS,
    ("POST", "/texts/{number}/finish"): READERS,
    ("POST", "/texts/{number}/look"): READERS,
    ("POST", "/texts/{number}/marks"): READERS,
    ("POST", "/texts/{number}/show"): READERS,
    ("POST", "/texts/{number}/remove"): READERS,
    ("POST", "/texts/{number}/take"): READERS,
    ("POST", "/texts/{number}/undo"): READERS,
    ("GET", "/users"): ADMIN,
    ("POST", "/users"): ADMIN,
    ("POST", "/users/{number}/link"): ADMIN,
    ("GET", "/users/{number}/remove"): ADMIN,
    ("POST", "/users/{number}/remove"): ADMIN,
    ("POST", "/users/{number}/role"): ADMIN,
    ("POST", "/users/{number}/unlock"): ADMIN,
    ("GET", "/v1/openapi.json"): ALL,
    ("POST", "/v1/tag"): KEY,
}
"""Who may call what. A new route has to be entered here: that is the place to think about it."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CALLERS = ("anonymous", *ROLES, "key", "key without the scope")
_NUMBERS = count(1)
FILLED = {"{token}": "nonsense", "{path:path}": "tegn.css", "{number}": "999", "{place}": "0"}


def routes(router):
    """Every route of an app, those of included routers too."""
    for route in router.routes:
        if hasattr(route, "dependant"):
            yield route
        elif hasattr(route, "original_router"):
            yield from routes(route.original_router)


def address(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(name, value)
    assert "{" not in path, f"say in FILLED what to put for it: {path}"
    return path


PATHS = sorted({path for _, path in TABLE})


def test_the_table_has_every_route_and_no_other(app):
    found = {(method, route.path) for route in routes(app.router) for method in route.methods - {"HEAD"}}
    assert found == set(TABLE)


def test_every_route_has_one_guard(app):
    for route in routes(app.router):
        guards = [x.call for x in route.dependant.dependencies if isinstance(x.call, Guard)]
        assert len(guards) == 1, route.path


def call(client: TestClient, app, caller: str, method: str, path: str) -> int:
    client.cookies.clear()
    headers = {}
    access = app.state.access
    if caller in ROLES:
        name = f"a {caller}"
        known = {x.name for x in access.users()}
        token = access.new_link(name) if name in known else access.add_user(name, caller)
        client.cookies.set("tegn", access.use_link(token))
    elif caller.startswith("key"):
        key = access.add_key(f"{caller} {next(_NUMBERS)}", ["tag"])
        if caller != "key":
            with app.state.ledger.engine.begin() as db:
                db.execute(sa.update(ApiKey).where(ApiKey.name.startswith("key without")).values(scopes="other"))
        headers["Authorization"] = f"Bearer {key}"
    return client.request(method, address(path), headers=headers, follow_redirects=False)


@pytest.mark.parametrize("caller", CALLERS)
def test_each_caller_gets_in_where_the_table_says_and_nowhere_else(client, app, unlimited, caller):
    for path in PATHS:
        check_path(client, app, caller, path)


def check_path(client: TestClient, app, caller: str, path: str) -> None:
    allowed = {method for method, at in TABLE if at == path}
    for method in METHODS:
        response = call(client, app, caller, method, path)
        status, where = response.status_code, f"{caller} {method} {path}"
        if method not in allowed:
            # HEAD may be what GET is, and says no more than GET does.
            if method == "HEAD" and status != 405:
                assert status == call(client, app, caller, "GET", path).status_code, where
                assert response.content == b""
            else:
                assert status == 405, where
            continue
        may = TABLE[method, path]
        if may == KEY:
            expected = {"key": 415, "key without the scope": 403}.get(caller, 401)
            assert status == expected, where
        elif may == ALL or caller in may:
            assert status not in (401, 403) or path == "/login", where
            assert not response.headers.get("location", "").startswith("/login?to"), where
            assert may == ALL or response.headers.get("location") != "/login", where
        elif caller in ROLES:
            assert status == 403, where
            assert "Din rolle" in response.text
        else:
            assert (status, response.headers["location"].split("?")[0]) == (303, "/login"), where


@pytest.mark.parametrize("method", [*METHODS, "TRACE", "NONSENSE"])
def test_every_answer_has_the_headers(client, app, unlimited, method):
    for path in (*PATHS, "/nothing", "/v1/nothing", "/static/none", "/users/x/link"):
        for caller in ("anonymous", "admin", "key"):
            response = call(client, app, caller, method, path if path not in PATHS else address(path))
            for name, value in SECURITY.items():
                if name == "Cache-Control" and path.startswith("/static/"):
                    continue
                assert response.headers.get_list(name) == [value], (name, response)
            assert "strict-transport-security" not in response.headers
            assert "server" not in response.headers


def test_a_failure_inside_has_the_headers_too(client, app, logged_in, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(app.state.access, "visits", fail)
    response = client.get("/account")
    assert response.status_code == 500
    assert response.headers.items() >= {(k.lower(), v) for k, v in SECURITY.items()}


def test_the_policy_is_exactly_this():
    assert SECURITY["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def test_over_https_browsers_are_told_to_stay_there(tmp_path, engine, model_folder):
    settings = Settings(home=tmp_path / "h", model=model_folder, public_url="https://tegn.example")
    with TestClient(create_app(lambda: settings, engine), base_url="https://tegn.example") as client:
        for path in ("/", "/login", "/livez", "/static/tegn.css", "/v1/openapi.json", "/v1/none", "/none"):
            headers = client.get(path, follow_redirects=False).headers
            assert headers.items() >= {(k.lower(), v) for k, v in HTTPS_ONLY.items()}
