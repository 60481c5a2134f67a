"""Processes that read: the same answers as in one process, also while they are killed and while the model is replaced."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import time

import pytest

from serving.engine import PooledEngine, StillLoading, tag
from serving.inference.pool import Pool
from serving.inference.turns import Overloaded
from serving.jobs import stop
from serving.telemetry.observer import Observer
from tests.conftest import make_documents
from triage.loading import Inference, load
from triage.modelfolder import BrokenModel
from triage.text import Document

NOTES = [Document(x.id, x.kind, x.text) for x in make_documents(48)]


@pytest.fixture
def pool(model_folder):
    pool = Pool(model_folder, workers=2, inference=Inference(), room=1_000_000)
    pool.start()
    yield pool
    pool.close()


def test_answers_are_those_of_one_process_and_in_order(pool, model_folder):
    calls = [pool.read(NOTES[i : i + 12]) for i in range(0, 48, 12)]
    found = [answer for call in calls for answer in call.result(60)]
    assert found == load(model_folder)(NOTES)


def test_every_text_is_answered_while_processes_are_killed(pool):
    chance = random.Random(1)
    calls = [pool.read([x]) for x in NOTES * 4]
    for _ in range(5):
        with contextlib.suppress(ProcessLookupError):  # it is being started again
            os.kill(chance.choice(pool.processes), signal.SIGKILL)
        time.sleep(0.2)
    found = [call.result(120)[0] for call in calls]
    assert pool.restarts >= 1
    assert len(found) == len(calls)
    # One that was being read both times its process was killed may be given up, and says so.
    assert all(hasattr(x, "status") or type(x).__name__ == "ReaderLost" for x in found)


def test_a_process_that_ends_while_it_has_nothing_to_do_is_replaced_at_once(model_folder, monkeypatch):
    monkeypatch.setattr("serving.inference.pool._LOOK", 0.05)
    pool = Pool(model_folder, workers=1, inference=Inference(), room=1_000_000)
    pool.start()
    (before,) = pool.processes
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while pool.processes == [before] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pool.processes != [before]
    assert pool.read(NOTES[:1]).result(60)[0].status == "tagged"
    pool.close()


def test_closing_finishes_what_was_accepted(model_folder):
    pool = Pool(model_folder, workers=1, inference=Inference(), room=1_000_000)
    pool.start()
    calls = [pool.read([x]) for x in NOTES]
    pool.close()
    assert all(x.done() for x in calls)
    with pytest.raises(Overloaded):
        pool.read(NOTES[:1])


def test_a_model_that_cannot_be_loaded_is_told_of(tmp_path):
    pool = Pool(tmp_path, workers=2, inference=Inference(), room=1_000_000)
    with pytest.raises(BrokenModel, match="no model in"):
        pool.start()


def test_what_the_processes_do_is_reported(model_folder, monkeypatch):
    monkeypatch.setattr("serving.engine.LOOK", 0.05)
    observer = Observer()

    async def work() -> None:
        engine = PooledEngine(model_folder, workers=1, inference=Inference(), room=1_000_000)
        engine.watched_by(observer)
        observer.metrics.waiting_is(lambda: engine.waiting)
        tending = asyncio.create_task(engine.keep_up())
        while not engine.ready:
            await asyncio.sleep(0.02)
        await tag(engine, NOTES)
        for number in engine.pool.processes:
            os.kill(number, signal.SIGKILL)
        await tag(engine, NOTES[:1])
        await stop(tending)
        await engine.close()

    asyncio.run(work())
    counted = observer.metrics.registry.get_sample_value
    assert counted("tegn_stage_seconds_count", {"stage": "queue"}) == len(NOTES) + 1
    assert counted("tegn_stage_seconds_count", {"stage": "encode"}) == counted("tegn_batch_documents_count") > 1
    assert counted("tegn_batch_documents_sum") == len(NOTES) + 1
    assert counted("tegn_batch_tokens_sum") > 100
    assert counted("tegn_worker_restarts_total") == 1
    assert counted("tegn_queue_length") == 0
    assert counted("tegn_stage_seconds_count", {"stage": "tag"}) == 2


def test_a_promoted_model_is_taken_up_without_a_failed_call(model_folder, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("serving.engine.LOOK", 0.05)
    folder = tmp_path / "model"
    shutil.copytree(model_folder, folder)
    manifest = (folder / "model.json").read_text()
    version = load(folder).version

    async def work() -> tuple[set[str], int]:
        engine = PooledEngine(folder, workers=1, inference=Inference(), room=1_000_000)
        with pytest.raises(StillLoading):
            await engine.read(NOTES[:1])
        tending = asyncio.create_task(engine.keep_up())
        seen, count = [], 0
        deadline = time.monotonic() + 120
        while not engine.ready:
            await asyncio.sleep(0.02)
        while "promoted" not in seen and time.monotonic() < deadline:
            if count == 3:  # broken first: half of it is there
                (folder / "model.json").write_text(manifest.replace(version, "broken").replace('"files"', '"fails"'))
            if count == 6:
                (folder / "fresh").write_text(manifest.replace(version, "promoted"))
                (folder / "fresh").rename(folder / "model.json")
            found = await tag(engine, NOTES[:4])
            assert len(found.assessments) == 4
            seen.append(found.model.version)
            count += 1
            await asyncio.sleep(0.1)
        await stop(tending)
        await engine.close()
        return set(seen), count

    seen, _ = asyncio.run(work())
    assert seen == {version, "promoted"}
