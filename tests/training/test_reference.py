"""The reference of a model folder: made when a model is made, and anew by a command, without another version."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from training.cli import app
from triage.modelfolder import read_manifest
from triage.reference import DECISIONS, FEATURES
from triage.wire import document_to_json


def write_jsonl(path, documents):
    path.write_text("".join(json.dumps(document_to_json(x)) + "\n" for x in documents), "utf-8")


@pytest.fixture
def folder(tmp_path, model_folder):
    return shutil.copytree(model_folder, tmp_path / "model")


def test_the_command_adds_counts_alone_and_keeps_the_version(folder, documents, tmp_path):
    before = read_manifest(folder)
    write_jsonl(tmp_path / "a.jsonl", documents[:100])
    write_jsonl(tmp_path / "b.jsonl", documents[100:150])
    run = CliRunner().invoke(app, ["reference", str(folder), str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")])
    assert run.exit_code == 0, run.output
    assert "150 of kind note" in run.output
    assert read_manifest(folder) == before
    raw = (folder / "reference.json").read_text("utf-8")
    found = json.loads(raw)["kinds"]["note"]
    assert set(found["features"]) == set(FEATURES)
    assert all(sum(x["counts"]) == 150 for x in found["features"].values())
    assert found["indicators"]["debt_bondage"]["flag"] > 0
    assert all(set(x) == set(DECISIONS) for x in found["indicators"].values())
    assert not any(word in raw for word in ("skylder", "rejsen", documents[0].id))


def test_too_few_texts_are_refused_with_how_many_it_takes(folder, documents, tmp_path):
    write_jsonl(tmp_path / "a.jsonl", documents[:20])
    run = CliRunner().invoke(app, ["reference", str(folder), str(tmp_path / "a.jsonl")])
    assert run.exit_code != 0
    assert "at least 50 texts of a kind" in run.output
    assert not (folder / "reference.json").exists()


def test_measuring_without_checks_of_evidence_changes_no_decision(tagger, documents):
    for one, other in zip(tagger(documents[:30]), tagger(documents[:30], check=False), strict=True):
        assert [(x.code, x.decision, x.probability) for x in one.findings] == [
            (x.code, x.decision, x.probability) for x in other.findings
        ]
        assert all(x.check is None for x in other.findings)
