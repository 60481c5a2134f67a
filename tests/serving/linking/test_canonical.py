"""Words without disguises, each with its place in the raw text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.linking.canonical import canonical, words
from triage.assessment import Entity
from triage.text import Span


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Mаssаgе", "massage"),  # Cyrillic а and е
        ("m4ss4ge", "massage"),
        ("mas\u200bsa\u00adge", "massage"),
        ("𝗺𝗮𝘀𝘀𝗮𝗴𝗲", "massage"),
        ("m̶a̶s̶s̶a̶g̶e̶", "massage"),
        ("Århus", "århus"),
        ("A\u030arhus", "århus"),
        ("blødgør", "blødgør"),
    ],
)
def test_a_disguised_word_is_the_word_and_danish_letters_stay(written, meant):
    assert [word for word, _ in words(written, ())] == [meant]
    assert canonical(written) == meant


def test_emoji_and_digits_fall_out_and_letters_with_spaces_between_are_one_word():
    text = "🌸 M A S S A G E 🌸 i 3 dage!!! a b"
    assert [(word, text[span.start : span.end]) for word, span in words(text, ())] == [
        ("massage", "M A S S A G E"),
        ("i", "i"),
        ("dage", "dage"),
        ("a", "a"),
        ("b", "b"),
    ]


def test_contacts_fall_out_and_names_and_places_are_masked():
    text = "Ring Mia i Valby på nul en to"
    entities = [
        Entity("name", Span(5, 8), "Mia", "Mia"),
        Entity("place", Span(11, 16), "Valby", "Valby"),
        Entity("phone", Span(20, 29), "nul en to", "+45012"),
        Entity("something new", Span(0, 4), "Ring", "?"),
    ]
    assert [word for word, _ in words(text, entities)] == ["ring", "\x01name", "i", "\x01place", "på"]


@given(st.text(max_size=200))
def test_every_word_has_its_place_in_order_and_nothing_raises(text):
    at = 0
    for word, span in words(text, ()):
        assert word.isalpha()
        assert at <= span.start < span.end <= len(text)
        at = span.end


def test_entities_that_overlap_are_taken_once():
    text = "Mia Maria"
    entities = [Entity("name", Span(0, 9), text, "x"), Entity("name", Span(4, 9), "Maria", "y")]
    assert [word for word, _ in words(text, entities)] == ["\x01name"]
