"""Markup: what is written by hand is what is read, and mistakes are named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.markup import InvalidMarkup, parse_marked, parse_markup, to_markup
from triage.text import Document, Label, Span


def test_marks_states_several_codes_and_nesting():
    text, labels = parse_marked("Han {threats|sagde {violence:denied,debt_bondage|nej}} til {threats|alt} 👍")
    found = {(x.indicator, x.state): [text[s.start : s.end] for s in x.spans] for x in labels}
    assert text == "Han sagde nej til alt 👍"
    assert found == {
        ("threats", "stated"): ["sagde nej", "alt"],
        ("violence", "denied"): ["nej"],
        ("debt_bondage", "stated"): ["nej"],
    }


def test_literal_braces():
    assert parse_marked("a \\{b\\} c") == ("a {b} c", ())


@pytest.mark.parametrize("marked", ["a {b", "a } b", "{threats|x", "{threats|}", "{threats:maybe|x}", "{Threats|x}"])
def test_a_broken_mark_is_refused(marked):
    with pytest.raises(InvalidMarkup):
        parse_marked(marked)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("kind: note\n", "begin with"),
        ("### \nkind: note\nsource: x\n---\nhej", "id"),
        ("### a\nkind: note\nsource: x\nhej", "---"),
        ("### a\nkind: letter\nsource: x\n---\nhej", "kind"),
        ("### a\nkind: note\n---\nhej", "source"),
        ("### a\nkind: note\nsource: x\ncolour: red\n---\nhej", "header"),
        ("### a\nkind: note\nsource: x\n---\n\n", "empty"),
        ("### a\nkind: note\nsource: x\n---\nhej\n### a\nkind: note\nsource: x\n---\nhej", "twice"),
    ],
)
def test_a_broken_block_is_named(raw, said):
    with pytest.raises(InvalidMarkup, match=said):
        parse_markup(raw)


def test_a_rule_line_inside_the_text_stays():
    (text,) = parse_markup("### a\nkind: note\nsource: x\n---\nFra: A\n---\nFra: B\n")
    assert text.document.text == "Fra: A\n---\nFra: B"


@given(
    st.text(alphabet="ab {}\\|👍é\n", min_size=1, max_size=40).filter(
        lambda t: t.strip("\n") == t and t.strip() and "\\" not in t
    ),
    st.data(),
)
def test_documents_survive_the_way_to_markup_and_back(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    document = Document("x", "note", text, "police", "da", (Label("threats", "denied", (Span(start, end),)),))
    (again,) = parse_markup(to_markup(document))
    assert again.document == document


def test_crossing_spans_cannot_be_written():
    labels = (Label("threats", spans=(Span(0, 3),)), Label("violence", spans=(Span(2, 5),)))
    with pytest.raises(InvalidMarkup, match="cross"):
        to_markup(Document("x", "note", "abcdef", labels=labels))
