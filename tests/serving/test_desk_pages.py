"""The pages of the queue and of one text, as forms without script send them."""

import html
import json
import logging
import re
import time

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from serving.desk import intake
from serving.desk.cases import open_box, unseal_text
from serving.store.desk import Case, Mark, Suggestion, Text
from serving.store.ledger import user
from serving.store.masterkey import MasterKey
from serving.store.tables import Switch
from serving.store.vault import Vault

TEXT = (
    "😀 Manden skylder 30.000 kr. for rejsen til den der kørte bilen. "
    "Han har ingen gæld til nogen andre <script>alert(1)</script>."
)
CANARY = "Kanariefugl-7731"


@pytest.fixture
def put(app, client):
    """Stores a text and waits until the model has read it."""

    def put(text: str = TEXT, reference: str = "J.nr. 5", title: str = "", **switches: str) -> int:
        ledger = app.state.ledger
        with ledger.acting("system") as act:
            for name, value in {"blind_share": "0", "second_share": "0", **switches}.items():
                act.db.merge(Switch(name=name, value=value, changed=act.now))
        items = [intake.Item(text, title)]
        (number,) = intake.submit(ledger, items, kind="note", by=1, actor=user(1), reference=reference, keep_days=9).new
        for _ in range(600):
            with ledger.reading() as db:
                if db.get(Text, number).stage != "new":
                    return number
            time.sleep(0.05)
        raise AssertionError("the text was not tagged")

    return put


def _person(app, name: str, role: str = "analyst") -> TestClient:
    """A browser of somebody else."""
    other = TestClient(app, base_url="http://127.0.0.1:3000", follow_redirects=True)
    other.post(f"/login/{app.state.access.add_user(name, role)}", follow_redirects=False)
    return other


def _post(client, path: str, **fields: object):
    return client.post(path, data={key: str(value) for key, value in fields.items()}, follow_redirects=False)


def _version(page) -> str:
    return re.search(r'name="version" value="(\d+)"', page.text)[1]


def _mark(client, number: int, **fields: object):
    version = _version(client.get(f"/texts/{number}"))
    return _post(client, f"/texts/{number}/marks", **{"version": version, **fields})


def test_the_whole_way_of_a_text(logged_in, put):
    number = put()
    queue = logged_in.get("/queue")
    assert f'href="/texts/{number}"' in queue.text
    taken = _post(logged_in, "/queue/next", stage="first", order="priority")
    assert taken.headers["location"] == f"/texts/{number}"
    page = logged_in.get(f"/texts/{number}")
    assert "Mangler dit valg" in page.text
    assert "siger intet om et menneske." in page.text  # what the priority is made of
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text
    early = _post(logged_in, f"/texts/{number}/finish", version=0, outcome="refer", note="En note", for_training=1)
    assert early.status_code == 422
    assert "En note" in early.text
    assert 'value="refer" checked' in early.text
    kept = _mark(logged_in, number, code="debt_bondage", verdict="accept")
    assert (kept.status_code, kept.headers["location"]) == (303, f"/texts/{number}#sign-debt_bondage")
    for finding in re.findall(r'data-code="(\w+)"', logged_in.get(f"/texts/{number}").text):
        _mark(logged_in, number, code=finding, verdict="accept")
    version = _version(logged_in.get(f"/texts/{number}"))
    done = _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer", note="En note")
    assert done.headers["location"] == "/queue?done=done"
    assert "teksten er færdig" in logged_in.get("/queue?done=done").text
    after = logged_in.get(f"/texts/{number}")
    assert "En note" in after.text
    assert "Henvis" in after.text
    assert "/marks" not in after.text


def test_words_are_found_in_the_text_or_the_page_says_so_and_keeps_them(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    wrong = _mark(logged_in, number, code="violence", verdict="add", state="denied", words="slog ham\nikke")
    assert wrong.status_code == 422
    assert re.search(r'<a href="#words">[^<]*findes ikke i teksten', wrong.text)
    assert re.search(r'id="words-error">.*findes ikke i teksten', wrong.text)
    assert re.search(r'<textarea[^>]* id="words"[^>]*aria-describedby="[^"]*words-error"', wrong.text)
    assert "slog ham\nikke</textarea>" in wrong.text
    assert re.search(r'<option value="violence" selected>', wrong.text)
    right = _mark(logged_in, number, code="violence", verdict="add", state="denied", words=" ingen gæld \r\ntil nogen")
    assert right.status_code == 303
    page = logged_in.get(f"/texts/{number}").text
    assert "»ingen gæld«" in page
    assert "»til nogen«" in page


@pytest.mark.parametrize(
    ("spans", "words", "quote"),
    [
        ("[[2, 8]]", "Manden", "Manden"),
        ("[[0, 1]]", "😀", "😀"),
        ("[[0, 1]]", "Manden", "Manden"),  # typed after something else was chosen
        ("[[2, 8], [9, 16]]", "Manden\nskylder", "skylder"),
    ],
)
def test_chosen_places_are_code_points_and_typed_words_count_more(logged_in, put, spans, words, quote):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    kept = _mark(logged_in, number, code="violence", verdict="add", state="stated", spans=spans, words=words)
    assert kept.status_code == 303
    assert f"»{quote}«" in logged_in.get(f"/texts/{number}").text


@pytest.mark.parametrize("spans", ["x", "[1]", "[[1]]", '[["a", "b"]]', "[[true, 2]]", "[[1, 2.5]]", "{}", "[[1,2,3]]"])
def test_places_that_are_none_are_refused(logged_in, put, spans):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    assert _mark(logged_in, number, code="violence", verdict="add", state="stated", spans=spans).status_code == 422


@pytest.mark.parametrize(("language", "heading"), [("da", "Det kan Tegn ikke vide"), ("en", "What Tegn cannot know")])
def test_what_tegn_cannot_know_stands_under_its_heading(logged_in, put, language, heading):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}?lang={language}").text
    assert re.search(
        rf"<h2[^>]*>{heading}</h2>\n<ul><li>[^<]+</li><li>[^<]+</li></ul>\n<p class=\"hint\">Model: [^<]*</p>", page
    )


