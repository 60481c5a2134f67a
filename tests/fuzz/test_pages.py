"""Requests to every route of the pages, by everybody."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, seed, settings

from tests.fuzz import pages
from tests.fuzz.conftest import SEED
from tests.fuzz.pages import Asked
from tests.fuzz.targets import Finding
from tests.serving.test_routes import TABLE


def test_every_answer_is_one_that_may_be(app, few):
    seen: Counter[int] = Counter()

    @seed(SEED)
    @settings(few, max_examples=100)
    @given(pages.requests(app.app))
    def check(asked: Asked) -> None:
        response = pages.check(app, asked)
        seen[response.status_code] += 1

    check()
    # Else the requests would be refused before anything reads them.
    assert {200, 303, 404, 405} <= set(seen), seen
    assert {403, 409, 415, 422} & set(seen), seen


def test_every_route_is_asked(app):
    described = set(app.client.get("/v1/openapi.json").json()["paths"])
    assert {*pages.templates(app.app), *described, "/v1/openapi.json"} == {path for _, path in TABLE}


def test_a_page_that_shows_it_as_markup_is_found(app, monkeypatch):
    from serving.review import rendering

    asked = Asked("analyst", "POST", "/submit", "", (), (), ("form", [("text", f"<{pages.MARK}>"), ("kind", "x")]))
    assert pages.check(app, asked).status_code == 422
    monkeypatch.setattr(rendering._templates, "autoescape", False)
    rendering._templates.cache.clear()
    try:
        with pytest.raises(Finding, match="markup"):
            pages.check(app, asked)
    finally:
        rendering._templates.cache.clear()
