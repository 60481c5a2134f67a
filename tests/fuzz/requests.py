"""What comes over HTTP and from the OpenID Connect provider: forms, files, JSON, headers, tokens."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
from fastapi import Request
from joserfc import jws
from joserfc.jwk import ECKey
from sqlalchemy import delete
from starlette.types import Message

from serving.api.bodies import read_json, read_limited
from serving.api.problems import Problem
from serving.api.schemas import TagRequest
from serving.claims import Roles
from serving.limits import network
from serving.provider import NoRole, NotVouchedFor, Provider, ProviderDown, Secrets
from serving.review.accounts import place
from serving.review.fileforms import TooMuch, read_files
from serving.review.forms import check_origin, from_script, read_form
from serving.review.guards import session_of
from serving.review.numbers import row_number
from serving.review.queue import wanted_of
from serving.review.rendering import words_of
from serving.settings import Settings
from serving.store.access import Access
from serving.store.ledger import open_ledger
from serving.store.tables import ROLES, Session, User
from tests.fuzz import seeds
from tests.fuzz.targets import Finding, Target, refusing, silent

ISSUER, CLIENT = "https://id.example", "tegn"
_HOME = "http://127.0.0.1:3000"


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


@cache
def _access() -> Access:
    home = Path(tempfile.mkdtemp(prefix="tegn-fuzz-"))
    return Access(open_ledger(f"sqlite:///{home}/tegn.db", home, {}))


def request(body: bytes, headers: list[tuple[bytes, bytes]], query: bytes = b"", pieces: int = 512) -> Request:
    """A request whose body comes in pieces."""

    async def parts() -> AsyncIterator[Message]:
        for at in range(0, len(body), pieces):
            yield {"type": "http.request", "body": body[at : at + pieces], "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    coming = parts()
    state = SimpleNamespace(settings=SimpleNamespace(origin=_HOME, secure_cookies=False))
    scope = {
        "type": "http", "method": "POST", "scheme": "http", "path": "/", "query_string": query, "headers": headers,
        "app": SimpleNamespace(state=state), "state": {}, "server": ("127.0.0.1", 3000),
    }  # fmt: skip
    return Request(scope, coming.__anext__)


def _refused(asked: Any) -> Any:
    """The answer of something that may refuse by a problem document, which says nothing of what was sent."""
    try:
        return _loop().run_until_complete(asked)
    except Problem as problem:
        silent(problem.response().body)
        return None


def body(data: bytes) -> None:
    """The body of `POST /v1/tag`."""
    found = _refused(read_json(request(data, [(b"content-type", b"application/json")]), TagRequest))
    if found is not None:
        for document in found.documents:
            document.document().text.encode("utf-8")


def form(data: bytes) -> None:
    """A form without files, and what the pages read from it."""
    fields = _refused(read_form(request(data, [(b"content-type", b"application/x-www-form-urlencoded")])))
    for value in (fields or {}).values():
        value.encode("utf-8")
        row_number(value)
        place(value)
    wanted_of(fields or {}).address(empty=1)


def multipart(data: bytes) -> None:
    """A form with files; the boundary is ``x``, or the first line where it begins with ``boundary=``."""
    kind = b"multipart/form-data; boundary=x"
    if data.startswith(b"boundary="):
        first, _, data = data.partition(b"\n")
        kind = b"multipart/form-data; " + first
    for pieces in (1 << 20, 7):
        try:
            read = _refused(read_files(request(data, [(b"content-type", kind)], pieces=pieces)))
        except TooMuch as error:
            silent(error)
            continue
        if read is not None and sum(len(x.data) for x in read[1]) > len(data):
            raise Finding("more bytes came out than went in")


def headers(data: bytes) -> None:
    """Headers, cookies and the query of a request, and every token in them."""
    lines = [x.partition(b":") for x in data.split(b"\n")]
    found = [(name.strip().lower(), value.strip()) for name, _, value in lines]
    asked = request(b"abc", found, query=dict(found).get(b"query", b""))
    access = _access()
    token = session_of(asked)
    if access.person(token) is not None or access.visits(token) or access.use_link(token) is not None:
        raise Finding("a made-up token is somebody's")
    key = asked.headers.get("authorization", "").partition(" ")[2]
    if access.system(key) is not None:
        raise Finding("a made-up key is somebody's")
    words_of(asked)
    from_script(asked)
    network(asked.headers.get("host", ""))
    if not place(asked.query_params.get("to")).startswith("/") or place(asked.query_params.get("to"))[1:2] == "/":
        raise Finding("log-in leads elsewhere")
    wanted_of(dict(asked.query_params)).address()
    with refusing(Problem):
        check_origin(asked)
    _refused(read_limited(asked, 10_000))


@cache
def _key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "one"})


def _provider(about: bytes, keys: bytes, token: bytes) -> Provider:
    answers = {"/.well-known/openid-configuration": about, "/keys": keys, "/token": token}

    def answer(asked: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            200, content=answers.get(asked.url.path, b"{}"), headers={"content-type": "application/json"}
        )

    settings = Settings(
        home=Path("unused"), public_url=_HOME, oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_client_secret="s",
        oidc_roles="groups staff=analyst",
    )  # fmt: skip
    return Provider(settings, settings.provider_roles, httpx2.MockTransport(answer))


_ABOUT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def _merged(honest: dict[str, Any], said: bytes) -> bytes:
    """What is honest with what an input says instead; the input itself where it is no JSON object."""
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        value = None
    return json.dumps(honest | value).encode() if isinstance(value, dict) else said


def _come_back(about: bytes, keys: bytes, token: bytes, own: Secrets) -> None:
    provider = _provider(about, keys, token)
    with refusing(ProviderDown):
        if not _loop().run_until_complete(provider.start(own)).startswith(("https://", "http://")):
            raise Finding("log-in leads elsewhere")
    try:
        who = _loop().run_until_complete(provider.finish(own, {"state": own.state, "code": "c"}))
    except (ProviderDown, NotVouchedFor, NoRole):
        return
    access = _access()
    if access.enter(who.issuer, who.subject, who.name, who.role) is None:
        raise Finding("somebody vouched for is not let in")
    with access._ledger.acting("system") as act:  # else every run would take longer than the one before
        act.db.execute(delete(Session))
        act.db.execute(delete(User))


def claims(data: bytes) -> None:
    """The claims of a signed ID token; an input that is no JSON object is the token itself."""
    _, own = Secrets.make()
    now = int(time.time())
    honest = {
        "iss": ISSUER, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": own.nonce, "groups": ["staff"],
    }  # fmt: skip
    merged = _merged(honest, data)
    try:
        payload = json.loads(merged)
    except (ValueError, RecursionError):
        payload = None
    token = merged.decode("latin-1")
    if isinstance(payload, dict):
        signed = json.dumps(payload).encode()
        token = jws.serialize_compact({"alg": "ES256", "kid": "one"}, signed, _key(), algorithms=["ES256"])
    keys = json.dumps({"keys": [_key().as_dict(private=False)]}).encode()
    said = json.dumps({"access_token": "a", "token_type": "Bearer", "id_token": token}).encode()
    _come_back(json.dumps(_ABOUT).encode(), keys, said, own)


def provider(data: bytes) -> None:
    """What a provider says of itself, its keys, and its answer to a code, cut apart at NUL."""
    about, keys, token = (*data.split(b"\x00", 2), b"", b"", b"")[:3]
    honest = {"keys": [_key().as_dict(private=False)]}
    answer = {"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}
    _, own = Secrets.make()
    _come_back(_merged(_ABOUT, about), _merged(honest, keys), _merged(answer, token), own)


def roles(data: bytes) -> None:
    """The setting that gives roles by a claim, and claims against it, cut apart at a line end."""
    said, _, claimed = data.decode("utf-8", "replace").partition("\n")
    with refusing(ValueError):
        found = Roles.read(said, ROLES)
        try:
            value = json.loads(claimed)
        except (ValueError, RecursionError):
            return
        if found is not None and isinstance(value, dict) and found.of(value) not in (None, *ROLES):
            raise Finding("a role that there is not")


def targets() -> list[Target]:
    """Of requests and of the provider."""
    head = b"cookie: tegn=abc; tegn_lang=en\nauthorization: Bearer tegn_x\norigin: null\nhost: a:1\nquery: to=/queue"
    return [
        Target("json", body, seeds.requests),
        Target("form", form, seeds.forms),
        Target("multipart", multipart, seeds.multiparts),
        Target(
            "headers",
            headers,
            lambda: [head, b'cookie: tegn="\\303\\245"\nquery: lang=en&to=//x\nsec-fetch-site: none'],
        ),
        Target("claims", claims, seeds.claims),
        Target(
            "provider",
            provider,
            lambda: [b'{"issuer":"https://id.example"}\x00{"keys":[{"kty":"EC"}]}\x00{"id_token":"a"}', b"\x00"],
        ),
        Target(
            "roles",
            roles,
            lambda: [b'groups staff=analyst x=admin\n{"groups":["staff"]}', b'a.b c=lead\n{"a":{"b":"c"}}'],
        ),
    ]
