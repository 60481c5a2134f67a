"""The pages: only for people who are logged in, safe against what is pasted, nothing stored."""

import re

import pytest

from serving.review import details
from serving.review.words import words_in
from serving.store.tables import Switch
from triage.entities import KINDS, find_entities

NOTE = "Han skylder 30.000 kr. for rejsen til den der kørte bilen. Han fortæller at formanden har taget passet og gemt det."
PAGES = ["/", "/?lang=en"]


def test_who_is_not_logged_in_is_sent_to_the_log_in_page(client):
    response = client.get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    assert client.post("/", data={"text": ""}, follow_redirects=False).status_code == 303
    assert "engangslink" in client.get("/login").text


def test_a_link_logs_in_once_and_only_by_its_button(client, app):
    token = app.state.access.add_user("Bo", "analyst")
    assert client.get(f"/login/{token}").status_code == 200  # a mail program that fetches the link ahead spends nothing
    response = client.post(f"/login/{token}", follow_redirects=False)
    cookie = response.headers["set-cookie"]
    assert response.headers["location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Bo" in client.get("/").text
    client.cookies.clear()
    assert client.post(f"/login/{token}", follow_redirects=False).headers["location"] == "/login?bad"


def test_logging_out_ends_the_session_on_the_server(logged_in):
    cookie = dict(logged_in.cookies)
    logged_in.post("/logout")
    logged_in.cookies.update(cookie)
    assert logged_in.get("/", follow_redirects=False).status_code == 303


def test_behind_https_the_cookie_is_bound_to_the_host(app, tmp_path, engine, model_folder):
    from starlette.testclient import TestClient

    from serving.app import create_app
    from serving.settings import Settings

    settings = Settings(home=tmp_path / "h", model=model_folder, public_url="https://tegn.example")
    app = create_app(lambda: settings, engine)
    with TestClient(app, base_url="https://tegn.example") as client:
        token = app.state.access.add_user("Bo", "analyst")
        cookie = client.post(f"/login/{token}", follow_redirects=False).headers["set-cookie"]
    assert cookie.startswith("__Host-tegn=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_signs_are_grouped_numbered_and_shown_in_the_text(logged_in):
    page = logged_in.post("/", data={"text": NOTE, "kind": "note"}).text
    assert page.index('id="group-means"') < page.index("</span> Gæld til bagmand")
    assert re.search(r'<mark class="means">[^<]*rejsen[^<]*</mark><a class="number" id="q\d-1" href="#sign-\d"', page)
    assert "Tekstens prioritet" in page
    assert "Det kan Tegn ikke vide" in page


def test_the_text_is_shown_exactly_as_it_was_pasted(logged_in):
    text = "  Linje 1 <b>&amp;</b>\r\n\r\n👩‍👧 " + NOTE
    page = logged_in.post("/", data={"text": text}).text
    shown = re.search(r'<div class="text"[^>]*>(.*?)</div>', page, re.S)[1]
    import html

    plain = html.unescape(re.sub(r'<a class="number".*?</a>|</?mark[^>]*>', "", shown, flags=re.S))
    assert plain == text


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "</textarea><img src=x onerror=alert(1)>", "{{ 7*7 }}"])
def test_what_is_pasted_is_never_markup(logged_in, text):
    page = logged_in.post("/", data={"text": text + " " + NOTE}).text
    assert "<script>" not in page
    assert "<img" not in page
    assert "49" not in page.split("<textarea")[1].split("</textarea>")[0]


def test_pages_forbid_scripts_frames_and_caching(logged_in):
    for response in (
        logged_in.get("/"),
        logged_in.post("/", data={"text": NOTE}),
        logged_in.get("/login"),
        logged_in.get("/none"),
    ):
        assert "default-src 'none'" in response.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Der er ingen tekst"),
        ("  \n", "Der er ingen tekst"),
        ("a" * 50_001, "plads til 50.000"),
        ("hej \x00 der", "ødelagt eller usynlige"),
    ],
)
def test_bad_input_is_explained_and_kept(logged_in, text, said):
    response = logged_in.post("/", data={"text": text})
    assert response.status_code == 422
    assert said in response.text
    assert text.strip("\x00 \n")[:5] in response.text


