"""An anchor kept apart finds a log that was cut off; it is never moved past a break."""

import logging

import pytest
import sqlalchemy as sa

from serving.jobs import Jobs
from serving.store import anchors
from serving.store.anchors import Broken, UnusableAnchor
from serving.store.ledger import SYSTEM
from serving.store.tables import AuditEntry


def _record(ledger, count: int = 1) -> None:
    with ledger.acting(SYSTEM) as act:
        for _ in range(count):
            act.record("logout")


def _cut(ledger, after: int) -> None:
    with ledger.engine.begin() as db:
        db.execute(sa.delete(AuditEntry).where(AuditEntry.seq > after))


def test_an_anchor_is_kept_for_its_owner_alone_and_moves_on(ledger, tmp_path):
    anchors.keep_anchor(ledger, tmp_path)
    assert anchors.read_anchor(tmp_path) is None  # there is nothing to keep yet
    _record(ledger, 3)
    anchors.keep_anchor(ledger, tmp_path)
    assert anchors.read_anchor(tmp_path) == ledger.last()
    assert (tmp_path / anchors.FILE).stat().st_mode & 0o777 == 0o600
    _record(ledger)
    anchors.keep_anchor(ledger, tmp_path)
    assert anchors.read_anchor(tmp_path).seq == 4
    assert [x.name for x in tmp_path.glob("audit.anchor*")] == [anchors.FILE]


def test_a_log_that_was_cut_is_found_and_the_anchor_stays(ledger, tmp_path):
    _record(ledger, 5)
    anchors.keep_anchor(ledger, tmp_path)
    kept = anchors.read_anchor(tmp_path)
    _cut(ledger, 3)
    with pytest.raises(Broken, match="cut off"):
        anchors.keep_anchor(ledger, tmp_path)
    _record(ledger, 5)  # whoever cut it lets it grow again
    with pytest.raises(Broken, match="replaced"):
        anchors.keep_anchor(ledger, tmp_path)
    assert anchors.read_anchor(tmp_path) == kept
    count, broken = anchors.verify(ledger, [kept], actor=SYSTEM)
    assert (count, broken.reason) == (5, "replaced")


def test_every_anchor_is_compared(ledger):
    _record(ledger, 3)
    first = ledger.last()
    _record(ledger, 3)
    second = ledger.last()
    assert anchors.verify(ledger, [second, first], actor=SYSTEM) == (6, None)
    false = anchors.Anchor(first.seq, bytes(32))
    assert anchors.verify(ledger, [second, false], actor=SYSTEM)[1].reason == "replaced"
    assert anchors.verify(ledger, [anchors.Anchor(99, bytes(32)), first], actor=SYSTEM)[1].reason == "cut off"
    assert [dict(x.details) for x in ledger.entries(act="audit.verified")] == [
        {"entries": 8, "intact": False},
        {"entries": 7, "intact": False},
        {"entries": 6, "intact": True},
    ]


def test_an_anchor_is_read_as_it_is_written(ledger):
    _record(ledger)
    assert anchors.parse(anchors.dump(ledger.last()) + "\n") == ledger.last()
    for wrong in ("", "1", "1:", "0:" + "0" * 64, "1:" + "0" * 63, "1:" + "G" * 64, "x:" + "0" * 64):
        with pytest.raises(UnusableAnchor, match="SEQ:HEX"):
            anchors.parse(wrong)


def test_an_anchor_file_that_is_none_is_told_and_left(ledger, tmp_path):
    _record(ledger)
    for content in (b"nonsense", b"\xff\xfe"):
        (tmp_path / anchors.FILE).write_bytes(content)
        with pytest.raises(UnusableAnchor, match=r"audit\.anchor"):
            anchors.keep_anchor(ledger, tmp_path)
        assert (tmp_path / anchors.FILE).read_bytes() == content


def test_housekeeping_keeps_an_anchor_and_goes_on_where_the_log_is_broken(
    ledger, engine, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    _record(ledger, 3)
    jobs = Jobs(ledger, engine, keep_days=30, home=tmp_path)
    jobs._tidy()
    assert anchors.read_anchor(tmp_path) == ledger.last()
    _cut(ledger, 1)
    jobs._tidy()
    assert "cut off" in caplog.text
    assert anchors.read_anchor(tmp_path).seq == 3
