"""Killed at any moment, the same command goes on, and in the end all is as without; two commands never share a folder."""

from __future__ import annotations

import os
import random
import signal

import pytest

from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from tests.adsite.server import serve
from tests.adsite.site import CANARY, AdSite
from tests.serving.ads.collecting import running

COUNT = 150
ALL = COUNT + 3 + 2
"""Requests of a whole run: ads, lists, the front page and robots.txt."""
_RANDOM = random.Random(29)
POINTS = [_RANDOM.randint(15, 50), _RANDOM.randint(65, 100), _RANDOM.randint(115, 145)]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A folder after an interruption, several kills and a run to the end, with the log of the server."""
    base = tmp_path_factory.mktemp("interrupted")
    folder = base / "pages"
    with serve(AdSite(COUNT, traps=False)) as served:
        sites = running.write_sites(base / "sites.toml", served, concurrency=2)

        def until(reached, how):
            process = running.start(sites, folder)

            def end(number):
                if reached(number):
                    os.kill(process.pid, how)
                    served.on_request = None

            served.on_request = end
            done = running.finish(process)
            served.on_request = None
            return done

        def all_asked(_):
            return len({x.path for x in served.log if x.path.startswith("/annonce")}) == COUNT

        interrupted = until(lambda number: number >= 3, signal.SIGINT)
        assert interrupted.returncode == 130
        assert "run the same command again" in interrupted.stderr
        for reached in (*(lambda number, point=x: number >= point for x in POINTS), all_asked):
            killed = until(reached, signal.SIGKILL)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            whole = [x for x in read_sources([folder], Rules(), None) if x.kind != "nothing"]
            assert not [x for x in read_sources([folder], Rules(), None) if x.faults]
            assert len({x.url for x in whole}) == len(whole)
        last = running.run(sites, folder)
        asked = len(served.log)
        served.clear()
        again = running.run(sites, folder)
        yield folder, last, asked, again, list(served.log)


def test_in_the_end_each_page_is_kept_once_and_said_once(ended):
    folder, last, _, _, _ = ended
    assert last.returncode == 0, last.stderr
    assert sorted(running.kept(folder)) == sorted(f"/annonce/{x}" for x in range(COUNT))
    first = running.runs(folder)[0]
    lines = (running.beside(folder) / f"{first}.jsonl").read_text().splitlines()
    assert len(lines) == COUNT + 1
    assert f"{COUNT} new" in last.stderr


def test_little_is_asked_for_twice(ended):
    _, _, asked, _, _ = ended
    each = 2 + 1  # what was on its way, and robots.txt
    assert asked <= ALL + (len(POINTS) + 2) * each


def test_a_run_in_which_nothing_changed_writes_no_page(ended):
    folder, _, _, again, log = ended
    assert again.returncode == 0
    assert f"{COUNT} unchanged" in again.stderr
    assert len(running.kept(folder)) == COUNT
    assert {x.status for x in log if x.path[-1] not in "12" and x.path.startswith("/annonce")} == {304}


def test_two_commands_in_one_folder_are_refused(tmp_path):
    with serve(AdSite(40, traps=False)) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served, delay=0.5)
        process = running.start(sites, tmp_path / "pages")
        second = []

        def begin(number):
            if number == 2:
                second.append(running.run(sites, tmp_path / "pages"))
                os.kill(process.pid, signal.SIGTERM)

        served.on_request = begin
        first = running.finish(process)
        assert second[0].returncode == 2
        assert "another command collects" in second[0].stderr
        assert first.returncode == 130


def test_a_full_disk_ends_the_command_and_what_is_finished_is_kept(tmp_path):
    with serve(AdSite(60, traps=False)) as served:
        sites = running.write_sites(tmp_path / "sites.toml", served)
        full = running.finish(running.start(sites, tmp_path / "pages", disk=400_000))
        assert full.returncode == 2
        assert "what is finished is kept" in full.stderr
        assert CANARY not in full.stderr
        before = len(served.log)
        assert 20 < before < 63
        assert running.run(sites, tmp_path / "pages").returncode == 0
        assert len(served.log) < 63 + 10
    assert sorted(running.kept(tmp_path / "pages")) == sorted(f"/annonce/{x}" for x in range(60))
