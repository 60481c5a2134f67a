"""A new master key: everything is under it afterwards, texts are found again, and an interruption loses nothing."""

import pytest
import sqlalchemy as sa

from serving.desk import casefile, cases, rotation, uploads, views
from serving.store.desk import Case, Suggestion, Text, Trace
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey
from serving.store.vault import KeyLost, Place, Vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
LONG = "Manden fortæller at formanden har taget passet og gemt det i et skab på kontoret i byen ved havnen"


@pytest.fixture
def renewed(desk):
    """The same desk under a new key, the old one still there."""
    desk.old = desk.ledger
    return lambda: setattr(desk, "ledger", Ledger(desk.old.engine, MasterKey.derive(NEW, OLD))) or desk


def _without_old(desk) -> Ledger:
    return Ledger(desk.ledger.engine, MasterKey.derive(NEW))


def _rows(desk, column):
    with desk.ledger.reading() as db:
        return list(db.scalars(sa.select(column).order_by(column.class_.id)))


def test_after_it_the_old_key_is_needed_for_nothing_but_the_log(desk, renewed):
    numbers = [desk.ready(f"{LONG} {i}", {}, reference=f"J {i % 2}") for i in range(5)]
    desk.submit("endnu ikke læst af modellen")
    upload = uploads.start(desk.ledger, desk.people["anna"], kind="note", reference="", keep_days=30)
    uploads.add_file(desk.ledger, desk.people["anna"], upload, "a.txt", b"en fil")
    renewed()
    with pytest.raises(KeyLost):
        views.open_text(_without_old(desk), desk.people["anna"], numbers[0])
    done = rotation.rotate(desk.ledger)
    assert (done.cases, done.texts) == (4, 6)
    desk.ledger = _without_old(desk)
    assert [views.open_text(desk.ledger, desk.people["anna"], x).text for x in numbers] == [
        f"{LONG} {i}" for i in range(5)
    ]
    assert desk.submit(f"{LONG} 3", reference="J 0").known == (numbers[3],)
    assert desk.submit("Endnu IKKE læst af modellen").known
    with desk.ledger.reading() as db:
        before = db.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.reference.is_not(None)))
    desk.submit("en ny tekst", reference="J 1")
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Case).where(Case.reference.is_not(None))) == before
    assert uploads.state(desk.ledger, desk.people["anna"], upload).files[0].name == "a.txt"
    assert Ledger(desk.ledger.engine, MasterKey.derive(NEW, OLD)).verify()[1] is None


def test_texts_that_are_alike_find_each_other_across_it(desk, renewed):
    old = desk.ready(LONG)
    renewed()
    new = desk.ready(LONG + " igen")
    assert views.open_text(desk.ledger, desk.people["anna"], new).relatives == ()
    rotation.rotate(desk.ledger)
    assert [x.text_id for x in views.open_text(desk.ledger, desk.people["anna"], new).relatives] == [old]
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Trace).where(Trace.text_id == old)) <= 16


def test_it_is_recorded_and_does_nothing_twice(desk, renewed):
    desk.ready(LONG)
    renewed()
    assert rotation.rotate(desk.ledger).cases == 1
    entry = desk.ledger.entries(act="masterkey.rotated")[0]
    assert dict(entry.details) == {"key": desk.ledger.vault.key_id, "rewrapped": 1}
    assert rotation.rotate(desk.ledger) == rotation.Rotation(0, 0)
    assert len(desk.ledger.entries(act="masterkey.rotated")) == 1


def test_interrupted_it_goes_on(desk, renewed, monkeypatch):
    monkeypatch.setattr(rotation, "_TEXTS", 2)
    monkeypatch.setattr(rotation, "_CASES", 1)
    for case in "ab":
        desk.submit(*(f"{LONG} {case} {i}" for i in range(5)), reference=case)
    renewed()
    store, calls = rotation._store, []

    def fail_late(*args):
        calls.append(args[1])
        if len(calls) == 4:
            raise ZeroDivisionError
        return store(*args)

    monkeypatch.setattr(rotation, "_store", fail_late)
    with pytest.raises(ZeroDivisionError):
        rotation.rotate(desk.ledger)
    assert sum(desk.ledger.vault.is_current(x) for x in _rows(desk, Case.wrapped_key)) == 0
    monkeypatch.setattr(rotation, "_store", store)
    done = rotation.rotate(desk.ledger)
    assert (done.cases, done.texts) == (2, 8)  # the first two were done before
    assert len(set(_rows(desk, Text.fingerprint))) == 10
    assert desk.submit(f"{LONG} b 4").known


def test_what_is_erased_stays_erased(desk, renewed):
    desk.submit("en tekst", reference="x")
    cases.erase(desk.ledger, 1, actor="system", reason="asked")
    renewed()
    assert rotation.rotate(desk.ledger) == rotation.Rotation(0, 0)


def test_a_text_that_came_again_while_the_old_key_was_away_is_no_obstacle(desk, renewed):
    desk.submit("en tekst")
    renewed()
    desk.ledger = _without_old(desk)
    assert desk.submit("en tekst").new
    renewed()
    assert rotation.rotate(desk.ledger).cases == 1
    desk.ledger = _without_old(desk)
    assert desk.submit("en tekst").known == (2,)


SPOILT_COLUMNS = [Text.sealed_text, Suggestion.sealed_answer, Case.sealed_reference, Case.wrapped_key]


@pytest.mark.parametrize("column", SPOILT_COLUMNS, ids=str)
def test_what_was_mended_since_is_brought_along_the_next_time(desk, renewed, column):
    number = desk.ready(LONG, {"threats": "passet"}, reference="J 1")
    desk.submit(f"{LONG} to", reference="J 1")
    other = desk.ready(f"{LONG} tre", reference="J 2")
    row = column.class_.id == 1
    with desk.ledger.acting("system") as act:
        sound = act.db.scalar(sa.select(column).where(row))
        act.db.execute(sa.update(column.class_).where(row).values({column.key: b"\x01" * 60}))
    renewed()
    done = rotation.rotate(desk.ledger)
    assert done.cases == 1  # the other one
    assert done.unreadable[0].startswith(f"{column.class_.__tablename__}.{column.key}#1 ")
    again = rotation.rotate(desk.ledger)
    assert (again.cases, again.unreadable) == (0, done.unreadable)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(column.class_).where(row).values({column.key: sound}))
    assert rotation.rotate(desk.ledger).cases == 1
    desk.ledger = _without_old(desk)
    assert casefile.find(desk.ledger, desk.people["anna"], "j 1") == 1
    assert desk.submit(LONG, f"{LONG} to").known == (number, number + 1)
    relatives = views.open_text(desk.ledger, desk.people["anna"], number).relatives
    assert other in [x.text_id for x in relatives]  # its traces are under the new key too


def test_without_the_old_key_nothing_is_changed(desk, renewed):
    desk.submit("en tekst")
    before = _rows(desk, Case.wrapped_key)
    renewed()
    with pytest.raises(KeyLost):
        rotation.rotate(_without_old(desk))
    assert _rows(desk, Case.wrapped_key) == before


def test_the_vault_tells_keys_apart():
    vault = Vault(MasterKey.derive(NEW, OLD))
    place = Place("cases", "wrapped_key", 1)
    assert vault.is_current(vault.new_case_key(place))
    assert not vault.is_current(Vault(MasterKey.derive(OLD)).new_case_key(place))
