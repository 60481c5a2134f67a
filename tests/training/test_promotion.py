"""A challenger takes the champion's place only if it is better and worse on no gate; gates say what they did not measure."""

import json
import math
import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from tests.conftest import CASES, make_documents
from training import gates
from training.cli import app
from training.dataset import to_jsonl
from training.gates import FAILED, GATES, NOT_MEASURED, PASSED, Gate, check, check_all, check_paired, gains
from training.tracking import MODEL
from triage.text import Document

CANARY = "kanariefuglen"
SHIPPED = "models/tegn-da"
EXPERIMENT = """name = "{name}"
description = "a test"
[data]
train = ["{name}.jsonl"]
calibration = ["calibration.jsonl"]
test = ["test.jsonl"]
[model]
family = "linear"
max_features = 3000
[evaluation]
bootstrap = 100
"""


def _command(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments])


def _train(name, *options):
    result = _command("run", f"{name}.toml", *options)
    assert result.exit_code == 0, result.output
    return next(word.rstrip(",") for word in result.output.split() if len(word.rstrip(",")) == 32)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a weak, a middling and a strong run; the weak model is the shipped one."""
    place = tmp_path_factory.mktemp("promotion")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for name, count, offset in (("calibration", 64, 1000), ("test", 64, 2000)):
            documents = [
                Document(x.id, x.kind, f"{x.text} Der sad en {CANARY}.", x.source, x.lang, x.labels)
                for x in make_documents(count, offset)
            ]
            (place / f"{name}.jsonl").write_text(to_jsonl(documents), "utf-8")
        for name, count in (("weak", 16), ("middling", 24), ("strong", 192)):  # 2, 3 and all 8 kinds of sentences
            (place / f"{name}.jsonl").write_text(to_jsonl(make_documents(count)), "utf-8")
            (place / f"{name}.toml").write_text(EXPERIMENT.format(name=name))
        suite = place / "data_cards" / "behaviour-da" / "texts"
        suite.mkdir(parents=True)
        (suite / "negation.md").write_text(CASES, "utf-8")
        runs = {"weak": _train("weak", "-o", SHIPPED), "middling": _train("middling"), "strong": _train("strong")}
    return place, runs


@pytest.fixture
def workplace(trained, tmp_path, monkeypatch):
    """That folder with an empty registry and the weak model shipped; and the run ids by name."""
    place, runs = trained
    monkeypatch.chdir(place)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    weak = _kept(runs["weak"])
    shutil.rmtree(SHIPPED, ignore_errors=True)
    shutil.copytree(weak, SHIPPED)
    if MlflowClient().search_registered_models(f"name = '{MODEL}'"):
        MlflowClient().delete_registered_model(MODEL)
    return place, runs


def _aliases():
    """Run id by alias."""
    client = MlflowClient()
    versions = client.get_registered_model(MODEL).aliases
    return {alias: client.get_model_version(MODEL, version).run_id for alias, version in versions.items()}


def _kept(run_id):
    """The model folder that a run kept, in the store itself."""
    return Path(".mlflow") / "artifacts" / run_id / "artifacts" / "model"


def _version(folder):
    return json.loads((folder / "model.json").read_text())["version"]


def test_a_better_challenger_is_promoted_and_the_former_champion_kept(workplace):
    place, runs = workplace
    result = _command("promote", runs["middling"], "--data", "test.jsonl")
    assert result.exit_code == 0, result.output
    assert f"the champion is {SHIPPED}" in result.output
    assert _aliases() == {"champion": runs["middling"]}
    assert _version(place / SHIPPED) == _version(_kept(runs["weak"]))  # not asked for

    result = _command("promote", runs["strong"], "--data", "test.jsonl", "-o", SHIPPED)
    assert result.exit_code == 0, result.output
    assert f"the champion is version 1 of {MODEL}" in result.output
    assert _aliases() == {"champion": runs["strong"], "previous": runs["middling"]}
    assert _version(place / SHIPPED) == _version(_kept(runs["strong"]))
    assert CANARY not in result.output
    rows = {line[:28].strip(): line for line in result.output.splitlines()}
    assert rows["behaviour pairs_right"].endswith(PASSED)
    assert rows["largest group swap"].endswith((PASSED, NOT_MEASURED))


def test_a_worse_challenger_changes_nothing(workplace):
    place, runs = workplace
    assert _command("promote", runs["strong"], "--data", "test.jsonl", "-o", SHIPPED).exit_code == 0
    result = _command("promote", runs["weak"], "--data", "test.jsonl", "-o", SHIPPED)
    assert result.exit_code == 1, result.output
    failed = next(line for line in result.output.splitlines() if line.startswith("failed gates: "))
    assert "macro_f1" in failed
    assert "macro_ap" in failed
    assert "not promoted" in result.output
    assert _aliases() == {"champion": runs["strong"], "challenger": runs["weak"]}
    assert _version(place / SHIPPED) == _version(_kept(runs["strong"]))


def test_a_failed_gate_blocks_a_better_challenger_until_it_is_mended(workplace):
    place, runs = workplace
    folder = _kept(runs["strong"])
    with (folder / "ballast").open("wb") as file:
        file.truncate(46_000_000)
    result = _command("promote", runs["strong"], "--data", "test.jsonl", "-o", SHIPPED)
    (folder / "ballast").unlink()
    assert result.exit_code == 1, result.output
    assert "better beyond the 95 % interval: macro_f1, macro_ap" in result.output
    assert "failed gates: model folder in MB" in result.output
    assert _aliases() == {"challenger": runs["strong"]}
    assert _version(place / SHIPPED) == _version(_kept(runs["weak"]))

    result = _command("promote", runs["strong"], "--data", "test.jsonl")
    assert result.exit_code == 0, result.output
    assert _aliases() == {"champion": runs["strong"]}  # the same version, and a challenger no more
    (version,) = MlflowClient().search_model_versions(f"name = '{MODEL}'")
    assert version.tags["failed_gates"] == "none"
    assert version.tags["compared_with"] == SHIPPED


def test_bad_input_stops_before_anything_changes(workplace):
    place, runs = workplace
    (place / "notes").mkdir(exist_ok=True)
    (place / "notes" / "mine.txt").write_text("keep")
    for arguments, said in (
        (["0" * 32, "--data", "test.jsonl"], "no model of a run"),
        ([runs["strong"], "--data", "none.jsonl"], "cannot be read"),
        ([runs["strong"]], "no documents"),  # no folder of natural texts here
        ([runs["weak"], "--data", "test.jsonl"], "is the champion itself"),
        ([runs["strong"], "--data", "strong.jsonl"], "has learnt from strong.jsonl"),
        ([runs["strong"], "--data", "calibration.jsonl"], "has learnt from calibration.jsonl"),
        ([runs["strong"], "--data", "test.jsonl", "-o", "notes"], "is no model folder"),
    ):
        result = _command("promote", *arguments)
        assert result.exit_code == 2, (arguments, result.output)
        assert said in result.output
    assert MlflowClient().search_registered_models(f"name = '{MODEL}'") == []
    assert (place / "notes" / "mine.txt").read_text() == "keep"


def test_a_champion_whose_files_are_gone_is_named(workplace):
    _, runs = workplace
    assert _command("promote", runs["middling"], "--data", "test.jsonl").exit_code == 0
    folder = _kept(runs["middling"])
    folder.rename(folder.with_name("hidden"))
    try:
        result = _command("promote", runs["strong"], "--data", "test.jsonl")
    finally:
        folder.with_name("hidden").rename(folder)
    assert result.exit_code == 2, result.output
    assert "the files of version 1" in result.output
    assert _aliases() == {"champion": runs["middling"]}


HIGHER = Gate("share", ("a", "b"), "higher", slack=0.02)
LOWER = Gate("error", ("a", "b"), "lower", slack=0.02)
FLOOR = Gate("calibration", ("a", "b"), "lower", slack=0.0, enough=0.05)
LIMIT = Gate("size", ("a", "b"), "lower", limit=45.0)


@pytest.mark.parametrize(
    ("gate", "champion", "challenger", "outcome"),
    [
        (HIGHER, 0.90, 0.95, PASSED),
        (HIGHER, 0.90, 0.88, PASSED),  # exactly the slack
        (HIGHER, 0.90, 0.87, FAILED),
        (HIGHER, 0.90, math.nan, FAILED),  # it left out what the champion has
        (HIGHER, math.nan, 0.10, NOT_MEASURED),
        (HIGHER, math.nan, math.nan, NOT_MEASURED),
        (LOWER, 0.30, 0.32, PASSED),
        (LOWER, 0.30, 0.33, FAILED),
        (LOWER, 0.30, None, FAILED),  # null in JSON is no number
        (FLOOR, 0.01, 0.05, PASSED),
        (FLOOR, 0.01, 0.06, FAILED),
        (FLOOR, 0.08, 0.08, PASSED),
        (FLOOR, 0.08, 0.09, FAILED),
        (LIMIT, 99.0, 44.9, PASSED),
        (LIMIT, 99.0, 45.0, FAILED),
        (LIMIT, 1.0, math.nan, FAILED),
        (LIMIT, math.nan, 1.0, PASSED),
    ],
)
def test_a_gate_knows_its_direction_slack_floor_and_limit(gate, champion, challenger, outcome):
    assert check(gate, {"a": {"b": champion}}, {"a": {"b": challenger}}).outcome == outcome


def test_a_key_that_either_report_lacks_is_not_measured():
    has, lacks = {"a": {"b": 0.9}}, {"a": {"c": 1.0}}
    for one, other in ((has, lacks), (lacks, has), (lacks, lacks), ({}, {}), ({"a": 3}, has)):
        verdict = check(HIGHER, one, other)
        assert verdict.outcome == NOT_MEASURED
        assert None in (verdict.champion, verdict.challenger)
    assert check(LIMIT, has, lacks).outcome == NOT_MEASURED
    assert check(LIMIT, lacks, has).outcome == PASSED  # a limit needs no champion


def _row(low, high):
    return {"one": 0.5, "other": 0.5, "difference": 0.0, "interval": (low, high)}


def test_a_paired_gate_fails_only_where_the_whole_interval_is_below_nothing():
    assert check_paired("x", _row(-0.03, 0.01)).outcome == PASSED
    assert check_paired("x", _row(-0.03, 0.0)).outcome == PASSED
    assert check_paired("x", _row(-0.03, -0.01)).outcome == FAILED
    assert check_paired("x", _row(math.nan, math.nan)).outcome == NOT_MEASURED


def test_better_is_an_interval_of_macro_f1_or_macro_ap_above_nothing():
    level, up = _row(-0.01, 0.02), _row(0.01, 0.02)
    assert gains({"macro_f1": level, "macro_ap": level, "micro_f1": up}) == []
    assert gains({"macro_f1": level, "macro_ap": up, "micro_f1": level}) == ["macro_ap"]
    assert gains({"macro_f1": up, "macro_ap": level, "micro_f1": level}) == ["macro_f1"]
    assert gains({"macro_f1": _row(0.0, 0.02), "macro_ap": _row(math.nan, math.nan)}) == []


def _report(worse=None):
    """A report with every figure of the gates, one of them bad."""
    report = {}
    for gate in GATES:
        value = 0.5 if gate.slack is not None else 0.0
        if gate.name == worse:
            value = 0.1 if gate.better == "higher" else 99.0
        inner = report
        for key in gate.path[:-1]:
            inner = inner.setdefault(key, {})
        inner[gate.path[-1]] = value
    return report


@pytest.mark.parametrize("name", [gate.name for gate in GATES])
def test_every_gate_can_fail_and_fails_alone(name):
    level = {measure: _row(-0.01, 0.01) for measure in gates.PAIRED}
    assert gates.failures(check_all(_report(), _report(name), level)) == [name]
    assert gates.failures(check_all(_report(), _report(), level)) == []


def test_the_gates_read_what_the_evaluation_reports(tagger):
    """A renamed key of the report would turn its gate off: only the swaps may be missing."""
    from training.evaluation import evaluate
    from training.experiment import EvaluationConfig

    report = evaluate(tagger, make_documents(64, 2000), EvaluationConfig(bootstrap=100)).report
    missing = {gate.path[0] for gate in GATES if gates.figure(report, gate.path) is None}
    assert missing <= {"behaviour", "size_mb", "swaps"}  # the first two are added by `promotion.measure`
