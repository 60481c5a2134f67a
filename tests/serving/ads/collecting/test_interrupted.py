"""Killed at any moment, the same command goes on, and in the end all is as without; two commands never share a folder."""

from __future__ import annotations

import random
import signal
import time

import pytest

from serving.ads.collecting.course import AHEAD
from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from tests.adsite.server import serve
from tests.adsite.site import CANARY, AdSite
from tests.serving.ads.collecting import running

COUNT = 150
ALL = COUNT + 3 + 2
"""Requests of a whole run: ads, lists, the front page and robots.txt."""
_RANDOM = random.Random(29)
POINTS = (_RANDOM.randint(20, 60), _RANDOM.randint(90, 140))


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A folder after an interruption, kills, a full disk and a run to the end, with the log of the server."""
    base = tmp_path_factory.mktemp("interrupted")
    folder = base / "pages"
    with serve(AdSite(COUNT, traps=False)) as served:
        sites = running.write_sites(base / "sites.toml", served, concurrency=2)
        slow = running.write_sites(base / "slow.toml", served, concurrency=1, delay=0.5)

        first = running.start(slow, folder)
        while len(served.log) < 2:
            assert first.poll() is None
            time.sleep(0.05)
        second = running.run(sites, folder)
        assert second.returncode == 2
        assert "another command collects" in second.stderr
        first.send_signal(signal.SIGINT)
        interrupted = running.finish(first)
        assert interrupted.returncode == 130
        assert "run the same command again" in interrupted.stderr

        for point in POINTS:
            kill(sites, folder, served, lambda point=point: len(served.log) >= point)
        # Too little room for the state: what waited is written out, and cannot be forgotten.
        full = running.finish(running.start(sites, folder, disk=400_000))
        assert full.returncode == 2
        assert "what is finished is kept" in full.stderr
        assert CANARY not in full.stderr
        kill(sites, folder, served, lambda: len({x.path for x in served.log if "/annonce/" in x.path}) == COUNT)
        last = running.run(sites, folder)
        asked = len(served.log)
        served.clear()
        again = running.run(sites, folder)
        yield folder, last, asked, again, list(served.log)


def kill(sites, folder, served, reached):
    """Kill a command at a moment; what is in the folder then can be read."""
    process = running.start(sites, folder)
    served.on_request = lambda _: process.kill() if reached() else None
    killed = running.finish(process)
    served.on_request = None
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pieces = list(read_sources([folder], Rules(), None))
    assert not [x for x in pieces if x.faults]
    addresses = [x.url for x in pieces if x.kind == "page"]
    assert len(set(addresses)) == len(addresses)


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
    each = 2 * AHEAD + 1  # what was on its way or waited to be read, and robots.txt
    assert asked <= ALL + 5 * each


def test_a_run_in_which_nothing_changed_writes_no_page(ended):
    folder, _, _, again, log = ended
    assert again.returncode == 0
    assert f"{COUNT} unchanged" in again.stderr
    assert len(running.kept(folder)) == COUNT
    assert {x.status for x in log if x.path[-1] not in "12" and x.path.startswith("/annonce")} == {304}
