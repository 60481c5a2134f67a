"""Twenty analysts at once, and processes that are killed while they write: no decision is lost, doubled or half written."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from serving.desk import queue, reading
from serving.desk.queue import Filter
from serving.store.desk import Mark, Reading, Text
from serving.store.ledger import SYSTEM
from serving.store.tables import AuditEntry, User
from tests.serving.desk.conftest import SCHEME

ANALYSTS, TEXTS = 20, 60
FLAGS = {"withheld_documents": "tog hans pas", "debt_bondage": "skylder 80.000 kr."}

WRITER = """
import sys
from sqlalchemy import create_engine
from serving.desk import reading
from serving.store.database import open_store
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey
from triage.indicators import load_scheme
from triage.text import Span
ledger = Ledger(open_store(sys.argv[1]), MasterKey.derive(bytes(range(32))))
scheme, person, number, version = load_scheme(), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
while True:
    version = reading.mark(ledger, scheme, person, number, version=version, code="threats", verdict="add",
                           state="stated", spans=(Span(0, 5),))
    print(version, flush=True)
"""


def test_twenty_analysts_at_once_lose_and_double_nothing(desk):
    desk.submit(*(f"Sag {i}: chefen tog hans pas, og han skylder 80.000 kr. for rejsen." for i in range(TEXTS)))
    desk.tag(FLAGS)
    with desk.ledger.acting(SYSTEM) as act:
        people = [User(name=f"analyst {i}", role="analyst", created=act.now) for i in range(ANALYSTS)]
        act.db.add_all(people)
        act.db.flush()
        numbers = [x.id for x in people]

    def work(person: int) -> list[tuple[int, int]]:
        acknowledged = []
        while (
            text := queue.take_next(desk.ledger, person, Filter(), "priority", may_adjudicate=False).text
        ) is not None:
            version = 0
            for code in FLAGS:
                version = reading.mark(desk.ledger, SCHEME, person, text, version=version, code=code, verdict="accept")
                acknowledged.append((text, version))
            reading.submit(desk.ledger, person, text, version=version, outcome="refer")
        return acknowledged

    with ThreadPoolExecutor(ANALYSTS) as pool:
        acknowledged = [x for found in pool.map(work, numbers) for x in found]
    assert len(acknowledged) == len(set(acknowledged)) == TEXTS * len(FLAGS)
    with desk.ledger.reading() as db:
        assert set(db.scalars(sa.select(Mark.id))) == {mark for _, mark in acknowledged}
        held = db.execute(sa.select(Reading.text_id, sa.func.count()).group_by(Reading.text_id)).all()
        assert sorted(count for _, count in held) == [1] * TEXTS
        assert set(db.scalars(sa.select(Text.stage))) == {"done"}
        recorded = sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.act == "decision.made")
        assert db.scalar(recorded) == TEXTS * len(FLAGS)
    assert desk.ledger.verify()[1] is None


def test_a_process_killed_while_it_writes_loses_no_acknowledged_decision(desk, store_url):
    number = desk.ready("Chefen tog hans pas.", FLAGS)
    desk.take("anna", number)
    acknowledged, version = [], 0
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    for _ in range(3):
        arguments = [sys.executable, "-c", WRITER, store_url, str(desk.people["anna"]), str(number), str(version)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment) as writer:
            for line in writer.stdout:
                acknowledged.append(int(line))
                if len(acknowledged) % 25 == 0:
                    writer.send_signal(signal.SIGKILL)
                    acknowledged += [int(x) for x in writer.stdout.read().splitlines()]
                    break
            assert writer.wait(30) == -signal.SIGKILL
        with desk.ledger.reading() as db:
            kept = list(db.scalars(sa.select(Mark.id).order_by(Mark.id)))
        assert kept[: len(acknowledged)] == acknowledged
        assert len(kept) <= len(acknowledged) + 1  # one may be written and not told yet
        acknowledged, version = kept, kept[-1]
    with desk.ledger.reading() as db:
        recorded = sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.act == "decision.made")
        assert db.scalar(recorded) == len(acknowledged)
    assert desk.ledger.verify()[1] is None
