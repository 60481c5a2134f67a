"""What a reader typed and has not sent: sealed, theirs alone, and gone once it is sent or the text ends."""

import pytest
import sqlalchemy as sa

from serving.desk import cases, drafts, holding, reading
from serving.desk.drafts import NotADraft
from serving.desk.holding import NotHeld
from serving.desk.views import NoSuchText
from serving.store.access import Access
from serving.store.database import overwrite_deleted
from serving.store.desk import Draft, Text
from serving.store.vault import Place
from tests.serving.desk.conftest import SCHEME, Desk, spans
from tests.serving.desk.test_reading import FLAGS, TEXT, Reader

CANARY = "Kanariefugl-7731 😀 \ud800"
NOTE = {"note": CANARY, "outcome": "wait"}


def save(desk: Desk, who: str, number: int, part: str = "finish", fields: dict[str, str] = NOTE):
    return drafts.save(desk.ledger, SCHEME, desk.people[who], number, part, fields)


def kept(desk: Desk, who: str, number: int) -> dict[str, dict[str, str]]:
    return {part: x.fields for part, x in drafts.kept(desk.ledger, desk.people[who], number).items()}


def rows(desk: Desk) -> list[Draft]:
    with desk.ledger.reading() as db:
        return list(db.scalars(sa.select(Draft)))


def test_a_draft_comes_back_to_who_typed_it_and_to_nobody_else(desk):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    first = save(desk, "anna", number)
    assert kept(desk, "anna", number) == {"finish": NOTE}
    later = save(desk, "anna", number, fields={"note": "anden", "version": "3", "evil": "x"})
    assert later >= first
    assert kept(desk, "anna", number) == {"finish": {"note": "anden"}}
    assert kept(desk, "bo", number) == {}
    save(desk, "anna", number, "mark", {"words": "slog", "code": "violence", "state": "denied", "spans": "[[1,2]]"})
    save(desk, "anna", number, "reject-debt_bondage", {"reason": "lawful", "code": "debt_bondage"})
    assert set(kept(desk, "anna", number)) == {"finish", "mark", "reject-debt_bondage"}
    assert kept(desk, "anna", number)["reject-debt_bondage"] == {"reason": "lawful"}


def test_a_draft_is_sealed_in_its_place(desk):
    first, second = desk.ready(TEXT, FLAGS), desk.ready(f"{TEXT} En til.", FLAGS)
    for number in (first, second):
        desk.take("anna", number)
        save(desk, "anna", number)
    assert not any(b"Kanarie" in x.sealed_fields for x in rows(desk))
    with desk.ledger.acting("system") as act:  # one in place of the other
        one, other = act.db.scalars(sa.select(Draft).order_by(Draft.id))
        one.sealed_fields = other.sealed_fields
    assert kept(desk, "anna", first) == {}  # and the text can be read without it
    with desk.ledger.reading() as db:
        box = cases.open_box(desk.ledger.vault, db.get(cases.Case, db.get(Text, second).case_id))
        sealed = db.scalar(sa.select(Draft.sealed_fields).where(Draft.text_id == second))
        assert b"Kanarie" in box.open(sealed, Place("drafts", "sealed_fields", 2))


def test_an_emptied_form_leaves_no_draft(desk):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    save(desk, "anna", number)
    assert save(desk, "anna", number, fields={"note": " \n"}) is None
    assert save(desk, "anna", number, "mark", {"state": "stated", "code": "", "words": ""}) is None
    assert rows(desk) == []


def test_what_is_sent_needs_no_draft(desk):
    number = desk.ready(TEXT, FLAGS)
    reader = Reader(desk, "anna", number)
    for part, fields in (
        ("finish", NOTE), ("mark", {"words": "slog"}), ("reject-debt_bondage", {"reason": "other"}),
        ("reject-withheld_documents", {"reason": "other"}),
    ):  # fmt: skip
        save(desk, "anna", number, part, fields)
    reader.mark("debt_bondage", "accept")  # what was typed elsewhere stays
    assert set(kept(desk, "anna", number)) == {"finish", "mark", "reject-withheld_documents"}
    reader.mark("violence", "add", state="denied", spans=spans(TEXT, "slog"), sent="mark")
    assert set(kept(desk, "anna", number)) == {"finish", "reject-withheld_documents"}
    reader.finish()
    assert rows(desk) == []


def test_a_draft_outlives_giving_the_text_back_and_ends_with_the_text(desk):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    save(desk, "anna", number)
    holding.give_back(desk.ledger, desk.people["anna"], number)
    with pytest.raises(NotHeld):
        save(desk, "anna", number)
    desk.take("anna", number)
    assert kept(desk, "anna", number) == {"finish": NOTE}
    holding.give_back(desk.ledger, desk.people["anna"], number)
    Reader(desk, "bo", number).finish()
    assert rows(desk) == []


def test_between_two_readers_only_the_sent_draft_goes(desk):
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    desk.take("mia", number)
    save(desk, "mia", number)
    holding.give_back(desk.ledger, desk.people["mia"], number)
    first = Reader(desk, "anna", number)
    save(desk, "anna", number)
    assert first.finish() == "second"
    assert [x.user_id for x in rows(desk)] == [desk.people["mia"]]
    with pytest.raises(NotHeld):
        save(desk, "anna", number)
    desk.take("bo", number)
    assert kept(desk, "bo", number) == {}


def test_an_erased_case_and_a_removed_person_leave_no_draft(desk):
    first, second = desk.ready(TEXT, FLAGS), desk.ready(f"{TEXT} En til.", FLAGS)
    desk.take("anna", first)
    desk.take("bo", second)
    save(desk, "anna", first)
    save(desk, "bo", second)
    with desk.ledger.reading() as db:
        case = db.get(Text, first).case_id
    cases.erase(desk.ledger, case, actor="system", reason="asked")
    assert [x.text_id for x in rows(desk)] == [second]
    with pytest.raises(NoSuchText):
        drafts.kept(desk.ledger, desk.people["anna"], first)
    Access(desk.ledger).remove_user("bo")
    assert rows(desk) == []


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # PostgreSQL vacuums when it likes
def test_a_draft_that_ended_is_gone_from_the_files_of_the_database_too(desk, tmp_path):
    def files() -> bytes:
        return b"".join(x.read_bytes() for x in tmp_path.glob("store.db*"))

    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    save(desk, "anna", number)
    (draft,) = rows(desk)
    assert draft.sealed_fields in files()  # or the test looks in the wrong place
    assert save(desk, "anna", number, fields={"note": ""}) is None
    assert overwrite_deleted(desk.ledger.engine)
    assert draft.sealed_fields not in files()


@pytest.mark.parametrize(
    ("part", "fields"),
    [("", NOTE), ("note", NOTE), ("reject-", NOTE), ("reject-none", NOTE), ("finish", {"note": "x" * 20_001})],
)
def test_what_no_form_of_ours_sends_is_refused(desk, part, fields):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    with pytest.raises(NotADraft):
        save(desk, "anna", number, part, fields)


def test_typing_keeps_a_text_from_going_back_to_the_queue(desk):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    with desk.ledger.acting("system") as act:
        act.db.execute(sa.update(reading.Reading).values(touched=act.now - 2 * holding.LYING))
    save(desk, "anna", number)
    assert holding.give_back_lying(desk.ledger) == 0


def test_a_draft_is_no_act_in_the_log(desk):
    number = desk.ready(TEXT, FLAGS)
    desk.take("anna", number)
    before = desk.ledger.last()
    save(desk, "anna", number)
    assert desk.ledger.last() == before
