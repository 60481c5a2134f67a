"""An import that ends anywhere gives the same bytes once it is run again; what no longer fits is refused."""

import contextlib
import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from serving.ads import importing
from serving.ads.importing import CannotImport, import_ads
from serving.ads.rules import Rules
from serving.batch.journal import Journal
from serving.batch.resuming import Output
from serving.cli import app
from tests.conftest import ROOT
from tests.serving.ads.made import CANARY, info, page, record, save
from tests.serving.ads.processes import all_end


class Stop(Exception):
    pass


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "in"
    for number in range(6):
        save(
            folder,
            f"{number}.html",
            page(f"Annonce nummer {number % 4} om rengøring."),
            url=f"https://a.example/{number % 4}",
        )
    save(folder, "x.html", "")
    lines = [json.dumps({"text": f"{CANARY} {i % 20}", "url": f"https://b.example/{i % 20}"}) for i in range(30)]
    save(folder, "y.jsonl", "\n".join([*lines, "{", *lines]))
    packed = [record(f"https://c.example/{i}", page(f"Nummer {i} om have.").encode(), packed=True) for i in range(6)]
    save(folder, "z.warc.gz", info(packed=True) + b"".join(packed)[:-50])
    return folder


def files_of(folder):
    return {x.name: x.read_bytes() for x in folder.iterdir() if x.is_file()}


@pytest.mark.parametrize("name", ["ads.jsonl", "ads.parquet"])
def test_stopped_before_and_after_every_write_it_gives_the_same_bytes(sources, tmp_path, reader, monkeypatch, name):
    monkeypatch.setattr(importing, "_PIECES", 7)
    (tmp_path / "whole").mkdir()
    whole = import_ads([sources], tmp_path / "whole" / name, Rules(), reader=reader)
    assert (whole.ads, whole.bad, whole.records) == (4 + 20 + 5, 3, 6 + 1 + 61 + 7)
    steps = 0
    for stop_at in range(1, 200):
        (tmp_path / "stopped").mkdir(exist_ok=True)
        count = 0

        def counting(real, before, stop_at=stop_at):
            def step(*arguments):
                nonlocal count
                count += 1
                if count == stop_at and before:
                    raise Stop
                done = real(*arguments)
                if count == stop_at:
                    raise Stop
                return done

            return step

        with monkeypatch.context() as patched:
            patched.setattr(Output, "save", counting(Output.save, stop_at % 2))
            patched.setattr(Journal, "write", counting(Journal.write, stop_at % 2))
            patched.setattr(Journal, "remove", counting(Journal.remove, True))
            try:
                import_ads([sources], tmp_path / "stopped" / name, Rules(), reader=reader)
            except Stop:
                steps += 1
            else:
                break
        again = import_ads([sources], tmp_path / "stopped" / name, Rules(), reader=reader)
        assert files_of(tmp_path / "stopped") == files_of(tmp_path / "whole")
        assert (again.ads, again.left_out, again.bad) == (whole.ads, whole.left_out, whole.bad)
        for path in (tmp_path / "stopped").iterdir():
            path.unlink()
    assert steps > 25


def test_killed_three_times_it_gives_the_same_bytes(tmp_path, reader):
    rows = [
        json.dumps({"text": f"Annonce {i} om arbejde i køkken og have.", "url": f"https://a.example/{i}"})
        for i in range(20_000)
    ]
    save(tmp_path / "in", "a.jsonl.gz", gzip.compress("\n".join(rows).encode()))
    for number in range(40):
        save(tmp_path / "in", f"b{number:02}.html", page(f"Side {number} om rengøring i Ribe."))
    command = [sys.executable, "-m", "serving", "ads", "import", str(tmp_path / "in"), "-o"]
    journal = tmp_path / "ads.jsonl.progress"
    kills = 0
    for _ in range(3):
        process = subprocess.Popen([*command, str(tmp_path / "ads.jsonl")], cwd=ROOT, stderr=subprocess.DEVNULL)
        before = json.loads(journal.read_text())["records"] if journal.exists() else 0
        while process.poll() is None:
            if journal.exists() and json.loads(journal.read_text())["records"] > before + 1_000:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        process.wait()
    last = subprocess.run([*command, str(tmp_path / "ads.jsonl")], cwd=ROOT, capture_output=True, text=True, check=True)
    assert kills == 3
    assert "20,040 ads taken in, going on after" in last.stderr
    import_ads([tmp_path / "in"], tmp_path / "fresh.jsonl", Rules(), reader=reader)
    assert (tmp_path / "fresh.jsonl").read_bytes() == (tmp_path / "ads.jsonl").read_bytes()
    assert sorted(x.name for x in tmp_path.iterdir()) == ["ads.jsonl", "fresh.jsonl", "in"]


