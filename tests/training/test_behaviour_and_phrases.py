"""The functional suite and the contrast phrases: read strictly, reported per function, kept apart from evaluation."""

import pytest
from typer.testing import CliRunner

from tests.conftest import CASES, ROOT
from training import behaviour
from training.behaviour import behaviour_report, read_cases
from training.cli import app
from training.dataset import DATA_CARDS, InvalidDataset, folders, read_folder
from training.phrases import expand
from training.similarity import sentences
from triage.text import Document

GROUP = """kind: note
stated: {debt_bondage|[Hun/Han] skylder [8.000/9.000] kr.} til chefen.
denied: [Hun/Han] siger, at {debt_bondage:denied|der ikke er gæld}.
hypothetical: Spørg om {debt_bondage:hypothetical|nogen skylder penge}.
other: Naboens fætter {debt_bondage:other_person|skyldte chefen}.
lawful: [Hun/Han] har et banklån.
"""


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "negation.md").write_text(CASES, "utf-8")
    return tmp_path


def test_a_report_counts_cases_and_pairs(suite, tagger, scheme):
    report = behaviour_report(tagger, read_cases(suite, scheme))
    assert report["functions"]["negation"] == {"cases": 2, "f1": 1.0, "pairs_right": 1.0, "look_recall": 1.0}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("target: debt_bondage", "target: debt", "not in the scheme"),
        ("function: negation", "function: other", "belongs to"),
        ("debt_bondage:denied|", "debt_bondage|", "the pair 1"),
        ("pair: 1\n", "", "pair is missing"),
    ],
)
def test_a_wrong_case_is_named(suite, scheme, old, new, said):
    path = suite / "texts" / "negation.md"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(InvalidDataset, match=said):
        read_cases(suite, scheme)


def test_evaluate_prints_the_functions(suite, model_folder, monkeypatch):
    monkeypatch.setattr(behaviour, "BEHAVIOUR", suite)
    result = CliRunner().invoke(app, ["evaluate", str(model_folder), "--behaviour"])
    assert result.exit_code == 0, result.output
    assert "negation" in result.output
    assert CliRunner().invoke(app, ["evaluate", str(model_folder)]).exit_code == 2


@pytest.fixture
def patterns(tmp_path):
    (tmp_path / "patterns").mkdir()
    (tmp_path / "patterns" / "debt_bondage.md").write_text(GROUP, "utf-8")
    return tmp_path


def test_phrases_are_expanded_without_repeats_and_the_same_for_the_same_seed(patterns, scheme):
    found = expand(patterns, scheme, variants=4, seed=1)
    assert found == expand(patterns, scheme, variants=4, seed=1)
    assert len({x.text for x in found}) == len(found) == len({x.id for x in found})
    assert all("[" not in x.text for x in found)
    states = {x.id.split("-")[2]: {y.state for y in x.labels} for x in found}
    assert states == {
        "stated": {"stated"}, "denied": {"denied"}, "hypothetical": {"hypothetical"}, "other": {"other_person"}, "lawful": set(),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("kind: note", "kind: x", "must be named"),
        ("lawful:", "legal:", "has the lines"),
        ("banklån", "{debt_bondage|lån}", "must not mark"),
        ("debt_bondage:denied|", "debt_bondage|", "must mark as denied"),
        ("gæld}", "gæld", "never closed"),
    ],
)
def test_a_wrong_group_is_named(patterns, scheme, old, new, said):
    path = patterns / "patterns" / "debt_bondage.md"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(InvalidDataset, match=said):
        expand(patterns, scheme, variants=1, seed=1)


def _sentences(documents: list[Document]) -> set[str]:
    return {sentence for document in documents for sentence in sentences(document)}


def test_the_suite_shares_no_sentence_with_any_training_text(scheme):
    cases = read_cases(ROOT / DATA_CARDS / "behaviour-da", scheme)
    training = [x for folder in folders(ROOT / DATA_CARDS) for x in read_folder(folder).documents("train")]
    training += expand(ROOT / DATA_CARDS / "phrases-da", scheme, variants=3, seed=1)
    # Within one function a text may be repeated on purpose; across the border none may.
    assert not _sentences([x.document for x in cases]) & _sentences(training)
