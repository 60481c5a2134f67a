"""Contacts that an earlier version compared otherwise are brought under today's rule beside requests, each once."""

import asyncio

import pytest
import sqlalchemy as sa

from serving.desk import retracing
from serving.desk.crossing import links
from serving.jobs import Jobs
from serving.linking.records import FORM
from serving.store.desk import Text, Trace
from serving.store.groups import Ad, AdTrace
from tests.serving.groups.conftest import bring  # noqa: F401 (a fixture)
from tests.serving.groups.made import a_group, an_ad

NOTES = ("Chefen skriver fra https://wa.me/4501661234", "Ring 01 66 12 34. Se www.facebook.com")


@pytest.fixture
def old(desk, bring):  # noqa: F811
    """Two texts and two ads as an earlier version left them: raw values compared."""
    for case, note in enumerate(NOTES):
        desk.ready(note, reference=f"J {case}")
    ads = [an_ad(x, f"Annonce {x}. Skriv til https://api.whatsapp.com/send?phone=4501661234") for x in (1, 2)]
    bring([a_group("g-1", ads, ties=[])], ads)
    with desk.ledger.acting("system") as act:
        for table in (Trace, AdTrace):
            act.db.execute(sa.delete(table))
        for number in (1, 2):
            same = {"place": 0, "kind": "url", "value": desk.ledger.vault.fingerprint("url facebook.com")}
            act.db.add(Trace(text_id=number, **same))
            act.db.add(AdTrace(ad_id=number, **same))
        act.db.execute(sa.update(Text).values(traced=0))
        act.db.execute(sa.update(Ad).values(traced=0))
    return desk


def work(desk, engine, steps: int = 4) -> list[bool]:
    async def run() -> list[bool]:
        jobs = Jobs(desk.ledger, engine, keep_days=30)
        return [await jobs.step() for _ in range(steps)]

    return asyncio.run(run())


def found(desk):
    with desk.ledger.reading() as db:
        return [(x.kind, x.cases, x.groups) for x in links(db)[0]]


def test_beside_requests_old_contacts_are_compared_as_new_ones(old, engine):
    work(old, engine)
    assert found(old) == [("phone", 2, 1)]
    with old.ledger.reading() as db:
        assert set(db.scalars(sa.select(Text.traced))) == set(db.scalars(sa.select(Ad.traced))) == {FORM}


def test_what_is_under_the_rule_is_left_alone(old, engine, monkeypatch):
    assert any(work(old, engine, 8))
    monkeypatch.setattr(retracing, "find_entities", None)
    assert not any(work(old, engine, 8))


def test_new_texts_and_ads_are_under_it_from_the_start(desk, bring):  # noqa: F811
    desk.ready(NOTES[0])
    ads = [an_ad(1), an_ad(2)]
    bring([a_group("g-1", ads)], ads)
    with desk.ledger.reading() as db:
        assert set(db.scalars(sa.select(Text.traced))) == set(db.scalars(sa.select(Ad.traced))) == {FORM}


def test_what_cannot_be_opened_stops_nothing_and_stays_as_it_was(old, engine):
    with old.ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == 1).values(sealed_text=b"\x01" * 60))
        act.db.execute(sa.update(Ad).where(Ad.id == 1).values(sealed_about=b"\x01" * 60))
    work(old, engine)
    assert found(old) == [("phone", 1, 1)]
    with old.ledger.reading() as db:
        assert [db.get(Text, 1).traced, db.get(Ad, 1).traced] == [0, 0]
        assert db.get(Trace, (1, 0)).kind == "url"


def test_a_text_that_the_model_has_not_read_waits_for_that(desk, engine):
    desk.submit(NOTES[0])
    assert retracing.retrace_texts(desk.ledger, 0) is None
