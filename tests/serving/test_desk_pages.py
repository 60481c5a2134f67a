"""The pages of the queue and of one text, as forms without script send them."""

import html
import logging
import re
import time

import pytest
from starlette.testclient import TestClient

from serving.desk import intake
from serving.store.desk import Text
from serving.store.ledger import user
from serving.store.tables import Switch

TEXT = (
    "😀 Manden skylder 30.000 kr. for rejsen til den der kørte bilen. "
    "Han har ingen gæld til nogen andre <script>alert(1)</script>."
)
CANARY = "Kanariefugl-7731"


@pytest.fixture
def put(app, client):
    """Stores a text and waits until the model has read it."""

    def put(text: str = TEXT, **switches: str) -> int:
        ledger = app.state.ledger
        with ledger.acting("system") as act:
            for name, value in {"blind_share": "0", "second_share": "0", **switches}.items():
                act.db.merge(Switch(name=name, value=value, changed=act.now))
        items = [intake.Item(text)]
        (number,) = intake.submit(ledger, items, kind="note", by=1, actor=user(1), reference="J.nr. 5", keep_days=9).new
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
    assert "Den siger intet om et menneske." in page.text  # what the priority is made of
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
    assert "findes ikke i teksten" in wrong.text
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


def test_others_learn_who_has_a_text_and_read_it_with_a_reason_only(logged_in, app, put):
    number = put(f"{CANARY} {TEXT}")
    _post(logged_in, f"/texts/{number}/take")
    bo = _person(app, "Bo")
    page = bo.get(f"/texts/{number}")
    assert "Anna" in page.text
    assert CANARY not in page.text
    held = bo.post(f"/texts/{number}/take")
    assert held.status_code == 409
    assert CANARY not in held.text
    assert bo.post(f"/texts/{number}/look").status_code == 422
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
    assert "afvist: det er lovligt" in html.unescape(logged_in.get(f"/texts/{number}").text)
    _post(logged_in, f"/texts/{number}/undo", version=_version(logged_in.get(f"/texts/{number}")))
    assert "(fortrudt)" in logged_in.get(f"/texts/{number}").text
    empty = _post(logged_in, f"/texts/{number}/undo", version=_version(logged_in.get(f"/texts/{number}")))
    assert empty.status_code == 422
    assert _post(logged_in, f"/texts/{number}/back").headers["location"] == "/queue"
    assert "Tag teksten" in logged_in.get(f"/texts/{number}").text


def test_a_blind_text_shows_no_suggestion_anywhere_before_the_reader_asks(logged_in, put):
    number = put(blind_share="100")
    assert "læses først uden forslag" in logged_in.get("/queue").text
    _post(logged_in, f"/texts/{number}/take")
    page = logged_in.get(f"/texts/{number}").text
    assert "<mark" not in page
    assert "sandsynlighed" not in page
    assert _post(logged_in, f"/texts/{number}/finish", version=0, outcome="wait").status_code == 422
    _post(logged_in, f"/texts/{number}/show")
    assert "sandsynlighed" in logged_in.get(f"/texts/{number}").text


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
