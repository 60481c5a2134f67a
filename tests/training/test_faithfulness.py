"""A score that rests on one word: only a ranking that begins with it is faithful."""

import numpy as np
import pytest

from tests.conftest import make_documents
from tests.planted import planted
from training.faithfulness import by_word, faithfulness_report
from triage.scoring import UnitScores
from triage.text import Document, Span

TEXTS = [
    Document(f"a-{n}", "note", f"Der var kaffe på bordet. Han fortalte roligt {n} gange at han skylder penge for en lang rejse.")
    for n in range(40)
]  # fmt: skip


def _report(tagger, documents=TEXTS, **settings):
    return faithfulness_report(
        tagger, documents, tagger.scorer.score(documents), tagger(documents), **{"seed": 1, **settings}
    )


def test_a_model_that_names_the_word_it_rests_on_is_as_faithful_as_occlusion(tagger):
    report = _report(planted(tagger, lambda word: float(word == "skylder")))
    assert report["examples"] == len(TEXTS)
    for name in ("comprehensiveness", "sufficiency"):
        assert report[name]["own"] == pytest.approx(report[name]["occlusion"], abs=1e-6)
        assert report[name]["own"] > 0.95
        assert 0.2 < report[name]["random"] < 0.6  # the word is among a fifth or a half of the words as often as that
    assert report["share_of_occlusion"] == pytest.approx(1)


def test_a_model_that_names_another_word_is_found_out(tagger):
    """Its evidence looks as good as ever; removing it changes nothing."""
    report = _report(
        planted(tagger, lambda word: float(word == "skylder"), claimed=lambda word: float(word == "kaffe") - 0.1)
    )
    assert report["examples"] == 0  # nothing can be shown for it in that unit, so nothing is flagged
    report = _report(
        planted(
            tagger,
            lambda word: float(word == "skylder"),
            claimed=lambda word: {"penge": 1.0, "lang": 0.5, "rejse": 0.4, "skylder": -1.0}.get(word, 0.0),
        )
    )
    assert report["comprehensiveness"]["own"] < 0.05
    assert report["sufficiency"]["own"] < 0.05
    assert report["comprehensiveness"]["occlusion"] > 0.95
    assert report["share_of_occlusion"] < 0.05


def test_what_stands_before_the_unit_is_context_and_stays(tagger):
    """The word in the sentence before scores there, and in no version of the unit after it."""
    documents = [Document("a", "note", "Han skylder penge. Kvinden skylder også for den lange rejse hertil.")]
    report = _report(planted(tagger, lambda word: float(word == "skylder")), documents)
    assert report["examples"] == 1
    assert report["comprehensiveness"]["own"] > 0.95


def test_examples_are_drawn_with_the_seed_and_none_is_no_number(tagger):
    model = planted(tagger, lambda word: float(word == "skylder"))
    assert _report(model, most=5)["examples"] == 5
    assert _report(model, most=5) == _report(model, most=5)
    nothing = _report(planted(tagger, lambda word: 0.0))
    assert nothing["examples"] == 0
    assert np.isnan(nothing["comprehensiveness"]["own"])
    assert np.isnan(nothing["share_of_occlusion"])


def test_the_trained_model_beats_chance(tagger):
    report = _report(tagger, make_documents(64, 3000), most=30)
    assert report["examples"] > 20
    assert report["comprehensiveness"]["own"] > report["comprehensiveness"]["random"]
    assert all(0 <= x <= 1 for name in ("comprehensiveness", "sufficiency") for x in report[name].values())


def test_tokens_are_added_up_over_words():
    """Two pieces of one word, a full stop that belongs to its word, and a token across two words."""
    text = "skyldner penge. nu"
    words = [Span(0, 8), Span(9, 15), Span(16, 18)]
    tokens = np.array([(0, 5), (5, 8), (9, 14), (14, 15), (14, 18)])
    contributions = np.array([[1.0], [2.0], [3.0], [4.0], [3.0]], np.float32)
    unit = UnitScores(Span(0, len(text)), tokens, contributions, np.zeros(1), np.zeros((1, 4)))
    assert by_word(words, unit, 0) == pytest.approx([3, 8, 2])
