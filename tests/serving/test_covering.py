"""Numbers of persons and firms on pages are covered, and places in the text stay. All numbers are invented."""

import pytest
from hypothesis import given, settings

from serving.review.covering import covered
from tests.triage.entities.test_any_text import TEXTS
from triage.entities import find_registers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Han er 010190-1234.", "Han er 010190-xxxx."),
        ("født 01.01.90-1234", "født 01.01.90-xxxx"),
        ("født 01.01.1990-1234", "født 01.01.1990-xxxx"),
        ("0101901234", "010190xxxx"),
        ("cpr 0 1 0 1 9 0 - 1 2 3 4", "cpr 0 1 0 1 9 0 - x x x x"),
        ("０１０１９０－１２３４", "０１０１９０－xxxx"),
        ("010190-1️⃣2️⃣3️⃣4️⃣", "010190-x️⃣x️⃣x️⃣x️⃣"),
        ("CVR 12 34 56 78, DK13585628", "CVR 12 34 xx xx, DK1358xxxx"),
        ("😀 010190-1234 og 020290-4321 😀", "😀 010190-xxxx og 020290-xxxx 😀"),
        ("skriv til 010190-1234@post.example", "skriv til 010190-xxxx@post.example"),
        ("Ring 01 23 45 67 den 01.01.90, 1234 kr.", "Ring 01 23 45 67 den 01.01.90, 1234 kr."),
    ],
)
def test_the_last_digits_are_covered(text, shown):
    assert covered(text) == shown


@pytest.mark.parametrize("last", ["to tre fire fem", "nul nul nul ni", "1 nul 2 3", "tolv fireogtredive"])
def test_of_digits_in_words_not_even_their_lengths_are_told(last):
    shown = covered(f"cpr nul et nul et ni nul {last}")
    assert shown.startswith("cpr 010190-xxxx")
    assert set(shown[11:]) == {"x"}


@pytest.mark.parametrize("text", ["01🔟9012🔟", "cpr: OIOI9O-I234", "cpr 0 1 0 1 9 0 2 x 7 dobbelt 8"])
def test_of_disguised_digits_the_last_are_covered(text):
    (number,) = find_registers(text)
    assert set(covered(text)[number.span.start :][7:]) == {"x"}


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_its_places_stay(text):
    shown = covered(text)
    assert len(shown) == len(text)
    numbers = find_registers(text)
    inside = {i for x in numbers for i in range(x.span.start, x.span.end)}
    assert all(shown[i] == text[i] for i in range(len(text)) if i not in inside)
    assert all(shown[x.span.start : x.span.end] != x.quote for x in numbers)
