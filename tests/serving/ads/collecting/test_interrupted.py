"""Killed at any moment, the same command goes on, and in the end all is as without; two commands never share a folder."""

from __future__ import annotations

import os
import random
import signal

import pytest

from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from tests.adsite.server import serve
from tests.adsite.site import AdSite
from tests.serving.ads.collecting import running

COUNT = 150
ALL = COUNT + 3 + 2
"""Requests of a whole run: ads, lists, the front page and robots.txt."""
POINTS = [*sorted(random.Random(29).sample(range(4, ALL - 4), 3)), ALL]


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A folder after an interruption, several kills and a run to the end, with the log of the server."""
    base = tmp_path_factory.mktemp("interrupted")
    folder = base / "pages"
    with serve(AdSite(COUNT, traps=False)) as served:
        sites = running.write_sites(base / "sites.toml", served, concurrency=2)

        def until(point, how):
            process = running.start(sites, folder)

            def end(number):
                if number == point:
                    os.kill(process.pid, how)

            served.on_request = end
            done = running.finish(process)
            served.on_request = None
            return done

        interrupted = until(3, signal.SIGINT)
        assert interrupted.returncode == 130
        assert "run the same command again" in interrupted.stderr
        for point in POINTS:
            killed = until(point, signal.SIGKILL)
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
    assert asked <= ALL + (len(POINTS) + 1) * each


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
