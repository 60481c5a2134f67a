"""`make bench-desk`: the time a server takes for the pages of the desk with many texts stored.

Usage: python -m tests.bench_desk [TEXTS [URL]]; by default 50,000 texts in SQLite in a folder that goes away.
"""

from __future__ import annotations

import secrets
import sys
import tempfile
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

import numpy as np
import sqlalchemy as sa
from starlette.testclient import TestClient

from serving.app import create_app
from serving.desk.answers import LEVELS, dump, uncertainty
from serving.desk.traces import sketch
from serving.settings import Settings
from serving.store.desk import Case, Suggestion, Text, Trace
from serving.store.ledger import Ledger, open_ledger
from serving.store.vault import Place
from tests.localengine import LocalEngine
from training.dataset import DATA_CARDS, folders, read_folder
from triage.assessment import Assessment
from triage.text import Document

ROOT = Path(__file__).resolve().parent.parent
REQUESTS = 200
_AT_ONCE = 1_000


def fill(ledger: Ledger, read: list[tuple[Document, Assessment]], texts: int, model: str) -> None:
    """Store texts as intake and tagging do, many at once: what is stored is the same, row for row."""
    chance, vault = secrets.SystemRandom(), ledger.vault
    numbers = count(1)
    for first in range(1, texts + 1, _AT_ONCE):
        rows: dict[type, list[dict[str, object]]] = {Case: [], Text: [], Suggestion: [], Trace: []}
        with ledger.acting("system") as act:
            for number in range(first, min(first + _AT_ONCE, texts + 1)):
                document, said = read[number % len(read)]
                text = f"{document.text} ({number})"
                key = vault.new_case_key(Place("cases", "wrapped_key", number))
                box = vault.open_case(key, Place("cases", "wrapped_key", number))
                rows[Case].append(
                    {"id": number, "wrapped_key": key, "created": act.now, "keep_until": act.now + timedelta(days=365)}
                )
                rows[Text].append(
                    {
                        "id": number, "case_id": number, "kind": document.kind, "length": len(text), "model": model,
                        "sealed_text": box.seal(text, Place("texts", "sealed_text", number)), "draw": chance.random(),
                        "fingerprint": vault.fingerprint(text), "received": act.now, "stage": "first",
                        "priority": LEVELS.index(said.priority.level), "uncertainty": uncertainty(said),
                    }
                )  # fmt: skip
                answer = box.seal(dump(said), Place("suggestions", "sealed_answer", number))
                rows[Suggestion].append(
                    {"id": number, "text_id": number, "model": model, "made": act.now, "sealed_answer": answer}
                )
                values = enumerate(sketch(vault, text))
                rows[Trace] += [{"text_id": number, "place": i, "kind": "words", "value": x} for i, x in values]
            for table, found in rows.items():
                act.db.execute(sa.insert(table), found)
            act.record("queue.read", texts=next(numbers))


def main(texts: int = 50_000, url: str = "") -> None:
    """Fill a store, ask for pages, print milliseconds."""
    engine = LocalEngine(ROOT / "models" / "tegn-da")
    documents = [x for folder in folders(ROOT / DATA_CARDS) for x in read_folder(folder).documents("test")][:100]
    plain = [Document(x.id, x.kind, x.text) for x in documents]
    read = list(zip(plain, engine.tagger(plain), strict=True))
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=Path(folder), database_url=url)
        ledger = open_ledger(settings.store_url, settings.home, {})
        began = time.perf_counter()
        fill(ledger, read, texts, f"{engine.tagger.name} {engine.tagger.version}")
        print(f"{texts} texts stored in {time.perf_counter() - began:.0f} s")
        with TestClient(create_app(lambda: settings, engine), base_url="http://127.0.0.1:3000") as client:
            client.post(f"/login/{client.app.state.access.add_user('Anna', 'analyst')}", follow_redirects=False)
            chance = np.random.default_rng(1)
            for name, paths in {
                "queue, first page": ["/queue"],
                "queue, by uncertainty": ["/queue?order=uncertainty"],
                "queue, sample, ads": ["/queue?order=sample&kind=ad"],
                "queue, page 40": ["/queue?page=40"],
                "review page": [f"/texts/{x}" for x in chance.integers(1, texts + 1, REQUESTS)],
            }.items():
                if name == "review page":
                    for path in paths:
                        client.post(f"{path}/take", follow_redirects=False)
                times = []
                for i in range(REQUESTS):
                    began = time.perf_counter()
                    assert client.get(paths[i % len(paths)]).status_code == 200
                    times.append(1000 * (time.perf_counter() - began))
                median, high = np.percentile(times, [50, 95])
                print(f"{name:<24}median {median:6.1f} ms   95th percentile {high:6.1f} ms")


if __name__ == "__main__":
    main(*(int(x) if x.isdecimal() else x for x in sys.argv[1:]))
