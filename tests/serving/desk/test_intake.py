"""Texts come in once, exactly as received, sealed; cases hold them together and are erased for good."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from serving.desk import cases, intake, views
from serving.desk.intake import NotAText
from serving.store.desk import Case, Mark, Reading, Suggestion, Text, Trace
from serving.store.tables import AuditEntry, Base

CANARY = "Kanariefugl-7731 sidder på hegnet og synger"


def _count(desk, table) -> int:
    with desk.ledger.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table))


@pytest.mark.parametrize(
    "text",
    [
        "\r\n  to linjer\r\n\r\n",
        "e\u0301 og é",
        "👩‍👧‍👦 emoji",
        "\u202eomvendt\u202c",
        "<script>alert(1)</script>",
        "a" * 50_000,
    ],
)
def test_a_text_is_kept_exactly_as_received(desk, text):
    (number,) = desk.submit(text).new
    assert views.open_text(desk.ledger, desk.people["anna"], number).text == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("a" * 50_001, "too_long"),
        ("a\x00", "bad_characters"),
        ("\ud800", "bad_characters"),
    ],
)
def test_what_is_no_text_is_refused_and_nothing_is_stored(desk, text, code):
    with pytest.raises(NotAText) as raised:
        desk.submit("en god tekst", text)
    assert raised.value.code == code
    assert _count(desk, Text) == _count(desk, Case) == 0


def test_the_same_text_is_stored_once_however_it_was_pasted(desk):
    (number,) = desk.submit("Han skylder penge.").new
    again = desk.submit("  han SKYLDER\r\n penge. ", "Noget andet", by="bo")
    assert again.known == (number,)
    assert len(again.new) == 1
    assert _count(desk, Text) == 2
    assert _count(desk, Case) == 2


def test_the_same_text_sent_by_many_at_once_is_stored_once(desk):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda i: desk.submit("den samme tekst", f"tekst {i}"), range(16)))
    assert _count(desk, Text) == 17
    assert _count(desk, Case) == 17
    assert sum(len(x.new) for x in receipts) == 17
    count, broken = desk.ledger.verify()
    assert broken is None
    assert count == 17 * 2 + 15  # a case and a text each, and those who sent a text that was there


def test_texts_of_one_reference_are_one_case_and_others_are_alone(desk):
    first, second = desk.submit("et", "to", reference="J.nr. 12/3").new
    (third,) = desk.submit("tre", reference=" J.nr.  12/3 ", by="bo").new
    fourth, fifth = desk.submit("fire", "fem").new
    seen = [views.open_text(desk.ledger, desk.people["anna"], x) for x in (first, second, third, fourth, fifth)]
    assert len({x.case_id for x in seen[:3]}) == 1
    assert len({x.case_id for x in seen}) == 3
    assert {x.reference for x in seen} == {"J.nr. 12/3", ""}


def test_nothing_of_a_text_is_readable_in_the_store(desk, store):
    desk.submit(CANARY, reference="Kanariefugl-7731")
    desk.tag({"threats": "Kanariefugl-7731"})
    with store.connect() as db:
        for table in Base.metadata.sorted_tables:
            for row in db.execute(table.select()):
                assert b"Kanariefugl" not in b"".join(x if isinstance(x, bytes) else str(x).encode() for x in row)


def _files(desk, tmp_path: Path, store) -> list[Path]:
    if store.dialect.name == "sqlite":
        return [x for x in tmp_path.rglob("*") if x.is_file()]
    with store.connect() as db:
        folder = Path(db.scalar(sa.text("SHOW data_directory")))
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


def test_an_erased_case_leaves_a_tombstone_and_no_text_key_or_fingerprint(desk, store, tmp_path):
    number = desk.ready(CANARY, {"threats": "Kanariefugl"}, reference="sag 9")
    desk.take("anna", number)
    with desk.ledger.reading() as db:
        text, case = views.find(db, number)
        case_id = case.id
        secrets = [case.wrapped_key, text.fingerprint.encode(), text.sealed_text, case.reference.encode()]
    assert cases.erase(desk.ledger, case_id, actor="system", reason="asked") == cases.Erasure(1, overwritten=True)
    for table in (Text, Reading, Suggestion, Mark, Trace):
        assert _count(desk, table) == 0
    with desk.ledger.reading() as db:
        case = db.get(Case, case_id)
        assert case.erased is not None
        assert (case.wrapped_key, case.sealed_reference, case.reference) == (None, None, None)
    if store.dialect.name == "sqlite":
        raw = b"".join(x.read_bytes() for x in _files(desk, tmp_path, store))
        assert len(raw) > 10_000
        for secret in (*secrets, CANARY.encode()):
            assert secret not in raw
    with pytest.raises(cases.NoSuchCase):
        cases.erase(desk.ledger, case_id, actor="system", reason="asked")
    with desk.ledger.reading() as db:
        acts = list(db.scalars(sa.select(AuditEntry.act)))
    assert acts.count("case.erased") == 1
    (again,) = desk.submit(CANARY).new
    assert again


def test_cases_go_when_their_time_is_over_and_others_stay(desk):
    (old,) = desk.submit("en gammel tekst").new
    (young,) = desk.submit("en ung tekst").new
    with desk.ledger.acting("system") as act:
        _, case = views.find(act.db, old)
        case.keep_until = act.now - timedelta(seconds=1)
    assert cases.erase_expired(desk.ledger) == 1
    assert cases.erase_expired(desk.ledger) == 0
    views.open_text(desk.ledger, desk.people["anna"], young)
    with pytest.raises(views.NoSuchText):
        views.open_text(desk.ledger, desk.people["anna"], old)


def test_a_case_is_kept_for_as_long_as_its_newest_text(desk):
    (number,) = desk.submit("den første", reference="sag").new
    with desk.ledger.acting("system") as act:
        _, case = views.find(act.db, number)
        case.keep_until = act.now + timedelta(days=1)
    desk.submit("den anden", reference="sag")
    with desk.ledger.reading() as db:
        _, case = views.find(db, number)
        assert case.keep_until - case.created >= timedelta(days=30)


def test_shares_of_new_texts_are_read_blind_and_twice(desk):
    desk.set(blind_share="100", second_share="100")
    desk.submit("en")
    desk.set(blind_share="0", second_share="0")
    desk.submit("to")
    with desk.ledger.reading() as db:
        assert [(x.blind, x.twice) for x in db.scalars(sa.select(Text).order_by(Text.id))] == [
            (True, True),
            (False, False),
        ]


def test_intake_needs_no_title(desk):
    receipt = intake.submit(
        desk.ledger, [intake.Item("tekst", "fil.txt, række 3")], kind="ad", by=desk.people["bo"], actor="user#2",
        reference="", keep_days=1,
    )  # fmt: skip
    seen = views.open_text(desk.ledger, desk.people["bo"], receipt.new[0])
    assert (seen.title, seen.kind) == ("fil.txt, række 3", "ad")


def test_a_case_that_two_begin_at_once_is_one(desk):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: desk.submit(f"tekst {i}", reference="J-17"), range(16)))
    assert _count(desk, Case) == 1


def test_texts_that_come_in_while_their_case_is_erased_are_erased_or_in_a_new_case(desk):
    (number,) = desk.submit("den første", reference="J-17").new
    with desk.ledger.reading() as db:
        case_id = views.find(db, number)[1].id

    def act(i: int) -> None:
        if i == 8:
            cases.erase(desk.ledger, case_id, actor="system", reason="asked")
        else:
            desk.submit(f"tekst {i}", reference="J-17")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(act, range(16)))
    with desk.ledger.reading() as db:
        rows = db.execute(sa.select(Text.id, Case.erased).join(Case)).all()
    assert all(x.erased is None for x in rows)
