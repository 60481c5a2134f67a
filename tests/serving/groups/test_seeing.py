"""A group as people see it: where it went, what is held back, and that each look and note is recorded."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from serving.desk import cases
from serving.groups import listing, noting, view
from serving.groups.listing import UNDECIDED, Filter
from serving.groups.noting import NotANote
from serving.groups.view import Elsewhere, NoSuchGroup
from serving.store.groups import AdGroup
from tests.serving.groups.made import PHONE, a_group, a_tie, an_ad, an_answer

ADS = [an_ad(i, posted=f"2026-03-{i + 1:02}") for i in range(9)]


def see(desk, number, **more):
    return view.open_group(desk.ledger, desk.people["anna"], number, **more)


def listed(desk, order="largest", today=date(2026, 4, 1), page=1, size=25, **wanted):
    with desk.ledger.reading() as db:
        groups, count = listing.listed(db, Filter(**wanted), order, today=today, page=page, size=size)
        return [db.get(AdGroup, x.id).name[-1] for x in groups], count


def test_a_group_has_its_ads_by_day_with_their_ties_and_signs(desk, bring):
    ads = [an_ad(1, posted="2026-03-02", place="Odense", contacts=[PHONE]), an_ad(2)]
    bring([a_group("g-1", ads)], ads, [an_answer(ads[0], obscured_contact=PHONE)])
    seen = see(desk, 1)
    first, second = seen.ads
    assert (first.number, first.posted, first.site) == (1, date(2026, 3, 2), "tavle.example")
    assert dict(first.fields) == {"text": ads[0]["text"], "title": "", "place": "Odense", "contacts.0": PHONE}
    assert "Odense" in first.towns
    assert [x.code for x in first.signs] == ["obscured_contact"]
    assert (second.posted, second.signs) == (None, None)
    (tie,) = seen.ties
    assert (tie.first, tie.second, tie.reasons[0].kind) == (1, 2, "phone")
    field, start, end = tie.reasons[0].first[0]
    assert first.fields[field][start:end] == PHONE


def test_only_ads_of_the_page_come_with_their_words(desk, bring, monkeypatch):
    monkeypatch.setattr(view, "PAGE", 2)
    bring([a_group("g-1", ADS[:5])], ADS)
    seen = see(desk, 1, page=2)
    assert [bool(x.fields) for x in seen.ads] == [False, False, True, True, False]
    assert seen.pages == 3
    assert [bool(x.fields) for x in see(desk, 1, page=9).ads] == [False] * 5


def test_a_large_group_asks_no_more_than_a_small_one(desk, bring, asked):
    ads = [an_ad(x, f"Annonce {x}. Ring {PHONE}.") for x in range(50)]
    bring([a_group("g-1", ads[:3]), a_group("g-2", ads[3:])], ads, [an_answer(x, city_rotation=PHONE) for x in ads])
    assert asked(lambda: see(desk, 1)) == asked(lambda: see(desk, 2)) == asked(lambda: see(desk, 2, page=3)) < 25


def test_where_something_stands_is_told_of_ads_of_the_page_alone(desk, bring, monkeypatch):
    monkeypatch.setattr(view, "PAGE", 2)
    bring([a_group("g-1", ADS[:5], ties=[a_tie(ADS[1], ADS[2]), a_tie(ADS[3], ADS[4])])], ADS)
    ties = see(desk, 1).ties
    assert [(x.first, x.second, x.reasons[0].kind, bool(x.reasons[0].first)) for x in ties] == [
        (2, 3, "phone", True),
        (4, 5, "phone", False),
    ]


def test_each_look_is_recorded(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS)
    see(desk, 1)
    entry = desk.ledger.entries()[0]
    assert (entry.actor, entry.act, entry.subject) == (f"user#{desk.people['anna']}", "group.read", "group#1")


def test_a_group_that_went_elsewhere_says_where(desk, bring):
    bring([a_group("g-1", ADS[:2]), a_group("g-2", ADS[2:4])], ADS)
    bring([a_group("g-1", ADS[:4], was=["g-2"])], ADS)
    with pytest.raises(Elsewhere) as merged:
        see(desk, 2)
    assert (merged.value.into, merged.value.case) == (1, None)
    assert see(desk, 1).was == (2,)
    cases.erase(desk.ledger, 1, actor="system", reason="asked")
    with pytest.raises(Elsewhere) as erased:
        see(desk, 1)
    assert (erased.value.into, erased.value.case) == (None, 1)
    with pytest.raises(NoSuchGroup):
        see(desk, 99)


def test_a_group_that_is_still_coming_in_is_shown_to_nobody(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(AdGroup).values(loaded=None))
    assert listed(desk) == ([], 0)
    with pytest.raises(NoSuchGroup):
        see(desk, 1)


def test_the_stop_switch_hides_what_the_model_says(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS, [an_answer(ADS[0], obscured_contact=PHONE)])
    desk.set(suggestions="off")
    seen = see(desk, 1)
    assert seen.stopped
    assert [x.signs for x in seen.ads] == [None, None]


def test_what_somebody_is_to_read_blind_is_held_back_until_they_have(desk, bring):
    """The same words wait at the desk for a reader who is to mark before seeing suggestions."""
    bring([a_group("g-1", ADS[:2])], ADS, [an_answer(x, obscured_contact=PHONE) for x in ADS[:2]])
    desk.set(blind_share="100")
    desk.ready(ADS[0]["text"], kind="ad")
    seen = see(desk, 1)
    assert [x.signs is None for x in seen.ads] == [True, False]
    assert seen.held_back == 1


def test_notes_are_only_added_and_the_last_decision_stands(desk, bring):
    bring([a_group("g-1", ADS[:2])], ADS)
    anna, bo = desk.people["anna"], desk.people["bo"]
    noting.add_note(desk.ledger, anna, 1, outcome="wait", note="")
    noting.add_note(desk.ledger, bo, 1, outcome="refer", note="Sendt videre.")
    noting.add_note(desk.ledger, anna, 1, outcome="", note="Tak.")
    seen = see(desk, 1)
    assert [(x.who, x.outcome, x.note) for x in seen.notes] == [
        ("anna", "wait", ""), ("bo", "refer", "Sendt videre."), ("anna", None, "Tak."),
    ]  # fmt: skip
    assert seen.outcome == "refer"
    said = [(x.act, dict(x.details)) for x in desk.ledger.entries(act="group.noted")]
    assert said == [("group.noted", x) for x in ({}, {"outcome": "refer"}, {"outcome": "wait"})]


@pytest.mark.parametrize(
    ("outcome", "note", "code"), [("", " ", "nothing"), ("guilty", "x", "outcome"), ("wait", "x" * 5001, "note")]
)
def test_what_is_no_note_is_not_kept(desk, bring, outcome, note, code):
    bring([a_group("g-1", ADS[:2])], ADS)
    with pytest.raises(NotANote) as error:
        noting.add_note(desk.ledger, desk.people["anna"], 1, outcome=outcome, note=note)
    assert error.value.code == code
    assert see(desk, 1).notes == ()


@pytest.fixture
def many(desk, bring):
    """Four groups: of 4, 2, 2 and 1 ads, the first of which was posted in last."""
    ads = [an_ad(1), *(an_ad(i, posted=f"2025-1{i - 1}-01") for i in (2, 3)), *ADS[3:]]
    bring([a_group("g-a", ads[3:7]), a_group("g-b", ads[1:3]), a_group("g-c", ads[7:9]), a_group("g-d", ads[:1])], ads)
    with desk.ledger.reading() as db:
        number = db.scalar(sa.select(AdGroup.id).where(AdGroup.name == "g-b"))
    noting.add_note(desk.ledger, desk.people["anna"], number, outcome="refer", note="")


def test_the_list_has_an_order_and_those_without_a_day_come_last(desk, many):
    names, count = listed(desk)
    assert (names[0], set(names[1:3]), names[3], count) == ("a", {"b", "c"}, "d", 4)
    assert listed(desk, "newest")[0] == ["c", "a", "b", "d"]
    assert set(listed(desk, "loaded")[0]) == set("abcd")


def test_the_list_is_cut_into_pages_and_by_what_somebody_asks_for(desk, many):
    assert listed(desk, page=2, size=3) == (["d"], 4)
    assert listed(desk, least=3) == (["a"], 1)
    assert listed(desk, outcome="refer") == (["b"], 1)
    assert set(listed(desk, outcome=UNDECIDED)[0]) == set("acd")
    assert set(listed(desk, days=90)[0]) == set("ac")
    assert listed(desk, days=90, today=date(2026, 4, 1) + timedelta(days=90)) == ([], 0)
