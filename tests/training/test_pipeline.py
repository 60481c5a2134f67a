"""The recipe end to end on small data: run, evaluate, compare; MLflow holds everything but text."""

import io
import json
import sqlite3

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from tests.conftest import make_documents
from tests.encoders import make_encoder
from training.cli import app
from training.dataset import InvalidDataset, read_labelled, to_jsonl
from training.evaluation import evaluate, predictions
from training.modelcard import write_model_card
from triage.loading import load
from triage.modelfolder import read_manifest
from triage.text import STATES, Document

CANARY = "kanariefuglen"


def _marked(documents):
    return [
        Document(x.id, x.kind, f"{x.text} Der sad en {CANARY} i vinduet.", x.source, x.lang, x.labels)
        for x in documents
    ]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, count, offset in (("train", 192, 0), ("calibration", 64, 1000), ("test", 64, 2000)):
        (tmp_path / f"{name}.jsonl").write_text(to_jsonl(_marked(make_documents(count, offset))), "utf-8")
    (tmp_path / "x.toml").write_text(
        'name = "tiny"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
        'test = ["test.jsonl"]\n[model]\nfamily = "linear"\nmax_features = 3000\n[evaluation]\nbootstrap = 100\n'
    )
    return tmp_path


def _run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_run_evaluate_and_compare(workplace, monkeypatch):
    result = _run("run", "x.toml", "-o", "model")
    assert result.exit_code == 0, result.output
    report = json.loads((workplace / "model" / "metrics.json").read_text())
    assert report["overall"]["macro_f1"]["value"] > 0.8  # the texts are that simple
    card = (workplace / "model" / "README.md").read_text("utf-8")
    assert "| debt_bondage | " in card
    assert report["faithfulness"]["examples"] > 10
    assert report["swaps"]["sex"]["texts"] > 10
    assert "| comprehensiveness | " in card
    assert f"| sex | {report['swaps']['sex']['texts']} | " in card
    assert load(workplace / "model").about["data"]

    result = _run("evaluate", "model", "test.jsonl", "--json", "report.json")
    assert result.exit_code == 0, result.output
    again = json.loads((workplace / "report.json").read_text())
    assert again["overall"]["macro_f1"]["value"] == report["overall"]["macro_f1"]["value"]
    assert again["swaps"] == report["swaps"]
    assert "faithfulness of" in result.output
    assert "swaps" in result.output

    # The card of a report that was made before these were measured leaves them out.
    older = {key: value for key, value in report.items() if key not in ("faithfulness", "swaps")}
    write_model_card(workplace / "model", load(workplace / "model"), older, read_manifest(workplace / "model"))
    card = (workplace / "model" / "README.md").read_text("utf-8")
    assert "| debt_bondage | " in card
    assert "comprehensiveness" not in card

    run_id = next(word for word in _run("run", "x.toml").output.split() if len(word) == 32)
    # A comparison needs predictions only: what is dear to measure must not run.
    for name in ("faithfulness_report", "swaps_report", "evidence_report", "_by_length"):
        monkeypatch.setattr(f"training.evaluation.{name}", None)
    result = _run("compare", "model", run_id, "--data", "test.jsonl")
    assert result.exit_code == 0, result.output
    assert "+0.000" in result.output

    with sqlite3.connect(workplace / ".mlflow" / "mlflow.db") as db:
        parameters = dict(db.execute("select key, value from params").fetchall())
        metrics = {row[0] for row in db.execute("select key from metrics")}
    assert len(parameters["data.train.jsonl.train"]) == 64
    assert "test.overall.macro_f1.value" in metrics
    everything = b"".join(
        path.read_bytes()
        for path in (workplace / ".mlflow").rglob("*")
        if path.is_file() and path.name != "vocabulary.txt"
    )
    assert CANARY.encode() not in everything


def test_the_same_experiment_gives_the_same_model(workplace):
    for name in ("one", "two"):
        assert _run("run", "x.toml", "-o", name).exit_code == 0
    assert load(workplace / "one").version == load(workplace / "two").version


def test_something_else_than_a_model_is_never_replaced(workplace):
    (workplace / "thesis").mkdir()
    (workplace / "thesis" / "chapter.txt").write_text("years of work")
    for place in ("thesis", "thesis/chapter.txt", "thesis/chapter.txt/model"):
        result = _run("run", "x.toml", "-o", place)
        assert result.exit_code == 2
        assert "name another" in result.output
    assert (workplace / "thesis" / "chapter.txt").read_text() == "years of work"
    (workplace / "empty").mkdir()
    assert _run("run", "x.toml", "-o", "empty").exit_code == 0
    assert load(workplace / "empty").about["data"]


