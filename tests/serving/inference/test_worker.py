"""A text that the model fails on stops no other, and the kind of error alone is told."""

from serving.inference import worker
from tests.conftest import make_documents
from triage.assessment import Assessment
from triage.loading import load
from triage.text import Document


def test_one_text_that_fails_stops_no_other(model_folder):
    real = load(model_folder)

    class Fragile:
        scorer = real.scorer

        def __call__(self, documents):
            if any("bombe" in x.text for x in documents):
                raise RuntimeError(documents[0].text)
            return real(documents)

    notes = [Document(x.id, x.kind, x.text) for x in make_documents(3)]
    notes[1] = Document("b", "note", "Der er en bombe i teksten her.")
    found = worker._read(Fragile(), notes)
    assert [type(x) for x in found.answers] == [Assessment, str, Assessment]
    assert found.answers[1] == "RuntimeError"
    assert [found.answers[0], found.answers[2]] == real([notes[0], notes[2]])
