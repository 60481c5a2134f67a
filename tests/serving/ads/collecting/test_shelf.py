"""Writing out may end at any step, and is done again with the same bytes; an unusable state is refused."""

from __future__ import annotations

import sqlite3

import pytest

from serving.ads.collecting import shelf as shelf_module
from serving.ads.collecting.report import ERRORS, JOURNAL
from serving.ads.collecting.shelf import Shelf
from serving.ads.collecting.spool import Kept
from serving.ads.collecting.state import State, UnusableState
from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from serving.batch.resuming import unfinished

BODY = b"<html><body><p>KANARIEFUGL</p></body></html>"


class Stop(Exception):
    pass


def filled(path):
    state = State(path / "state.sqlite")
    with state.change():
        for name, value in {"began": "2026-05-03T10:00:00Z", "warcs": "0"}.items():
            state.set_fact(name, value)
        state.set_fact("about b", '{"permission": "Invented, 2026"}')
        for site in ("a", "b"):
            for number in range(3):
                headers = '[["Content-Type", "text/html"], ["Set-Cookie", "x=1"], ["X-Sted", "\\u00c5rhus"]]'
                url = f"https://{site}.example/annonce/{number}"
                state.spool.keep(Kept(site, url, "2026-05-03T10:00:01Z", "192.0.2.1", "200 OK", headers, BODY))
        state.spool.say(JOURNAL, '{"a": 1}')
        state.spool.say(ERRORS, '{"b": 2}')
    return state


def files_of(folder):
    return {str(x.relative_to(folder)): x.read_bytes() for x in folder.rglob("*") if x.is_file()}


def made(path):
    path.mkdir()
    folder, beside = path / "pages", path / "pages.runs"
    folder.mkdir()
    beside.mkdir()
    return (
        folder,
        beside,
        Shelf(
            folder,
            beside,
            filled(path),
            "run",
        ),
    )


def test_stopped_at_any_step_it_gives_the_same_files(tmp_path, monkeypatch):
    folder, beside, whole = made(tmp_path / "whole")
    whole.write_out()
    wanted = (files_of(folder), files_of(beside))
    assert set(wanted[0]) == {"a/run-00001.warc.gz", "b/run-00002.warc.gz"}
    assert wanted[1] == {"run.jsonl": b'{"a": 1}\n', "run.errors.jsonl": b'{"b": 2}\n'}
    steps = ("put", "sync_folder", "write_warc", "Output")
    stopped = 0
    for stop_at in range(1, 20):
        folder, beside, shelf = made(tmp_path / str(stop_at))
        count = 0

        def counting(real, stop_at=stop_at):
            def step(*arguments, **named):
                nonlocal count
                count += 1
                if count == stop_at:
                    raise Stop
                return real(*arguments, **named)

            return step

        with monkeypatch.context() as patched:
            for name in steps:
                patched.setattr(shelf_module, name, counting(getattr(shelf_module, name)))
            try:
                shelf.write_out()
            except Stop:
                stopped += 1
        assert all(x.endswith(".warc.gz") for x in files_of(folder))
        assert not [x for x in read_sources([folder], Rules(), None) if x.faults]
        shelf.write_out()
        shelf.write_out()  # nothing waits: nothing is written
        assert files_of(folder) == wanted[0]
        assert {x: y for x, y in files_of(beside).items() if x.endswith("jsonl")} == wanted[1]
    assert stopped == 9


def test_a_warc_file_says_who_collected_and_by_whose_permission_and_no_cookie(tmp_path):
    import gzip

    folder, _, shelf = made(tmp_path / "whole")
    shelf.write_out()
    text = gzip.decompress((folder / "b" / "run-00002.warc.gz").read_bytes())
    assert b"permission: Invented, 2026" in text
    assert b"WARC-IP-Address: 192.0.2.1" in text
    assert b"ookie" not in text
    pieces = [x for x in read_sources([folder], Rules(), None) if x.kind == "page"]
    assert [x.url for x in pieces if x.url.startswith("https://b")] == [
        f"https://b.example/annonce/{x}" for x in range(3)
    ]
    assert {x.data for x in pieces} == {BODY}
    assert {x.retrieved for x in pieces} == {"2026-05-03T10:00:01Z"}
    assert (folder / "b" / "run-00002.warc.gz").stat().st_mode & 0o777 == 0o600


def test_no_text_stays_in_the_state_once_it_is_written_out(tmp_path):
    state = filled(tmp_path)
    assert BODY in (tmp_path / "state.sqlite").read_bytes() + (tmp_path / "state.sqlite-wal").read_bytes()
    (tmp_path / "pages").mkdir()
    Shelf(tmp_path / "pages", tmp_path, state, "run").write_out()
    state.close()
    assert BODY not in (tmp_path / "state.sqlite").read_bytes()
    assert not (tmp_path / "state.sqlite-wal").exists()


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\x00" + bytes(200)])
def test_a_state_that_cannot_be_read_is_refused_with_what_to_do(tmp_path, content):
    (tmp_path / "state.sqlite").write_bytes(content)
    with pytest.raises(UnusableState, match="delete it to collect everything anew"):
        State(tmp_path / "state.sqlite")


def test_a_change_that_fails_changes_nothing(tmp_path):
    state = State(tmp_path / "state.sqlite")

    def fail():
        with state.change():
            state.count("new")
            raise Stop

    with pytest.raises(Stop):
        fail()
    assert not state.counts()


def test_a_disk_that_is_full_is_not_taken_for_a_state_that_cannot_be_read(tmp_path, monkeypatch):
    """Whoever did as that says would delete what is known."""
    connect = sqlite3.connect

    def little(*where, **how):
        db = connect(*where, **how)
        db.execute("PRAGMA max_page_count = 2")
        return db

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", little)
        with pytest.raises(sqlite3.OperationalError) as full:
            State(tmp_path / "state.sqlite")
    said = unfinished(full.value, tmp_path)
    assert said == f"{tmp_path}: the disk is full, make room; what is finished is kept, run the same command to go on"
    State(tmp_path / "state.sqlite").close()
