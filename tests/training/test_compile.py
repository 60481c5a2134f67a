"""A compiled model says what torch says, needs no torch, tells nobody that it is used, and is never half made."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT, make_documents
from tests.encoders import make_encoder
from training import compile as compiling
from training import promotion
from training.cli import app
from training.compile import NotAlike, compile_folder
from training.dataset import to_jsonl
from triage.compiled import COMPILED
from triage.loading import Inference, check_model, load
from triage.modelfolder import BrokenModel, read_manifest
from triage.text import Document

NOTES = [Document(x.id, x.kind, x.text) for x in make_documents(24)]
OPENVINO = Inference("openvino", precision="f32", threads=1)


@pytest.fixture(scope="module", params=[0, 1], ids=["context joined", "context late"])
def made(request, tmp_path_factory):
    """A model folder of the encoder family, not compiled."""
    place = tmp_path_factory.mktemp("made")
    for name, count, offset in (("train", 64, 0), ("calibration", 64, 1000), ("test", 24, 2000)):
        (place / f"{name}.jsonl").write_text(to_jsonl(make_documents(count, offset)), "utf-8")
    make_encoder(place / "encoder")
    (place / "e.toml").write_text(
        f"""name = "tiny"
description = "a test"
[data]
train = ["{place}/train.jsonl"]
calibration = ["{place}/calibration.jsonl"]
test = ["{place}/test.jsonl"]
[model]
family = "encoder"
encoder = "{place}/encoder"
head = "unit_soft"
max_tokens = 64
context_layer = {request.param}
epochs = 1
batch_documents = 16
learning_rate = 1e-3
head_learning_rate = 1e-2
[evaluation]
bootstrap = 100
"""
    )
    patch = pytest.MonkeyPatch()
    with patch.context() as here:
        here.chdir(place)
        here.delenv("MLFLOW_TRACKING_URI", raising=False)
        result = CliRunner().invoke(app, ["run", "e.toml", "-o", "model", "--device", "cpu"])
    assert result.exit_code == 0, result.output
    return place


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made / "model", tmp_path / "model")
    return tmp_path / "model"


def test_it_says_what_torch_says_and_the_version_stays(folder):
    version = read_manifest(folder)["version"]
    agreements = compile_folder(folder, NOTES, ["f32"])
    assert agreements[0].holds
    assert (agreements[0].changed, agreements[0].documents) == (0, len(NOTES))
    assert read_manifest(folder)["version"] == version
    for one, other in zip(load(folder)(NOTES), load(folder, OPENVINO)(NOTES), strict=True):
        for x, y in zip(one.findings, other.findings, strict=True):
            assert x.probability == pytest.approx(y.probability, abs=1e-4)
    assert load(folder).abstentions(NOTES[0]) == load(folder, OPENVINO).abstentions(NOTES[0])


def test_numbers_are_not_stored_twice(folder):
    compile_folder(folder, NOTES[:4], ["f32"])
    parts = json.loads((folder / COMPILED / "parts.json").read_text())
    assert (folder / COMPILED / "rest.bin").stat().st_size < parts["size"] / 2
    assert len(parts["weights"]) > 10


def test_a_text_says_the_same_alone_among_others_and_from_the_cache(folder):
    compile_folder(folder, NOTES[:4], ["f32"])
    tagger = load(folder, Inference("openvino", precision="f32", threads=1, cache=1 << 20))
    alone = [tagger([x])[0] for x in NOTES]
    again = tagger(NOTES)
    assert tagger.scorer.cache.hits > 0
    for one, other in zip(alone, again, strict=True):
        assert one.to_json() == other.to_json()


def test_it_needs_no_torch_and_reports_to_nobody(folder):
    compile_folder(folder, NOTES[:4], ["f32"])
    script = f"""
import sys
for name in ("torch", "transformers", "sklearn", "mlflow"):
    sys.modules[name] = None
from pathlib import Path
from triage.loading import Inference, check_model, load
from triage.text import Document
tagger = load(Path({str(folder)!r}), Inference("openvino", threads=1))
print(len(tagger([Document("a", "note", {NOTES[0].text!r})])[0].findings))
assert sys.modules["openvino_telemetry"] is None
assert "openvino.tools.ovc.telemetry_stub" in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(load(folder)(NOTES[:1])[0].findings) > 0


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core leaves no choice")
def test_no_thread_is_tied_to_a_core_that_other_processes_are_tied_to_as_well(folder):
    compile_folder(folder, NOTES, ["f32"])
    tagger, done, seen = load(folder, OPENVINO), threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            tagger(NOTES, check=False)

    reading = threading.Thread(target=read)
    reading.start()
    for _ in range(200):
        seen.add(frozenset(os.sched_getaffinity(reading.native_id)))
        time.sleep(0.002)
    done.set()
    reading.join()
    assert seen == {frozenset(os.sched_getaffinity(0))}


