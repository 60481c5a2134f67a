import numpy as np
import pytest
import torch

from training.augment import WAYS, augment, other_sex, rewrite
from training.losses import _texts
from triage.text import Document, Label, Span

TEXT = "Hun skylder 45000 kr., så han går på gæld. Tlf. 0012 3456 😀 æøå!"
MARKS = ("skylder 45000 kr.", "går på gæld")


def _document() -> Document:
    spans = tuple(Span(TEXT.index(x), TEXT.index(x) + len(x)) for x in MARKS)
    return Document("d", "note", TEXT, "police", "da", (Label("debt_bondage", "stated", spans),))


def _quotes(document: Document) -> list[str]:
    return [document.text[x.start : x.end] for label in document.labels for x in label.spans]


@pytest.mark.parametrize(
    ("way", "text", "quotes"),
    [
        (
            "_without_danish_letters",
            "Hun skylder 45000 kr., saa han gaar paa gaeld. Tlf. 0012 3456 😀 aeoeaa!",
            ["skylder 45000 kr.", "gaar paa gaeld"],
        ),
        ("_capitals", TEXT.upper(), [x.upper() for x in MARKS]),
        ("_lower", TEXT.lower(), [x.lower() for x in MARKS]),
        (
            "_without_punctuation",
            "Hun skylder 45000 kr så han går på gæld Tlf 0012 3456 😀 æøå",
            ["skylder 45000 kr", "går på gæld"],
        ),
        ("other_sex", "Han" + TEXT[3:].replace(" han ", " hun "), list(MARKS)),
    ],
)
def test_marks_stand_on_the_same_words(way, text, quotes):
    found = rewrite(_document(), {x.__name__: x for x in (*WAYS, other_sex)}[way], np.random.default_rng(1))
    assert found.text == text
    assert _quotes(found) == quotes


def test_digits_are_spread_and_stay_in_the_mark():
    found = rewrite(_document(), {x.__name__: x for x in WAYS}["_spread_digits"], np.random.default_rng(1))
    first = _quotes(found)[0]
    assert first != MARKS[0]
    assert "".join(c for c in first if c.isdigit()) == "45000"


def test_typing_errors_change_few_letters_and_keep_the_marks_near():
    way = {x.__name__: x for x in WAYS}["_typing_errors"]
    long = Document("d", "note", TEXT * 20, "police", "da", (Label("debt_bondage", "stated", (Span(4, 20),)),))
    found = rewrite(long, way, np.random.default_rng(3))
    assert found.text != long.text
    assert abs(len(found.text) - len(long.text)) < 0.05 * len(long.text)
    assert _quotes(found)[0].startswith("sk")


def test_a_mark_of_which_nothing_is_left_goes_with_its_label():
    document = Document("d", "note", "Nej. Ja", None, None, (Label("threats", "stated", (Span(3, 4),)),))
    way = {x.__name__: x for x in WAYS}["_without_punctuation"]
    assert rewrite(document, way, np.random.default_rng(1)).labels == ()


def test_the_same_draw_gives_the_same_text():
    one, other = (augment(_document(), np.random.default_rng(5)) for _ in range(2))
    assert one == other


def test_joined_texts_are_neighbours_and_without_joining_each_is_its_own():
    device = torch.device("cpu")
    assert _texts(8, 0.0, device).tolist() == list(range(8))
    joined = _texts(8, 1.0, device).tolist()
    assert joined == sorted(joined)
    assert joined[0] == joined[1] == 0
