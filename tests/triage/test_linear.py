"""The linear family: exact additive evidence, local to its unit, the same on every text and in every neighbourhood."""

import numpy as np
import pytest

from triage.linear import LinearScorer
from triage.scoring import document_probability, softplus, unit_hazards
from triage.text import Document


@pytest.fixture(scope="module")
def scorer(tagger):
    return tagger.scorer


def test_contributions_and_bias_sum_to_the_score(scorer, documents):
    for units in scorer.score(documents[:20]):
        for unit in units:
            np.testing.assert_allclose(unit.contributions.sum(axis=0) + scorer.bias, unit.logits, atol=1e-4)


def test_text_outside_a_unit_cannot_change_its_contributions(scorer):
    unit = "Han skylder 30.000 kr. for rejsen til den der kørte bilen."
    alone = scorer.score([Document("a", "note", unit)])[0][0]
    among = scorer.score([Document("b", "note", f"Noget helt andet stod før. {unit} Og noget efter.")])[0][1]
    np.testing.assert_array_equal(alone.contributions, among.contributions)


def test_equal_units_score_equally_whatever_their_neighbours(scorer, documents):
    alone = [scorer.score([d])[0] for d in documents[:5]]
    for one, other in zip(alone, scorer.score(documents[:5]), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a.logits, b.logits)


def test_a_planted_nonsense_word_becomes_the_top_evidence(scheme, experiment, documents):
    from training.baseline import fit_linear
    from training.markup import parse_marked

    planted = []
    for number, document in enumerate(documents[:96]):
        text, labels = parse_marked(("{violence|kvaxolin} " if number % 3 == 0 else "") + document.text)
        planted.append(Document(document.id, "note", text, labels=labels))
    scorer = fit_linear(planted, scheme, experiment.model, seed=1)
    text = "Der stod kvaxolin på sedlen hos naboen."
    (unit,) = scorer.score([Document("x", "note", text)])[0]
    start, end = unit.tokens[int(unit.contributions[:, scheme.position["violence"]].argmax())]
    assert text[start:end] == "kvaxolin"


def test_tokens_lie_in_the_raw_text_for_any_script(scorer):
    text = "👩‍👧 Skylder 8.000 kr.\r\nfor rejsen 🙈 שלום e\u0301n"
    for unit in scorer.score([Document("x", "note", text)])[0]:
        for start, end in unit.tokens:
            assert unit.span.start <= start < end <= unit.span.end


def test_a_scorer_saved_and_loaded_says_the_same_up_to_half_precision(scorer, documents, tmp_path):
    settings, _ = scorer.save(tmp_path)
    again = LinearScorer.load(tmp_path, settings)
    for one, other in zip(scorer.score(documents[:5]), again.score(documents[:5]), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a.logits, b.logits, atol=1e-2)


def test_one_stated_unit_is_logistic_regression():
    u = np.array([-30.0, -1.0, 0.0, 2.0, 30.0], np.float32)
    np.testing.assert_allclose(document_probability(softplus(u)[None]), 1 / (1 + np.exp(-u.astype(float))), atol=1e-6)


def test_no_units_no_probability():
    assert document_probability(unit_hazards([], 3)).tolist() == [0, 0, 0]
