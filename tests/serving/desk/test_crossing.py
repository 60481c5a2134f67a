"""The same contact in different cases and in ads: by keyed hash, never by a number of a person or firm, each look recorded."""

from dataclasses import replace

import pytest

from serving.desk import cases, crossing, tagging, traces, views
from serving.desk.crossing import NoSuchLink, Shared
from serving.store.desk import Trace
from tests.serving.desk.conftest import MODEL, answer
from tests.serving.groups.conftest import asked, bring  # noqa: F401 (fixtures)
from tests.serving.groups.made import PHONE, WORDS, a_group, an_ad
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
        assert crossing.groups_of_text(db, number) == ([Shared(1, ("phone",))], False)
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
        second, end = crossing.links(db, size=1, before=more)
    assert (more is None, end) == (False, None)
    assert {first[0].kind, second[0].kind} == {"phone", "email"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ring 01 66 12 34 i aften", "Skriv på https://wa.me/4501661234?text=Hej"),
        ("Skriv på https://api.whatsapp.com/send?phone=4501661234", "Betal til MobilePay 01661234"),
        ("Hun er på https://t.me/anna_kbh/17", "Hun skriver. Telegram: anna_kbh"),
        ("Se https://www.salon.example", "Hun har siden https://salon.example:443/?utm_source=x"),
        ("Se https://www.facebook.com/profile.php?id=17", "Se facebook.com/profile.php?ref=x&id=17"),
        ("Skriv til mia@salon.example", "Skriv til Mia+job@Salon.example"),
    ],
)
def test_the_same_contact_written_otherwise_is_a_link(desk, put, one, other):
    put(one, "J 1")
    put(other, "J 2")
    assert len(links(desk)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Se https://www.facebook.com", "Se https://www.facebook.com her"),
        ("Se https://linktr.ee/anna og www.youtube.com", "Se https://linktr.ee/mia og www.youtube.com"),
        ("Kontakt os på noreply@portal.example", "Der står noreply@portal.example i brevet"),
        ("Instagram: @ingen", "Nu er det Instagram: @ingen"),
        ("Betal til MobilePay 1234AB", "Betal til MobilePay 1234CD"),
        ("Se https://portal.example/annonce/17", "Se https://portal.example/annonce/18"),
    ],
)
def test_a_host_for_everybody_and_what_is_no_contact_link_nothing(desk, put, one, other):
    put(one, "J 1")
    second = put(other, "J 2")
    assert links(desk) == []
    assert views.open_text(desk.ledger, desk.people["anna"], second).relatives == ()


def test_an_ad_and_a_note_share_a_contact_however_it_is_written(desk, put, bring):  # noqa: F811
    number = put("Chefen skriver fra https://wa.me/4501661234")
    ads = [an_ad(1), an_ad(2)]
    bring([a_group("g-1", ads)], ads)
    assert [(x.text, x.kind, x.groups) for x in links(desk)] == [(number, "phone", 1)]


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


def test_a_page_of_links_reads_what_it_needs_however_many_contacts_are_stored(desk, asked):  # noqa: F811
    numbers = desk.submit(*(f"Notat {x}" for x in range(900)), reference="J 1").new
    others = desk.submit(*(f"Andet notat {x}" for x in range(40)), reference="J 2").new

    def trace(texts, about):
        with desk.ledger.acting("system") as act:
            rows = [Trace(text_id=x, place=0, kind="phone", value=f"{about(at):064}") for at, x in enumerate(texts)]
            act.db.add_all(rows)
            traces.mark_shared(act.db, rows)

    def look():
        with desk.ledger.reading() as db:
            return crossing.links(db, size=5)

    trace(others, lambda at: at)
    trace(numbers[:40], lambda at: at)
    before = asked(look), steps(desk, look)
    trace(numbers[40:], lambda at: 1_000 + at)
    found, more = look()
    assert [x.text for x in found] == list(numbers[39:34:-1])
    assert asked(look) == before[0] <= 5  # the beginning of the transaction, too
    assert steps(desk, look) <= 1.2 * before[1]
    seen = []
    while more:
        with desk.ledger.reading() as db:
            found, more = crossing.links(db, size=5, before=more)
        seen += [x.text for x in found]
    assert seen == list(numbers[34::-1])


def steps(desk, what) -> int:
    """Hundreds of instructions of SQLite that a look takes; 0 elsewhere."""
    if desk.ledger.engine.dialect.name != "sqlite":
        return 0
    counted = []
    with desk.ledger.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
    driver.set_progress_handler(lambda: counted.append(1) and 0, 100)
    what()
    driver.set_progress_handler(None, 0)
    return len(counted)


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


def test_a_text_tells_that_more_groups_share_its_contacts_and_where_they_are(desk, put, bring):  # noqa: F811
    number = put(f"{NOTE.format(PHONE)} Skriv til chef@firma.example")
    ads = [an_ad(x) for x in range(23)] + [an_ad(23, f"{WORDS} hos mig. Ring {PHONE}, chef@firma.example")]
    bring([a_group(f"g-{x}", ads[2 * x : 2 * x + 2], ties=[]) for x in range(12)], ads)
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert [x.id for x in view.groups] == [12, *range(11, 2, -1)]
    assert view.groups[0].contacts == ("phone", "email")
    assert view.more_groups
    with desk.ledger.reading() as db:
        rest, more = crossing.groups_of_text(db, number, page=2)
    assert ([x.id for x in rest], more) == ([2, 1], False)
    groups, more = crossing.groups_beside(desk.ledger, desk.people["anna"], number)
    assert (len(groups), more) == (12, False)
    entry = desk.ledger.entries()[0]
    assert (entry.act, entry.subject, dict(entry.details)) == ("link.read", "text#1", {"texts": 0, "groups": 12})
    with pytest.raises(NoSuchLink):
        crossing.groups_beside(desk.ledger, desk.people["anna"], 99)


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
