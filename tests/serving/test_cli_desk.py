"""Commands of the desk: they say what to do, never words of a text, and overwrite nothing unasked."""

import json
import os
import stat

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from serving.cli import app
from serving.desk import intake
from serving.store import anchors
from serving.store.desk import Case, Reading, Text
from serving.store.ledger import open_ledger, user
from serving.store.tables import AuditEntry, User

CANARY = "Kanariefugl-7731"


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in [x for x in os.environ if x.startswith("TEGN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def ledger(home):
    """The store as the commands open it."""
    home.mkdir(mode=0o700)
    found = open_ledger(f"sqlite:///{home / 'tegn.db'}", home, {})
    with found.acting("system") as act:
        act.db.add(User(name="Anna", role="analyst", created=act.now))
    yield found
    found.engine.dispose()


def _run(*arguments: str, answer: str | None = None):
    found = CliRunner().invoke(app, list(arguments), input=answer)
    assert CANARY not in found.stderr
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found


def _submit(ledger, *texts: str, done: bool = False) -> None:
    items = [intake.Item(x) for x in texts]
    intake.submit(ledger, items, kind="note", by=1, actor=user(1), reference="J 17", keep_days=30)
    if done:
        with ledger.acting("system") as act:
            act.db.execute(sa.update(Text).values(stage="done", for_training=True, outcome="refer"))
            for number in act.db.scalars(sa.select(Text.id)):
                moments = dict.fromkeys(("taken", "touched", "submitted"), act.now)
                act.db.add(Reading(text_id=number, user_id=1, part="first", outcome="refer", **moments))


def test_an_export_is_documents_and_where_they_came_from(ledger, tmp_path):
    _submit(ledger, f"{CANARY} et", f"{CANARY} to", done=True)
    found = _run("export-decisions")
    assert found.exit_code == 0
    assert [json.loads(x)["text"] for x in found.stdout.splitlines()] == [f"{CANARY} et", f"{CANARY} to"]
    assert "2 texts" in found.stderr
    output = tmp_path / "out.jsonl"
    assert _run("export-decisions", "-o", str(output)).exit_code == 0
    origins = tmp_path / "out.jsonl.provenance.jsonl"
    assert output.read_text("utf-8") == found.stdout
    assert [json.loads(x)["id"] for x in origins.read_text("utf-8").splitlines()] == ["review-1", "review-2"]
    assert CANARY not in origins.read_text("utf-8")
    for path in (output, origins):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(ledger.entries(act="export.made")) == 2
    assert sorted(x.name for x in tmp_path.iterdir()) == ["home", "out.jsonl", "out.jsonl.provenance.jsonl"]


def test_an_export_overwrites_nothing_unasked(ledger, tmp_path):
    _submit(ledger, "en tekst", done=True)
    output, origins = tmp_path / "out.jsonl", tmp_path / "p.jsonl"
    for there in (output, origins):
        there.write_text("precious")
        found = _run("export-decisions", "-o", str(output), "--provenance", str(origins))
        assert found.exit_code == 2
        assert "--force" in found.stderr
        assert there.read_text() == "precious"
    assert _run("export-decisions", "-o", str(output), "--provenance", str(origins), "--force").exit_code == 0
    assert "en tekst" in output.read_text()
    assert "review-1" in origins.read_text()
    assert _run("export-decisions", "-o", str(output), "--provenance", str(output), "--force").exit_code == 2
    assert _run("export-decisions", "-o", str(tmp_path / "none" / "x")).exit_code == 2


def test_a_text_that_cannot_be_opened_is_named_and_stops_no_other_from_being_exported(ledger, tmp_path):
    _submit(ledger, f"{CANARY} et", "to", f"{CANARY} tre", done=True)
    with ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == 2).values(sealed_text=b"\x01" * 60))
    output = tmp_path / "out.jsonl"
    found = _run("export-decisions", "-o", str(output))
    assert found.exit_code == 3
    assert "texts.sealed_text#2" in found.stderr
    assert [json.loads(x)["id"] for x in output.read_text("utf-8").splitlines()] == ["review-1", "review-3"]
    (made,), (unread,) = ledger.entries(act="export.made"), ledger.entries(act="document.unreadable")
    assert dict(made.details) == {"format": "jsonl", "records": 2, "with_text": True, "numbers": "1,3"}
    assert (unread.subject, dict(unread.details)) == ("text#2", {"reason": "tampered"})


def test_an_export_that_fails_leaves_no_file_and_is_recorded(ledger, tmp_path, monkeypatch):
    _submit(ledger, f"{CANARY} et", done=True)

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("serving.cli_desk.os.fsync", fail)
    found = _run("export-decisions", "-o", str(tmp_path / "out.jsonl"))
    assert found.exit_code == 2
    assert "No space" in found.stderr
    assert [x.name for x in tmp_path.iterdir()] == ["home"]
    assert dict(ledger.entries(act="export.made")[0].details)["numbers"] == "1"


