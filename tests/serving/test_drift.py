"""Drift: counts of the last texts against the reference of the model, and nothing before there are enough."""

from collections.abc import Sequence

import numpy as np
import pytest

from serving.telemetry.drift import BLOCK, BLOCKS, LEAST, Drift
from serving.telemetry.observer import Observer
from tests.localengine import LocalEngine
from training.reference import reference_of
from triage.assessment import Assessment, Finding, Measures, Priority
from triage.reference import Bins, Reference, UnusableReference, stability_index
from triage.text import Document


def texts(count: int, *, length: float = 500, flagged: float = 0.2, seed: int = 1) -> list[Assessment]:
    """Made-up answers: lengths around a middle, and a share of one indicator flagged."""
    chance = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        decision = "flag" if chance.random() < flagged else "clear"
        finding = Finding("debt_bondage", "", "means", "strong", "consensus", 0.9, decision, "stated")
        measures = Measures(int(chance.normal(length, 100)), chance.random(), chance.random(), 5, 50)
        found.append(Assessment("a", "tagged", (), Priority("none", {}), (), (finding,), (), (), measures=measures))
    return found


def notes(count: int) -> Sequence[Document]:
    return [Document("a", "note", "x")] * count


@pytest.fixture
def drift(tagger) -> Drift:
    drift = Drift()
    drift.compare_with(reference_of(tagger, notes(600), texts(600)))
    return drift


def told(drift: Drift) -> dict[str, float]:
    """Values by the name of the feature or indicator, of notes."""
    return {
        sample.labels.get("feature") or sample.labels.get("indicator") or "texts": sample.value
        for metric in drift.collect()
        for sample in metric.samples
        if sample.labels["kind"] == "note"
    }


def test_nothing_is_said_before_there_are_enough_texts(drift):
    drift.assessed(notes(LEAST - 1), texts(LEAST - 1, seed=2))
    assert told(drift) == {"texts": LEAST - 1}
    drift.assessed(notes(1), texts(1))
    assert {"length", "novelty", "not_letters", "units", "debt_bondage"} <= set(told(drift))


def test_texts_of_the_same_kind_stay_below_the_threshold(drift):
    drift.assessed(notes(600), texts(600, seed=2))
    assert max(value for name, value in told(drift).items() if name != "texts") < 0.1


def test_longer_texts_and_other_decisions_are_told_apart_from_what_stayed(drift):
    drift.assessed(notes(600), texts(600, length=900, flagged=0.7, seed=2))
    found = told(drift)
    assert found["length"] > 0.25
    assert found["debt_bondage"] > 0.25
    assert found["novelty"] < 0.1


def test_old_texts_are_forgotten_a_block_at_a_time_and_the_window_is_bounded(drift):
    drift.assessed(notes(BLOCK * BLOCKS), texts(BLOCK * BLOCKS, length=5000, seed=2))
    assert told(drift)["length"] > 0.25
    for seed in range(BLOCKS):
        drift.assessed(notes(BLOCK), texts(BLOCK, seed=seed + 3))
        assert BLOCK * (BLOCKS - 1) < told(drift)["texts"] <= BLOCK * BLOCKS
    assert told(drift)["length"] < 0.1


def test_only_counts_are_kept(drift):
    drift.assessed(notes(250), texts(250))
    window = drift._windows["note"]
    assert all(isinstance(x, np.ndarray) and x.dtype == np.int64 for block in window._blocks for x in block.values())


def test_abstained_and_failed_texts_and_kinds_without_reference_do_not_disturb(drift):
    abstained = Assessment(
        "a", "abstained", ("language",), Priority("none", {}), (), (), (), (), measures=Measures(10, 0.9, 1.0, 1, 2)
    )
    drift.assessed(notes(250), [abstained] * 249 + [None])
    drift.assessed([Document("a", "ad", "x")], texts(1))
    found = told(drift)
    assert found["texts"] == 249
    assert found["length"] > 0.25
    assert "debt_bondage" not in found


def test_a_model_without_reference_says_nothing(engine):
    observer = Observer()
    engine.watched_by(observer)
    observer.assessed("api", notes(500), texts(500))
    assert observer.metrics.registry.get_sample_value("tegn_drift_window_texts", {"kind": "note"}) is None


def test_the_engine_measures_drift_by_the_reference_of_its_folder(tmp_path, model_folder, tagger, documents):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in model_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    reference_of(tagger, documents, tagger(documents)).save(folder)
    engine, observer = LocalEngine(folder), Observer()
    engine.watched_by(observer)
    observer.assessed("desk", documents[:100] * 3, tagger(documents[:100]) * 3)
    index = observer.metrics.registry.get_sample_value("tegn_drift_psi", {"feature": "length", "kind": "note"})
    assert 0 <= index < 0.1


def test_a_damaged_reference_is_told_in_the_log_and_stops_nothing(tmp_path, model_folder, caplog, monkeypatch):
    import logging

    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    folder = tmp_path / "model"
    folder.mkdir()
    for path in model_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "reference.json").write_text("{}")
    engine = LocalEngine(folder)
    assert engine.ready
    assert "python -m training reference" in caplog.text


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-10],
        lambda text: text.replace('"format": 1', '"format": 2'),
        lambda text: text.replace('"counts": [', '"counts": [-1, ', 1),
        lambda text: text.replace('"novelty"', '"oldness"'),
        lambda text: "[]",
    ],
)
def test_a_damaged_reference_is_refused(tagger, documents, tmp_path, damage):
    reference_of(tagger, documents, tagger(documents)).save(tmp_path)
    path = tmp_path / "reference.json"
    before = path.read_text()
    assert before != damage(before)
    path.write_text(damage(before))
    with pytest.raises(UnusableReference, match="python -m training reference"):
        Reference.load(tmp_path, tagger.version)


def test_the_reference_of_another_model_is_refused(tagger, documents, tmp_path):
    reference_of(tagger, documents, tagger(documents)).save(tmp_path)
    with pytest.raises(UnusableReference, match="another model"):
        Reference.load(tmp_path, "000000000000")


def test_a_reference_reads_back_as_it_was_written(tagger, documents, tmp_path):
    made = reference_of(tagger, documents, tagger(documents))
    made.save(tmp_path)
    read = Reference.load(tmp_path, tagger.version)
    assert read.kinds["note"].texts == len(documents)
    for code, counts in made.kinds["note"].indicators.items():
        assert read.kinds["note"].indicators[code].tolist() == counts.tolist()
    assert (
        read.kinds["note"].features["length"].counts.tolist() == made.kinds["note"].features["length"].counts.tolist()
    )


def test_the_index_is_that_of_its_formula_and_zero_for_the_same_shares():
    assert stability_index(np.array([50, 50]), np.array([500, 500])) == pytest.approx(0, abs=1e-9)
    p, q = np.array([80.5, 20.5]) / 101, np.array([50.5, 50.5]) / 101
    assert stability_index(np.array([80, 20]), np.array([50, 50])) == pytest.approx(
        float(((q - p) * np.log(q / p)).sum())
    )
    assert np.isfinite(stability_index(np.array([100, 0]), np.array([0, 100])))


def test_bins_hold_as_many_texts_each_and_are_fewer_where_values_are_the_same():
    assert Bins.of(list(range(100))).counts.tolist() == [20] * 5
    assert Bins.of([7] * 100).counts.sum() == 100
    bins = Bins.of([1, 2, 3, 4, 5])
    assert (bins.place(-9), bins.place(9)) == (0, len(bins.counts) - 1)