def test_groups_of_many_shapes_leave_nothing_behind():
    """OpenVINO keeps what it made ready for each shape, so there have to be few, and not too many may be kept."""
    script = """
from pathlib import Path
import numpy as np
from triage.loading import Inference, load
from triage.pieces import Piece
from triage.text import Span

forward = load(Path("models/tegn-da"), Inference("openvino", threads=1)).scorer.forward

def read(rows):
    for height in rows:
        for length in range(20, 100, 3):
            offsets = np.zeros((length, 2), np.int64)
            pieces = [Piece(Span(0, 1), [row + 7] * length, 0, offsets) for row in range(height)]
            forward(forward.layout.inputs(pieces))
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 // 1024

before = read(range(1, 5))
print(read(range(5, 8)) - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 70  # MB; 160 if each length were a shape of its own and all were kept


def test_what_does_not_say_the_same_is_not_kept(folder, monkeypatch):
    class Off:
        holds = False
        beyond, shown, evidence = 3, 4, 2

    monkeypatch.setattr(compiling, "agreement", lambda *_: Off)
    before = (folder / "model.json").read_bytes()
    with pytest.raises(NotAlike, match="3 decisions differ"):
        compile_folder(folder, NOTES[:4], ["f32"])
    assert not (folder / COMPILED).exists()
    assert (folder / "model.json").read_bytes() == before


def test_a_promotion_says_that_torch_has_to_serve_what_does_not_say_the_same(folder, tmp_path, monkeypatch):
    class Off:
        holds = False
        beyond, shown, evidence = 3, 4, 2

    out = tmp_path / "out"
    assert promotion._put(folder, out, NOTES[:4])[0].startswith("4 documents, compared with torch")
    assert (out / COMPILED).is_dir()
    monkeypatch.setattr(compiling, "agreement", lambda *_: Off)
    (line,) = promotion._put(folder, out, NOTES[:4])
    assert line.startswith("not compiled: 3 decisions differ")
    assert "served by torch" in line
    assert not (out / COMPILED).exists()
    assert load(out)(NOTES[:1])


def test_a_changed_part_is_refused(folder):
    compile_folder(folder, NOTES[:4], ["f32"])
    (folder / COMPILED / "rest.bin").write_bytes(b"")
    with pytest.raises(BrokenModel, match="not the file"):
        load(folder, OPENVINO)


def test_only_what_was_compiled_is_computed_by_openvino(folder, model_folder):
    with pytest.raises(BrokenModel, match="training compile"):
        load(folder, OPENVINO)
    assert load(folder, Inference("auto")).scorer.forward.network is not None
    with pytest.raises(ValueError, match="encoder family"):
        compile_folder(model_folder, NOTES[:4])


def test_a_folder_that_cannot_be_computed_here_is_refused_before_anything_is_loaded(folder, monkeypatch):
    auto = Inference("auto")
    assert check_model(folder, auto).version == read_manifest(folder)["version"]
    monkeypatch.setattr("triage.loading.find_spec", lambda name: None)
    with pytest.raises(BrokenModel, match=r"torch is not installed.*training compile"):
        check_model(folder, auto)
    monkeypatch.undo()
    compile_folder(folder, NOTES[:4], ["f32"])
    monkeypatch.setattr("triage.loading.find_spec", lambda name: name == "openvino" or None)
    check_model(folder, auto)
    with pytest.raises(BrokenModel, match="torch is not installed"):
        check_model(folder, Inference("torch"))


def test_the_command_prints_how_they_agree(made, folder):
    result = CliRunner().invoke(app, ["compile", str(folder), "--data", str(made / "test.jsonl")])
    assert result.exit_code == 0, result.output
    assert "24 documents" in result.output
    assert "f32" in result.output
    agreements = read_manifest(folder)["compiled"]["agreements"]
    assert [x["precision"] for x in agreements] == ["f32", "bf16"]
    assert agreements[0]["holds"]


def test_answers_that_differ_are_noticed(folder):
    compile_folder(folder, NOTES, ["f32"])
    by_torch = load(folder)
    wrong = load(folder, OPENVINO)
    said = by_torch(NOTES)
    computed = wrong.scorer.forward.__class__.__call__

    def off(forward, *inputs):
        found = computed(forward, *inputs)
        return found._replace(logits=found.logits + np.float32(1))

    patch = pytest.MonkeyPatch()
    with patch.context() as here:
        here.setattr(wrong.scorer.forward.__class__, "__call__", off)
        found = compiling.agreement(by_torch, said, wrong(NOTES), "f32")
    assert not found.holds
