"""What the machine had no room for is tried again, and what ends its worker is not tried for ever."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa

from serving.desk import extraction, tagging, uploads, views
from serving.desk.uploads import NoSuchUpload, NothingToTry
from serving.extract.result import Unreadable
from serving.jobs import Jobs, stop
from serving.store.desk import Text, UploadedFile
from serving.store.tables import AuditEntry
from tests.conftest import ROOT
from tests.serving.desk.conftest import MODEL
from tests.serving.desk.test_uploads import _add, _read_all, _start, _state

PLAIN = "Borgeren har søgt om tilskud til briller."

READER = """
import os, signal, sys
from serving.desk import extraction
from serving.store.database import open_store
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey

real = extraction.extract

def extract(name, data, **more):
    if b"bomb" in data:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(name, data, **more)

extraction.extract = extract
ledger = Ledger(open_store(sys.argv[1]), MasterKey.derive(bytes(range(32))))
while extraction.read_next(ledger, keep_days=30):
    pass
"""
TAGGER = """
import asyncio, os, signal, sys
from types import SimpleNamespace
from serving.desk import extraction
from serving.jobs import Jobs
from serving.store.database import open_store
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey
from triage.assessment import Assessment, Priority

class Engine:
    ready = True
    model = SimpleNamespace(name="toy", version="1")

    async def read(self, documents, *, patient):
        if any("bomb" in x.text for x in documents):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.model, [Assessment(x.id, "tagged", (), Priority("none", {}), (), (), (), ()) for x in documents]

async def work():
    jobs = Jobs(ledger, Engine(), keep_days=30)
    while await jobs.step():
        pass

