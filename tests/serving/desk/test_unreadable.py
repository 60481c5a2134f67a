"""A text that cannot be opened says so, is recorded, and holds up nobody and nothing else."""

import asyncio

import pytest
import sqlalchemy as sa

from serving.desk import casefile, cases, queue, rotation, tagging, unreadable, views
from serving.desk.queue import Filter
from serving.jobs import Jobs
from serving.store.desk import Case, Reading, Suggestion, Text, Trace
from serving.store.ledger import SYSTEM, Ledger
from serving.store.masterkey import MasterKey
from serving.store.vault import KeyLost, Tampered
from tests.serving.desk.conftest import MODEL, answer
from tests.serving.desk.test_reading import FLAGS, TEXT, Reader

SPOILT = [
    (Text.sealed_text, b"\x01" * 60), (Text.sealed_text, b""), (Text.sealed_title, b"\x01" * 60),
    (Suggestion.sealed_answer, b"\x01" * 60), (Case.wrapped_key, b"\x01" * 60), (Case.wrapped_key, None),
]  # fmt: skip


def _spoil(desk, column, value=b"\x01" * 60, *numbers: int) -> None:
    table = column.class_
    of_text = {Text: Text.id, Suggestion: Suggestion.text_id}
    where = (
        of_text[table].in_(numbers)
        if table in of_text
        else Case.id.in_(sa.select(Text.case_id).where(Text.id.in_(numbers)))
    )
    with desk.ledger.acting(SYSTEM) as act:
        act.db.execute(sa.update(table).where(where).values({column.key: value}))


def _reasons(desk) -> list[tuple[str, str, str]]:
    return [(x.actor, x.subject, x.details["reason"]) for x in desk.ledger.entries(act="document.unreadable")]


@pytest.mark.parametrize(("column", "value"), SPOILT)
def test_the_next_text_is_the_first_that_can_be_opened(desk, column, value):
    bad, good = desk.ready(TEXT, FLAGS), desk.ready(f"en anden {TEXT}", FLAGS)
    _spoil(desk, column, value, bad)
    with pytest.raises(Tampered):
        desk.take("anna", bad)
    found = queue.take_next(desk.ledger, desk.people["anna"], Filter(), "priority", may_adjudicate=False)
    assert (found.text, list(found.unreadable)) == (good, [bad])
    with desk.ledger.reading() as db:
        assert list(db.scalars(sa.select(Reading.text_id))) == [good]


def test_a_queue_of_nothing_else_is_gone_through(desk, monkeypatch):
    monkeypatch.setattr(queue, "_TRIES", 3)
    numbers = [desk.ready(f"{i} {TEXT}") for i in range(7)]
    _spoil(desk, Text.sealed_text, b"", *numbers)
    found = queue.take_next(desk.ledger, desk.people["anna"], Filter(), "age", may_adjudicate=False)
    assert (found.text, list(found.unreadable)) == (None, numbers)


def test_the_next_text_comes_after_thousands_that_cannot_be_opened(desk):
    """A master key that is not here makes as many unreadable at once; nobody else has to wait meanwhile."""
    good = desk.ready(TEXT)
    with desk.ledger.acting(SYSTEM) as act:
        row = act.db.execute(sa.select(sa.text("*")).select_from(Text)).mappings().one()
        many = [{**row, "id": n, "fingerprint": f"{n:064}", "sealed_text": b""} for n in range(good + 1, good + 1001)]
        act.db.execute(sa.insert(Text.__table__), [{**x, "received": act.now} for x in many])
        act.db.execute(sa.update(Text).where(Text.id == good).values(priority=3))
        act.db.execute(sa.update(Text).where(Text.id != good).values(priority=0))
    taken = []
    sa.event.listen(desk.ledger.engine, "begin", lambda x: taken.append(x.get_execution_options().get("tegn_writes")))
    found = queue.take_next(desk.ledger, desk.people["anna"], Filter(), "priority", may_adjudicate=False)
    assert (found.text, len(found.unreadable)) == (good, 1000)
    assert taken.count(True) == 1  # nobody else had to wait for each of them


def test_no_more_are_passed_over_than_can_be_told_of(desk, monkeypatch):
    monkeypatch.setattr(queue, "_PASSED", 2)
    numbers = [desk.ready(f"{i} {TEXT}") for i in range(4)]
    _spoil(desk, Text.sealed_text, b"", *numbers[:3])
    found = queue.take_next(desk.ledger, desk.people["anna"], Filter(), "age", may_adjudicate=False)
    assert (found.text, list(found.unreadable)) == (None, numbers[:2])