def test_an_encoder_is_fine_tuned_saved_and_served_alike(workplace):
    make_encoder(workplace / "encoder")
    for head in ("unit_evidence", "label_attention", "cls"):
        (workplace / "e.toml").write_text(
            (workplace / "x.toml")
            .read_text()
            .replace(
                '[model]\nfamily = "linear"\nmax_features = 3000',
                f'[model]\nfamily = "encoder"\nencoder = "encoder"\nhead = "{head}"\nmax_tokens = 64\n'
                "epochs = 2\nbatch_documents = 16\n"
                "learning_rate = 1e-3\nhead_learning_rate = 1e-2",
            )
        )
        result = _run("run", "e.toml", "-o", "encoder-model", "--device", "cpu")
        assert result.exit_code == 0, result.output
        tagger = load(workplace / "encoder-model")
        assert tagger.scorer.family == "encoder"
        assert (
            json.loads((workplace / "encoder-model" / "metrics.json").read_text())["evidence"]["additivity_error"]
            < 1e-3
        )


def test_fine_tuning_learns(workplace, scheme):
    """The head tells the states of simple texts that it has not seen apart; half of them are stated."""
    from training.experiment import EncoderConfig
    from training.finetune import fit_encoder

    make_encoder(workplace / "encoder")
    config = EncoderConfig(
        family="encoder", encoder="encoder", max_tokens=64, epochs=12, batch_documents=16, learning_rate=1e-3,
        head_learning_rate=1e-2, patience=12,
    )  # fmt: skip
    scorer = fit_encoder(make_documents(192), scheme, config, seed=1, device="cpu")
    unseen = make_documents(64, offset=1000)
    right = 0
    for document, units in zip(unseen, scorer.score(unseen), strict=True):
        (label,) = document.labels
        unit = max(units, key=lambda x: x.span.overlap(label.spans[0]))
        right += STATES[unit.states[scheme.position[label.indicator]].argmax()] == label.state
    assert right >= 45


def test_a_stopped_fine_tuning_goes_on_to_the_same_end(workplace, scheme, monkeypatch):
    from training import finetune
    from training.checkpoint import Checkpoint
    from training.experiment import EncoderConfig

    make_encoder(workplace / "encoder")
    config = EncoderConfig(
        family="encoder", encoder="encoder", max_tokens=64, epochs=3, batch_documents=16, learning_rate=1e-3,
        head_learning_rate=1e-2, augmentation=0.3, joining=0.3,
    )  # fmt: skip
    texts = make_documents(64)
    whole = finetune.fit_encoder(texts, scheme, config, seed=1, device="cpu")

    checkpoint = Checkpoint(workplace / ".training", "x", {"seed": 1})
    real, scored = finetune._dev_score, []

    def stop_in_second_epoch(*arguments):
        scored.append(1)
        if len(scored) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(finetune, "_dev_score", stop_in_second_epoch)
    with pytest.raises(KeyboardInterrupt):
        finetune.fit_encoder(texts, scheme, config, seed=1, device="cpu", checkpoint=checkpoint)
    resumed = finetune.fit_encoder(texts, scheme, config, seed=1, device="cpu", checkpoint=checkpoint)
    assert len(scored) == 4  # two epochs were left
    for one, other in zip(whole.score(texts[:8]), resumed.score(texts[:8]), strict=True):
        np.testing.assert_allclose(one[0].logits, other[0].logits, atol=1e-4)
    checkpoint.done()
    assert not checkpoint.folder.exists()


def test_a_stopped_training_of_several_members_goes_on_and_is_their_mean(workplace, scheme, monkeypatch):
    from training import finetune
    from training.experiment import read_experiment
    from training.pipeline import _checkpoint, fit

    make_encoder(workplace / "encoder")
    model = (
        'family = "encoder"\nencoder = "encoder"\nmax_tokens = 64\nepochs = 2\nbatch_documents = 16\nmembers = 2\n'
        'keep = "last"\naugmentation = 0.3\njoining = 0.3'
    )
    path = workplace / "x.toml"
    path.write_text(path.read_text().replace('family = "linear"\nmax_features = 3000', model))
    experiment, texts = read_experiment(path), make_documents(64)
    alone = [
        finetune.fit_encoder(
            texts, scheme, experiment.model, seed=experiment.seed, member=x, device="cpu"
        ).forward.network
        for x in (0, 1)
    ]
    first, second = (network.state_dict() for network in alone)
    assert any(not torch.equal(first[name], second[name]) for name in first)

    real, scored, steps = finetune._dev_score, [], []

    def stop_in_second_member(*arguments):
        scored.append(1)
        if len(scored) == 4:
            raise KeyboardInterrupt
        return real(*arguments)

    class Reports:
        def metrics(self, values, step):
            steps.append(step)

    monkeypatch.setattr(finetune, "_dev_score", stop_in_second_member)
    checkpoint = _checkpoint(experiment, scheme, texts)
    with pytest.raises(KeyboardInterrupt):
        fit(experiment, scheme, texts, "cpu", Reports(), checkpoint)
    mean = fit(experiment, scheme, texts, "cpu", Reports(), checkpoint).forward.network.state_dict()
    assert steps == [0, 1, 2, 3]  # each epoch of each member was learnt once
    for name, value in mean.items():
        if value.is_floating_point():
            torch.testing.assert_close(value, (first[name] + second[name]) / 2, atol=1e-4, rtol=1e-3)
    checkpoint.done()
    assert not checkpoint.folder.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('family = "linear"', 'family = "tree"'), "model"),
        (('train = ["train.jsonl"]', "train = []"), "no texts to use for train"),
        (('train = ["train.jsonl"]', 'train = ["test.jsonl"]'), "is in train and in test"),
        (('train = ["train.jsonl"]', 'train = ["none.jsonl"]'), "cannot be read"),
    ],
)
def test_wrong_input_stops_before_training(workplace, change, said):
    path = workplace / "x.toml"
    path.write_text(path.read_text().replace(*change))
    result = _run("run", "x.toml")
    assert result.exit_code == 2
    assert said in result.output