def test_a_case_whose_key_is_lost_can_still_be_erased(ledger):
    _submit(ledger, f"{CANARY} et")
    with ledger.acting("system") as act:
        act.db.execute(sa.update(Case).values(wrapped_key=b"\x01" * 60))
    assert _run("erase", "1", "--reason", "asked", "--yes").exit_code == 0
    with ledger.reading() as db:
        assert db.scalar(sa.select(Case.erased)) is not None
        assert db.scalar(sa.select(sa.func.count()).select_from(Text)) == 0


def test_nothing_to_export_is_said(ledger):
    _submit(ledger, "en tekst")
    found = _run("export-decisions")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "no decided texts" in found.stderr


@pytest.mark.parametrize("number", ["0", "2147483647", "99999999999999999999"])
def test_a_number_that_no_case_has_is_refused(ledger, number):
    assert _run("erase", number, "--reason", "asked", "--yes").exit_code == 2


def test_a_case_is_erased_after_a_question(ledger, monkeypatch):
    _submit(ledger, f"{CANARY} et")
    found = _run("erase", "1", "--reason", "asked", answer="n\n")
    assert found.exit_code == 1
    with ledger.reading() as db:
        assert db.scalar(sa.select(Case.erased)) is None
    found = _run("erase", "1", "--reason", "asked", answer="y\n")
    assert found.exit_code == 0
    assert "backups" in found.stderr
    with ledger.reading() as db:
        assert db.scalar(sa.select(Case.erased)) is not None
    found = _run("erase", "1", "--reason", "asked", "--yes")
    assert found.exit_code == 2
    assert "erased already" in found.stderr


def test_an_erasure_that_waits_for_readers_says_so(ledger, monkeypatch):
    _submit(ledger, "et")
    monkeypatch.setattr("serving.desk.cases.overwrite_deleted", lambda _: False)
    found = _run("erase", "1", "--reason", "mistake", "--yes")
    assert found.exit_code == 0
    assert "could not be emptied" in found.stderr


@pytest.mark.parametrize(("case", "reason"), [("999", "asked"), ("1", "fun")])
def test_an_erasure_of_nothing_or_for_no_reason_is_refused(ledger, case, reason):
    _submit(ledger, "et")
    assert _run("erase", case, "--reason", reason, "--yes").exit_code == 2


def test_a_sound_log_is_verified_with_an_anchor_to_keep(ledger, home):
    _submit(ledger, "et")
    printed = _run("audit", "anchor").stdout.strip()
    assert anchors.parse(printed) == ledger.last()
    found = _run("audit", "verify", "--anchor", printed)
    assert found.exit_code == 0
    assert found.stdout.startswith("intact: ")
    assert anchors.parse(found.stdout.split()[-1]) == ledger.last()
    for wrong in ("", "x", "1:00"):
        assert _run("audit", "verify", "--anchor", wrong).exit_code == 2


def test_a_log_that_was_cut_is_found_by_the_anchor_that_is_kept(ledger, home):
    _submit(ledger, "et", "to")
    assert _run("audit", "verify").exit_code == 0
    anchors.keep_anchor(ledger, home)
    with ledger.engine.begin() as db:
        db.execute(sa.delete(AuditEntry).where(AuditEntry.seq > 1))
    found = _run("audit", "verify")
    assert found.exit_code == 1
    assert "cut off" in found.stderr
    (home / anchors.FILE).write_text("nonsense")
    assert _run("audit", "verify").exit_code == 2


def test_a_change_is_found_with_its_place(ledger):
    _submit(ledger, "et", "to")
    with ledger.engine.begin() as db:
        db.execute(sa.update(AuditEntry).where(AuditEntry.seq == 2).values(subject="text#9"))
    found = _run("audit", "verify")
    assert found.exit_code == 1
    assert "entry 2" in found.stderr


def _replace_key(ledger, home) -> None:
    """A new master key; the old one lies beside it."""
    ledger.engine.dispose()
    (home / "master.key").rename(home / "master.key.old")
    new = home / "master.key"
    new.write_text("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n")
    new.chmod(0o600)


def test_a_new_master_key(ledger, home):
    _submit(ledger, "et", "to")
    assert "already" in _run("rotate-key").stderr
    _replace_key(ledger, home)
    found = _run("rotate-key")
    assert found.exit_code == 0
    assert "1 cases and 2 texts" in found.stderr
    assert _run("audit", "verify").exit_code == 0
    (home / "master.key.old").unlink()
    assert _run("erase", "1", "--reason", "asked", "--yes").exit_code == 0
    found = _run("audit", "verify")
    assert found.exit_code == 1
    assert "old ones have to be there" in found.stderr


def test_a_new_master_key_says_when_the_old_one_is_still_needed(ledger, home):
    _submit(ledger, "et")
    with ledger.acting("system") as act:
        act.db.execute(sa.update(Text).values(sealed_text=b""))
    _replace_key(ledger, home)
    found = _run("rotate-key")
    assert found.exit_code == 3
    assert "under the old key, as it cannot be opened: texts.sealed_text#1" in found.stderr
    assert "leave the old key where it is" in found.stderr


def test_a_lost_key_is_told(ledger, home):
    _submit(ledger, "et")
    new = home / "master.key"
    new.write_text("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA\n")
    found = _run("rotate-key")
    assert found.exit_code == 2
    assert "master.key.old" in found.stderr
