"""Offsets are code points of the raw text; documents are read strictly and errors never repeat them."""

import json

import pytest

from training.markup import parse_marked
from triage.text import Span
from triage.wire import InvalidDocument, MalformedJSON, document_to_json, parse_json, read_document

GOOD = {"id": "a", "kind": "note", "text": "Hej"}
CANARY = "KANARIEFUGL"


def test_overlap():
    assert Span(0, 5).overlap(Span(3, 9)) == 2
    assert Span(0, 3).overlap(Span(3, 9)) == 0


@pytest.mark.parametrize(
    "text", ["👩‍👧 bor i {tied_housing|skur 🏚️}\r\nslut", "e\u0301 {threats|שלום} x", "\u202e{threats|bagvendt}\u202c"]
)
def test_offsets_survive_emoji_joiners_right_to_left_and_carriage_returns(text):
    plain, labels = parse_marked(text)
    value = {"id": "a", "kind": "note", "text": plain}
    value["labels"] = [{"indicator": x.indicator, "spans": [[s.start, s.end] for s in x.spans]} for x in labels]
    document = read_document(parse_json(json.dumps(value)), labelled=True)
    span = document.labels[0].spans[0]
    assert document.text == plain
    assert (
        "{threats|" + document.text[span.start : span.end] in text
        or "{tied_housing|" + plain[span.start : span.end] in text
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"kind": CANARY}, "kind"),
        ({"text": ""}, "text"),
        ({"text": CANARY * 10_000}, "text"),
        ({"text": CANARY + "\x00"}, "text"),
        ({"text": CANARY + "\ud800"}, "text"),
        ({"text": [CANARY]}, "text"),
        ({CANARY: 1}, ""),
        ({"labels": []}, ""),
    ],
)
def test_a_bad_document_names_the_field_and_never_the_text(change, path):
    with pytest.raises(InvalidDocument) as caught:
        read_document(GOOD | change)
    assert [p for p, _ in caught.value.problems] == [path]
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


def test_a_missing_state_means_stated():
    value = GOOD | {"labels": [{"indicator": "threats", "spans": [[0, 3]]}]}
    assert read_document(value, labelled=True).labels[0].state == "stated"


@pytest.mark.parametrize("span", [[0, 0], [2, 1], [0, 4], [-1, 2], [0], [0, 1, 2]])
def test_a_span_outside_the_text_is_refused(span):
    with pytest.raises(InvalidDocument):
        read_document(GOOD | {"labels": [{"indicator": "threats", "spans": [span]}]}, labelled=True)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b"[" * 100_000, b"1" * 5000])
def test_what_is_not_json_is_malformed(raw):
    with pytest.raises(MalformedJSON):
        parse_json(raw)


def test_documents_go_out_as_they_came_in():
    value = GOOD | {
        "source": "police",
        "lang": "da",
        "labels": [{"indicator": "threats", "state": "denied", "spans": [[0, 3]]}],
    }
    assert document_to_json(read_document(value, labelled=True)) == value