def test_an_encoder_that_is_not_there_is_named(workplace):
    path = workplace / "x.toml"
    path.write_text(
        path.read_text().replace('family = "linear"\nmax_features = 3000', 'family = "encoder"\nencoder = "./none"')
    )
    result = _run("run", "x.toml")
    assert result.exit_code == 2
    assert "no encoder './none'" in result.output


def test_a_bad_line_is_named_without_its_text(tmp_path):
    (tmp_path / "x.jsonl").write_text(
        '{"id": "a", "kind": "note", "text": "hej"}\n{"id": "b", "text": "' + CANARY + '"}\nnot json ' + CANARY
    )
    with pytest.raises(InvalidDataset) as caught:
        read_labelled(tmp_path / "x.jsonl")
    assert [x.split(":")[0] for x in caught.value.problems] == ["x.jsonl line 2", "x.jsonl line 3"]
    assert CANARY not in str(caught.value)


def test_an_indicator_file_that_is_not_there_is_named(workplace):
    path = workplace / "x.toml"
    path.write_text(path.read_text().replace("[model]", 'indicators = "none.toml"\n[model]'))
    result = _run("run", "x.toml")
    assert result.exit_code == 2
    assert "none.toml cannot be read" in result.output
    (workplace / "none.toml").write_bytes(b"version = '\xff'")
    result = _run("run", "x.toml")
    assert result.exit_code == 2
    assert "none.toml is not UTF-8" in result.output


@pytest.mark.parametrize("command", [["evaluate", "model"], ["compare", "model", "model", "--data"]])
@pytest.mark.parametrize("place", ["none/report.json", "."])
def test_a_report_that_cannot_be_written_is_told_before_the_work(workplace, command, place):
    result = _run(*command, "test.jsonl", "--json", place)
    assert result.exit_code == 2
    assert "folder" in result.output
    assert "no model in" not in result.output  # which is what reading anything would have told


def test_a_place_for_runs_that_cannot_be_made_is_named(workplace):
    (workplace / ".mlflow").write_text("")
    for command in (["run", "x.toml"], ["compare", "0" * 32, "1" * 32, "--data", "test.jsonl"]):
        result = _run(*command)
        assert result.exit_code == 2
        assert ".mlflow" in result.output


def test_an_unknown_run_is_named(workplace):
    result = _run("compare", "0" * 32, "1" * 32, "--data", "test.jsonl")
    assert result.exit_code == 2
    assert "no model of a run" in result.output


def test_the_learning_curve_ends_with_all_texts_and_rises(workplace):
    result = _run("curve", "x.toml", "--size", "12", "--size", "96", "--size", "5000")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.output.splitlines() if line.split()[:1] and line.split()[0].isdigit()]
    assert [int(row[0]) for row in rows] == [12, 96, 192]
    assert float(rows[0][1]) < float(rows[-1][1])


def test_frozen_layers_stay_as_they_were(workplace, scheme):
    from training.experiment import EncoderConfig
    from training.finetune import fit_encoder, load_encoder

    make_encoder(workplace / "encoder")
    config = EncoderConfig(
        family="encoder", encoder="encoder", max_tokens=64, epochs=1, batch_documents=32, frozen_layers=1, dropout=0.0
    )
    scorer = fit_encoder(make_documents(64), scheme, config, seed=1, device="cpu")
    _, before = load_encoder("encoder")
    after = dict(scorer.forward.network.encoder.named_parameters())
    moved = {name for name, value in before.named_parameters() if not torch.equal(value, after[name])}
    assert any(name.startswith("encoder.layer.1.") for name in moved)
    assert not any(name.startswith(("encoder.layer.0.", "embeddings.word")) for name in moved)


def test_who_waits_for_an_evaluation_sees_how_far_it_is(tagger, experiment, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    evaluate(tagger, make_documents(40, 3000), experiment.evaluation.model_copy(update={"bootstrap": 100}))
    for part in ("scoring", "tagging", "removing words", "exchanging sex"):
        assert f"{part}: 100%" in terminal.getvalue()


def test_predictions_are_those_of_the_evaluation(tagger, experiment):
    """The light path leaves out the same texts: a flag on a text that is abstained from counts as not found."""
    documents = [*make_documents(32, 3000), Document("x", "note", "Skylder rejsen")]
    light = predictions(tagger, documents)
    whole = evaluate(tagger, documents, experiment.evaluation.model_copy(update={"bootstrap": 100})).predictions
    assert (light.flagged == whole.flagged).all()
    assert (light.probability == whole.probability).all()
    assert light.flagged.any()
    assert not light.flagged[-1].any()
