"""The page of a case: no words of its texts, erased by a lead alone, and then only a number."""

import html

import pytest
import sqlalchemy as sa

from serving.desk import casefile, cases, intake
from serving.store.desk import Case, Text
from serving.store.ledger import user

CANARY = "Kanariefugl-7731"


@pytest.fixture
def add(app, log_in, number_of):
    """A function that adds texts to a case; returns its number."""

    def added(*texts: str, reference: str = "J 17", title: str = "") -> int:
        log_in("analyst")
        ledger, person = app.state.ledger, number_of("analyst")
        items = [intake.Item(text, title) for text in texts]
        receipt = intake.submit(
            ledger, items, kind="note", by=person, actor=user(person), reference=reference, keep_days=30
        )
        with ledger.reading() as db:
            return db.scalar(sa.select(Text.case_id).where(Text.id == receipt.new[0]))

    return added


def _acts(app, act: str) -> list:
    return app.state.ledger.entries(act=act)


def test_a_case_tells_its_texts_and_no_word_of_them(app, log_in, add, number_of):
    number = add(f"{CANARY} et", f"{CANARY} to", title="brev.txt")
    page = html.unescape(log_in("analyst").get(f"/cases/{number}").text)
    for said in (
        "J 17",
        "brev.txt",
        "Tekst 1",
        "Tekst 2",
        "Ikke valgt endnu",
        "2 i alt, 0 læst færdig",
        "Notat",
        "en analyst",
    ):
        assert said in page, said
    assert CANARY not in page
    assert "Slet sagen" not in page
    assert "Slet sagen" in log_in("lead").get(f"/cases/{number}").text
    (mine,) = [x for x in _acts(app, "case.read") if x.actor == f"user#{number_of('analyst')}"]
    assert mine.subject == f"case#{number}"


@pytest.mark.parametrize("typed", ["J.nr. 24/118 Å", "  j.NR.  24/118 å ", "J.nr. 24/118 A\u030a"])
def test_a_case_is_found_by_all_of_its_name_and_the_look_is_recorded(app, log_in, add, number_of, typed):
    number = add("et", reference="J.nr. 24/118 Å")
    add("to", reference="J.nr. 24/1180 Å")
    found = log_in("lead").post("/cases", data={"reference": typed}, follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, f"/cases/{number}")
    (entry,) = _acts(app, "case.searched")
    assert (entry.actor, entry.subject, dict(entry.details)) == (
        f"user#{number_of('lead')}", f"case#{number}", {"found": True},
    )  # fmt: skip


@pytest.mark.parametrize("typed", ["Sag 2", "2", " sag  2 ", "SAG nr. 2", "case 2"])
def test_a_case_is_found_by_the_number_it_has_in_tegn(app, log_in, add, typed):
    add("et", reference="J 17")
    assert add("to", reference="") == 2
    found = log_in("lead").post("/cases", data={"reference": typed}, follow_redirects=False)
    assert (found.status_code, found.headers["location"]) == (303, "/cases/2")


def test_what_a_case_is_called_goes_before_a_number_and_no_number_finds_what_is_not_there(app, log_in, add):
    assert add("et", reference="2") == 1
    assert add("to", reference="") == 2
    browser = log_in("analyst")
    assert browser.post("/cases", data={"reference": "2"}, follow_redirects=False).headers["location"] == "/cases/1"
    for typed in ("3", "Sag 99", "0", "Sag", "9" * 30, "-2", "2.5", "sag²"):
        assert browser.post("/cases", data={"reference": typed}).status_code == 422, typed


@pytest.mark.parametrize(("reference", "shown"), [("J 17 & co", "J 17 &amp; co"), ("", "Sag 1")])
def test_a_case_is_reached_from_its_text_and_from_the_queue(app, log_in, add, reference, shown):
    add(f"{CANARY} et", reference=reference, title="brev & bilag.txt")
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).values(stage="first"))
    browser = log_in("analyst")
    queue = browser.get("/queue").text
    assert f'<a href="/cases/1">{shown}</a>' in queue
    assert "brev &amp; bilag.txt" in queue
    assert CANARY not in queue
    assert '<a href="/cases/1">Sag 1</a>' in browser.get("/texts/1").text  # from outside
    assert '<a href="/cases/1">Sag 1</a>' in browser.post("/texts/1/take", data={}).text


def test_a_text_whose_name_does_not_open_hides_no_other_in_the_queue(app, log_in, add):
    add("et", "to", reference="J 17", title="brev.txt")
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).values(stage="first"))
        act.db.execute(sa.update(Text).where(Text.id == 1).values(sealed_title=b"\x01" * 60))
    queue = log_in("analyst").get("/queue").text
    assert queue.count('href="/texts/') == 2
    assert queue.count("brev.txt") == 1
    assert queue.count('href="/cases/1"') == 2


