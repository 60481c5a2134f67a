"""The page of whoever is responsible: the stop switch says who turned it; figures say when they are too small."""

import html

import pytest
import sqlalchemy as sa

from serving.desk import agreement
from serving.desk.agreement import Agreement, Reliance
from serving.desk.switches import read_switches
from serving.store.tables import Switch


def _switches(app):
    with app.state.ledger.reading() as db:
        return read_switches(db)


def test_the_stop_switch_works_at_once_and_tells_who_and_when(app, log_in):
    lead, admin = log_in("lead"), log_in("admin")
    page = lead.get("/oversight").text
    assert "Forslag vises for læserne" in page
    assert "Aldrig ændret" in page
    assert lead.post("/oversight", data={"suggestions": "off"}, follow_redirects=False).status_code == 303
    assert not _switches(app).suggestions
    page = admin.get("/oversight").text
    assert "Forslag er slået fra" in page
    assert "af en lead" in page
    admin.post("/oversight", data={"suggestions": "on"})
    assert _switches(app).suggestions
    entries = app.state.ledger.entries(act="switch.turned")
    assert [(dict(x.details), x.actor) for x in entries] == [
        ({"switch": "suggestions", "on": True}, "user#2"),
        ({"switch": "suggestions", "on": False}, "user#1"),
    ]


def test_shares_are_set_together_and_only_what_changes_is_recorded(app, log_in):
    lead = log_in("lead")
    page = lead.post("/oversight", data={"blind_share": " 25 ", "second_share": "10"}).text
    assert "Gemt" in page
    assert 'value="25"' in page
    assert (_switches(app).blind_share, _switches(app).second_share) == (25, 10)
    assert len(app.state.ledger.entries(act="switch.turned")) == 1


@pytest.mark.parametrize("value", ["", "-1", "101", "x", "1.5", "²", "1" * 50])
def test_a_share_that_is_none_is_told_and_comes_back_and_nothing_changes(app, log_in, value):
    response = log_in("lead").post("/oversight", data={"blind_share": value, "second_share": "50"})
    page = html.unescape(response.text)
    assert response.status_code == 422
    assert 'href="#blind_share"' in page
    assert 'value="50"' in page
    assert f'value="{value}"' in page
    assert (_switches(app).blind_share, _switches(app).second_share) == (10, 10)


@pytest.mark.parametrize("fields", [{}, {"suggestions": "perhaps"}, {"other": "on"}])
def test_a_switch_that_is_none_is_refused(app, log_in, fields):
    assert log_in("lead").post("/oversight", data=fields).status_code == 400
    with app.state.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Switch)) == 0


def _figures(monkeypatch, texts: int) -> None:
    pair = [Agreement("anna / bo", texts, 30, 4, 0.8123)]
    codes = [Agreement("debt_bondage", texts, 3, 1, 0.4), Agreement("threats", texts, 0, 0, None)]
    monkeypatch.setattr(agreement, "agreements", lambda *_: (codes, pair))
    monkeypatch.setattr(agreement, "reliance", lambda _: Reliance(texts, 40, 30, 7, texts, 50, 48))


def test_figures_are_told_with_their_numbers(log_in, monkeypatch):
    _figures(monkeypatch, 20)
    page = html.unescape(log_in("lead").get("/oversight").text)
    for said in (
        "anna / bo",
        "0,81",
        "0,40",
        "intet at sammenligne",
        "Gæld til bagmand",
        "30 af dem (75 %)",
        "48 stå (96 %)",
        "7, da",
    ):
        assert said in page, said
    assert "for lidt til at sige noget" not in page
    assert "Under 20 tekster" not in page
    assert "ikke til at bedømme nogen" in page


def test_figures_of_few_texts_say_nothing(log_in, monkeypatch):
    _figures(monkeypatch, 19)
    page = html.unescape(log_in("lead").get("/oversight").text)
    assert "0,81" not in page
    assert page.count("for lidt til at sige noget") == 2  # a line for each table, however many rows it would have
    assert "Gæld til bagmand" not in page
    assert "anna / bo" not in page
    assert "2 er udeladt" in page
    assert page.count("Under 20 tekster") == 2


def test_shares_are_compared_only_where_there_are_two(log_in, monkeypatch):
    _figures(monkeypatch, 20)
    assert "Er den sidste andel" in log_in("lead").get("/oversight").text
    monkeypatch.setattr(agreement, "reliance", lambda _: Reliance(0, 0, 0, 0, 20, 50, 48))
    assert "Er den sidste andel" not in log_in("lead").get("/oversight").text


def test_without_readings_the_page_says_so(log_in):
    page = log_in("admin").get("/oversight").text
    assert "endnu ingen læsninger" in page
    assert "Ingen tekster er læst af to" in page


def test_a_look_is_recorded(app, log_in):
    log_in("lead").get("/oversight")
    (entry,) = app.state.ledger.entries(act="oversight.read")
    assert dict(entry.details) == {"what": "figures"}
