"""The same contact in different cases and in ads: by keyed hash, never by a number of a person or firm, each look recorded."""

from dataclasses import replace

import pytest

from serving.desk import cases, crossing, tagging, views
from serving.desk.crossing import NoSuchLink, Shared
from serving.store.desk import Trace
from tests.serving.desk.conftest import MODEL, answer
from tests.serving.groups.conftest import asked, bring  # noqa: F401 (fixtures)
from tests.serving.groups.made import PHONE, a_group, an_ad
from triage.entities import find_entities

NOTE = "Borgeren oplyser, at chefen ringer fra {} og vil have svar samme dag."


@pytest.fixture
def put(desk):
    """Stores a text, read by a model that finds its entities; returns its number."""

    def run(text: str, reference: str = "", kind: str = "note") -> int:
        (number,) = desk.submit(text, reference=reference, kind=kind).new
        documents = tagging.claim(desk.ledger, MODEL, outdated=False, count=100)
        answers = [replace(answer(x, {}), entities=find_entities(x.text)) for x in documents]
        tagging.keep(desk.ledger, MODEL, documents, answers)
        return number

    return run


def links(desk, **more):
    with desk.ledger.reading() as db:
        return crossing.links(db, **more)[0]


def test_a_contact_in_two_cases_is_a_link_and_in_one_case_it_is_none(desk, put):
    first = put(NOTE.format(PHONE), "J 1")
    second = put(f"Ny henvendelse. {NOTE.format(PHONE)}", "J 1")
    put(NOTE.format("01 77 00 00"), "J 2")
    assert links(desk) == []
    third = put(f"Fra kommunen: {NOTE.format('+45 0166 1234')}", "J 3")
    (found,) = links(desk)
    assert (found.text, found.kind, found.cases, found.texts, found.groups, found.many) == (
        first,
        "phone",
        2,
        3,
        0,
        False,
    )
    seen = crossing.look(desk.ledger, desk.people["anna"], found.text, found.place)
    assert [(x.id, x.reference) for x in seen.texts] == [(third, "J 3"), (second, "J 1"), (first, "J 1")]
    assert (seen.counts, seen.pages) == ((3, 2, 0), 1)
    entry = desk.ledger.entries()[0]
    assert (entry.act, entry.subject, dict(entry.details)) == ("link.read", f"text#{first}", {"texts": 3, "groups": 0})


def test_a_contact_in_a_case_and_in_a_group_of_ads_is_a_link(desk, put, bring):  # noqa: F811
    number = put(NOTE.format(PHONE))
    assert links(desk) == []
    ads = [an_ad(1), an_ad(2), an_ad(3, "Uden nummer, men med de samme ord som de andre.")]
    bring([a_group("g-1", ads, ties=[])], ads)
    (found,) = links(desk)
    assert (found.cases, found.groups) == (1, 1)
    assert crossing.look(desk.ledger, desk.people["anna"], found.text, found.place).groups == ((1, 2),)
    with desk.ledger.reading() as db:
        assert crossing.groups_of_text(db, number) == [Shared(1, ("phone",))]
        assert crossing.texts_of_group(db, 1) == [Shared(number, ("phone",))]
    assert views.open_text(desk.ledger, desk.people["anna"], number).groups == (Shared(1, ("phone",)),)
    cases.erase(desk.ledger, 2, actor="system", reason="asked")  # the group's
    assert links(desk) == []


def test_numbers_of_persons_and_firms_link_nothing(desk, put):
    for case in ("J 1", "J 2"):
        put(f"Sagen {case} drejer sig om CPR 010190-1234 og CVR 12 34 56 78.", case)
    assert links(desk) == []