def test_what_changed_in_between_is_refused(sources, tmp_path, reader, monkeypatch):
    monkeypatch.setattr(importing, "_PIECES", 7)
    output = tmp_path / "ads.jsonl"

    def stop(*_):
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "remove", stop)
        with pytest.raises(Stop):
            import_ads([sources], output, Rules(), reader=reader)
    for rules, named in ((Rules(limit_mb=1), None), (Rules(), "a")):
        with pytest.raises(CannotImport, match="other rules, another --site"):
            import_ads([sources], output, rules, named, reader=reader)
    save(sources, "0.html", page("Noget helt andet."))
    with pytest.raises(CannotImport, match="SOURCE is not what"):
        import_ads([sources], output, Rules(), reader=reader)


def test_the_child_ends_when_the_import_is_killed(tmp_path):
    for number in range(3_000):
        save(tmp_path / "in", f"{number}.html", page(f"Side {number} om rengøring i Ribe."))
    command = [
        sys.executable,
        "-m",
        "serving",
        "ads",
        "import",
        str(tmp_path / "in"),
        "-o",
        str(tmp_path / "ads.jsonl"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not (tmp_path / "ads.jsonl").exists() or not (tmp_path / "ads.jsonl").stat().st_size:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert all_end(process.pid, 20), "the child still runs"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def test_two_at_a_time_into_one_output_are_refused(sources, tmp_path, reader):
    output, said = tmp_path / "ads.jsonl", []

    def tell(_: str) -> None:
        with pytest.raises(CannotImport, match="another `ads import` writes") as error:
            import_ads([sources], output, Rules(), reader=reader)
        said.append(str(error.value))

    whole = import_ads([sources], output, Rules(), reader=reader, tell=tell)
    assert len(said) == whole.bad > 0
    assert import_ads([sources], tmp_path / "b.jsonl", Rules(), reader=reader).ads == whole.ads
    assert output.read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert not (tmp_path / "ads.jsonl.lock").exists()


def test_a_disk_without_room_for_temporary_files_is_said_and_the_same_command_goes_on(tmp_path, monkeypatch):
    rows = [json.dumps({"text": f"Annonce {i} om have.", "url": f"https://a.example/{i}"}) for i in range(3_000)]
    save(tmp_path / "in", "a.jsonl", "\n".join(rows))
    arguments = ["ads", "import", str(tmp_path / "in"), "-o", str(tmp_path / "ads.jsonl")]
    seen_in = importing._seen_in

    def little(*where):
        seen = seen_in(*where)
        seen.execute("PRAGMA max_page_count = 20")
        return seen

    with monkeypatch.context() as patched:
        patched.setattr(importing, "_seen_in", little)
        full = CliRunner().invoke(app, arguments)
    assert full.exit_code == 2
    assert (
        "temporary files (TMPDIR, else /var/tmp): the disk is full, make room; what is finished is kept" in full.output
    )
    assert 0 < json.loads((tmp_path / "ads.jsonl.progress").read_text())["records"] < 3_000
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 0
    assert "3,000 ads taken in, going on after" in again.output


def test_an_output_without_room_is_said(sources, tmp_path, reader, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Output, "save", full)
    with pytest.raises(CannotImport, match=r"ads\.jsonl: the disk is full, make room; what is finished is kept"):
        import_ads([sources], tmp_path / "ads.jsonl", Rules(), reader=reader)
