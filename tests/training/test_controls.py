"""The comparison with controls: same texts for all, results kept, a table in the card."""

import json

import pytest
import torch
from typer.testing import CliRunner

from tests.conftest import make_documents
from tests.encoders import make_encoder
from training import controls
from training.cli import app
from training.dataset import to_jsonl
from training.experiment import InvalidExperiment, read_experiment
from training.finetune import load_encoder, unlearnt

HEAD = (
    'name = "{name}"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
    'test = ["test.jsonl"]\n[model]\n'
)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, count, offset in (("train", 64, 0), ("calibration", 32, 1000), ("test", 32, 2000)):
        (tmp_path / f"{name}.jsonl").write_text(to_jsonl(make_documents(count, offset)), "utf-8")
    make_encoder(tmp_path / "encoder")
    model = 'family = "encoder"\nencoder = "encoder"\nmax_tokens = 64\nepochs = 1\nbatch_documents = 16\nfrozen_layers = 1\n'
    (tmp_path / "own.toml").write_text(HEAD.format(name="own") + model + 'head = "unit_soft"\ncontext_layer = 1\n')
    (tmp_path / "ngrams.toml").write_text(HEAD.format(name="n") + 'family = "linear"\nmax_features = 2000\n')
    return tmp_path


def test_every_variant_learns_from_the_same_texts_and_results_are_kept(workplace, monkeypatch):
    read, epochs, fit = [], set(), controls.fit

    def spy(experiment, scheme, documents, *rest):
        read.append((experiment.seed, tuple(x.id for x in documents)))
        epochs.add(getattr(experiment.model, "epochs", None))
        return fit(experiment, scheme, documents, *rest)

    monkeypatch.setattr(controls, "fit", spy)
    arguments = ["controls", "own.toml", "--baseline", "ngrams.toml", "--seeds", "2", "--texts", "32", "--epochs", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert len(read) == 6 * 2 + 1  # n-grams once
    assert len({ids for _, ids in read}) == 1
    assert epochs == {2, None}  # n-grams have none
    assert len(read[0][1]) == 32
    assert "| the same encoder from random weights | 2 | " in result.output
    assert "| n-grams with logistic regression | 1 | " in result.output

    (workplace / "model").mkdir()
    (workplace / "model" / "README.md").write_text("# x\n\n## Limits\nmany\n")
    for _ in range(2):  # the second time in place of the first
        again = CliRunner().invoke(app, [*arguments, "--card", "model"])
        assert again.exit_code == 0, again.output
    assert len(read) == 13  # nothing was trained again
    card = (workplace / "model" / "README.md").read_text()
    assert card.count("## Controls") == 1
    assert "same 32 natural texts (2 epochs, but for the n-grams)" in card
    assert card.index("## Controls") < card.index("## Limits")
    kept = [json.loads(x.read_text()) for x in (workplace / ".controls").iterdir()]
    assert {x["variant"] for x in kept} == set(controls.TITLES)
    assert all(x["texts"] == 32 and 0 <= x["macro_ap"] <= 1 for x in kept)


def test_a_linear_experiment_has_no_controls(workplace):
    one = read_experiment(workplace / "ngrams.toml")
    with pytest.raises(InvalidExperiment, match="an encoder with a linear baseline"):
        controls.variants(one, one)
    result = CliRunner().invoke(app, ["controls", "ngrams.toml", "--baseline", "ngrams.toml"])
    assert result.exit_code == 2


def test_random_weights_keep_the_shape_and_forget_the_rest(workplace):
    tokenizer, encoder = load_encoder("encoder")
    fresh = unlearnt(encoder)
    assert {n: x.shape for n, x in fresh.named_parameters()} == {n: x.shape for n, x in encoder.named_parameters()}
    table, other = (x.get_input_embeddings().weight for x in (encoder, fresh))
    assert not torch.allclose(table, other)
    assert len(tokenizer) == len(other)
