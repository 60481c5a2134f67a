"""Requests that schemathesis makes of the description of the API, and proof that the checks see what they are for."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import httpx2
import pytest

from serving.api.problems import Problem
from tests.fuzz import api
from tests.fuzz.conftest import SEED
from tests.fuzz.targets import Finding


def test_every_request_is_answered_as_described(app, few):
    api.rounds(app)(few, SEED)


def test_the_canary_stands_in_every_string_and_every_name_that_is_not_ours():
    body = {"documents": [{"id": "a", "kind": "note", "text": "b", "x": {"y": "z"}}], "lang": 7}
    assert api.marked(body, "C") == {
        "documents": [{"id": "C0a", "kind": "note", "text": "C0b", "C0x": {"C0y": "C0z"}}],
        "lang": 7,
    }


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (500, {}),
        (503, {}),
        (200, {"location": "https://elsewhere.example"}),
        (200, {"location": "//elsewhere.example"}),
        (200, {"x": "Kanariefugl1128"}),
        (422, {"content": "Kanariefugl1128"}),
        (200, {"without": "Content-Security-Policy"}),
    ],
)
def test_an_answer_that_no_request_may_get_is_found(app, status, more):
    from serving.headers import SECURITY

    assert app.canary == "Kanariefugl1128"
    headers = {name: value for name, value in SECURITY.items() if name != more.get("without")}
    headers |= {name: value for name, value in more.items() if name in ("location", "x")}
    request = httpx2.Request("GET", "http://127.0.0.1:3000/queue")
    good = httpx2.Response(200, headers=SECURITY, content="", request=request)
    app.check(good, echoes=False)
    answer = httpx2.Response(status, headers=headers, content=more.get("content", ""), request=request)
    with pytest.raises(Finding):
        app.check(answer, echoes=False)


@pytest.mark.parametrize("name", ["tegn", "uvicorn.error", "bentoml", "py.warnings", "sqlalchemy.engine"])
def test_a_word_in_a_log_is_found(app, name):
    logging.getLogger(name).warning("%s", f"x{app.canary}x")
    with pytest.raises(Finding):
        app.silent()
    app.silent()


def test_an_exception_that_quotes_it_is_found(app):
    try:
        raise RuntimeError(app.canary)
    except RuntimeError:
        logging.getLogger("anything").exception("failed")
    with pytest.raises(Finding):
        app.silent()


def test_an_error_that_is_no_problem_document_is_found():
    request = SimpleNamespace(method="POST")
    good = Problem("too-large", "x").response()
    answer = SimpleNamespace(
        status_code=413,
        headers={"content-type": good.media_type},
        request=request,
        json=lambda: {"status": 413, "type": "about:blank"},
    )
    with pytest.raises(Finding):
        api.check_problem(answer)
    answer.headers = {"content-type": "application/json"}
    with pytest.raises(Finding):
        api.check_problem(answer)
