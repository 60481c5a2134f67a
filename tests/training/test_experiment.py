"""Experiment files are strict, and every one that ships can be loaded."""

import pytest
from pydantic import ValidationError

from tests.conftest import ROOT
from training.experiment import EncoderConfig, InvalidExperiment, read_experiment

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


@pytest.mark.parametrize(("head", "units"), [("cls", 1), ("unit_soft", 0)])
def test_a_late_context_needs_a_head_that_reads_units_and_a_context(head, units):
    fields = {"family": "encoder", "encoder": "somewhere", "context_layer": 6}
    EncoderConfig(**fields, head="unit_soft", context_units=1)
    with pytest.raises(ValidationError, match="context_layer needs"):
        EncoderConfig(**fields, head=head, context_units=units)
