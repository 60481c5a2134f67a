"""Requests that schemathesis makes of the description of the API, right ones and wrong ones, with a canary in every string."""

from __future__ import annotations

from typing import Any

import requests
import schemathesis
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from serving.api.problems import MEDIA_TYPE
from tests.fuzz.running import HOME, Running
from tests.fuzz.targets import Finding

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
KEYS = ("right", "right", "right", "wrong", "scheme", "none")
"""What goes as the key."""
PLACES = (
    "/v1/tag/",
    "/v1/",
    "/v1",
    "/v1/{0}",
    "/v1/tag/{0}",
    "/v1/openapi.json/{0}",
    "/v1//tag",
    "/v1/%2e%2e/{0}",
    "/v1/documents",
)
"""Addresses below /v1 where there is nothing."""


def marked(value: Any, canary: str, *, key: str = "") -> Any:
    """A body with the canary in every string and every name that is not ours, as long as what was there allows."""
    if isinstance(value, dict):
        known = {"documents", "id", "kind", "text", "source", "lang"}
        return {k if k in known else f"{canary}{k}": marked(x, canary, key=k) for k, x in value.items()}
    if isinstance(value, list):
        # Ids are unique within a request.
        return [marked(x, f"{canary}{i}" if key == "documents" else canary) for i, x in enumerate(value)]
    if not isinstance(value, str) or value in ("note", "ad"):
        return value
    room = {"id": 200, "text": 50_000, "source": 200, "lang": 35}.get(key, 50_000)
    return (canary + value)[: max(room, len(value))]


def refused_by_rule(body: Any) -> bool:
    """Whether a body that fits the description breaks a rule it does not say: NUL in a text, an id that stands twice."""
    documents = body.get("documents", []) if isinstance(body, dict) else []
    ids = [x.get("id") for x in documents if isinstance(x, dict)]
    return len(set(map(str, ids))) < len(ids) or any(
        "\x00" in str(x) for d in documents for x in (d.values() if isinstance(d, dict) else ())
    )


def _headers(key: str, app: Running) -> dict[str, str]:
    said = {"right": f"Bearer {app.key}", "wrong": f"Bearer tegn_{app.canary}", "scheme": f"Basic {app.canary}"}
    return {"Authorization": said[key]} if key in said else {}


def send(app: Running, case: Any, key: str) -> Any:
    """The answer to a case."""
    case.headers = {k: v for k, v in (case.headers or {}).items() if k.lower() != "authorization"}
    if isinstance(case.body, dict | list):
        case.body = marked(case.body, app.canary)
    prepared = requests.Request(**case.as_transport_kwargs(base_url=HOME, headers=_headers(key, app))).prepare()
    headers = [
        (k.encode("latin-1", "replace"), v if isinstance(v, bytes) else v.encode("latin-1", "replace"))
        for k, v in prepared.headers.items()
    ]
    app.client.cookies.clear()
    return app.client.request(
        prepared.method, prepared.url, headers=headers, content=prepared.body or b"", follow_redirects=False
    )


def check(app: Running, case: Any, key: str, *, positive: bool) -> None:
    """Send a case and look at the answer.

    Raises:
        Finding: it is not as documented.
    """
    response = send(app, case, key)
    status = response.status_code
    app.check(response, echoes=status == 200)
    if status >= 400:
        check_problem(response)
    if key != "right" and status != 401:
        raise Finding(f"{status} without a key")
    if key == "right":
        case.validate_response(response, checks=CHECKS)
        if positive and status != 200 and not refused_by_rule(case.body):
            raise Finding(f"{status} to a request that fits the description: {response.text}")
        if not positive and status == 200 and _unknown(case.body):
            raise Finding("a field that is not known is accepted")


def check_problem(response: Any) -> None:
    """Every error is a problem document.

    Raises:
        Finding: it is not.
    """
    if response.headers.get("content-type") != MEDIA_TYPE:
        raise Finding(f"{response.status_code} as {response.headers.get('content-type')}")
    said = (
        response.json()
        if response.request.method != "HEAD"
        else {"type": "urn:tegn:problem:", "status": response.status_code}
    )
    if said["status"] != response.status_code or not said["type"].startswith("urn:tegn:problem:"):
        raise Finding("the problem document is not of this answer")


def _unknown(body: Any) -> bool:
    if not isinstance(body, dict) or set(body) - {"documents"}:
        return True
    return any(
        not isinstance(x, dict) or set(x) - {"id", "kind", "text", "source", "lang"} for x in body.get("documents", ())
    )


def check_elsewhere(app: Running, method: str, place: str, key: str) -> None:
    """An address where there is nothing, or a method that there is not.

    Raises:
        Finding: it is answered otherwise than by 404 or 405.
    """
    response = app.client.request(
        method, HOME + place.format(app.canary), headers=_headers(key, app), follow_redirects=False
    )
    app.check(response, echoes=False)
    if response.status_code not in (404, 405):
        raise Finding(f"{response.status_code} to {method} {place}")
    check_problem(response)


def operation(app: Running) -> Any:
    """The one operation of the API, as its own description says."""
    schema = schemathesis.openapi.from_dict(app.client.get("/v1/openapi.json").json())
    schema.config.generation.update(allow_x00=False)
    return schema["/v1/tag"]["POST"]


def rounds(app: Running) -> Any:
    """Rounds of requests to the API."""
    asked = operation(app)
    right = asked.as_strategy(generation_mode=GenerationMode.POSITIVE)
    wrong = asked.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    key = st.sampled_from(KEYS)
    methods = st.sampled_from(("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"))

    def run(chosen: settings, number: int) -> None:
        @seed(number)
        @chosen
        @given(right, key)
        def what_fits_is_answered(case: Any, key: str) -> None:
            check(app, case, key, positive=True)

        @seed(number)
        @chosen
        @given(wrong, key)
        def what_does_not_fit_is_refused(case: Any, key: str) -> None:
            check(app, case, key, positive=False)

        @seed(number)
        @settings(chosen, max_examples=max(10, chosen.max_examples // 10))
        @given(methods, st.sampled_from(("/v1/tag", *PLACES)), key)
        def elsewhere_there_is_nothing(method: str, place: str, key: str) -> None:
            check_elsewhere(app, method, place, key)

        what_fits_is_answered()
        what_does_not_fit_is_refused()
        elsewhere_there_is_nothing()

    return run