def test_a_form_that_is_too_large_is_413(logged_in):
    assert logged_in.post("/", content=b"text=" + b"a" * 700_000).status_code == 413


def test_a_form_that_is_not_a_form_is_400(logged_in):
    assert logged_in.post("/", content="text=å".encode()).status_code == 400


def test_english_is_a_choice_that_keeps_the_text(logged_in):
    page = logged_in.post("/", data={"text": NOTE, "language": "en"}).text
    assert '<html lang="en">' in page
    assert "Possible signs in the text" in page
    assert "Debt bondage" in page or "Debt" in page
    assert NOTE[:30] in page
    assert "Try a text without storing it" in logged_in.get("/").text


def test_both_languages_say_the_same_things():
    from serving.review.words import _file

    assert set(_file()["da"]) == set(_file()["en"])


def test_nothing_pasted_is_stored(logged_in, tmp_path):
    logged_in.post("/", data={"text": "KANARIEFUGL " + NOTE})
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert b"KANARIEFUGL" not in path.read_bytes()


def test_abstaining_is_explained(logged_in):
    page = logged_in.post(
        "/", data={"text": "The man said that he owes money to his boss and cannot leave the house at night."}
    ).text
    assert "Tegn har kun lært dansk" in page


def test_while_suggestions_are_stopped_nothing_is_called_wrong_that_was_pasted(logged_in, app):
    with app.state.ledger.acting("system") as act:
        act.db.merge(Switch(name="suggestions", value="off", changed=act.now))
    page = logged_in.post("/", data={"text": NOTE, "kind": "note"}).text
    assert "Prøv senere" in page
    assert f"{NOTE}</textarea>" in page
    assert "Der er noget, som skal rettes" not in page
    assert "aria-invalid" not in page


def test_what_the_pages_say_fits_every_reason_and_rule(scheme):
    """Every message key the code can ask for is there."""
    words = words_in("da")
    for key in (
        "abstained_too_short",
        "abstained_language",
        "abstained_unfamiliar_text",
        *(f"entity_{x}" for x in KINDS),
    ):
        assert words[key]
    for x in scheme:
        assert words[f"strength_{x.strength}"]
        assert words[f"basis_{x.evidence_base}"]


def test_what_stands_in_a_text_is_listed_a_line_a_kind_and_register_numbers_are_masked(logged_in):
    text = (
        f"{NOTE} Han er CPR 010190-1234, firmaet CVR 12 34 56 78, tlf. 01 23 45 67 og 01 23 45 67, i Aarhus og Struer."
    )
    page = logged_in.post("/", data={"text": text, "kind": "note"}).text
    for line in (
        "Telefon: +4501234567<",
        "Muligt CPR-nummer: 010190-xxxx<",
        "Muligt CVR-nummer: 1234xxxx<",
        "Steder: Aarhus, Struer<",
    ):
        assert f"<li>{line}" in page
    assert "Han er CPR 010190-xxxx, firmaet CVR 12 34 xx xx, tlf. 01 23 45 67" in page
    assert "De sidste cifre i CPR- og CVR-numre er skjult." in page
    without_the_form = re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)  # what one typed is sent again
    assert "010190-1234" not in without_the_form
    assert not re.search("12 ?34 ?56 ?78", without_the_form)


@pytest.mark.parametrize(
    ("language", "said"),
    [("da", "30.000 kr., 1.200-2.500 kr., 99,50 EUR"), ("en", "30,000 DKK, 1,200-2,500 DKK, 99.50 EUR")],
)
def test_amounts_are_written_as_people_write_them(language, said):
    words = words_in(language)
    entities = find_entities("Han skylder 30.000 kr. og betaler 1200-2500 kr. om ugen og 99,50 euro for mad.")
    assert dict(details.listed(entities, words))[words["entity_price"]] == said


def test_of_a_text_without_register_numbers_nothing_is_said_to_be_hidden(logged_in):
    assert "er skjult" not in logged_in.post("/", data={"text": NOTE, "kind": "note"}).text


def test_static_files_are_only_those(client):
    assert client.get("/static/tegn.css").headers["content-type"].startswith("text/css")
    assert client.get("/static/..%2f..%2fwords.toml").status_code == 404
