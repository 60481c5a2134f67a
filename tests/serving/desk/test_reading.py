"""Reading a text: decisions, undo, blind reading, a second reader, settling, and what is exported of it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from threading import Barrier

import pytest
import sqlalchemy as sa

from serving.desk import agreement, decisions, holding, reading, tagging, views
from serving.desk.holding import Changed, NotHeld
from serving.desk.marks import Decision, NotAMark
from serving.desk.reading import Unfinished
from serving.desk.traces import sketch, traces
from serving.store.acts import check_details, ranges
from serving.store.desk import Mark, Text
from tests.serving.desk.conftest import MODEL, SCHEME, Desk, answer, spans
from triage.entities import find_entities
from triage.text import Span
from triage.wire import read_document

TEXT = "😀 Chefen tog hans pas. Han skylder 80.000 kr., og de slog ham ikke."
FLAGS = {"withheld_documents": "tog hans pas", "debt_bondage": "skylder 80.000 kr."}


class Reader:
    """A person who reads one text, as a page does: each act says which version it saw."""

    def __init__(self, desk: Desk, who: str, number: int) -> None:
        self.desk, self.person, self.number = desk, desk.people[who], number
        desk.take(who, number)

    def see(self) -> views.View:
        return views.open_text(self.desk.ledger, self.person, self.number)

    def mark(self, code: str, verdict: str, **more: object) -> int:
        values = {"version": self.see().version, **more}
        return reading.mark(self.desk.ledger, SCHEME, self.person, self.number, code=code, verdict=verdict, **values)

    def undo(self) -> Decision:
        return reading.undo(self.desk.ledger, self.person, self.number, version=self.see().version)

    def show(self) -> None:
        reading.show(self.desk.ledger, self.person, self.number, sure=True)

    def submit(self, outcome: str = "refer", **more: object) -> str:
        values = {"version": self.see().version, **more}
        return reading.submit(self.desk.ledger, self.person, self.number, outcome=outcome, **values)

    def finish(self, outcome: str = "refer", **more: object) -> str:
        for finding in self.see().assessment.findings:
            if finding.code not in self.see().decisions:
                self.mark(finding.code, "accept")
        return self.submit(outcome, **more)


def _said(view: views.View) -> dict[str, tuple[str, str | None]]:
    return {code: (x.verdict, x.state) for code, x in view.decisions.items()}


def test_nothing_is_decided_until_a_person_decides_it(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    assert {x.code for x in reader.see().assessment.findings} == set(FLAGS)
    assert reader.see().decisions == {}
    with pytest.raises(Unfinished) as raised:
        reader.submit()
    assert set(raised.value.codes) == set(FLAGS)
    assert not raised.value.outcome


def test_accept_reject_correct_add_and_undo(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    reader.mark("withheld_documents", "accept")
    reader.mark("debt_bondage", "reject", reason="lawful")
    reader.mark("violence", "add", state="denied", spans=spans(TEXT, "slog ham ikke"))
    assert _said(reader.see()) == {
        "withheld_documents": ("accept", "stated"), "debt_bondage": ("reject", None), "violence": ("add", "denied"),
    }  # fmt: skip
    reader.mark("debt_bondage", "correct", state="stated", spans=spans(TEXT, "skylder", "80.000 kr"))
    assert _said(reader.see())["debt_bondage"] == ("correct", "stated")
    reader.undo()
    assert _said(reader.see())["debt_bondage"] == ("reject", None)
    reader.undo()
    assert "violence" not in reader.see().decisions
    reader.undo()
    reader.undo()
    assert reader.see().decisions == {}
    with pytest.raises(NotAMark):
        reader.undo()
    history = reader.see().history
    assert [x.verdict for x in history] == ["accept", "reject", "add", "correct"]
    assert all(x.undone for x in history)


def test_an_added_sign_is_removed_though_more_was_decided_later_and_what_was_said_stays_in_the_store(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    for state in ("stated", "denied"):
        reader.mark("violence", "add", state=state, spans=spans(TEXT, "slog ham ikke"))
    reader.mark("debt_bondage", "accept")
    version = reader.see().version

    def remove(code: str) -> Decision:
        return reading.remove(desk.ledger, reader.person, reader.number, version=reader.see().version, code=code)

    assert remove("violence").state == "denied"
    assert _said(reader.see()) == {"debt_bondage": ("accept", "stated")}
    assert [(x.indicator, x.undone) for x in reader.see().history] == [
        ("violence", True), ("violence", True), ("debt_bondage", False),
    ]  # fmt: skip
    assert [x.details["indicator"] for x in desk.ledger.entries(act="decision.undone")] == ["violence"] * 2
    for code in ("violence", "debt_bondage", "no_such"):  # removed before; suggested, not added; none at all
        with pytest.raises(NotAMark) as raised:
            remove(code)
        assert raised.value.code == "not_added"
    with pytest.raises(Changed):
        reading.remove(desk.ledger, reader.person, reader.number, version=version, code="violence")
    reader.undo()
    assert reader.see().decisions == {}


def test_spans_are_code_points_past_an_emoji_and_are_put_in_order(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    assert TEXT.index("Chefen") == 2
    given = (*spans(TEXT, "80.000 kr", "skylder 80"), Span(2, 8))
    reader.mark("debt_bondage", "correct", state="stated", spans=given)
    kept = reader.see().decisions["debt_bondage"].spans
    assert [TEXT[x.start : x.end] for x in kept] == ["Chefen", "skylder 80.000 kr"]


@pytest.mark.parametrize(
    ("code", "verdict", "more", "problem"),
    [
        ("no_such", "add", {"state": "stated", "spans": (Span(0, 1),)}, "indicator"),
        ("youth_marketing", "add", {"state": "stated", "spans": (Span(0, 1),)}, "indicator"),
        ("violence", "accept", {}, "not_suggested"),
        ("violence", "reject", {"reason": "lawful"}, "not_suggested"),
        ("debt_bondage", "reject", {}, "reason"),
        ("debt_bondage", "reject", {"reason": "because"}, "reason"),
        ("debt_bondage", "correct", {"state": "perhaps", "spans": (Span(0, 1),)}, "state"),
        ("debt_bondage", "correct", {"state": "stated"}, "spans"),
        ("debt_bondage", "correct", {"state": "stated", "spans": (Span(3, 3),)}, "spans"),
        ("debt_bondage", "correct", {"state": "stated", "spans": (Span(-1, 3),)}, "spans"),
        ("debt_bondage", "correct", {"state": "stated", "spans": (Span(0, 1_000),)}, "spans"),
        ("debt_bondage", "correct", {"state": "stated", "spans": tuple(Span(i, i + 1) for i in range(51))}, "spans"),
        ("debt_bondage", "undo", {}, "verdict"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_and_not_kept(desk, code, verdict, more, problem):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    with pytest.raises(NotAMark) as raised:
        reader.mark(code, verdict, **more)
    assert raised.value.code == problem
    assert reader.see().history == []


def test_only_the_holder_marks_and_only_what_they_saw(desk):
    number = desk.ready(TEXT, FLAGS)
    reader = Reader(desk, "anna", number)
    with pytest.raises(NotHeld):
        reading.mark(desk.ledger, SCHEME, desk.people["bo"], number, version=0, code="debt_bondage", verdict="accept")
    seen = reader.see().version
    reader.mark("debt_bondage", "accept")
    with pytest.raises(Changed):
        reader.mark("debt_bondage", "reject", reason="lawful", version=seen)
    with pytest.raises(Changed):
        reader.submit(version=seen)
    desk.take("bo", number, emergency="danger")
    with pytest.raises(NotHeld):
        reader.mark("debt_bondage", "accept")


def test_of_marks_sent_at_once_one_is_kept_and_the_others_are_told(desk):
    number = desk.ready(TEXT, FLAGS)
    reader = Reader(desk, "anna", number)
    version = reader.see().version

    def send(_: int) -> bool:
        try:
            reader.mark("debt_bondage", "accept", version=version)
        except Changed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(send, range(8))) == 1
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Mark)) == 1


def test_a_blind_reader_sees_no_suggestion_until_they_ask_and_ends_with_a_look(desk):
    desk.set(blind_share="100")
    number = desk.ready(TEXT, FLAGS)
    assert views.open_text(desk.ledger, desk.people["bo"], number).assessment is None
    reader = Reader(desk, "anna", number)
    assert reader.see().blind
    assert reader.see().assessment is None
    with pytest.raises(NotAMark):
        reader.mark("withheld_documents", "accept")
    reader.mark("debt_bondage", "add", state="stated", spans=spans(TEXT, "skylder 80.000"))
    with pytest.raises(Unfinished):
        reader.submit()
    reader.show()
    assert not reader.see().blind
    reader.mark("withheld_documents", "accept")
    assert reader.submit() == "done"
    view = reader.see()
    assert {code: x.blind for code, x in view.decisions.items()} == {"debt_bondage": True, "withheld_documents": False}
    with desk.ledger.reading() as db:
        found = agreement.reliance(db)
    assert (found.blind_texts, found.blind_suggestions, found.blind_found, found.late_accepted) == (1, 2, 1, 1)
    assert found.seen_texts == 0


def test_the_stop_switch_takes_suggestions_off_at_once_and_reading_goes_on(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    assert reader.see().assessment is not None
    desk.set(suggestions="off")
    view = reader.see()
    assert view.assessment is None
    assert view.stopped
    reader.mark("debt_bondage", "add", state="stated", spans=spans(TEXT, "skylder"))
    assert reader.submit() == "done"
    assert reader.see().assessment is None
    desk.set(suggestions="on")
    assert reader.see().assessment is not None


def test_two_readers_who_agree_are_done_and_neither_saw_the_other(desk):
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    assert Reader(desk, "anna", number).finish() == "second"
    second = Reader(desk, "bo", number)
    assert second.see().earlier == ()
    assert second.see().decisions == {}
    assert second.finish() == "done"
    assert [x.reader for x in second.see().earlier] == ["anna"]
    with desk.ledger.reading() as db:
        assert db.get(Text, number).outcome == "refer"


def test_differences_are_settled_by_a_lead_and_only_they(desk):
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    Reader(desk, "anna", number).finish(for_training=True)
    second = Reader(desk, "bo", number)
    second.mark("debt_bondage", "reject", reason="lawful")
    second.mark("violence", "add", state="denied", spans=spans(TEXT, "slog ham ikke"))
    assert second.finish("wait", note="Set igen i morgen", for_training=True) == "adjudication"
    lead = Reader(desk, "lis", number)
    view = lead.see()
    assert view.differing == ("debt_bondage", "violence")
    assert [(x.reader, x.outcome, x.note) for x in view.earlier] == [
        ("anna", "refer", ""),
        ("bo", "wait", "Set igen i morgen"),
    ]
    with pytest.raises(Unfinished) as raised:
        lead.submit()
    assert raised.value.codes == ("debt_bondage", "violence")
    lead.mark("debt_bondage", "accept")
    lead.mark("violence", "add", state="denied", spans=spans(TEXT, "slog ham ikke"))
    assert lead.submit("more_information", for_training=True) == "done"
    (record,) = decisions.export(desk.ledger)
    labels = {x.indicator: x.state for x in read_document(record.document, labelled=True).labels}
    assert labels == {"withheld_documents": "stated", "debt_bondage": "stated", "violence": "denied"}
    assert record.provenance["readers"] == 2
    assert record.provenance["adjudicated"]
    assert record.provenance["outcome"] == "more_information"
    with desk.ledger.reading() as db:
        per_code, per_pair = agreement.agreements(db, SCHEME.codes)
    table = {x.name: (x.both, x.one) for x in per_code}
    assert table["withheld_documents"] == (1, 0)
    assert table["debt_bondage"] == (0, 1)
    assert [(x.name, x.texts, x.both, x.one) for x in per_pair] == [("anna / bo", 1, 1, 1)]


def test_a_first_reader_may_ask_for_a_second(desk):
    number = desk.ready(TEXT, FLAGS)
    assert Reader(desk, "anna", number).finish(ask_second=True) == "second"


def test_a_reading_handed_in_is_closed(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    reader.finish(note="Sendt videre")
    assert (reader.see().note, reader.see().outcome, reader.see().submitted) == ("Sendt videre", "refer", True)
    for act in (lambda: reader.mark("debt_bondage", "accept"), reader.undo, reader.submit, reader.show):
        with pytest.raises(NotHeld):
            act()


def test_only_texts_marked_for_training_leave_with_the_labels_that_were_decided(desk):
    kept, private = desk.ready(TEXT, FLAGS), desk.ready("En anden tekst. " + TEXT, FLAGS)
    reader = Reader(desk, "anna", kept)
    reader.mark("debt_bondage", "reject", reason="other_person")
    reader.finish(for_training=True)
    Reader(desk, "anna", private).finish()
    open_text = desk.ready("En tredje tekst " + TEXT, FLAGS)
    assert open_text
    (record,) = decisions.export(desk.ledger)
    document = read_document(record.document, labelled=True)
    assert document.text == TEXT
    assert {x.indicator: (x.state, [TEXT[s.start : s.end] for s in x.spans]) for x in document.labels} == {
        "withheld_documents": ("stated", ["tog hans pas"]),
        "debt_bondage": ("other_person", ["skylder 80.000 kr."]),
    }
    assert record.provenance["decisions"]["debt_bondage"]["reason"] == "other_person"
    assert "anna" not in str(record.provenance)
    (entry,) = desk.ledger.entries(act="export.made")
    assert entry.details == {"format": "jsonl", "records": 1, "with_text": True, "numbers": str(kept)}


@pytest.mark.parametrize("ticks", list(product((True, False), repeat=3)))
def test_a_text_leaves_only_if_everybody_who_handed_in_a_reading_says_so(desk, ticks):
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    outcomes = ("refer", "wait", "refer")
    for who, outcome, tick in zip(("anna", "bo", "lis"), outcomes, ticks, strict=True):
        stage = Reader(desk, who, number).finish(outcome, for_training=tick)
    assert stage == "done"
    assert len(list(decisions.export(desk.ledger))) == all(ticks)


def test_a_tick_by_somebody_who_did_not_hand_in_counts_for_nothing_and_holds_nothing_back(desk):
    number = desk.ready(TEXT, FLAGS)
    Reader(desk, "bo", number)
    holding.give_back(desk.ledger, desk.people["bo"], number)
    Reader(desk, "anna", number).finish(for_training=True)
    assert len(list(decisions.export(desk.ledger))) == 1


def test_an_export_records_the_numbers_of_what_left_a_few_at_a_time_and_before_it_leaves(desk, monkeypatch):
    monkeypatch.setattr(decisions, "_AT_ONCE", 3)
    numbers = [desk.ready(f"{i} {TEXT}") for i in range(8)]
    for number in numbers:
        Reader(desk, "anna", number).finish(for_training=number != numbers[1])
    leaving = decisions.export(desk.ledger)
    assert next(leaving).document["id"] == f"review-{numbers[0]}"
    (entry,) = desk.ledger.entries(act="export.made")
    assert entry.details["numbers"] == f"{numbers[0]},{numbers[2]}-{numbers[3]}"
    assert len(list(leaving)) == 6
    said = [(x.details["records"], x.details["numbers"]) for x in desk.ledger.entries(act="export.made")]
    assert said == [
        (1, f"{numbers[7]}"),
        (3, f"{numbers[4]}-{numbers[6]}"),
        (3, f"{numbers[0]},{numbers[2]}-{numbers[3]}"),
    ]


def test_the_numbers_of_one_entry_always_fit_into_it():
    check_details("export.made", {"numbers": ranges(range(2**63 - 100, 2**63 - 1, 2))})
    assert ranges([7, 3, 4, 5, 3]) == "3-5,7"


def test_two_who_mark_different_words_agree_and_the_export_says_so(desk):
    desk.set(second_share="100")
    number = desk.ready(TEXT)
    for who, words in (("anna", "slog"), ("bo", "slog ham ikke")):
        reader = Reader(desk, who, number)
        reader.mark("violence", "add", state="stated", spans=spans(TEXT, words))
        stage = reader.finish(for_training=True)
    assert stage == "done"
    (record,) = decisions.export(desk.ledger)
    assert record.provenance["agreement"] == "indicator and state, not spans"
    with desk.ledger.reading() as db:
        (found,) = [x for x in agreement.agreements(db, SCHEME.codes)[0] if x.name == "violence"]
    assert (found.both, found.one) == (1, 0)


def test_texts_with_a_contact_or_many_words_in_common_are_related(desk):

    first = desk.ready("Ring til os i dag om arbejde på gården og et værelse i stalden, vi mangler fem folk nu")
    near = desk.ready("Ring til os i dag om arbejde på gården og et værelse i stalden, vi mangler seks folk")
    far = desk.ready("Borgeren søger om tilskud til briller og venter på svar fra kommunen i næste uge")
    related = views.open_text(desk.ledger, desk.people["anna"], first).relatives
    assert [x.text_id for x in related] == [near]
    assert 0.3 < related[0].alike <= 1
    assert far not in [x.text_id for x in related]


def test_texts_are_related_by_contacts_and_never_by_register_numbers_prices_or_places(desk):
    """Of a CPR number nothing is kept, not even a keyed hash."""
    text = "Ring 01 23 45 67 i Aarhus, 500 kr. CPR 010190-1234, CVR 12345678, @rose på Telegram, MobilePay 02 34 56 78."
    kept = traces(desk.ledger.vault, 1, text, find_entities(text))
    assert {x.kind for x in kept} == {"phone", "handle", "words"}
    assert len({x.value for x in kept if x.kind == "phone"}) == 2  # what MobilePay pays to is a telephone number
    masked = text.replace("010190-1234", " ").replace("12345678", " ")
    assert {x.value for x in kept if x.kind == "words"} == set(sketch(desk.ledger.vault, masked))


def test_every_look_is_recorded(desk):
    number = desk.ready(TEXT, FLAGS)
    views.open_text(desk.ledger, desk.people["bo"], number, emergency="oversight")
    (entry,) = desk.ledger.entries(act="document.read")
    assert (entry.actor, entry.subject, entry.details) == (
        f"user#{desk.people['bo']}",
        f"text#{number}",
        {"emergency": "oversight"},
    )


def test_what_was_acknowledged_is_chained(desk):
    number = desk.ready(TEXT, FLAGS)
    Reader(desk, "anna", number).finish()
    holding.give_back(desk.ledger, desk.people["anna"], number)
    count, broken = desk.ledger.verify()
    assert broken is None
    assert count > 8


def test_what_was_marked_and_seen_stays_when_a_text_was_given_back_and_taken_again(desk):
    desk.set(blind_share="100")
    number = desk.ready(TEXT, FLAGS)
    reader = Reader(desk, "anna", number)
    reader.mark("debt_bondage", "add", state="stated", spans=spans(TEXT, "skylder 80.000"))
    reader.show()
    holding.give_back(desk.ledger, reader.person, number)
    again = Reader(desk, "anna", number)
    assert not again.see().blind
    assert set(again.see().decisions) == {"debt_bondage"}
    again.mark("withheld_documents", "accept")
    assert {code: x.blind for code, x in again.see().decisions.items()} == {
        "debt_bondage": True,
        "withheld_documents": False,
    }
    holding.give_back(desk.ledger, reader.person, number)
    assert Reader(desk, "bo", number).see().decisions == {}


def test_accepting_a_suggestion_keeps_what_it_says_of_the_state(desk):
    number = desk.submit(TEXT).new[0]
    documents = tagging.claim(desk.ledger, MODEL, outdated=False)
    said = answer(documents[0], {"violence": "slog ham ikke"})
    looked = replace(said, findings=(replace(said.findings[0], decision="look", state="denied"),))
    tagging.keep(desk.ledger, MODEL, documents, [looked])
    reader = Reader(desk, "anna", number)
    reader.mark("violence", "accept")
    assert _said(reader.see()) == {"violence": ("accept", "denied")}


def test_a_lead_takes_a_side_and_cannot_accept_what_two_say_differently(desk):
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    first = Reader(desk, "anna", number)
    first.mark("violence", "add", state="stated", spans=spans(TEXT, "slog ham"))
    first.finish()
    second = Reader(desk, "bo", number)
    second.mark("violence", "add", state="denied", spans=spans(TEXT, "slog ham ikke"))
    second.mark("debt_bondage", "reject", reason="lawful")
    second.finish()
    lead = Reader(desk, "lis", number)
    with pytest.raises(NotAMark) as raised:
        lead.mark("violence", "accept")
    assert raised.value.code == "differs"

    def settle(code: str, part: str) -> None:
        reading.settle(desk.ledger, SCHEME, lead.person, number, version=lead.see().version, code=code, part=part)

    settle("violence", "second")
    settle("debt_bondage", "second")
    kept = lead.see().decisions
    assert (kept["violence"].state, [TEXT[x.start : x.end] for x in kept["violence"].spans]) == (
        "denied",
        ["slog ham ikke"],
    )
    assert (kept["debt_bondage"].verdict, kept["debt_bondage"].reason) == ("reject", "lawful")
    with pytest.raises(NotAMark):
        settle("violence", "adjudicator")
    assert lead.submit() == "done"


def test_marks_made_while_suggestions_are_stopped_are_blind_only_if_none_was_seen(desk):
    reader = Reader(desk, "anna", desk.ready(TEXT, FLAGS))
    reader.see()
    desk.set(suggestions="off")
    reader.mark("threats", "add", state="stated", spans=spans(TEXT, "slog"))
    assert not reader.see().decisions["threats"].blind


def contested(desk: Desk) -> int:
    """A text whose second reader rejects what the first accepted."""
    desk.set(second_share="100")
    number = desk.ready(TEXT, FLAGS)
    Reader(desk, "anna", number).finish()
    second = Reader(desk, "bo", number)
    second.mark("debt_bondage", "reject", reason="lawful")
    second.finish()
    return number


def test_of_two_who_settle_at_once_one_is_told_that_it_changed(desk):
    number = contested(desk)
    lead = Reader(desk, "lis", number)
    version, start = lead.see().version, Barrier(2)

    def settle(part: str) -> str:
        start.wait()
        try:
            reading.settle(desk.ledger, SCHEME, lead.person, number, version=version, code="debt_bondage", part=part)
        except Changed:
            return "changed"
        return part

    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(settle, ("first", "second")))
    assert ends.count("changed") == 1
    assert len(lead.see().history) == 1


def test_settling_is_one_transaction(desk, monkeypatch):
    """What the readers before said is read where the mark is written: nothing can come in between."""
    number = contested(desk)
    lead = Reader(desk, "lis", number)
    version, begun = lead.see().version, []
    acting = desk.ledger.acting
    monkeypatch.setattr(desk.ledger, "acting", lambda actor: begun.append("acting") or acting(actor))
    monkeypatch.setattr(desk.ledger, "reading", lambda: begun.append("reading"))
    reading.settle(desk.ledger, SCHEME, lead.person, number, version=version, code="debt_bondage", part="second")
    assert begun == ["acting"]
