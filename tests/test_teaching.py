"""From a correction to a retrained model on the page, in two commands."""

from __future__ import annotations

import json
import re

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from serving.app import create_app
from serving.cli import app as serving_cli
from serving.desk import intake, queue, reading, switches, tagging
from serving.engine import Engine
from serving.settings import Settings
from serving.store.access import Access
from serving.store.ledger import Ledger, open_ledger, user
from tests.conftest import make_documents
from training.cli import app as training_cli
from training.dataset import to_jsonl
from triage.indicators import load_scheme
from triage.text import Span

NEW = "skal aflevere sin krumpelknag"
"""Words that no training text has: analysts teach that they are a sign."""
PEOPLE = ("Manden", "Kvinden", "Pigen", "Drengen", "Naboen", "Hun", "Han", "Borgeren", "Eleven", "Gæsten")


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with an experiment and an empty home of the service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    for name, count, offset in (("train", 192, 0), ("calibration", 64, 1000), ("test", 64, 2000)):
        (tmp_path / f"{name}.jsonl").write_text(to_jsonl(make_documents(count, offset)), "utf-8")
    (tmp_path / "x.toml").write_text(
        'name = "tiny"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
        'test = ["test.jsonl"]\n[model]\nfamily = "linear"\nmax_features = 3000\n[evaluation]\nbootstrap = 100\n'
    )
    return tmp_path


def _decide(ledger: Ledger) -> int:
    """Read texts as an analyst does, and add the sign that the model passed over; one text may not be used."""
    Access(ledger).add_user("Anna", "analyst")
    with ledger.acting(user(1)) as act:
        for share in ("blind_share", "second_share"):
            switches.turn(act, share, "0", by=1)
    texts = [f"{who} {NEW} til chefen i uge {i}." for i, who in enumerate(PEOPLE * 2)]
    items = [intake.Item(text) for text in texts]
    numbers = intake.submit(ledger, items, kind="note", by=1, actor=user(1), reference="", keep_days=9).new
    model = tagging.Model("none", "0" * 16)
    documents = tagging.claim(ledger, model, outdated=False, count=100)
    tagging.keep(ledger, model, documents, [None] * len(documents))
    scheme = load_scheme()
    for number, text in zip(numbers, texts, strict=True):
        queue.take(ledger, 1, number, may_adjudicate=False)
        reading.show(ledger, 1, number)
        version = reading.mark(
            ledger, scheme, 1, number, version=0, code="threats", verdict="add", state="stated",
            spans=(Span(text.index("skal"), text.index(" til chefen")),),
        )  # fmt: skip
        reading.submit(ledger, 1, number, version=version, outcome="refer", for_training=number != numbers[-1])
    return len(numbers) - 1


def test_a_correction_becomes_a_new_model_on_the_page_in_two_commands(workplace):
    ledger = open_ledger(f"sqlite:///{(workplace / 'home' / 'tegn.db').resolve()}", workplace / "home", {})
    marked = _decide(ledger)
    ledger.engine.dispose()

    exported = CliRunner().invoke(serving_cli, ["export-decisions", "-o", "decisions.jsonl"])
    assert exported.exit_code == 0, exported.output
    assert len((workplace / "decisions.jsonl").read_text().splitlines()) == marked
    provenance = [json.loads(x) for x in (workplace / "decisions.jsonl.provenance.jsonl").read_text().splitlines()]
    assert {x["readers"] for x in provenance} == {1}

    for arguments in (["-o", "before"], ["-o", "after", "--decisions", "decisions.jsonl"]):
        trained = CliRunner().invoke(training_cli, ["run", "x.toml", *arguments])
        assert trained.exit_code == 0, trained.output

    text = f"Manden kom ind for at få en ny tid hos lægen i næste uge. Kvinden {NEW} til chefen. Sag nr. 77."
    found = {}
    for name in ("before", "after"):
        settings = Settings(home=workplace / "home", model=workplace / name)
        engine = Engine(settings.model)
        engine.load()
        with TestClient(create_app(lambda s=settings: s, engine), base_url="http://127.0.0.1:3000") as client:
            client.post(f"/login/{client.app.state.access.add_user(name, 'analyst')}", follow_redirects=False)
            found[name] = client.post("/", data={"text": text, "kind": "note"}).text
    underlined = re.compile("<mark[^>]*>[^<]*krumpelknag")
    assert not underlined.search(found["before"])
    assert underlined.search(found["after"])
    assert "Trusler" in found["after"]
