"""A text that the model fails on stops no other, and the kind of error alone is told."""

from serving.inference import worker
from serving.inference.messages import Question
from tests.conftest import make_documents
from triage.assessment import Assessment
from triage.loading import load
from triage.text import Document


def test_one_text_that_fails_stops_no_other(model_folder):
    real = load(model_folder)

    class Fragile:
        scorer = real.scorer

        def __call__(self, documents, *, check):
            if any("bombe" in x.text for x in documents):
                raise RuntimeError(documents[0].text)
            return real(documents, check=check)

    notes = [Document(x.id, x.kind, x.text) for x in make_documents(3)]
    notes[1] = Document("b", "note", "Der er en bombe i teksten her.")
    found = worker._read(Fragile(), [Question(x, True) for x in notes])
    assert [type(x) for x in found.answers] == [Assessment, str, Assessment]
    assert found.answers[1] == "RuntimeError"
    assert [found.answers[0], found.answers[2]] == real([notes[0], notes[2]])


def test_texts_to_be_checked_and_not_are_answered_in_their_order(model_folder):
    tagger = load(model_folder)
    notes = [Document(x.id, x.kind, x.text) for x in make_documents(8)]
    found = worker._read(tagger, [Question(x, i % 2 == 0) for i, x in enumerate(notes)]).answers
    assert [x.id for x in found] == [x.id for x in notes]
    checked = [any(y.check for y in x.findings) for x in found]
    assert any(checked)
    assert not any(checked[1::2])
    assert found[::2] == tagger(notes)[::2]
