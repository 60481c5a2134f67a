"""What readers write, and what leaves or is backed up, is nowhere in clear but where it is meant to be."""

import json
import shutil
import sqlite3
import time

import sqlalchemy as sa
from typer.testing import CliRunner

from serving.cli import app as commands
from serving.store.desk import Text
from serving.store.tables import Base, Switch

CANARY = "Kanariefugl-7731"
NOTE, REASON, DRAFT = "Notefugl-4142", "Grundfugl-5559", "Kladdefugl-6303"
"""Words of the text, of a reader's note, what somebody sends as the reason of a mark, and what is typed and not sent."""
CANARIES = (CANARY, NOTE, REASON, DRAFT)
TEXT = f"{CANARY} skylder 30.000 kr. for rejsen til den der kørte bilen."


def _read(app, browser) -> list:
    """A text is sent, read and handed in; gives the answers that went to the reader."""
    with app.state.ledger.acting("system") as act:
        for name in ("blind_share", "second_share"):
            act.db.merge(Switch(name=name, value="0", changed=act.now))
    answers = [_put(app, browser, 1, TEXT), browser.post("/texts/1/take")]
    form = {"version": "0", "code": "debt_bondage", "verdict": "reject"}
    refused = browser.post("/texts/1/marks", data={**form, "reason": REASON})
    assert refused.status_code == 422  # a reason is one of a list
    answers.append(refused)
    answers.append(browser.post("/texts/1/marks", data={**form, "verdict": "add", "state": REASON, "words": CANARY}))
    answers.append(browser.post("/texts/1/marks", data={**form, "verdict": "add", "state": "stated", "words": CANARY}))
    with app.state.ledger.reading() as db:
        version = db.execute(sa.text("SELECT max(id) FROM marks")).scalar()
    fields = {"version": str(version), "outcome": "refer", "note": f"{NOTE} " * 3, "for_training": "1"}
    done = browser.post("/texts/1/finish", data=fields, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, "/queue?done=done")
    return [*answers, done]


def _put(app, browser, number: int, text: str):
    """A text is sent, and waits for its first reader; gives the answer."""
    answer = browser.post("/submit", data={"text": text, "kind": "note", "reference": f"J {CANARY}"})
    for _ in range(600):
        with app.state.ledger.reading() as db:
            if db.get(Text, number).stage == "first":
                return answer
        time.sleep(0.05)
    raise AssertionError("the text was not tagged")


def _type(app, browser) -> list:
    """Drafts of every form of a second text, by the script and by the button, which stay; gives the answers."""
    answers = [_put(app, browser, 2, f"En anden. {TEXT}"), browser.post("/texts/2/take")]
    for fields in ({"part": "finish", "note": DRAFT}, {"part": "mark", "words": DRAFT}, {"part": DRAFT, "note": DRAFT}):
        for headers in ({}, {"Accept": "application/json"}):
            answers.append(browser.post("/texts/2/draft", data=fields, headers=headers))
            assert answers[-1].status_code == (400 if fields["part"] == DRAFT else 200)
    assert DRAFT in browser.get("/texts/2/finish").text  # they were really kept
    assert DRAFT in browser.get("/texts/2").text
    return answers


def _scan(folder, *allowed) -> None:
    for path in folder.rglob("*"):
        assert not any(x in path.name for x in CANARIES)
        if path.is_file() and path not in allowed:
            held = path.read_bytes()
            assert not any(x.encode() in held or x.encode("utf-16-le") in held for x in CANARIES), path


def test_reasons_notes_exports_and_backups_leak_no_word(app, log_in, heard, capfd, tmp_path, monkeypatch):
    browser = log_in("lead")
    answers = [*_read(app, browser), *_type(app, browser)]
    assert NOTE in browser.get("/texts/1").text  # it was really kept, and its writer sees it
    queue = browser.get("/queue?stage=done").text
    assert f"J {CANARY}" in queue  # what people call the case, for those who may see the case
    assert not any(x in queue.replace(f"J {CANARY}", "") for x in CANARIES)
    for path in (
        "/oversight",
        "/audit",
        "/metrics",
        "/readyz",
        "/account",
        "/submit",
        "/texts/999",
    ):
        answer = browser.get(path)
        assert not any(x in answer.text + str(answer.headers) for x in CANARIES), path
    for answer in answers:
        for step in (*answer.history, answer):
            assert not any(x in f"{step.url}{step.headers}" for x in CANARIES)
    with app.state.ledger.reading() as db:
        for table in Base.metadata.tables.values():
            assert not any(x in str(row) for row in db.execute(sa.select(table)) for x in CANARIES), table.name

    home, exported = app.state.settings.home, tmp_path / "exported"
    exported.mkdir()
    monkeypatch.setenv("TEGN_HOME", str(home))
    found = CliRunner().invoke(commands, ["export-decisions", "-o", str(exported / "out.jsonl")])
    assert found.exit_code == 0
    assert not any(x in found.output for x in CANARIES)
    (document,) = [json.loads(x) for x in (exported / "out.jsonl").read_text("utf-8").splitlines()]
    assert document["text"] == TEXT
    assert NOTE not in json.dumps(document)
    assert DRAFT not in json.dumps(document)
    assert REASON not in json.dumps(document)

    backup = tmp_path / "backup"
    shutil.copytree(home, backup)
    with sqlite3.connect(home / "tegn.db") as source, sqlite3.connect(backup / "online.db") as target:
        source.backup(target)
    assert (backup / "online.db").stat().st_size > 50_000
    _scan(tmp_path, exported / "out.jsonl")  # the provenance, the database, its log, both backups, temporary files

    ours = [x for x in heard.records if not x.name.startswith("httpx")]
    assert ours
    assert not any(y in x.getMessage() + str(x.exc_text) for x in ours for y in CANARIES)
    out, err = capfd.readouterr()
    assert not any(x in out + err for x in CANARIES)