def test_whoever_has_it_loses_it_and_their_marks_are_theirs_again_once_it_is_mended(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    reader.mark("debt_bondage", "accept")
    with desk.ledger.reading() as db:
        sound = db.scalar(sa.select(Text.sealed_text).where(Text.id == reader.number))
    _spoil(desk, Text.sealed_text, b"\x01" * 60, reader.number)
    with pytest.raises(Tampered) as raised:
        reader.see()
    unreadable.give_up(desk.ledger, f"user#{reader.person}", reader.person, reader.number, raised.value)
    assert desk.waiting(mine=True) == []
    assert _reasons(desk) == [(f"user#{reader.person}", f"text#{reader.number}", "tampered")]
    _spoil(desk, Text.sealed_text, sound, reader.number)
    assert set(Reader(desk, "anna", reader.number).see().decisions) == {"debt_bondage"}


def test_what_was_handed_in_stays_handed_in(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    reader.finish()
    unreadable.give_up(desk.ledger, SYSTEM, reader.person, reader.number, Tampered("x"))
    assert reader.see().submitted


def test_texts_passed_over_are_recorded_once_a_day(desk):
    for _ in range(3):
        unreadable.note_passed_over(desk.ledger, SYSTEM, {1: Tampered("x"), 2: KeyLost("x")})
    assert sorted(_reasons(desk)) == [(SYSTEM, "text#1", "tampered"), (SYSTEM, "text#2", "key_lost")]


def test_tagging_goes_on_and_records_it(desk):
    numbers = list(desk.submit("en tekst", "to", "tre").new)
    _spoil(desk, Text.sealed_text, b"", numbers[1])
    assert desk.tag() == 2
    assert _reasons(desk) == [(SYSTEM, f"text#{numbers[1]}", "tampered")]
    assert desk.tag() == 0


def test_a_key_that_goes_while_the_model_works_stops_no_other_text(desk):
    numbers = list(desk.submit("en tekst", "to").new)
    documents = tagging.claim(desk.ledger, MODEL, outdated=False)
    _spoil(desk, Case.wrapped_key, b"", numbers[0])
    assert tagging.keep(desk.ledger, MODEL, documents, [answer(x, {}) for x in documents]) == 2
    assert _reasons(desk) == [(SYSTEM, f"text#{numbers[0]}", "tampered")]
    assert views.open_text(desk.ledger, desk.people["anna"], numbers[1]).assessment is not None


NEWER = tagging.Model("toy 2", "fedcba9876543210")


def _keyless(desk) -> Ledger:
    return Ledger(desk.ledger.engine, MasterKey.derive(bytes(range(32, 64))))


def test_a_text_whose_key_is_lost_keeps_its_suggestions_and_is_asked_about_once_the_key_is_back(desk):
    number = desk.ready(TEXT, FLAGS)
    assert tagging.claim(_keyless(desk), NEWER, outdated=True) == []
    assert tagging.claim(_keyless(desk), NEWER, outdated=True) is None  # not for ever
    assert [x.details["reason"] for x in desk.ledger.entries(act="document.unreadable")] == ["key_lost"]
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert (view.model, view.assessment is not None) == (MODEL.name, True)
    assert [x.id for x in tagging.claim(desk.ledger, NEWER, outdated=True)] == [str(number)]


def test_a_new_text_whose_key_is_lost_goes_to_its_readers_and_is_tagged_once_the_key_is_back(desk):
    (number,) = desk.submit(TEXT).new
    assert tagging.claim(_keyless(desk), MODEL, outdated=False) == []
    assert desk.waiting() == [number]
    assert tagging.claim(_keyless(desk), MODEL, outdated=True) is None
    documents = tagging.claim(desk.ledger, MODEL, outdated=True)
    assert tagging.keep(desk.ledger, MODEL, documents, [answer(x, FLAGS) for x in documents]) == 1
    assert tagging.claim(desk.ledger, MODEL, outdated=True) is None
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert {x.code for x in view.assessment.findings} == set(FLAGS)
    with desk.ledger.reading() as db:  # and it is found by texts that are alike
        assert db.scalar(sa.select(sa.func.count()).select_from(Trace).where(Trace.text_id == number))


@pytest.mark.parametrize("outdated", [True, False])
def test_a_key_that_goes_while_the_model_works_leaves_what_is_shown(desk, outdated):
    number = desk.ready(TEXT, FLAGS) if outdated else desk.submit(TEXT).new[0]
    documents = tagging.claim(desk.ledger, NEWER, outdated=outdated)
    tagging.keep(_keyless(desk), NEWER, documents, [answer(x, {}) for x in documents])
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert (view.model, view.assessment is not None) == ((MODEL.name, True) if outdated else (None, False))
    assert [x.id for x in tagging.claim(desk.ledger, NEWER, outdated=True)] == [str(number)]


def test_texts_that_cannot_be_opened_do_not_end_the_work_on_the_others(desk, engine):
    numbers = [desk.ready(f"{i} {TEXT}", FLAGS) for i in range(20)]
    _spoil(desk, Text.sealed_text, b"", *numbers[:17])
    jobs = Jobs(desk.ledger, engine, keep_days=30)

    async def work() -> list[bool]:
        return [await jobs.step() for _ in range(5)]

    assert asyncio.run(work()) == [True, True, True, False, False]
    with desk.ledger.reading() as db:
        asked = db.scalars(sa.select(Text.id).where(Text.model != MODEL.name).order_by(Text.id))
        assert list(asked) == numbers[17:]


def test_a_new_master_key_leaves_out_what_was_changed_and_brings_the_rest(desk):
    numbers = [desk.ready(f"{i} {TEXT}", FLAGS) for i in range(4)]
    _spoil(desk, Text.sealed_text, b"", numbers[0])
    _spoil(desk, Case.wrapped_key, b"", numbers[1])
    desk.ledger = Ledger(desk.ledger.engine, MasterKey.derive(bytes(range(32, 64)), bytes(range(32))))
    done = rotation.rotate(desk.ledger)
    assert (done.cases, done.texts) == (2, 2)  # the others wait under the old key until they are mended
    assert [x.split()[0] for x in done.unreadable] == [
        f"texts.sealed_text#{numbers[0]}",
        f"cases.wrapped_key#{numbers[1]}",
    ]
    desk.ledger = Ledger(desk.ledger.engine, MasterKey.derive(bytes(range(32, 64))))
    assert views.open_text(desk.ledger, desk.people["anna"], numbers[2]).text == f"2 {TEXT}"


@pytest.mark.parametrize("value", [b"\x01" * 60, None])
def test_a_case_whose_key_is_gone_is_still_seen_kept_and_erased(desk, value):
    number = desk.ready(TEXT, FLAGS, reference="J 1")
    _spoil(desk, Case.wrapped_key, value, number)
    found = casefile.look(desk.ledger, desk.people["lis"], 1)
    assert (found.unreadable, found.count, found.texts[0].title) == ("tampered", 1, None)
    casefile.keep(desk.ledger, desk.people["lis"], 1, 900)
    cases.erase(desk.ledger, 1, actor=SYSTEM, reason="mistake")
    assert casefile.look(desk.ledger, desk.people["lis"], 1).erased is not None


def test_one_title_that_cannot_be_opened_hides_no_other(desk):
    desk.submit("en tekst", "to", reference="J 1")
    _spoil(desk, Text.sealed_title, b"\x01" * 60, 1)
    found = casefile.look(desk.ledger, desk.people["lis"], 1)
    assert ([x.title is None for x in found.texts], found.reference) == ([True, False], "J 1")


def test_a_note_that_cannot_be_opened_holds_up_only_whoever_would_see_it(desk):
    desk.set(second_share="100")
    bad, good = desk.ready(TEXT, FLAGS), desk.ready(f"en anden {TEXT}", FLAGS)
    for number in (bad, good):
        Reader(desk, "anna", number).finish(note="en note")
    with desk.ledger.acting(SYSTEM) as act:
        act.db.execute(sa.update(Reading).where(Reading.text_id == bad).values(sealed_note=b""))
    for number in (bad, good):
        assert Reader(desk, "bo", number).finish("wait") == "adjudication"
    found = queue.take_next(desk.ledger, desk.people["lis"], Filter("adjudication"), "age", may_adjudicate=True)
    assert (found.text, list(found.unreadable)) == (good, [bad])
