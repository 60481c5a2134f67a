"""The order of the queue, and who has which text: never two people, unless one knows it and says why."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from serving.desk import holding, queue, reading, tagging, views
from serving.desk.holding import Held, NotWaiting, NotYours
from serving.desk.queue import Filter
from serving.store.desk import Reading, Text
from tests.serving.desk.conftest import MODEL, answer


def _set(desk, number: int, **values: object) -> None:
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == number).values(**values))


def test_texts_wait_for_the_model_first_and_then_in_the_order_asked_for(desk):
    low, high, mid = desk.submit("en", "to", "tre").new
    assert desk.waiting() == []
    assert desk.tag() == 3
    for number, priority, uncertainty, draw in ((low, 2, 0.9, 0.5), (high, 0, 0.1, 0.9), (mid, 1, 0.5, 0.1)):
        _set(desk, number, priority=priority, uncertainty=uncertainty, draw=draw)
    assert desk.waiting() == [high, mid, low]
    assert desk.waiting(order="uncertainty") == [low, mid, high]
    assert desk.waiting(order="age") == [low, high, mid]
    assert desk.waiting(order="sample") == [mid, low, high]
    assert desk.waiting(least="medium") == [high, mid]
    assert desk.waiting(kind="ad") == []
    with desk.ledger.reading() as db:
        assert queue.counts(db) == {"first": 3}
        texts, more = queue.listed(db, 1, Filter(), "age", page=1, size=2)
        assert ([x.id for x in texts], more) == ([low, high], True)
        texts, more = queue.listed(db, 1, Filter(), "age", page=2, size=2)
        assert ([x.id for x in texts], more) == ([mid], False)


def test_a_priority_tells_nothing_of_a_text_that_is_to_be_read_blind(desk):
    desk.set(blind_share="100")
    number = desk.ready("en tekst")
    _set(desk, number, priority=0)
    assert desk.waiting(least="low") == []
    assert desk.waiting() == [number]


def test_a_text_that_somebody_holds_is_not_given_to_another(desk):
    number = desk.ready("en tekst")
    reading = desk.take("anna", number)
    assert desk.take("anna", number) == reading
    with pytest.raises(Held) as raised:
        desk.take("bo", number)
    assert raised.value.by == "anna"
    assert desk.waiting("anna", mine=True) == [number]
    assert desk.waiting("bo", mine=True) == []
    holding.give_back(desk.ledger, desk.people["bo"], number)
    with pytest.raises(Held):
        desk.take("bo", number)
    holding.give_back(desk.ledger, desk.people["anna"], number)
    assert desk.take("bo", number) != reading


def test_in_an_emergency_a_text_is_taken_over_and_the_reason_is_recorded(desk):
    number = desk.ready("en tekst")
    desk.take("anna", number)
    desk.take("bo", number, emergency="danger")
    with pytest.raises(Held):
        desk.take("anna", number)
    (entry,) = [x for x in desk.ledger.entries(act="reading.taken") if x.details.get("emergency")]
    assert (entry.actor, entry.details["emergency"]) == (f"user#{desk.people['bo']}", "danger")


def test_of_many_who_want_the_next_text_nobody_gets_the_same(desk):
    desk.submit(*(f"tekst nummer {i}" for i in range(12)))
    desk.tag()

    def next_for(who: str) -> int | None:
        return queue.take_next(desk.ledger, desk.people[who], Filter(), "age", may_adjudicate=False).text

    def give_up(who: str) -> list[int]:
        found = []
        while (number := next_for(who)) is not None and number not in found:
            found.append(number)
        return found

    # Each asks for one text at a time; a person who holds a text is given it again, so each ends after one.
    with ThreadPoolExecutor(3) as pool:
        got = list(pool.map(give_up, ("anna", "bo", "mia")))
    assert [len(x) for x in got] == [1, 1, 1]
    assert len({number for numbers in got for number in numbers}) == 3
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Reading)) == 3


def test_a_text_that_lies_untouched_goes_back(desk):
    number = desk.ready("en tekst")
    desk.take("anna", number)
    assert holding.give_back_lying(desk.ledger) == 0
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Reading).values(touched=act.now - holding.LYING - timedelta(minutes=1)))
    assert holding.give_back_lying(desk.ledger) == 1
    assert desk.take("bo", number)


def test_what_waits_for_nobody_cannot_be_taken(desk):
    (number,) = desk.submit("ikke læst af modellen").new
    for missing in (number, 999):
        with pytest.raises(NotWaiting):
            desk.take("anna", missing)


def test_a_text_is_claimed_by_one_worker_and_again_only_when_that_one_died(desk):
    desk.submit("en", "to", "tre")
    first = tagging.claim(desk.ledger, MODEL, outdated=False, count=2)
    second = tagging.claim(desk.ledger, MODEL, outdated=False, count=2)
    assert [len(first), len(second)] == [2, 1]
    assert tagging.claim(desk.ledger, MODEL, outdated=False) is None
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).values(claimed=act.now - tagging.GIVEN_UP - timedelta(seconds=1)))
    desk.submit("fire", "fem")
    fresh = tagging.claim(desk.ledger, MODEL, outdated=False)
    assert [x.text for x in fresh] == ["fire", "fem"]
    again = [tagging.claim(desk.ledger, MODEL, outdated=False) for _ in range(3)]
    assert [[x.text for x in one] for one in again] == [["en"], ["to"], ["tre"]]  # one may be what it died of
    assert tagging.claim(desk.ledger, MODEL, outdated=False) is None
    for one in (*again, fresh):
        assert tagging.keep(desk.ledger, MODEL, one, [answer(x, {}) for x in one]) == len(one)


def test_a_new_model_reads_again_what_nobody_took(desk):
    free, taken = desk.ready("den ene"), desk.ready("den anden")
    desk.take("anna", taken)
    new = tagging.Model("toy 2", "fedcba9876543210")
    assert tagging.claim(desk.ledger, MODEL, outdated=True) is None
    documents = tagging.claim(desk.ledger, new, outdated=True)
    assert [x.id for x in documents] == [str(free)]
    tagging.keep(desk.ledger, new, documents, [answer(x, {"threats": "ene"}, "high") for x in documents])
    assert tagging.claim(desk.ledger, new, outdated=True) is None
    with desk.ledger.reading() as db:
        assert [(x.model, x.priority) for x in db.scalars(sa.select(Text).order_by(Text.id))] == [
            ("toy 2", 0),
            ("toy 1", 1),
        ]


def test_nobody_reads_a_text_twice_and_a_lead_settles(desk):
    desk.set(second_share="100")
    number = desk.ready("en tekst")
    desk.take("anna", number)
    reading.submit(desk.ledger, desk.people["anna"], number, version=0, outcome="refer")
    with pytest.raises(NotYours):
        desk.take("anna", number)
    desk.take("bo", number)
    assert reading.submit(desk.ledger, desk.people["bo"], number, version=0, outcome="wait") == "adjudication"
    with pytest.raises(NotYours):
        desk.take("mia", number)
    assert desk.take("lis", number)


def test_a_new_model_changes_nothing_for_who_took_the_text_meanwhile(desk):
    number = desk.ready("den gamle tekst", {"threats": "gamle"})
    new = tagging.Model("toy 2", "fedcba9876543210")
    documents = tagging.claim(desk.ledger, new, outdated=True)
    desk.take("anna", number)
    assert tagging.keep(desk.ledger, new, documents, [answer(x, {"violence": "tekst"}) for x in documents]) == 0
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert view.model == "toy 1"
    assert [x.code for x in view.assessment.findings] == ["threats"]


def test_a_text_that_cannot_be_opened_holds_up_no_other(desk, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    broken, sound = desk.submit("en ødelagt tekst", "en hel tekst").new
    _set(desk, broken, sealed_text=b"nonsense")
    documents = tagging.claim(desk.ledger, MODEL, outdated=False)
    assert [x.id for x in documents] == [str(sound)]
    tagging.keep(desk.ledger, MODEL, documents, [answer(x, {}) for x in documents])
    assert tagging.claim(desk.ledger, MODEL, outdated=False) is None
    assert f"text {broken} cannot be opened" in caplog.text


def test_the_next_text_is_never_one_that_waits_for_nobody_or_was_read_before(desk):
    desk.set(second_share="100")
    first, second = desk.ready("en tekst"), desk.ready("to tekster")
    for number in (first, second):
        desk.take("anna", number)
        reading.submit(desk.ledger, desk.people["anna"], number, version=0, outcome="refer")

    def next_of(who: str, stage: str) -> int | None:
        wanted = Filter(stage=stage)
        return queue.take_next(desk.ledger, desk.people[who], wanted, "age", may_adjudicate=who == "lis").text

    assert next_of("anna", "second") is None
    assert next_of("bo", "second") == first
    assert next_of("mia", "second") == second
    for stage in ("done", "new", "adjudication", "first"):
        assert next_of("bo", stage) is None
