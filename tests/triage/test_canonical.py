from hypothesis import given
from hypothesis import strategies as st

from triage.canonical import canonical


def test_letters_of_another_alphabet_inside_a_latin_word_become_latin():
    assert canonical("Hаn tog hеndes pаs") == "Han tog hendes pas"  # Cyrillic a and e


def test_words_wholly_in_another_alphabet_stay():
    assert canonical("Hun sagde: он забрал паспорт") == "Hun sagde: он забрал паспорт"


def test_capitals_are_lowered_and_initials_are_not():
    assert canonical("HAN HAR TAGET HENDES PAS") == "han har taget hendes pas"
    assert canonical("Mødt med JK og PET") == "Mødt med JK og PET"


@given(st.text())
def test_the_length_is_kept_whatever_the_text(text):
    assert len(canonical(text)) == len(text)
