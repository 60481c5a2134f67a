"""Acts and their entries stand or fall together, in both kinds of database and with many writers at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from serving.store.acts import NotRecordable
from serving.store.ledger import SYSTEM, Ledger, user
from serving.store.masterkey import MasterKey
from serving.store.tables import AuditEntry, Switch


def _switch(ledger: Ledger, name: str) -> None:
    with ledger.acting(user(1)) as act:
        act.db.add(Switch(name=name, value="on", changed=act.now))
        act.record("document.read", "text#17")


def _names(ledger: Ledger) -> list[str]:
    with ledger.reading() as db:
        return list(db.scalars(sa.select(Switch.name).order_by(Switch.name)))


def test_an_act_is_written_with_its_entry(ledger):
    _switch(ledger, "a")
    assert _names(ledger) == ["a"]
    (entry,) = ledger.entries()
    assert (entry.seq, entry.actor, entry.act, entry.subject) == (1, "user#1", "document.read", "text#17")
    assert ledger.verify() == (1, None)


def test_an_act_that_fails_leaves_neither(ledger):
    def fail() -> None:
        with ledger.acting(SYSTEM) as act:
            act.db.add(Switch(name="a", value="on", changed=act.now))
            act.record("logout")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _names(ledger) == []
    assert ledger.entries() == []


def test_an_act_that_cannot_be_recorded_does_not_happen(ledger):
    def tell() -> None:
        with ledger.acting(SYSTEM) as act:
            act.db.add(Switch(name="a", value="on", changed=act.now))
            act.record("document.read", "text#17", note="words of a text")

    with pytest.raises(NotRecordable):
        tell()
    assert _names(ledger) == []


def test_many_writers_at_once_make_one_chain(ledger):
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda i: _switch(ledger, f"s{i:03}"), range(120)))
    assert len(_names(ledger)) == 120
    assert ledger.verify() == (120, None)


def test_what_is_changed_dropped_or_cut_off_is_found(ledger, store):
    for name in "abcde":
        _switch(ledger, name)
    end = ledger.last()
    with store.begin() as db:
        db.execute(sa.update(AuditEntry).where(AuditEntry.seq == 2).values(actor="user#2"))
    assert ledger.verify(end)[1].seq == 2
    with store.begin() as db:
        db.execute(sa.update(AuditEntry).where(AuditEntry.seq == 2).values(actor="user#1", details="not JSON"))
    assert ledger.verify(end)[1].reason == "changed"
    with store.begin() as db:
        db.execute(sa.update(AuditEntry).where(AuditEntry.seq == 2).values(details="{}"))
    assert ledger.verify(end) == (5, None)
    with store.begin() as db:
        db.execute(sa.delete(AuditEntry).where(AuditEntry.seq == 5))
    assert ledger.verify() == (4, None)
    assert ledger.verify(end)[1].reason == "cut off"
    with store.begin() as db:
        db.execute(sa.delete(AuditEntry).where(AuditEntry.seq == 3))
    assert ledger.verify(end)[1].seq == 3


def test_a_log_from_before_a_new_master_key_still_verifies(ledger, store):
    _switch(ledger, "a")
    rotated = Ledger(store, MasterKey.derive(bytes(range(1, 33)), bytes(range(32))))
    _switch(rotated, "b")
    assert rotated.verify() == (2, None)
    assert ledger.verify()[1].seq == 2


def test_entries_are_read_newest_first_and_by_what_they_are_of(ledger):
    for name in "abc":
        _switch(ledger, name)
    with ledger.acting(SYSTEM) as act:
        act.record("logout")
    assert [x.seq for x in ledger.entries(count=2)] == [4, 3]
    assert [x.seq for x in ledger.entries(before=3)] == [2, 1]
    assert [x.seq for x in ledger.entries(act="logout")] == [4]