ledger = Ledger(open_store(sys.argv[1]), MasterKey.derive(bytes(range(32))))
asyncio.run(work())
"""


def _later(desk) -> None:
    """Let hours pass for what was claimed or put off."""
    with desk.ledger.acting("system") as act:
        long_ago = act.now - timedelta(hours=9)
        for table, column in ((UploadedFile, "claimed"), (UploadedFile, "again"), (Text, "claimed")):
            known = getattr(table, column).is_not(None)
            act.db.execute(sa.update(table).where(known).values({column: long_ago}))


def _run_until_it_lives(desk, store_url: str, script: str) -> int:
    """Start the worker anew whenever it dies, and let time pass; how often it died."""
    for died in range(10):
        ended = subprocess.run([sys.executable, "-c", script, store_url], cwd=ROOT, capture_output=True, check=False)
        if ended.returncode == 0:
            return died
        assert ended.returncode == -9, ended.stderr.decode()
        _later(desk)
    raise AssertionError("the worker dies without end")


@pytest.fixture
def busy(monkeypatch):
    """A machine without room for a file called `stor.docx`, until its name is taken from the set."""
    names, real = {"stor.docx": "too_busy"}, extraction.extract

    def extract(name, data, **more):
        if name in names:
            raise Unreadable(names[name])
        return real("a.txt", data, **more)

    monkeypatch.setattr(extraction, "extract", extract)
    return names


def test_a_file_that_kills_its_worker_is_given_up_after_three_times_and_the_others_are_read(desk, store_url):
    upload = _start(desk)
    _add(desk, upload, "bombe.txt", b"bomb")
    _add(desk, upload, "a.txt", PLAIN.encode())
    assert _run_until_it_lives(desk, store_url, READER) == extraction.MAX_TRIES == 3
    found = _state(desk, upload)
    assert [(x.state, [p.code for p in x.problems], x.texts) for x in found.files] == [
        ("failed", ["crashed"], 0),
        ("done", [], 1),
    ]
    assert not found.working
    assert found.files[0].kept
    with desk.ledger.reading() as db:
        details = db.scalars(sa.select(AuditEntry.details).where(AuditEntry.act == "file.read")).all()
    assert sorted(json.loads(x)["problems"] for x in details) == [0, 1]


def test_a_text_that_kills_its_worker_goes_to_its_readers_without_suggestions_and_the_others_are_tagged(
    desk, store_url
):
    numbers = desk.submit("Et notat før", "Det er en bomb", "Et notat efter", PLAIN).new
    assert _run_until_it_lives(desk, store_url, TAGGER) == tagging.MAX_TRIES == 3
    assert sorted(desk.waiting()) == sorted(numbers)
    seen = [views.open_text(desk.ledger, desk.people["anna"], x).assessment is not None for x in numbers]
    assert seen == [True, False, True, True]  # and of one without, the page says what to do
    with desk.ledger.reading() as db:
        assert set(db.scalars(sa.select(Text.tries))) == {0}


def test_a_text_that_an_earlier_model_read_keeps_its_answer_when_a_new_one_dies_of_it(desk):
    number = desk.ready("Han skylder penge.", {"debt_bondage": "skylder penge"})
    newer = replace(MODEL, name="toy 2")
    for _ in range(tagging.MAX_TRIES):
        assert len(tagging.claim(desk.ledger, newer, outdated=True)) == 1
        assert tagging.claim(desk.ledger, newer, outdated=True) is None
        _later(desk)
    assert tagging.claim(desk.ledger, newer, outdated=True) is None
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert view.model == "toy 1"
    assert view.assessment is not None


def test_a_text_on_which_a_new_model_fails_is_not_asked_about_for_ever(desk):
    desk.ready("Han skylder penge.")
    newer = replace(MODEL, name="toy 2")
    asked = 0
    while documents := tagging.claim(desk.ledger, newer, outdated=True):
        tagging.keep(desk.ledger, newer, documents, [None])
        asked += 1
        assert asked < 10
    assert asked == tagging.MAX_TRIES


@pytest.mark.parametrize("dies", [True, False])
def test_a_text_on_which_one_model_failed_is_shown_to_the_next_as_often_as_any(desk, dies):
    number = desk.ready("Han skylder penge.")
    second, third = (replace(MODEL, name=f"toy {i}") for i in (2, 3))
    while documents := tagging.claim(desk.ledger, second, outdated=True):
        if dies:
            _later(desk)
        else:
            tagging.keep(desk.ledger, second, documents, [None])
    for _ in range(tagging.MAX_TRIES):
        assert [x.id for x in tagging.claim(desk.ledger, third, outdated=True)] == [str(number)]
        _later(desk)
    assert tagging.claim(desk.ledger, third, outdated=True) is None


@pytest.mark.parametrize("outdated", [True, False])
def test_texts_are_claimed_in_the_order_of_an_index(desk, outdated):
    """Sorting all that wait would hold up everybody who writes meanwhile."""
    desk.ready("Han skylder penge.")
    desk.submit(PLAIN)
    seen = []
    sa.event.listen(desk.ledger.engine, "before_cursor_execute", lambda *x: seen.append(x[2:4]))
    assert len(tagging.claim(desk.ledger, replace(MODEL, name="toy 2"), outdated=outdated)) == 1
    asked, given = next(x for x in seen if "ORDER BY texts.tries" in x[0])
    with desk.ledger.engine.begin() as db:
        sqlite = db.dialect.name == "sqlite"
        if not sqlite:  # with so few rows it would read them all and sort
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                db.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        rows = db.exec_driver_sql(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + asked, given)
        plan = "\n".join(str(x) for x in rows)
    assert "ix_texts_tries" in plan
    assert "B-TREE" not in plan
    assert "Sort" not in plan


def test_stopping_the_service_counts_as_no_try_and_the_next_one_goes_on_at_once(desk, engine, monkeypatch):
    desk.submit(PLAIN)

    async def work() -> None:
        begun = asyncio.Event()

        async def read(*_, **__):
            begun.set()
            await asyncio.sleep(600)

        monkeypatch.setattr(engine, "read", read)
        task = asyncio.create_task(Jobs(desk.ledger, engine, keep_days=30).run())
        await asyncio.wait_for(begun.wait(), 60)
        await stop(task)

    for _ in range(tagging.MAX_TRIES + 1):
        asyncio.run(work())
    assert len(tagging.claim(desk.ledger, MODEL, outdated=False)) == 1


@pytest.mark.parametrize("code", extraction.OVERLOADED)
def test_what_the_machine_had_no_room_for_is_tried_again_with_growing_pauses_and_then_on_request(desk, busy, code):
    upload, anna = _start(desk), desk.people["anna"]
    file = _add(desk, upload, "stor.docx", PLAIN.encode())
    _add(desk, upload, "a.txt", b"Et andet notat")
    busy["stor.docx"] = code
    assert _read_all(desk) == 2  # once each: the pause has begun
    pauses = []
    for _ in extraction.PAUSES:
        (waiting, other) = _state(desk, upload).files
        assert (waiting.state, waiting.problems, waiting.kept, other.state) == ("again", (), False, "done")
        pauses.append(waiting.again - datetime.now(UTC))
        assert not _state(desk, upload).working  # nothing goes on right now
        with pytest.raises(NothingToTry):
            uploads.try_again(desk.ledger, anna, upload, file)
        assert not extraction.read_next(desk.ledger, keep_days=30)
        _later(desk)
        assert _read_all(desk) == 1
    assert all(later > 2 * sooner for sooner, later in pairwise(pauses))
    (given_up, _) = _state(desk, upload).files
    assert (given_up.state, [x.code for x in given_up.problems], given_up.kept) == ("failed", [code], True)
    _later(desk)
    assert _read_all(desk) == 0
    busy.clear()
    uploads.try_again(desk.ledger, anna, upload, file)
    assert _read_all(desk) == 1
    (read, _) = _state(desk, upload).files
    assert (read.state, read.texts, read.problems, read.kept) == ("done", 1, (), False)


def test_a_file_asked_for_again_has_all_its_tries_anew(desk, busy):
    upload = _start(desk)
    file = _add(desk, upload, "stor.docx", PLAIN.encode())
    for _ in range(len(extraction.PAUSES) + 1):
        assert _read_all(desk) == 1
        _later(desk)
    uploads.try_again(desk.ledger, desk.people["anna"], upload, file)
    assert _read_all(desk) == 1
    assert _state(desk, upload).files[0].state == "again"


def test_only_what_failed_and_is_kept_is_tried_again_and_only_by_whoever_sent_it(desk, busy):
    upload, other = _start(desk), _start(desk)
    done = _add(desk, upload, "a.txt", PLAIN.encode())
    broken = _add(desk, upload, "b.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 9)
    unread = uploads.add_unread(desk.ledger, desk.people["anna"], upload, "c.txt", "too_large")
    _read_all(desk)
    for file in (done, broken, unread, 999):
        with pytest.raises(NothingToTry):
            uploads.try_again(desk.ledger, desk.people["anna"], upload, file)
    with pytest.raises(NoSuchUpload):
        uploads.try_again(desk.ledger, desk.people["bo"], upload, done)
    with pytest.raises(NothingToTry):
        uploads.try_again(desk.ledger, desk.people["anna"], other, done)


def test_a_file_that_cannot_be_opened_says_so_holds_up_no_other_and_is_read_once_the_store_is_mended(desk):
    upload = _start(desk)
    file = _add(desk, upload, "a.txt", PLAIN.encode())
    _add(desk, upload, "b.txt", b"Et andet notat")
    with desk.ledger.acting("system") as act:
        row = act.db.get_one(UploadedFile, file)
        whole, row.sealed_data = row.sealed_data, b"x" * 40
    assert _read_all(desk) == 1
    assert [(x.state, [p.code for p in x.problems]) for x in _state(desk, upload).files] == [
        ("failed", ["unopened"]),
        ("done", []),
    ]
    with desk.ledger.acting("system") as act:
        act.db.get_one(UploadedFile, file).sealed_data = whole
    uploads.try_again(desk.ledger, desk.people["anna"], upload, file)
    assert _read_all(desk) == 1
    assert _state(desk, upload).files[0].state == "done"


def test_a_long_table_that_gets_on_each_time_is_not_given_up(desk):
    upload = _start(desk)
    lines = "\n".join(["tekst", *(f"notat nummer {i}" for i in range(450))])
    file = _add(desk, upload, "ark.csv", lines.encode())
    _read_all(desk)
    uploads.choose(desk.ledger, desk.people["anna"], upload, file, "tekst")
    for _ in range(extraction.MAX_TRIES + 1):
        claimed = extraction.claim(desk.ledger)
        found = extraction.extract(claimed.name, claimed.data, column=claimed.column)
        assert extraction._store_some(desk.ledger, file, found, 30)
        _later(desk)
    _read_all(desk)
    (whole,) = _state(desk, upload).files
    assert (whole.state, whole.texts) == ("done", 450)
