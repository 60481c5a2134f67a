"""Texts of any characters, for a tagger of each family."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import texts
from tests.fuzz.conftest import SEED
from tests.fuzz.targets import Finding
from triage.assessment import Evidence
from triage.text import KINDS, Document, Span


@pytest.fixture(scope="module")
def taggers(tmp_path_factory):
    return texts.taggers(tmp_path_factory.mktemp("taggers"))


def test_every_text_is_answered(taggers, few):
    @seed(SEED)
    @settings(few, max_examples=10)
    @given(texts.documents())
    def check(document: Document) -> None:
        texts.check(taggers, document)

    check()


def test_every_string_that_json_carries_is_read_or_refused(few):
    @seed(SEED)
    @settings(few, max_examples=200)
    @given(st.text(st.characters(), max_size=50))
    def check(text: str) -> None:
        texts.check_wire(text)

    check()
    for text in ("\ud800", "a\udfff", "\udc00\ud800", "\x00", "", "\ufffe\U0010ffff"):
        texts.check_wire(text)


@pytest.mark.parametrize("text", texts.HARD, ids=lambda x: ascii(x[:3]))
def test_long_texts_of_the_worst_characters_are_cut_into_few_units(text):
    for kind in KINDS:
        texts.check_units(Document("a", kind, text[:5000]))


@pytest.mark.parametrize("text", ["e\u0301." * 300, "a" * 1500], ids=lambda x: ascii(x[:3]))
def test_long_texts_are_answered(taggers, text):
    texts.check(taggers, Document("a", "note", text))


def test_the_taggers_have_something_to_say(taggers):
    """Else nothing would be checked but silence."""
    for name, tagger in taggers.items():
        said = tagger([Document("a", "note", texts.NOTE)])[0]
        assert said.shown(), name


def test_what_must_not_be_is_found(taggers):
    document = Document("a", "note", texts.NOTE)
    said = taggers["linear"]([document])[0]
    texts.check_answer(document, said)
    first = next(x for x in said.findings if x.evidence)
    for broken in (
        replace(first, probability=float("nan")),
        replace(first, probability=1.5),
        replace(first, evidence=(Evidence(Span(0, 3), "Kvi", 0.5),)),
        replace(first, evidence=(Evidence(Span(0, 6), "Manden", 0.6), Evidence(Span(0, 6), "Manden", 0.6))),
        replace(first, evidence=()),
    ):
        with pytest.raises(Finding):
            texts.check_answer(document, replace(said, findings=(broken,)))
