"""`--engine ray`: what the local engine writes, to the byte; killed or held up, nothing is lost; no text in what Ray writes."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from serving.ads.linking import link_ads
from serving.batch import cluster as batch_cluster
from serving.batch.cluster import connected
from serving.batch.engines import EngineStopped
from serving.batch.run import CannotTag, tag_file
from serving.batch.spreading import spread
from serving.cli import app
from tests.conftest import ROOT, make_documents
from tests.serving.ray_cluster import apart, cluster
from training.dataset import to_jsonl

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is NOT tested: install ray[data] (requirements/dev.txt)"
)
CANARY = "KANARIEFUGL"


@pytest.fixture(scope="module")
def running():
    """A cluster of two processors, as a command without RAY_ADDRESS starts it; its files go when it ends."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_AUTH_MODE", "token")
        patched.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patched.setenv(batch_cluster._ALONE, "0")  # as the cluster, which is on this machine
        with cluster(2) as found:
            patched.setenv("RAY_ADDRESS", found.address)
            yield found
        assert not found.folder.exists()


def listening(process):
    """Addresses on which a process and its children listen, as the kernel writes them."""
    sockets = set()
    for x in [psutil.Process(process), *psutil.Process(process).children(recursive=True)]:
        links = [os.readlink(y) for y in Path(f"/proc/{x.pid}/fd").iterdir() if y.is_symlink()]
        sockets |= {y.removeprefix("socket:[").rstrip("]") for y in links if y.startswith("socket:[")}
    rows = [x.split() for name in ("tcp", "tcp6") for x in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return {x[1].split(":")[0] for x in rows if x[3] == "0A" and x[9] in sockets}


def write(path, count):
    """Texts, each with a canary, among lines that cannot be read."""
    lines = to_jsonl(make_documents(count)).splitlines()
    lines = [json.dumps(found | {"text": f"{found['text']} {CANARY}"}) for x in lines if (found := json.loads(x))]
    lines = [json.dumps({k: v for k, v in json.loads(x).items() if k != "labels"}, ensure_ascii=False) for x in lines]
    lines[40:40] = ["{not json " + CANARY, json.dumps({"id": "y", "kind": CANARY, "text": CANARY})]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def written(folder):
    """All bytes of the files that Ray keeps."""
    found = [x.read_bytes() for x in folder.rglob("*") if x.is_file() and not x.is_symlink()]
    assert len(found) > 10
    return b"\n".join(found)


def command(line):
    """How a command ends, and what it says."""
    result = CliRunner().invoke(app, line)
    return result.exit_code, result.output


def test_it_writes_what_the_local_engine_writes_and_ray_keeps_no_text(running, tmp_path, model_folder):
    texts = write(tmp_path / "in.jsonl", 300)
    for engine in ("local", "ray"):
        output = tmp_path / f"{engine}.jsonl"
        code, said = apart(
            command, ["tag", str(texts), "-o", str(output), "--model", str(model_folder), "--engine", engine]
        )
        assert code == 3
        assert "300 texts tagged; 2 could not be tagged" in said
        assert CANARY not in said
    assert (tmp_path / "ray.jsonl").read_bytes() == (tmp_path / "local.jsonl").read_bytes()
    side = ".jsonl.errors.jsonl"
    assert (tmp_path / f"ray{side}").read_bytes() == (tmp_path / f"local{side}").read_bytes()
    assert not (tmp_path / "ray.jsonl.progress").exists()
    kept = written(running.folder)
    assert b"tegn-ray" in kept
    for encoding in ("utf-8", "utf-16-le"):
        assert CANARY.encode(encoding) not in kept
        assert CANARY.lower().encode(encoding) not in kept
    assert running.folder.stat().st_mode & 0o777 == 0o700
    own = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, and no address that others reach
    found = listening(running.process.pid)
    assert found
    assert found <= own


def test_killed_anywhere_it_goes_on_with_either_engine_to_the_same_bytes(running, tmp_path, model_folder):
    texts = write(tmp_path / "in.jsonl", 700)
    output = tmp_path / "out.jsonl"
    journal = tmp_path / "out.jsonl.progress"
    line = ["tag", str(texts), "-o", str(output), "--model", str(model_folder), "--engine", "ray"]
    process = subprocess.Popen([sys.executable, "-m", "serving", *line], cwd=ROOT, stderr=subprocess.DEVNULL)
    while not journal.exists() or json.loads(journal.read_text())["records"] < 100:
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = json.loads(journal.read_text())["records"]
    assert 100 <= done < 702
    again = tmp_path / "again.jsonl"
    for left in list(tmp_path.glob("out.jsonl*")):
        shutil.copy(left, tmp_path / left.name.replace("out", "again"))
    apart(tag_file, str(texts), output, model_folder, engine="ray")
    tag_file(str(texts), again, model_folder, engine="local")
    tag_file(str(texts), tmp_path / "fresh.jsonl", model_folder)
    assert output.read_bytes() == again.read_bytes() == (tmp_path / "fresh.jsonl").read_bytes()
    assert (
        output.with_name("out.jsonl.errors.jsonl").read_bytes()
        == again.with_name("out.jsonl.errors.jsonl").read_bytes()
    )


def test_where_nothing_moves_it_stops_says_why_and_another_engine_goes_on(running, tmp_path, model_folder):
    """All processors are held by an actor, as where Ray Data is known to hang."""
    texts = write(tmp_path / "in.jsonl", 60)
    assert running.ask("hold") == "done"
    try:
        began = time.monotonic()
        with pytest.raises(CannotTag) as caught:
            apart(tag_file, str(texts), tmp_path / "out.jsonl", model_folder, engine="ray", patience=4)
        assert time.monotonic() - began < 60
    finally:
        assert running.ask("release") == "done"
    assert "finished nothing for 4 s: all 2 processors of the cluster are held" in str(caught.value)
    assert "--engine local" in str(caught.value)
    assert (tmp_path / "out.jsonl.progress").exists()
    assert tag_file(str(texts), tmp_path / "out.jsonl", model_folder, engine="local").records == 62


class Fails:
    """Work that quotes what it fails on."""

    def __call__(self, item):
        if item == 3:
            raise ValueError(f"{CANARY} {item}")
        return item


def failing():
    """Spread it."""
    with connected(1) as slots:
        return list(spread(Fails(), range(5), slots=slots, patience=120))


def test_an_error_of_the_work_is_told_without_its_words(running):
    with pytest.raises(EngineStopped, match=r"\(ValueError\)") as caught:
        apart(failing)
    assert CANARY not in str(caught.value)
    assert CANARY.encode() not in written(running.folder)


def link(ads, output, **how):
    """Link ads, a few at a time."""
    from serving.ads import signing

    signing.BATCH = 6
    link_ads([ads], output, **how)


def test_links_of_ads_are_those_of_the_local_engine(running, tmp_path):
    from tests.serving.ads.linking.made import content, few
    from tests.serving.ads.linking.made import write as write_ads

    ads = write_ads(tmp_path / "ads.jsonl", few())
    (tmp_path / "local").mkdir()
    (tmp_path / "ray" / "g.jsonl.signatures").mkdir(parents=True, mode=0o700)
    apart(link, ads, tmp_path / "local" / "g.jsonl")
    shutil.copy(tmp_path / "local" / "g.jsonl.signatures" / "link.key", tmp_path / "ray" / "g.jsonl.signatures")
    apart(link, ads, tmp_path / "ray" / "g.jsonl", engine="ray", workers=None)
    assert content(tmp_path / "ray") == content(tmp_path / "local")


@pytest.mark.parametrize(
    ("address", "said"), [("ray://127.0.0.1:10001", "not Ray's client"), ("127.0.0.1:1", "nothing answers")]
)
def test_a_cluster_that_is_not_there_is_said(address, said, tmp_path, model_folder, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(CannotTag, match=said) as caught:
        tag_file(str(write(tmp_path / "in.jsonl", 41)), tmp_path / "out.jsonl", model_folder, engine="ray")
    assert "unset RAY_ADDRESS" in str(caught.value) or "HOST:PORT" in str(caught.value)


def test_little_shared_memory_is_refused_before_texts_come_onto_the_disk(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(batch_cluster, "_LEAST", 1 << 60)
    with pytest.raises(EngineStopped, match="--shm-size"), connected(None):
        pass


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path):
    for name in ("tegn-ray-999999999-x", f"tegn-ray-{os.getpid()}-x", "tegn-ray-other"):
        (tmp_path / name).mkdir()
    batch_cluster._clear_left(tmp_path)
    assert sorted(x.name for x in tmp_path.iterdir()) == sorted([f"tegn-ray-{os.getpid()}-x", "tegn-ray-other"])
