"""Hyperparameter search: what a search file may say, and a study that goes on."""

import json
import sqlite3

import optuna
import pytest
from typer.testing import CliRunner

from tests.conftest import make_documents
from tests.encoders import make_encoder
from training import search as search_module
from training.cli import app
from training.dataset import to_jsonl
from training.experiment import InvalidExperiment, read_experiment, with_values
from training.search import read_search, search, value_of

RANGE = '[space."model.c"]\nlow = 0.5\nhigh = 8.0\nlog = true\n'


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, count, offset in (("train", 96, 0), ("calibration", 32, 1000), ("test", 32, 2000)):
        (tmp_path / f"{name}.jsonl").write_text(to_jsonl(make_documents(count, offset)), "utf-8")
    (tmp_path / "x.toml").write_text(
        'name = "tiny"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
        'test = ["test.jsonl"]\n[model]\nfamily = "linear"\nmax_features = 3000\n'
    )
    (tmp_path / "s.toml").write_text(f'experiment = "x.toml"\n{RANGE}')
    return tmp_path


def test_fields_are_replaced_by_dotted_name(workplace):
    experiment = read_experiment(workplace / "x.toml")
    changed = with_values(experiment, {"model.c": 2.0, "data.phrase_variants": 3})
    assert (value_of(changed, "model.c"), value_of(changed, "data.phrase_variants")) == (2.0, 3)
    assert value_of(experiment, "model.c") == 4.0
    with pytest.raises(InvalidExperiment, match=r"no field 'model\.height'"):
        with_values(experiment, {"model.height": 1})
    with pytest.raises(InvalidExperiment, match="does not allow"):
        with_values(experiment, {"model.c": -1.0})


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ("low = 1\nhigh = 1", "low and a greater high"),
        ("low = 1\nhigh = 2.5", "both"),
        ("low = 0.0\nhigh = 1.0\nlog = true", "above 0"),
        ("choices = [1, 2]\nlow = 1", "either"),
        ("heigth = 1", "Extra inputs"),
    ],
)
def test_a_search_file_that_cannot_be_meant_is_refused(workplace, space, said):
    (workplace / "s.toml").write_text(f'experiment = "x.toml"\n[space."model.c"]\n{space}\n')
    with pytest.raises(InvalidExperiment, match=said):
        read_search(workplace / "s.toml")


def test_a_search_begins_with_the_experiments_own_values_and_goes_on(workplace, monkeypatch):
    monkeypatch.setattr("training.search.fit", lambda experiment, *_: value_of(experiment, "model.c"))
    monkeypatch.setattr("training.search.ranking_quality", lambda c, *_: 1 - abs(c - 4.0) / 100)
    first = search(workplace / "s.toml", trials=2)
    assert (first.trials, first.score, first.values) == (2, 1.0, {"model.c": 4.0})
    second = search(workplace / "s.toml", trials=1)
    assert (second.trials, second.score) == (3, 1.0)
    other = (workplace / "s.toml").read_text() + "\n"
    (workplace / "s.toml").write_text(other.replace("high = 8.0", "high = 9.0"))
    assert search(workplace / "s.toml", trials=1).trials == 1  # another search begins anew


def test_the_command_scores_on_training_texts_only_and_mlflow_has_each_trial(workplace, monkeypatch):
    seen = []
    from training import search as module

    whole = module.ranking_quality
    monkeypatch.setattr(
        module, "ranking_quality", lambda scorer, dev, scheme: seen.append(dev) or whole(scorer, dev, scheme)
    )
    result = CliRunner().invoke(app, ["search", "s.toml", "--trials", "2"])
    assert result.exit_code == 0, result.output
    assert "2 trials; best macro average precision on the texts held back: " in result.output
    train = {json.loads(line)["id"] for line in (workplace / "train.jsonl").read_text().splitlines()}
    assert len(seen) == 2
    assert {document.id for documents in seen for document in documents} < train
    with sqlite3.connect(workplace / ".mlflow" / "mlflow.db") as database:
        rows = database.execute("select step, value from metrics where key = 'trial.macro_ap' order by step").fetchall()
    assert [step for step, _ in rows] == [0, 1]
    assert all(0 < value <= 1 for _, value in rows)


def test_an_encoder_that_falls_behind_is_stopped(workplace, monkeypatch):
    make_encoder(workplace / "encoder")
    text = (workplace / "x.toml").read_text()
    model = 'family = "encoder"\nencoder = "encoder"\nepochs = 3\nbatch_documents = 16\n'
    (workplace / "x.toml").write_text(text[: text.index("family")] + model)
    space = '[space."model.learning_rate"]\nlow = 1e-5\nhigh = 1e-3\nlog = true\n'
    (workplace / "s.toml").write_text(f'experiment = "x.toml"\n{space}')
    found = search(workplace / "s.toml", trials=1)
    assert found.trials == 1
    epochs = []

    def worse(*arguments):
        reporter = arguments[-1]
        for step in range(3):
            epochs.append(step)
            reporter.metrics({"dev_macro_ap": 0.0}, step=step)

    monkeypatch.setattr("training.search.fit", worse)
    monkeypatch.setattr("training.search.ranking_quality", lambda *_: 0.5)
    monkeypatch.setattr(optuna.pruners, "MedianPruner", lambda **_: optuna.pruners.ThresholdPruner(lower=0.1))
    assert search(workplace / "s.toml", trials=1).trials == 2
    assert epochs == [0]


def test_a_search_takes_as_many_texts_as_it_says(workplace, monkeypatch):
    counts = []
    fit = search_module.fit
    monkeypatch.setattr(
        search_module, "fit", lambda x, y, learnt, *z: counts.append(len(learnt)) or fit(x, y, learnt, *z)
    )
    for line in ("", "texts = 40\n"):
        (workplace / "s.toml").write_text(f'experiment = "x.toml"\ndev_share = 0.25\n{line}{RANGE}')
        search(workplace / "s.toml", trials=1)
    assert counts == [72, 30]
