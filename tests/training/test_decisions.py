"""Analysts' decisions beside other training texts: learnt from, once each, and never those that models are measured on."""

import json

import pytest

from tests.conftest import make_documents
from training.dataset import InvalidDataset, to_jsonl
from training.decisions import read_decisions
from training.experiment import read_experiment, with_decisions
from training.pipeline import read_texts
from triage.indicators import load_scheme
from triage.text import Document, Label, Span


def _decided(number: int, text: str, state: str = "stated") -> Document:
    return Document(f"review-{number}", "note", text, "review", "da", (Label("threats", state, (Span(0, 5),)),))


def _write(path, *documents: Document):
    path.write_text(to_jsonl(documents), "utf-8")
    return path


def test_of_a_text_in_several_exports_the_last_counts(tmp_path):
    first = _write(tmp_path / "a.jsonl", _decided(1, "en tekst om noget"), _decided(2, "en anden tekst om noget andet"))
    second = _write(tmp_path / "b.jsonl", _decided(1, "en tekst om noget", "denied"))
    kept, left_out = read_decisions([first, second], [])
    assert [(x.id, x.labels[0].state) for x in kept] == [("review-1", "denied"), ("review-2", "stated")]
    assert left_out == []


def test_texts_that_models_are_measured_on_are_left_out_whatever_their_ids(tmp_path):
    measured = "Manden skylder mange penge for rejsen og må ikke gå fra gården om aftenen."
    export = _write(
        tmp_path / "a.jsonl",
        _decided(1, f"  {measured.upper()} "),
        _decided(2, measured.replace("aftenen", "natten")),
        _decided(3, "Kvinden har fået nyt arbejde på et hotel og er glad for det."),
        _decided(4, "Kvinden har fået nyt arbejde på et hotel og er glad for det!"),
    )
    kept, left_out = read_decisions([export], [Document("review-3", "note", measured)])
    assert left_out == ["review-1", "review-2"]
    assert [x.id for x in kept] == ["review-3", "review-4"]


def test_a_broken_export_is_refused_by_line_and_without_its_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "x", "kind": "note", "text": "kanariefugl", "labels": [{"indicator": 1}]}\n')
    with pytest.raises(InvalidDataset) as raised:
        read_decisions([path], [])
    assert "line 1" in str(raised.value)
    assert "kanariefugl" not in str(raised.value)


def test_an_experiment_learns_from_them_and_tells_which(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    splits = {"train": make_documents(16), "calibration": make_documents(8, 1000), "test": make_documents(8, 2000)}
    for name, documents in splits.items():
        _write(tmp_path / f"{name}.jsonl", *documents)
    (tmp_path / "x.toml").write_text(
        'name = "tiny"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
        'test = ["test.jsonl"]\n[model]\nfamily = "linear"\n'
    )
    tested = splits["test"][0]
    export = _write(tmp_path / "d.jsonl", _decided(1, "En helt ny tekst fra bunken."), _decided(2, tested.text))
    plain = read_experiment(tmp_path / "x.toml")
    texts = read_texts(with_decisions(plain, [export]).data, load_scheme())
    assert [x.id for x in texts.train if x.source == "review"] == ["review-1"]
    assert texts.left_out == ("review-2",)
    assert len(texts.checksums["decisions.train"]) == 64
    assert "decisions.train" not in read_texts(plain.data, load_scheme()).checksums
    assert json.loads(to_jsonl(texts.train).splitlines()[-1])["id"] == "review-1"