@pytest.mark.parametrize("typed", ["J.nr. 24/11", "24/118", "%", "*", "", " ", f"{CANARY} J", "x" * 101, "J\u200b"])
def test_nothing_else_finds_it_and_the_page_says_what_to_do(app, log_in, add, typed):
    add("et", reference="J.nr. 24/118")
    page = log_in("analyst").post("/cases", data={"reference": typed}, follow_redirects=False)
    assert page.status_code == 422
    assert f'value="{html.escape(typed)}"' in page.text
    assert 'aria-invalid="true"' in page.text
    assert all(x.subject == "" and dict(x.details) == {"found": False} for x in _acts(app, "case.searched"))
    assert log_in("analyst").get(f"/cases?reference={typed}").text.count("J.nr. 24/118") == 0


def test_a_case_that_is_erased_is_not_found(app, log_in, add):
    number = add("et", reference="J 99")
    cases.erase(app.state.ledger, number, actor="system", reason="asked")
    assert log_in("analyst").post("/cases", data={"reference": "J 99"}, follow_redirects=False).status_code == 422


def test_an_outcome_is_told_once_it_is_decided(app, log_in, add):
    number = add("et", "to")
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == 1).values(stage="done", outcome="refer"))
        act.db.execute(sa.update(Text).where(Text.id == 2).values(stage="second", outcome="refer"))
    page = log_in("analyst").get(f"/cases/{number}").text
    assert page.count("Henvis") == 1
    assert "Anden læsning" in page
    assert "2 i alt, 1 læst færdig" in page


def test_many_texts_stand_on_pages(log_in, add, monkeypatch):
    monkeypatch.setattr(casefile, "PAGE", 3)
    number = add(*(f"tekst {i}" for i in range(8)))
    browser = log_in("analyst")
    shown = [browser.get(f"/cases/{number}?page={page}").text.count('href="/texts/') for page in (1, 2, 3, 4)]
    assert shown == [3, 3, 2, 0]
    for page in ("0", "-1", "x", "9" * 30):
        assert browser.get(f"/cases/{number}?page={page}").status_code == 200


def test_a_lead_erases_after_being_told_what_goes_and_what_stays(app, log_in, add):
    number = add("et", "to")
    lead = log_in("lead")
    page = html.unescape(lead.get(f"/cases/{number}/erase").text)
    assert "modellen foreslog: 2" in page
    assert "sikkerhedskopier fra før" in page
    missing = lead.post(f"/cases/{number}/erase", data={})
    assert missing.status_code == 422
    assert "Vælg, hvorfor" in missing.text
    assert lead.post(f"/cases/{number}/erase", data={"reason": "fun"}).status_code == 422
    assert log_in("analyst").post(f"/cases/{number}/erase", data={"reason": "asked"}).status_code == 403
    assert log_in("analyst").get(f"/cases/{number}").text.count('href="/texts/') == 2
    response = lead.post(f"/cases/{number}/erase", data={"reason": "asked"}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, f"/cases/{number}")
    page = html.unescape(log_in("analyst").get(f"/cases/{number}").text)
    assert f"Sag {number} er slettet" in page
    assert "J 17" not in page
    (entry,) = _acts(app, "case.erased")
    assert dict(entry.details) == {"documents": 2, "reason": "asked"}
    again = lead.post(f"/cases/{number}/erase", data={"reason": "asked"}, follow_redirects=False)
    assert again.headers["location"] == f"/cases/{number}"
    assert lead.get(f"/cases/{number}/erase", follow_redirects=False).headers["location"] == f"/cases/{number}"
    assert lead.post(f"/cases/{number}/keep", data={"days": "90"}).status_code == 404
    assert lead.post("/cases/999/erase", data={"reason": "asked"}).status_code == 404


def test_an_erasure_whose_traces_wait_in_the_log_says_so(log_in, add, monkeypatch):
    number = add("et")
    monkeypatch.setattr("serving.desk.cases.overwrite_deleted", lambda _: False)
    response = log_in("lead").post(f"/cases/{number}/erase", data={"reason": "mistake"})
    assert "inden for ti minutter" in response.text


def test_a_lead_keeps_a_case_longer_but_never_shorter(app, log_in, add):
    number = add("et")
    lead = log_in("lead")

    def until():
        with app.state.ledger.reading() as db:
            return db.scalar(sa.select(Case.keep_until).where(Case.id == number))

    before = until()
    response = lead.post(f"/cases/{number}/keep", data={"days": "730"})
    assert "Sagen beholdes til" in response.text
    after = until()
    assert (after - before).days in (699, 700)
    lead.post(f"/cases/{number}/keep", data={"days": "90"})
    assert until() == after
    for days in ("", "x", "-1", "99999999"):
        assert lead.post(f"/cases/{number}/keep", data={"days": days}).status_code == 400
    assert until() == after
    assert dict(_acts(app, "case.kept")[-1].details) == {"days": 730}
    assert log_in("analyst").post(f"/cases/{number}/keep", data={"days": "730"}).status_code == 403


def test_a_case_that_never_was_is_not_found(log_in):
    assert log_in("analyst").get("/cases/999").status_code == 404