def test_links_are_cut_into_pages_and_by_kind(desk, put):
    for case in ("J 1", "J 2"):
        put(f"{case}: {NOTE.format(PHONE)} Skriv til chef@firma.example", case)
    assert {x.kind for x in links(desk)} == {"phone", "email"}
    assert [x.kind for x in links(desk, kind="email")] == ["email"]
    with desk.ledger.reading() as db:
        first, more = crossing.links(db, size=1)
        second, end = crossing.links(db, size=1, page=2)
    assert (more, end) == (True, False)
    assert {first[0].kind, second[0].kind} == {"phone", "email"}


def test_a_contact_that_stands_in_many_cases_is_told_so(desk, put):
    for case in range(crossing.MANY):
        put(f"{case}: {NOTE.format(PHONE)}", f"J {case}")
    assert links(desk)[0].many


def test_what_a_contact_joins_is_cut_into_pages(desk, put, bring, monkeypatch):  # noqa: F811
    monkeypatch.setattr(crossing, "PAGE", 2)
    numbers = [put(f"{case}: {NOTE.format(PHONE)}", f"J {case % 3}") for case in range(5)]
    for group in range(3):
        ads = [an_ad(10 * group + x) for x in range(2)]
        bring([a_group(f"g-{group}", ads)], ads)
    seen = [crossing.look(desk.ledger, desk.people["anna"], numbers[0], 0, page=x) for x in (1, 2, 3, 4)]
    assert {(x.counts, x.pages) for x in seen} == {((5, 3, 3), 3)}
    assert [x.id for page in seen for x in page.texts] == numbers[::-1]
    assert [[x for x, _ in page.groups] for page in seen] == [[1, 2], [3], [], []]


def test_a_list_of_many_links_asks_no_more_than_one_of_few(desk, put, bring, asked):  # noqa: F811
    ads = [an_ad(x, f"Ring {PHONE} eller 01 77 00 {x:02}, hvis du vil høre mere om stedet.") for x in range(9)]
    bring([a_group("g-1", ads)], ads)
    put(NOTE.format("01 77 00 00"), "J 1")
    few = asked(lambda: links(desk))
    for case in range(1, 9):
        put(NOTE.format(f"01 77 00 {case:02}"), f"J {case}")
    assert len(links(desk)) == 9
    assert asked(lambda: links(desk)) == few


def test_ads_and_texts_that_have_a_contact_by_the_hundred_are_not_paired(desk, bring):  # noqa: F811
    if desk.ledger.engine.dialect.name != "sqlite":
        pytest.skip("SQLite alone counts its steps")
    ads = [an_ad(x) for x in range(60)]
    bring([a_group("g-1", ads)], ads)
    numbers = desk.submit(*(f"Notat {x}" for x in range(200)), reference="J 1").new
    with desk.ledger.acting("system") as act:
        value = desk.ledger.vault.fingerprint("phone +4501661234")
        act.db.add_all(Trace(text_id=x, place=0, kind="phone", value=value) for x in numbers)
    steps = []
    with desk.ledger.reading() as db:
        driver = db.connection().connection.dbapi_connection
        driver.set_progress_handler(lambda: steps.append(1) and 0, 100)
        assert len(crossing.texts_of_group(db, 1)) == 200
        driver.set_progress_handler(None, 0)
    assert len(steps) < 200  # hundreds of instructions; all pairs take many times as many


def test_what_is_erased_links_nothing_any_more(desk, put):
    for case in ("J 1", "J 2"):
        put(f"{case}: {NOTE.format(PHONE)}", case)
    (found,) = links(desk)
    cases.erase(desk.ledger, 1, actor="system", reason="asked")
    assert links(desk) == []
    with pytest.raises(NoSuchLink):
        crossing.look(desk.ledger, desk.people["anna"], found.text, found.place)


def test_words_that_texts_share_are_no_link(desk, put):
    for case in ("J 1", "J 2"):
        put(f"{case} {NOTE.format('et skjult nummer')}", case)
    with desk.ledger.reading() as db:
        assert crossing.links(db)[0] == []
    with pytest.raises(NoSuchLink):
        crossing.look(desk.ledger, desk.people["anna"], 1, 0)