@pytest.mark.parametrize(("field", "fields"), [("state", {"code": "violence"}), ("code", {"state": "stated"})])
def test_what_was_not_chosen_is_told_at_its_field(logged_in, put, field, fields):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    page = _mark(logged_in, number, verdict="add", words="Manden", **fields)
    assert page.status_code == 422
    assert f'<a href="#{field}">' in page.text
    assert f'id="{field}-error"' in page.text


def test_without_script_correcting_words_begins_with_those_suggested_and_no_state(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    assert '<option value="" selected>Vælg</option>' in page  # what the text says of it
    item = re.search(r'<article id="sign-debt_bondage".*?</article>', page, re.DOTALL)[0]
    quotes = re.findall(r"»([^«]+)«</a>", item)
    assert quotes
    form = logged_in.get(f"/texts/{number}?mark=debt_bondage").text
    assert "\n".join(quotes) + "</textarea>" in form
    assert '<option value="debt_bondage" selected>' in form
    assert '<option value="" selected>Vælg</option>' in form
    _post(logged_in, f"/texts/{number}/draft", part="mark", code="debt_bondage", words="for rejsen")
    assert "for rejsen</textarea>" in logged_in.get(f"/texts/{number}?mark=debt_bondage").text


def test_others_learn_who_has_a_text_and_read_it_with_a_reason_only(logged_in, app, put):
    number = put(f"{CANARY} {TEXT}")
    _post(logged_in, f"/texts/{number}/take")
    bo = _person(app, "Bo")
    page = bo.get(f"/texts/{number}")
    assert "Er det nødvendigt at overtage teksten nu?" in page.text
    assert "Anna har teksten og mister den, hvis du overtager den." in page.text
    assert CANARY not in page.text
    held = bo.post(f"/texts/{number}/take")
    assert held.status_code == 409
    assert CANARY not in held.text
    unsaid = bo.post(f"/texts/{number}/look")
    assert unsaid.status_code == 422
    assert re.search(r'id="emergency-error">.*Vælg en grund', unsaid.text)
    assert bo.post(f"/texts/{number}/look", data={"emergency": "curious"}).status_code == 422
    seen = bo.post(f"/texts/{number}/look", data={"emergency": "deadline"})
    assert CANARY in seen.text
    assert "/marks" not in seen.text
    assert (
        bo.post(f"/texts/{number}/marks", data={"version": "0", "code": "threats", "verdict": "add"}).status_code == 409
    )
    bo.post(f"/texts/{number}/take", data={"emergency": "danger"})
    lost = _post(logged_in, f"/texts/{number}/marks", version=0, code="debt_bondage", verdict="accept")
    assert lost.status_code == 409
    assert "Du har ikke teksten mere" in lost.text
    typed = _post(
        logged_in, f"/texts/{number}/finish", version=0, outcome="wait", note="En lang note, der ikke må tabes"
    )
    assert typed.status_code == 409
    assert "En lang note, der ikke må tabes" in typed.text
    assert CANARY not in lost.text


def test_a_page_from_before_a_change_changes_nothing_and_says_so(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    assert _mark(logged_in, number, code="debt_bondage", verdict="accept").status_code == 303
    for path, fields in (
        ("marks", {"code": "debt_bondage", "verdict": "reject", "reason": "lawful"}),
        ("undo", {}),
        ("finish", {"outcome": "wait"}),
    ):
        for version in ("0", "", "x", "9" * 30):
            page = _post(logged_in, f"/texts/{number}/{path}", version=version, **fields)
            assert page.status_code == 409
            assert "i et andet vindue" in page.text
    assert "godkendt" in logged_in.get(f"/texts/{number}").text


def test_undo_and_give_back(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    _mark(logged_in, number, code="debt_bondage", verdict="reject", reason="lawful")
    assert "afvist, det er lovligt" in html.unescape(logged_in.get(f"/texts/{number}").text)
    undone = _post(logged_in, f"/texts/{number}/undo", version=_version(logged_in.get(f"/texts/{number}")))
    page = html.unescape(logged_in.get(undone.headers["location"]).text)
    assert re.search(r'role="status"[^>]*>Fortrudt: »Gæld til bagmand[^<]*: afvist, det er lovligt[^<«]*«\.', page)
    assert "(fortrudt)" in page
    for other in ("999", "x", ""):
        assert ">Fortrudt" not in logged_in.get(f"/texts/{number}?undone={other}").text
    empty = _post(logged_in, f"/texts/{number}/undo", version=_version(logged_in.get(f"/texts/{number}")))
    assert empty.status_code == 422
    assert _post(logged_in, f"/texts/{number}/back").headers["location"] == "/queue"
    assert "Tag teksten" in logged_in.get(f"/texts/{number}").text


def _numbers(page: str) -> dict[str, int]:
    return {code: int(n) for code, n in re.findall(r'id="name-(\w+)"><span class="badge">(\d+)</span>', page)}


def test_an_added_sign_can_be_removed_and_the_others_keep_their_numbers(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    before = _numbers(logged_in.get(f"/texts/{number}").text)
    assert before
    for code in ("threats", "deceptive_recruitment", "violence"):
        _mark(logged_in, number, code=code, verdict="add", state="stated", words="Manden")
    added = logged_in.get(f"/texts/{number}")
    most = max(before.values())
    new = [x for x in _numbers(added.text) if x not in before]
    assert _numbers(added.text) == before | {code: most + place for place, code in enumerate(new, start=1)}
    assert len(new) >= 2
    assert added.text.count(f'action="/texts/{number}/remove"') == len(new)
    gone = _post(logged_in, f"/texts/{number}/remove", version=_version(added), code=new[0])
    assert gone.headers["location"].endswith(f"#sign-{new[0]}")
    page = logged_in.get(gone.headers["location"]).text
    assert "Fortrudt: »" in page
    assert _numbers(page) == {x: n for x, n in _numbers(added.text).items() if x != new[0]}
    assert f'href="#sign-{new[1]}"' in page  # the number in the text leads to its sign
    refused = _post(logged_in, f"/texts/{number}/remove", version=_version(logged_in.get(f"/texts/{number}")), code="x")
    assert refused.status_code == 422
    assert "du selv har tilføjet" in refused.text


def test_a_blind_text_shows_no_suggestion_anywhere_before_the_reader_asks(logged_in, put):
    number = put(blind_share="100")
    assert "læses først uden forslag" in logged_in.get("/queue").text
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    assert "<mark" not in page
    assert "sandsynlighed" not in page
    assert _post(logged_in, f"/texts/{number}/finish", version=0, outcome="wait").status_code == 422
    asked = _post(logged_in, f"/texts/{number}/show")
    page = logged_in.get(asked.headers["location"]).text
    assert "Du har ikke markeret noget. Vis forslag alligevel?" in page
    assert "sandsynlighed" not in page
    assert _post(logged_in, f"/texts/{number}/show", sure=1).headers["location"] == f"/texts/{number}"
    assert "sandsynlighed" in logged_in.get(f"/texts/{number}").text


def test_who_marked_something_before_the_suggestions_is_not_asked(logged_in, put):
    number = put(blind_share="100")
    _post(logged_in, f"/texts/{number}/take")
    _mark(logged_in, number, code="violence", verdict="add", state="stated", words="Manden")
    assert "Vis forslag alligevel" not in logged_in.get(f"/texts/{number}?ask=show").text
    _post(logged_in, f"/texts/{number}/show")
    assert "sandsynlighed" in logged_in.get(f"/texts/{number}").text


@pytest.mark.parametrize("why", ["blind", "stopped"])
def test_without_suggestions_the_page_says_nothing_of_them(logged_in, put, app, why):
    number = put(blind_share="100" if why == "blind" else "0")
    if why == "stopped":
        with app.state.ledger.acting("system") as act:
            act.db.merge(Switch(name="suggestions", value="off", changed=act.now))
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    for untrue in ("Ingen tegn her", "»Foreslået«", "Du har taget stilling til alt"):
        assert untrue not in page
    for said in ("Du har ikke markeret noget endnu", "Markér selv det, du ser"):
        assert said in page
    assert ("Der er ingen forslag, du skal tage stilling til" in page) == (why == "stopped")
    _mark(logged_in, number, code="violence", verdict="add", state="stated", words="Manden")
    page = logged_in.get(f"/texts/{number}").text
    assert "»Foreslået«" not in page
    assert "Du har taget stilling til alt" not in page


def test_the_stop_switch_takes_suggestions_off_the_page(logged_in, put, app):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    assert "sandsynlighed" in logged_in.get(f"/texts/{number}").text
    with app.state.ledger.acting("system") as act:
        act.db.merge(Switch(name="suggestions", value="off", changed=act.now))
    page = logged_in.get(f"/texts/{number}").text
    assert "sandsynlighed" not in page
    assert "Forslag er slået fra" in page


def test_two_readers_and_the_one_who_settles(logged_in, app, put):
    number = put(second_share="100")
    _post(logged_in, f"/texts/{number}/take")
    codes = re.findall(r'data-code="(\w+)"', logged_in.get(f"/texts/{number}").text)
    for code in codes:
        _mark(logged_in, number, code=code, verdict="accept")
    version = _version(logged_in.get(f"/texts/{number}"))
    assert (
        _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer").headers["location"]
        == "/queue?done=second"
    )
    again = _post(logged_in, f"/texts/{number}/take")
    assert again.status_code == 409
    bo = _person(app, "Bo")
    _post(bo, f"/texts/{number}/take")
    assert "Anna" not in bo.get(f"/texts/{number}").text
    for code in codes:
        _mark(bo, number, code=code, verdict="reject", reason="lawful")
    version = _version(bo.get(f"/texts/{number}"))
    assert (
        _post(bo, f"/texts/{number}/finish", version=version, outcome="wait").headers["location"]
        == "/queue?done=adjudication"
    )
    lis = _person(app, "Lis", "lead")
    assert f'href="/texts/{number}"' in lis.get("/queue?stage=adjudication").text
    _post(lis, f"/texts/{number}/take")
    page = lis.get(f"/texts/{number}").text
    assert "<strong>Anna</strong> (første læser): godkendt" in page
    assert "<strong>Bo</strong> (anden læser): afvist" in page
    for code in codes:
        _mark(lis, number, code=code, verdict="accept")
    version = _version(lis.get(f"/texts/{number}"))
    assert (
        _post(lis, f"/texts/{number}/finish", version=version, outcome="refer").headers["location"]
        == "/queue?done=done"
    )
    assert "<strong>Bo</strong>" in lis.get(f"/texts/{number}").text


def _hand_in(browser, number: int, outcome: str, note: str = "", verdict: str = "accept") -> str:
    """Decide everything that is suggested alike, and hand in; tells where it went."""
    _post(browser, f"/texts/{number}/take")
    for code in re.findall(r'data-code="(\w+)"', browser.get(f"/texts/{number}").text):
        _mark(browser, number, code=code, verdict=verdict, reason="lawful")
    version = _version(browser.get(f"/texts/{number}/finish"))
    done = _post(browser, f"/texts/{number}/finish", version=version, outcome=outcome, note=note)
    return done.headers["location"]


def _main(page) -> str:
    """What a page says in its middle, as plain text."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", page.text.partition("<main")[2])).split())


def test_a_lead_sees_which_outcomes_differ_and_who_said_what_before_handing_in(logged_in, app, put):
    number = put(second_share="100")
    assert _hand_in(logged_in, number, "refer", "Annas note") == "/queue?done=second"
    bo, lis = _person(app, "Bo"), _person(app, "Lis", "lead")
    _post(bo, f"/texts/{number}/take")
    for address in ("", "/finish"):
        assert "Annas note" not in bo.get(f"/texts/{number}{address}").text
    assert _hand_in(bo, number, "not_relevant", "Bos note") == "/queue?done=adjudication"
    _post(lis, f"/texts/{number}/take")
    for address in ("", "/finish"):
        said = _main(lis.get(f"/texts/{number}{address}"))
        assert "Derfor er teksten hos dig Læserne er ikke enige om, hvad der skal ske. Hvad læserne sagde" in said
        assert re.search(r"Anna \(første læser, [^)]*\): Henvis\. Note: Annas note", said)
        assert re.search(r"Bo \(anden læser, [^)]*\): Ikke relevant\. Note: Bos note", said)
        assert "Læserne siger ikke det samme om" not in said
        assert "Du har taget stilling til alt" not in said
    text = lis.get(f"/texts/{number}").text
    assert text.index("Annas note") < text.index('id="text"')  # above the text
    assert "Dine valg Der er ingen tegn at afgøre: de to læsere siger det samme." in said


def test_a_lead_is_told_which_signs_differ_and_how_many_whoever_named_them(logged_in, app, put):
    number = put(second_share="100")
    _post(logged_in, f"/texts/{number}/take")
    _mark(logged_in, number, code="violence", verdict="add", state="denied", words="ingen gæld")
    suggested = re.findall(r'data-code="(\w+)"', logged_in.get(f"/texts/{number}").text)
    for code in set(suggested) - {"violence"}:
        _mark(logged_in, number, code=code, verdict="accept")
    version = _version(logged_in.get(f"/texts/{number}"))
    _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer")
    bo, lis = _person(app, "Bo"), _person(app, "Lis", "lead")
    assert _hand_in(bo, number, "refer") == "/queue?done=adjudication"
    _post(lis, f"/texts/{number}/take")
    said = _main(lis.get(f"/texts/{number}"))
    assert re.search(r"Læserne siger ikke det samme om: [^,.]*[Vv]old[^,.]*\.", said)
    assert "Læserne er ikke enige om, hvad der skal ske" not in said
    assert "Du mangler at tage stilling til 1 tegn." in said
    refused = lis.post(f"/texts/{number}/finish", data={"version": "0", "outcome": "refer"})
    assert "Du mangler at tage stilling til 1 tegn." in _main(refused)


def _stop(app) -> None:
    with app.state.ledger.acting("system") as act:
        act.db.merge(Switch(name="suggestions", value="off", changed=act.now))


def test_the_stop_switch_hides_nothing_that_people_decided(logged_in, app, put):
    number = put(second_share="100")
    page = _post(logged_in, f"/texts/{number}/take") and logged_in.get(f"/texts/{number}")
    codes = re.findall(r'data-code="(\w+)"', page.text)
    assert "debt_bondage" in codes
    for code in set(codes) - {"debt_bondage"}:
        _mark(logged_in, number, code=code, verdict="reject", reason="lawful")
    words = {"state": "stated", "words": "skylder 30.000"}
    _mark(logged_in, number, code="debt_bondage", verdict="correct", **words)
    _mark(logged_in, number, code="violence", verdict="add", state="denied", words="ingen gæld")
    version = _version(logged_in.get(f"/texts/{number}"))
    _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer")
    bo, lis = _person(app, "Bo"), _person(app, "Lis", "lead")
    assert _hand_in(bo, number, "refer", verdict="reject") == "/queue?done=adjudication"
    _stop(app)
    _post(lis, f"/texts/{number}/take")
    page = lis.get(f"/texts/{number}").text
    assert re.findall(r'data-code="(\w+)"', page)
    assert "»skylder 30.000«" in page
    assert "sandsynlighed" not in page
    for code in ("violence", "debt_bondage"):
        kept = _mark(lis, number, code=code, verdict="first")
        assert kept.status_code == 303
    for code in set(codes) - {"debt_bondage"}:  # nothing is offered that would be refused
        card = page.partition(f'id="sign-{code}"')[2].partition("</article>")[0]
        assert card
        assert 'value="reject"' not in card
    version = _version(lis.get(f"/texts/{number}"))
    assert _post(lis, f"/texts/{number}/finish", version=version, outcome="refer").status_code == 303
    for who in (logged_in, bo, lis, _person(app, "Ida", "lead")):
        page = who.get(f"/texts/{number}").text
        assert ">skylder 30.000</mark>" in page
        assert ">ingen gæld</mark>" in page
        assert re.search(r"<strong>\w+</strong> \([^)]*\): rettet", page) or who is logged_in
        assert "sandsynlighed" not in page
        assert set(re.findall(r'data-code="(\w+)"', page)) == {*codes, "violence"}


def test_a_text_that_is_done_shows_what_was_decided_by_whom_and_nothing_else(logged_in, app, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    assert "Mulige tegn at tage stilling til" in page
    assert '<span class="on-paper"> Anna:</span>' not in page
    for code in re.findall(r'data-code="(\w+)"', page):
        _mark(logged_in, number, code=code, verdict="reject", reason="lawful")
    _mark(logged_in, number, code="debt_bondage", verdict="correct", state="stated", words="skylder 30.000")
    _mark(logged_in, number, code="violence", verdict="add", state="denied", words="ingen gæld")
    assert '<span class="on-paper"> Anna:</span>' in logged_in.get(f"/texts/{number}").text
    version = _version(logged_in.get(f"/texts/{number}"))
    _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer")
    lead = _person(app, "Ida", "lead")
    for who in (logged_in, lead):
        page = who.get(f"/texts/{number}").text
        assert "Det har læserne valgt" in page
        assert "tegn at tage stilling til" not in page
        marked = [(said, "unstated" in kind) for kind, said in re.findall(r'<mark class="([^"]*)"[^>]*>([^<]*)', page)]
        assert marked == [("skylder 30.000", False), ("ingen gæld", True)]
        assert re.search(r'class="number unstated"[^>]*title="[^"]*: benægtet eller udelukket"', page)
        assert "Anna (første læser): rettet, oplyst i sagen" in _main(who.get(f"/texts/{number}"))
        assert "Dit valg" not in page
        assert "Læsernes valg" not in page  # one reader's word is all there is


def test_of_a_text_that_was_settled_the_page_shows_what_stands_in_the_end(logged_in, app, put):
    number = put(second_share="100")
    _hand_in(logged_in, number, "refer")
    bo, lis = _person(app, "Bo"), _person(app, "Lis", "lead")
    assert _hand_in(bo, number, "refer", verdict="reject") == "/queue?done=adjudication"
    _post(lis, f"/texts/{number}/take")
    for code in re.findall(r'data-code="(\w+)"', lis.get(f"/texts/{number}").text):
        _mark(lis, number, code=code, verdict="second")
    _mark(lis, number, code="debt_bondage", verdict="correct", state="stated", words="skylder")
    version = _version(lis.get(f"/texts/{number}"))
    assert _post(lis, f"/texts/{number}/finish", version=version, outcome="refer").status_code == 303
    for who in (logged_in, bo, lis, _person(app, "Ida", "lead")):
        assert re.findall(r"<mark[^>]*>([^<]*)", who.get(f"/texts/{number}").text) == ["skylder"]
        said = _main(who.get(f"/texts/{number}"))
        assert "Læsernes valg rettet, oplyst i sagen" in said
        assert "Anna (første læser): godkendt" in said
        assert "Lis (leder, der afgør uenighed): rettet" in said


def test_nobody_is_said_to_have_rejected_what_they_did_not_mark(logged_in, app, put):
    number = put(second_share="100")
    _post(logged_in, f"/texts/{number}/take")
    _mark(logged_in, number, code="violence", verdict="add", state="stated", words="ingen gæld")
    _hand_in(logged_in, number, "refer")
    bo, lis = _person(app, "Bo"), _person(app, "Lis", "lead")
    assert _hand_in(bo, number, "refer") == "/queue?done=adjudication"
    _post(lis, f"/texts/{number}/take")
    card = lis.get(f"/texts/{number}").text.partition('id="sign-violence"')[2].partition("</article>")[0]
    assert 'value="first"' in card
    assert 'value="second"' not in card
    refused = _mark(lis, number, code="violence", verdict="second")
    assert refused.status_code == 422
    assert "Vælg en grund til at afvise" in refused.text
    assert _mark(lis, number, code="violence", verdict="reject", reason="not_in_text").status_code == 303


def test_the_list_of_texts_that_are_done_calls_an_outcome_an_outcome(logged_in, put):
    number = put()
    assert "Tekstens prioritet" in logged_in.get("/queue").text
    _hand_in(logged_in, number, "refer")
    page = logged_in.get("/queue?stage=done").text
    assert 'data-title="Beslutning">Henvis</td>' in page
    assert '<th scope="col" role="columnheader">Beslutning</th>' in page
    assert "Tekstens prioritet" not in page


def test_without_script_a_draft_is_saved_by_its_button_and_shown_on_return(logged_in, app, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    saved = _post(
        logged_in, f"/texts/{number}/draft", part="finish", version=7, note=f"{CANARY}\r\nmere", outcome="wait"
    )
    assert (saved.status_code, saved.headers["location"]) == (303, f"/texts/{number}/finish")
    page = logged_in.get(f"/texts/{number}/finish").text
    assert f"{CANARY}\nmere</textarea>" in page.replace("\r", "")
    assert 'value="wait" checked' in page
    assert re.search(r'role="status">Kladde gemt <time datetime="[^"]+">kl\. \d\d\.\d\d</time></p>', page)
    assert f'formaction="/texts/{number}/draft"' in page
    words = _post(logged_in, f"/texts/{number}/draft", part="mark", code="violence", state="denied", words="ingen gæld")
    assert words.headers["location"] == f"/texts/{number}#mark"
    _post(logged_in, f"/texts/{number}/draft", part="reject-debt_bondage", reason="lawful")
    page = logged_in.get(f"/texts/{number}").text
    assert "ingen gæld</textarea>" in page
    assert '<option value="violence" selected>' in page
    assert '<option value="denied" selected>' in page
    assert '<option value="lawful" selected>' in page
    assert "Mangler dit valg" in page  # a reason that is kept decides nothing
    # A mark that is refused for something else leaves what was typed.
    refused = _post(
        logged_in, f"/texts/{number}/marks", version=99, code="debt_bondage", verdict="reject", reason="other"
    )
    assert refused.status_code == 409
    assert "ingen gæld</textarea>" in refused.text
    assert '<option value="other" selected>' in refused.text
    # Somebody else sees nothing of it, nor can they keep anything.
    bo = _person(app, "Bo")
    assert CANARY not in bo.post(f"/texts/{number}/look", data={"emergency": "danger"}).text
    theirs = _post(bo, f"/texts/{number}/draft", part="finish", note="Bos note")
    assert theirs.status_code == 409
    assert "Bos note" in theirs.text
    # Once it is sent it is gone.
    for code in re.findall(r'data-code="(\w+)"', page):
        _mark(logged_in, number, code=code, verdict="accept")
    _mark(logged_in, number, code="violence", verdict="add", state="denied", words="ingen gæld")
    assert "Kladde gemt" not in logged_in.get(f"/texts/{number}").text
    version = _version(logged_in.get(f"/texts/{number}"))
    _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer", note="Sendt")
    assert CANARY not in logged_in.get(f"/texts/{number}").text


def test_the_script_is_told_when_a_draft_was_saved_or_that_it_was_not(logged_in, app, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")

    def save(browser, **fields: str):
        headers = {"Accept": "application/json"}
        return browser.post(f"/texts/{number}/draft", data=fields, headers=headers, follow_redirects=False)

    assert re.fullmatch(r"Kladde gemt kl\. \d\d\.\d\d", save(logged_in, part="finish", note="x").json()["said"])
    assert save(logged_in, part="finish", note=" ").json() == {"said": ""}
    theirs = save(_person(app, "Bo"), part="finish", note="x")
    assert theirs.status_code == 409
    assert "Kladden er ikke gemt" in theirs.json()["said"]
    assert save(logged_in, part="none", note="x").status_code == 400
    assert save(logged_in, part="finish", note="x" * 20_001).status_code == 400
    cross = logged_in.post(f"/texts/{number}/draft", data={"part": "finish"}, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403


def test_a_draft_is_in_no_log_or_address(logged_in, put, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    caplog.set_level(logging.DEBUG)
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    answer = _post(logged_in, f"/texts/{number}/draft", part="finish", note=CANARY)
    assert CANARY not in f"{answer.url} {answer.headers} {caplog.text}"
    assert "/texts/{number}/draft" in caplog.text


def test_words_that_are_only_named_are_marked_with_their_place_filled_in_and_nothing_chosen(logged_in, put):
    number = put()
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    links = re.findall(r'href="/texts/\d+(\?mark=(\w+)&amp;from=(\d+)&amp;to=(\d+)#mark)"', page)
    assert links, "the text denies something"
    address, code, start, end = links[0]
    form = logged_in.get(f"/texts/{number}{html.unescape(address)}").text
    quote = TEXT[int(start) : int(end)]
    assert f"{html.escape(quote)}</textarea>" in form
    assert f'<option value="{code}" selected>' in form
    assert f'name="spans" value="[[{start}, {end}]]"' in form
    assert '<option value="" selected>Vælg</option>' in form  # what the text says of it
    without = _mark(logged_in, number, code=code, verdict="add", spans=f"[[{start}, {end}]]", words=quote, state="")
    assert without.status_code == 422
    kept = _mark(logged_in, number, code=code, verdict="add", spans=f"[[{start}, {end}]]", words=quote, state="denied")
    assert kept.status_code == 303
    for wrong in ("from=5&to=5", "from=x&to=9", f"from=0&to={len(TEXT) + 1}", "from=9&to=3", "to=9", "from=-1&to=4"):
        assert 'name="spans" value=""' in logged_in.get(f"/texts/{number}?mark=violence&{wrong}").text


NUMBERED = "😀 Manden skylder 30.000 kr. for rejsen, cpr. 01.01.90-1234, til den der kørte bilen, CVR 12 34 56 78."


def test_numbers_of_persons_and_firms_are_masked_on_every_page(logged_in, app, put):
    """What is stored stays as it was received."""
    number = put(NUMBERED, reference="Sag 010190-1234", title="notat_010190-1234.docx")
    pages = [logged_in.get(f"/texts/{number}").text]
    _post(logged_in, f"/texts/{number}/take")
    places = json.dumps([[2, len(NUMBERED) - 1]])
    for code in ("violence", "threats"):
        kept = _mark(logged_in, number, code=code, verdict="add", state="stated", spans=places, words=NUMBERED[2:-1])
        assert kept.status_code == 303
    paths = (
        f"/texts/{number}",
        f"/texts/{number}?mark=violence",
        f"/texts/{number}?from=2&to={len(NUMBERED)}",
        "/queue?mine=1",
    )
    pages += [logged_in.get(path).text for path in (*paths, f"/texts/{number}/finish", "/cases/1", "/links")]
    for code in re.findall(r'data-code="(\w+)"', pages[1]):
        _mark(logged_in, number, code=code, verdict="accept")
    version = _version(logged_in.get(f"/texts/{number}"))
    note = "Samme som 010190 1234"
    assert _post(logged_in, f"/texts/{number}/finish", version=version, outcome="refer", note=note).status_code == 303
    pages += [logged_in.get(path).text for path in (f"/texts/{number}", "/queue?stage=done")]
    lead = _person(app, "Bo", "lead")
    pages += [
        lead.get(path).text for path in (f"/texts/{number}", "/cases/1", "/cases/1/erase", "/oversight", "/audit")
    ]
    for page in pages:
        assert not re.search(r"90[- ]?1234|12 ?34 ?56 ?78", page)
    assert "cpr. 01.01.90-xxxx, til den der kørte bilen, CVR 12 34 xx xx" in pages[1]
    assert "»Manden skylder 30.000 kr. for rejsen, cpr. 01.01.90-xxxx" in pages[1]
    assert "De sidste cifre i CPR- og CVR-numre er skjult." in pages[1]
    assert "notat_010190-xxxx.docx" in pages[1]
    assert "Sag 010190-xxxx" in pages[1]
    assert "Samme som 010190 xxxx" in pages[8]
    with app.state.ledger.reading() as db:
        text = db.get(Text, number)
        assert (
            unseal_text(open_box(app.state.ledger.vault, db.get(Case, text.case_id)), text, "sealed_text") == NUMBERED
        )


@pytest.mark.parametrize(
    ("spans", "words", "start", "end"),
    [
        ("[[45, 58]]", "01.01.90-xxxx", 45, 58),  # chosen on the page
        ("", "cpr. 01.01.90-xxxx", 40, 58),  # copied from the page
        ("", "01.01.90-1234", 45, 58),  # from what one has oneself
    ],
)
def test_words_with_a_number_are_marked_as_they_are_shown_and_as_they_are(
    logged_in, app, put, spans, words, start, end
):
    number = put(NUMBERED)
    _post(logged_in, f"/texts/{number}/take")
    kept = _mark(logged_in, number, code="violence", verdict="add", state="stated", spans=spans, words=words)
    assert kept.status_code == 303
    with app.state.ledger.reading() as db:
        (mark,) = db.scalars(sa.select(Mark))
    assert json.loads(mark.spans) == [[start, end]]


@pytest.mark.parametrize("number", ["0", "999", "x", "-1", "٣", "9" * 40, "999/finish"])
def test_what_is_not_there_is_not_there(logged_in, number):
    assert logged_in.get(f"/texts/{number}").status_code == 404


_QUERIES = (
    "stage=king", "order=sqlite_master", "page=0", "page=x", "page=" + "9" * 50, "least=9", "mine=yes", "kind=%00",
    "stage=done&order=sample&least=medium&page=3",
)  # fmt: skip


@pytest.mark.parametrize("query", _QUERIES)
def test_a_list_that_cannot_be_is_the_usual_list(logged_in, query):
    assert logged_in.get(f"/queue?{query}").status_code == 200


def test_a_text_is_in_no_log_address_or_header(logged_in, put, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    caplog.set_level(logging.DEBUG)
    number = put(f"{CANARY} {TEXT}")
    answers = [_post(logged_in, f"/texts/{number}/take"), logged_in.get(f"/texts/{number}")]
    assert CANARY in answers[-1].text
    answers.append(_mark(logged_in, number, code="threats", verdict="add", state="stated", words=CANARY))
    answers.append(_mark(logged_in, number, code="threats", verdict="add", state="nonsense", words=CANARY))
    for answer in answers:
        assert CANARY not in f"{answer.url} {answer.headers}"
    assert CANARY not in caplog.text
    assert "/texts/{number}/marks" in caplog.text


def test_the_audit_log_tells_no_decision_before_a_text_is_done(logged_in, app, put):
    number = put(second_share="100")
    _post(logged_in, f"/texts/{number}/take")
    codes = re.findall(r'data-code="(\w+)"', logged_in.get(f"/texts/{number}").text)
    for code in codes:
        _mark(logged_in, number, code=code, verdict="accept")
    lis = _person(app, "Lis", "lead")
    page = lis.get(f"/audit?about=text&number={number}").text
    assert page.count("vises, når teksten er færdig") == len(codes) + 1  # and what the model said of its place
    assert "godkendte forslaget" not in page
    with app.state.ledger.acting("system") as act:
        act.db.get(Text, number).stage = "done"
    page = lis.get(f"/audit?about=text&number={number}").text
    assert "godkendte forslaget" in page
    assert "vises, når teksten er færdig" not in page


def test_of_a_text_that_the_model_could_not_read_no_priority_is_told(logged_in, app, put):
    number = put("The man said that he owes money to his boss and cannot leave the house at night.")
    put()
    assert logged_in.get("/queue").text.count("ikke læst af Tegn") == 1
    _post(logged_in, f"/texts/{number}/take")
    for without in ("an answer that says something", "an answer"):
        if without == "an answer":
            with app.state.ledger.acting("system") as act:
                act.db.execute(sa.delete(Suggestion).where(Suggestion.text_id == number))
        page = _main(logged_in.get(f"/texts/{number}"))
        assert "Tekstens prioritet: ukendt" in page, without
        assert "læs den selv" in page, without
        assert "Intet tegn er foreslået" not in page, without
        mine = logged_in.get("/queue?mine=1").text
        assert "ikke læst af Tegn" in mine, without
        assert 'class="level' not in mine, without


def _spoil(app, number: int, **values: object) -> None:
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == number).values(**values))


def test_a_text_that_cannot_be_opened_is_told_plainly_and_the_next_one_comes(logged_in, app, put):
    bad, good = put(), put(f"En anden tekst. {TEXT}")
    assert logged_in.post(f"/texts/{bad}/take").status_code == 200
    _spoil(app, bad, sealed_text=b"\x01" * 60)
    answer = logged_in.get(f"/texts/{bad}")
    page = html.unescape(answer.text)
    assert answer.status_code == 409
    for said in (
        "Teksten kan ikke åbnes",
        "ændret eller flyttet",
        "Dine markeringer er gemt",
        f"tekst {bad} skal hentes fra en sikkerhedskopi",
    ):
        assert said in page, said
    ledger = app.state.ledger
    (entry,) = ledger.entries(act="document.unreadable")
    assert (entry.actor, entry.subject, dict(entry.details)) == (user(1), f"text#{bad}", {"reason": "tampered"})
    assert ledger.entries(act="reading.given_back")[0].subject == f"text#{bad}"
    following = logged_in.post("/queue/next")
    assert following.status_code == 200
    assert following.url.path == f"/texts/{good}"
    assert logged_in.get("/queue").status_code == 200
    assert logged_in.post(f"/texts/{bad}/take").status_code == 409


def test_what_was_typed_is_shown_when_the_text_cannot_be_opened(logged_in, app, put):
    number = put()
    logged_in.post(f"/texts/{number}/take")
    _spoil(app, number, sealed_text=b"", sealed_title=None)
    answer = logged_in.post(
        f"/texts/{number}/marks", data={"code": "threats", "verdict": "add", "version": "0", "words": CANARY}
    )
    assert answer.status_code == 409
    assert CANARY in answer.text
    assert '<label class="form-label" for="typed1">Ord fra teksten</label>' in answer.text


def test_with_the_key_lost_every_page_says_what_to_do(logged_in, app, put):
    number = put()
    app.state.ledger.vault = Vault(MasterKey.derive(bytes(range(32))))
    for answer in (logged_in.post("/queue/next"), logged_in.post(f"/texts/{number}/take")):
        assert answer.status_code == 409
        assert "den gamle hovednøgle skal lægges tilbage" in html.unescape(answer.text)
    answer = logged_in.get("/cases/1")
    assert answer.status_code == 200
    assert "den gamle hovednøgle skal lægges tilbage" in html.unescape(answer.text)
    assert logged_in.get("/queue").status_code == 200
    assert {x.details["reason"] for x in app.state.ledger.entries(act="document.unreadable")} == {"key_lost"}


def test_a_text_for_a_case_that_cannot_be_opened_is_shown_again_and_not_stored(logged_in, app, put):
    put()
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Case).values(wrapped_key=b""))
    answer = logged_in.post("/submit", data={"text": f"{CANARY} en ny tekst", "kind": "note", "reference": "J.nr. 5"})
    assert answer.status_code == 409
    page = html.unescape(answer.text)
    for said in ("Sagen kan ikke åbnes", "at sagen skal hentes fra en sikkerhedskopi", "står i revisionsloggen"):
        assert said in page, said
    for said in ("Dine markeringer", "tilbage i bunken", "Tag næste tekst"):  # it is about no text
        assert said not in page.partition("<main")[2], said
    (entry,) = app.state.ledger.entries(act="document.unreadable")
    assert (entry.actor, entry.subject, dict(entry.details)) == (user(1), "", {"reason": "tampered"})
    assert f"{CANARY} en ny tekst" in answer.text
    with app.state.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Text)) == 1


def test_no_link_of_an_answer_to_a_form_leads_nowhere(logged_in, app, put):
    number, other = put(), put(f"En anden. {TEXT}")
    holder = _person(app, "Bo")
    _post(holder, f"/texts/{other}/take")
    outside = _post(logged_in, f"/texts/{other}/take")
    looked = _post(logged_in, f"/texts/{other}/look", emergency="linked")
    _post(logged_in, f"/texts/{number}/take")
    refused = _mark(logged_in, number, code="violence", verdict="add", state="denied", words="findes ikke")
    assert [x.status_code for x in (outside, looked, refused)] == [409, 200, 422]
    for page in (outside, looked, refused):
        address = page.request.url
        links = {html.unescape(x) for x in re.findall(r'href="([^"#][^"]*)"', page.text) if not x.startswith("/static")}
        assert links
        assert {x: y for x in links if (y := logged_in.get(str(address.join(x))).status_code) != 200} == {}
    assert f'href="/texts/{number}?mark=' in refused.text
    assert "?lang=" in logged_in.get(f"/texts/{number}").text  # where it leads somewhere it stays
