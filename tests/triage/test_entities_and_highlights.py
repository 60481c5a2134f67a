"""Contact details and quotes, with offsets into the raw text."""

import numpy as np
import pytest

from triage.entities import CONTACTS, find_entities
from triage.highlights import HighlightSettings, quote_evidence, trimmed
from triage.scoring import UnitScores
from triage.text import Span


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ring 01 23 45 67 i dag", "+4501234567"),
        ("tlf. 01234567.", "+4501234567"),
        ("+45 01 23 45 67", "+4501234567"),
        ("0123-4567", "+4501234567"),
    ],
)
def test_a_phone_number_is_found_with_its_normal_form(text, value):
    (entity,) = find_entities(text)
    assert (entity.type, entity.value) == ("phone", value)
    assert text[entity.span.start : entity.span.end] == entity.quote


@pytest.mark.parametrize("text", ["80.000 kr.", "den 01-02-2024", "sag 123456789012", "1.234.567,00"])
def test_amounts_dates_and_long_numbers_are_no_phones(text):
    assert [x for x in find_entities(text) if x.type in CONTACTS] == []


def test_mail_and_link_are_found_after_emoji():
    found = find_entities("👩‍👧 skriv til Anna@Hus.example eller se https://hus.example/a?b=1.")
    assert [(x.type, x.value) for x in found] == [("email", "anna@hus.example"), ("url", "https://hus.example/a?b=1")]


def test_a_quote_has_no_white_space_or_punctuation_at_its_ends():
    text = ' "gæld, ja." '
    span = trimmed(text, Span(0, len(text)))
    assert text[span.start : span.end] == "gæld, ja"


def test_a_unit_with_a_small_part_of_the_score_is_not_quoted():
    text = "aa bb cc dd"
    tokens = np.array([[0, 2], [3, 5]])
    units = [
        UnitScores(Span(0, 5), tokens, np.array([[2.0], [0.1]], np.float32), np.array([2.0]), np.ones((1, 4)) / 4),
        UnitScores(Span(6, 11), tokens + 6, np.array([[0.1], [0.1]], np.float32), np.array([0.1]), np.ones((1, 4)) / 4),
    ]
    quotes = quote_evidence(text, units, np.array([[0.9], [0.05]], np.float32), 0, HighlightSettings())
    assert [x.quote for x in quotes] == ["aa"]
    assert 0 < quotes[0].weight <= 0.95


def _unit(text, places, contributions):
    """A unit that is the whole text, with tokens at places."""
    values = np.array([[x] for x in contributions], np.float32)
    return UnitScores(Span(0, len(text)), np.array(places), values, values.sum(axis=0), np.ones((1, 4)) / 4)


@pytest.mark.parametrize(
    ("widen", "quote"), [(0, "skylder"), (1, "han skylder 80.000"), (9, "Nu han skylder 80.000 kr")]
)
def test_a_quote_is_whole_words_and_stays_in_its_clause(widen, quote):
    text = "Vent. Nu han skylder 80.000 kr., og så gik han"
    unit = _unit(text, [[6, 8], [13, 18], [18, 20]], [0.0, 3.0, 0.0])  # "skyld", "er"
    settings = HighlightSettings(widen=widen)
    (found,) = quote_evidence(text, [unit], np.array([[1.0]], np.float32), 0, settings)
    assert found.quote == quote


def test_pieces_of_one_word_are_one_quote_with_both_weights():
    text = "gældsbyrde"
    unit = _unit(text, [[0, 2], [2, 4], [4, 5], [5, 8], [8, 10]], [1.0, 0.0, 0.0, 0.0, 1.0])
    settings = HighlightSettings(gap=1)
    (found,) = quote_evidence(text, [unit], np.array([[1.0]], np.float32), 0, settings)
    assert found.quote == text
    assert found.weight == pytest.approx(1.0, abs=1e-3)
