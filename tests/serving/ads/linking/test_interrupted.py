"""`ads link` that ends anywhere gives the same bytes once it is run again."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from serving.ads import signing
from serving.ads.linking import link_ads
from tests.conftest import ROOT
from tests.serving.ads.linking.made import A, an_ad, content, few, write
from tests.serving.ads.processes import all_end


class Stop(Exception):
    pass


def test_stopped_before_and_after_every_file_it_gives_the_same_bytes(tmp_path, monkeypatch):
    """In a run that adds to an earlier one, so that ids follow it; each file gets its name by `Path.replace`."""
    monkeypatch.setattr(signing, "BATCH", 6)
    first, later = few()[:12], few()[12:]
    start = tmp_path / "start"
    start.mkdir()
    link_ads([write(tmp_path / "1.jsonl", first)], start / "g.jsonl")
    ads = write(tmp_path / "2.jsonl", [*later, {"kind": "ad"}])
    shutil.copytree(start, tmp_path / "whole")
    link_ads([ads], tmp_path / "whole" / "g.jsonl")
    steps = 0
    for stop_at in range(1, 100):
        here = tmp_path / "stopped"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(start, here)
        count = 0
        real = Path.replace

        def replace(path, target, stop_at=stop_at, real=real):
            nonlocal count
            count += 1
            if count * 2 - 1 == stop_at:
                raise Stop
            done = real(path, target)
            if count * 2 == stop_at:
                raise Stop
            return done

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", replace)
            try:
                link_ads([ads], here / "g.jsonl")
            except Stop:
                steps += 1
            else:
                break
        link_ads([ads], here / "g.jsonl")
        assert content(here) == content(tmp_path / "whole")
    assert steps == 2 * (2 * 2 + 1 + 2 + 1)  # two batches of two files, lineage, output with .previous, faults


def test_killed_it_goes_on_and_leaves_no_process(tmp_path):
    ads = write(tmp_path / "ads.jsonl", [an_ad(f"https://a.example/{i}", f"{A * 8} {i}") for i in range(600)])
    code = (
        "import sys; from pathlib import Path; from serving.ads import signing, linking; signing.BATCH = 20\n"
        "linking.link_ads([Path(sys.argv[1])], Path(sys.argv[2]), workers=2)"
    )
    (tmp_path / "killed").mkdir()
    output = tmp_path / "killed" / "g.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ads), str(output)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    folder = output.with_name("g.jsonl.signatures")
    try:
        while len(list(folder.glob("*.npz"))) < 3:
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not output.exists()
        assert all_end(process.pid, 60), "a process that signs still runs"
    finally:
        if process.poll() is None:
            process.kill()
    made = {x: x.stat().st_mtime_ns for x in folder.glob("*.npz")}
    link_ads([ads], output)
    assert all(x.stat().st_mtime_ns == at for x, at in made.items())
    link_ads([ads], tmp_path / "fresh.jsonl", key_file=folder / "link.key")
    assert output.read_bytes() == (tmp_path / "fresh.jsonl").read_bytes()
