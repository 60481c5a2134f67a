"""Units: sentences of notes, windows of ads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.text import Document
from triage.units import _LOOK_BACK, MAX_LENGTH, split_units


def units(text: str, kind: str = "note") -> list[str]:
    return [text[x.start : x.end] for x in split_units(Document("x", kind, text))]


@pytest.mark.parametrize(
    "text",
    [
        "Talte med pt. om medicin kl. 14.30 i dag",
        "Sagen vdr. hr. Olsen er sendt til tlf. 01 23 45 67",
        "Han fik ca. 300 kr. pr. uge af ham",
        "Aftale d. 3. maj med bl.a. socialrådgiver",
        "Jf. § 262 a, stk. 1, nr. 2 i loven",
    ],
)
def test_an_abbreviation_does_not_end_a_sentence(text):
    assert units(text) == [text]


def test_sentences_end_at_full_stops_questions_and_exclamations():
    assert units("Han gik. Hvorfor? Ingen ved det! Slut.") == ["Han gik.", "Hvorfor?", "Ingen ved det!", "Slut."]


def test_an_amount_at_the_end_of_a_sentence_ends_it():
    assert units("Han fik 300 kr. Hun fik intet.") == ["Han fik 300 kr.", "Hun fik intet."]


def test_bullets_are_units_of_their_own():
    assert units("Obs:\n- intet pas\n- bor i skur\n* sover lidt") == [
        "Obs:",
        "- intet pas",
        "- bor i skur",
        "* sover lidt",
    ]


def test_mail_headers_and_body_are_kept_apart():
    found = units("Fra: Tina\nTil: Bente\nEmne: borger\n\nHej Bente\nKan du se på den?")
    assert found == ["Fra: Tina", "Til: Bente", "Emne: borger", "Hej Bente", "Kan du se på den?"]


def test_a_hard_line_break_inside_a_sentence_does_not_cut_it():
    text = "Kvinden fortalte at hun var blevet kørt hertil af en mand\nsom hun ikke kendte i forvejen."
    assert units(text) == [text]


def test_an_ad_without_punctuation_becomes_windows_of_32_to_64_words():
    text = "\n".join(f"linje {i} ny i byen ring til mig nu" for i in range(40))
    sizes = [len(x.split()) for x in units(text, "ad")]
    assert all(32 <= size <= 64 for size in sizes[:-1])


@pytest.mark.parametrize("text", ["", "   \n\t ", "\r\n\r\n"])
def test_a_blank_text_has_no_units(text):
    assert units(text) == []


@given(st.text(max_size=400), st.sampled_from(["note", "ad"]))
def test_units_are_disjoint_in_order_trimmed_and_cover_every_word(text, kind):
    spans = split_units(Document("x", kind, text))
    end = 0
    for span in spans:
        assert end <= span.start < span.end
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        assert not text[end : span.start].strip()
        end = span.end
    assert not text[end:].strip()


def test_a_huge_word_is_cut():
    assert all(len(x) <= MAX_LENGTH for x in units("x" * 50_000))


@pytest.mark.parametrize("text", ["Han skylder " + "!" * 49_000, "x. " * 16_000, "kl. " * 12_000, "(" + '."' * 20_000])
def test_long_runs_are_cut_by_looking_at_a_bounded_piece(text, monkeypatch):
    looked = []
    monkeypatch.setattr("triage.units._ends_sentence", lambda before, _after: bool(looked.append(len(before))))
    found = split_units(Document("a", "note", text))
    assert max(looked, default=0) <= _LOOK_BACK
    assert all(len(x) <= MAX_LENGTH for x in (text[u.start : u.end] for u in found))
