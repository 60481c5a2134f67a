"""Files and texts that wait are dealt with beside requests; a failure stops nothing and tells nothing."""

import asyncio
import logging

from serving.desk import uploads, views
from serving.jobs import Jobs, stop
from tests.serving.desk.conftest import desk  # noqa: F401 (a fixture)

CANARY = "Kanariefugl-7731"
TEXT = "Manden fortæller at formanden har taget passet og gemt det."


def _work(jobs: Jobs, steps: int = 4) -> list[bool]:
    async def work() -> list[bool]:
        return [await jobs.step() for _ in range(steps)]

    return asyncio.run(work())


def test_a_file_becomes_a_text_that_waits_for_a_reader(desk, engine):  # noqa: F811
    person = desk.people["anna"]
    upload = uploads.start(desk.ledger, person, kind="note", reference="", keep_days=30)
    uploads.add_file(desk.ledger, person, upload, "a.txt", TEXT.encode())
    assert _work(Jobs(desk.ledger, engine, keep_days=30)) == [True, False, False, False]
    assert len(desk.waiting()) == 1


def test_texts_are_tagged_by_the_model_in_use(desk, engine):  # noqa: F811
    desk.submit(TEXT)
    _work(Jobs(desk.ledger, engine, keep_days=30))
    (number,) = desk.waiting()
    view = views.open_text(desk.ledger, desk.people["anna"], number)
    assert view.model == f"{engine.tagger.name} {engine.tagger.version}"
    assert view.assessment.id == str(number)


def test_a_text_that_the_model_fails_on_goes_to_its_readers_without_suggestions(desk, engine, monkeypatch, caplog):  # noqa: F811
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    desk.submit(f"{CANARY} {TEXT}", "Borgeren har søgt om tilskud til briller og venter på svar fra kommunen.")
    tagger = engine.tagger

    def fail(documents, *, check):
        if CANARY in documents[0].text:
            raise RuntimeError(documents[0].text)
        return tagger(documents, check=check)

    monkeypatch.setattr(engine, "tagger", fail)
    _work(Jobs(desk.ledger, engine, keep_days=30), 2)
    seen = [views.open_text(desk.ledger, desk.people["anna"], x) for x in desk.waiting(order="age")]
    assert [x.assessment is None for x in seen] == [True, False]
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


def test_work_goes_on_after_a_failure_that_tells_no_text(ledger, engine, monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    monkeypatch.setattr("serving.jobs._AFTER_FAILURE", 0.01)
    calls = []

    def fail(*_, **__):
        calls.append(1)
        raise RuntimeError(CANARY)

    monkeypatch.setattr("serving.jobs.extraction.read_next", fail)

    async def work() -> None:
        task = asyncio.create_task(Jobs(ledger, engine, keep_days=30).run())
        while len(calls) < 3:
            await asyncio.sleep(0.01)
        await stop(task)

    asyncio.run(work())
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text
