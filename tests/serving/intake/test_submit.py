"""A text comes in by a page: exactly as typed, once, and nothing typed is lost by a mistake."""

import html
import re

import pytest
import sqlalchemy as sa

from serving.desk import views
from serving.store.desk import Case, Text

NOTE = "Han fortæller, at formanden har taget passet."


def _send(browser, text=NOTE, **fields):
    return browser.post("/submit", data={"text": text, "kind": "note", **fields}, follow_redirects=False)


def _texts(app) -> list[tuple[int, int]]:
    with app.state.ledger.reading() as db:
        return [tuple(x) for x in db.execute(sa.select(Text.id, Text.case_id).order_by(Text.id))]


def test_a_text_is_kept_exactly_and_the_receipt_leads_to_it(app, log_in, number_of):
    browser, text = log_in("analyst"), "  Linje 1 <b>&amp;</b>\r\n\r\n👩‍👧 e\u0301 " + NOTE
    response = _send(browser, text)
    assert (response.status_code, response.headers["location"]) == (303, "/submit/receipt?new=1")
    page = browser.get(response.headers["location"]).text
    assert 'href="/texts/1"' in page
    assert 'href="/cases/1"' in page
    assert views.open_text(app.state.ledger, number_of("analyst"), 1).text == text


def test_a_text_that_is_there_already_is_told_and_not_kept_again(app, log_in):
    _send(log_in("analyst"))
    response = _send(log_in("lead"), "  " + NOTE.upper(), reference="en anden sag")
    assert response.headers["location"] == "/submit/receipt?known=1"
    page = log_in("lead").get(response.headers["location"]).text
    assert "var her i forvejen" in page
    assert 'href="/texts/1"' in page
    assert len(_texts(app)) == 1
    with app.state.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Case)) == 1  # none that would be empty


def test_texts_with_one_reference_are_one_case_and_others_are_not(app, log_in):
    browser = log_in("analyst")
    _send(browser, "Et notat", reference="J 17")
    _send(browser, "Et andet notat", reference=" J  17 ")
    _send(browser, "Et tredje notat")
    cases = [case for _, case in _texts(app)]
    assert cases[0] == cases[1] != cases[2]


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"text": ""}, "text", "Der er ingen tekst"),
        ({"text": " \n\t"}, "text", "Der er ingen tekst"),
        ({"text": "a" * 50_001}, "text", "50.001"),
        ({"text": "hej \x00 der"}, "text", "ødelagt eller usynlige"),
        ({"kind": "andet"}, "kind", "Vælg, hvad det er"),
        ({"kind": ""}, "kind", "Vælg, hvad det er"),
        ({"reference": "x" * 101}, "reference", "100 anslag"),
        ({"reference": "J\u202e17"}, "reference", "ikke kan ses"),
        ({"reference": "J\x0017"}, "reference", "ikke kan ses"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_everything_typed_comes_back(app, log_in, fields, field, said):
    sent = {"text": "Mit notat", "kind": "ad", "reference": "J 17"} | fields
    response = log_in("analyst").post("/submit", data=sent)
    page = html.unescape(response.text)
    assert response.status_code == 422
    assert f'<a href="#{field}">' in page
    assert said in page
    assert "<title>Fejl: " in page
    assert sent["text"].strip("\x00 \n\t") in page
    assert sent["reference"] in page
    if sent["kind"] == "ad":
        assert re.search(r'value="ad" checked', page)
    assert _texts(app) == []
    with app.state.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Case)) == 0


@pytest.mark.parametrize("text", ["</textarea><script>alert(1)</script>", "{{ 7*7 }}"])
def test_what_comes_back_is_never_markup(log_in, text):
    page = _send(log_in("analyst"), text, kind="").text
    assert "<script>" not in page
    assert html.escape(text, quote=False).replace("'", "&#39;") in page


@pytest.mark.parametrize("query", ["", "?new=x", "?new=-1", "?known=999", "?new=" + "9" * 30, "?new=²"])
def test_a_receipt_of_nothing_says_so(log_in, query):
    response = log_in("analyst").get("/submit/receipt" + query)
    assert response.status_code == 200
    assert "ingen tekst at vise" in response.text


def test_forms_of_other_sites_are_refused(app, log_in):
    browser = log_in("lead")
    for path in ("/submit", "/uploads", "/uploads/1/files", "/uploads/1/column", "/cases/1/erase", "/cases/1/keep"):
        assert browser.post(path, data={"text": NOTE}, headers={"Sec-Fetch-Site": "cross-site"}).status_code in (
            403,
            404,
        )
    for path in ("/oversight", "/audit/verify"):
        assert (
            browser.post(path, data={"suggestions": "off"}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        )
    assert _texts(app) == []


def test_the_pages_are_spoken_in_english_too(log_in):
    for role, path in (("lead", "/submit"), ("lead", "/oversight"), ("lead", "/audit")):
        page = log_in(role).get(path + "?lang=en").text
        assert '<html lang="en">' in page
        assert "Send texts" in page


def test_an_empty_queue_says_where_texts_come_in(log_in):
    main = log_in("analyst").get("/queue").text.partition("<main")[2]
    assert '<a href="/submit">' in main
