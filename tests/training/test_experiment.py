"""Experiment files are strict, and every one that ships can be loaded."""

import pytest

from tests.conftest import ROOT
from training.experiment import InvalidExperiment, read_experiment

FILES = sorted([*(ROOT / "experiments").glob("*.toml"), *(ROOT / "experiments" / "public").glob("*.toml")])


@pytest.mark.parametrize("path", FILES, ids=lambda x: x.name)
def test_every_committed_experiment_loads(path):
    assert read_experiment(path).description


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seed = 1", 'seed = "1"', "seed"),
        ("c = 16.0", "cc = 4.0", "cc"),
        ("c = 16.0", "c = -1.0", r"c:"),
        ('family = "linear"', 'family = "forest"', "model"),
        ("[data]", "[data", "TOML"),
        ('name = "tegn-da-ngrams"', 'name = "Tegn DA"', "name"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, old, new, said):
    raw = (ROOT / "experiments" / "baseline.toml").read_text("utf-8")
    assert old in raw
    (tmp_path / "x.toml").write_text(raw.replace(old, new, 1), "utf-8")
    with pytest.raises(InvalidExperiment, match=said):
        read_experiment(tmp_path / "x.toml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidExperiment, match="cannot be read"):
        read_experiment(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("old", "new"), [('head = "unit_soft"', 'head = "cls"'), ("context_units = 1", "context_units = 0")]
)
def test_a_late_context_needs_a_head_that_reads_units_and_a_context(tmp_path, old, new):
    raw = (ROOT / "experiments" / "encoder.toml").read_text("utf-8")
    assert old in raw
    (tmp_path / "x.toml").write_text(raw.replace(old, new, 1), "utf-8")
    with pytest.raises(InvalidExperiment, match="context_layer needs"):
        read_experiment(tmp_path / "x.toml")
