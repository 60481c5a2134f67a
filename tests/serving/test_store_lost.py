"""A store or a reading process that is lost for a while: requests may be sent again, and no work is lost."""

import asyncio
import contextlib
import logging
import sqlite3

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from serving.app import create_app
from serving.desk import tagging
from serving.inference.turns import ReaderLost
from serving.jobs import Jobs
from serving.settings import Settings
from serving.store.database import open_store
from serving.store.desk import Text
from tests.serving import postgres
from tests.serving.desk.conftest import desk  # noqa: F401 (a fixture)

CANARY = "Kanariefugl-7731"
TEXT = f"{CANARY} fortæller at formanden har taget passet og gemt det."


@pytest.fixture
def impatient(tmp_path, engine, monkeypatch):
    """The app on an SQLite store that waits for a lock for a second only, and the file of the store."""
    monkeypatch.setattr("serving.store.database._PRAGMAS", ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=1000"))
    settings = Settings(home=tmp_path / "home")
    with TestClient(create_app(lambda: settings, engine), base_url="http://127.0.0.1:3000") as client:
        yield client, settings.home / "tegn.db"


@contextlib.contextmanager
def locked(path):
    with contextlib.closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_a_locked_store_refuses_calls_and_pages_with_when_to_come_again(impatient, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    client, path = impatient
    access = client.app.state.access
    key = {"Authorization": f"Bearer {access.add_key('a test', ['tag'])}"}
    client.post(f"/login/{access.add_user('Anna', 'analyst')}", follow_redirects=False)
    call = {"documents": [{"id": "a", "kind": "note", "text": TEXT}]}
    form = {"text": TEXT, "kind": "note", "reference": ""}
    with locked(path):
        refused = [client.post("/v1/tag", json=call, headers=key), client.post("/submit", data=form)]
    for answer in refused:
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert CANARY not in answer.text
    assert refused[0].json()["type"].endswith(":store")
    assert "database" in refused[1].text
    assert "OperationalError" in caplog.text
    assert CANARY not in caplog.text

    assert client.post("/v1/tag", json=call, headers=key).status_code == 200
    assert "new=" in client.post("/submit", data=form, follow_redirects=False).headers["location"]


def test_a_connection_that_postgresql_ended_is_replaced_unnoticed(postgres_url):
    url = postgres.new_database(postgres_url)
    engine, other = open_store(url), sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with other.connect() as connection:
        assert connection.scalars(sa.text(f"SELECT pg_terminate_backend(pid) {others}")).all() == [True]
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 2")) == 2
    engine.dispose()
    other.dispose()


def test_a_text_whose_answer_could_not_be_kept_is_read_again_at_once(desk, engine, monkeypatch):  # noqa: F811
    desk.submit(TEXT)
    keep, calls = tagging.keep, []

    def fail_once(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("", {}, Exception("the connection is gone"))
        return keep(*arguments)

    monkeypatch.setattr(tagging, "keep", fail_once)
    jobs = Jobs(desk.ledger, engine, keep_days=30)
    with pytest.raises(OperationalError):
        asyncio.run(jobs.step())
    with desk.ledger.reading() as db:
        assert db.execute(sa.select(Text.stage, Text.claimed, Text.tries)).one() == ("new", None, 0)
    asyncio.run(jobs.step())
    with desk.ledger.reading() as db:
        assert db.scalar(sa.select(Text.stage)) == "first"
    tagged = desk.ledger.entries(act="document.tagged")
    assert len(tagged) == 1


def test_a_text_whose_reading_processes_ended_is_tried_again_alone_and_not_for_ever(desk, engine, monkeypatch):  # noqa: F811
    desk.submit(TEXT, "Borgeren har søgt om tilskud til briller og venter på svar fra kommunen.")
    read, asked = engine.read, []

    async def lose(documents, **more):
        asked.append(sorted(int(x.id) for x in documents))
        model, answers = await read(documents, **more)
        return model, [ReaderLost() if CANARY in x.text else y for x, y in zip(documents, answers, strict=True)]

    monkeypatch.setattr(engine, "read", lose)
    jobs = Jobs(desk.ledger, engine, keep_days=30)

    def steps(count):
        for _ in range(count):
            asyncio.run(jobs.step())
        with desk.ledger.reading() as db:
            return {x.id: x.stage for x in db.execute(sa.select(Text.id, Text.stage))}

    assert steps(1) == {1: "new", 2: "first"}
    assert steps(4) == {1: "first", 2: "first"}
    assert asked == [[1, 2], [1], [1]]
    assert len(desk.ledger.entries(act="document.tagged")) == 2
