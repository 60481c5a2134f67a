"""Whatever somebody writes into the audit log behind Tegn's back, the check says which entry it is, and no page fails on it."""

import pytest
from typer.testing import CliRunner

from serving.cli import app as commands
from serving.store import anchors
from serving.store.ledger import SYSTEM, UnusableEnd, open_ledger

ANYTHING = ("'nonsense'", "''", "7", "-1", "1e300", "x'ff'", "CAST(x'ff' AS TEXT)", "'9999-99-99 00:00:00.000000'")
"""What SQLite takes in any column."""
FAR = ("'9999-12-31 23:59:59.999999'", "'0001-01-01 00:00:00.000000'")
"""Moments that Python has, but not in every time zone."""
DETAILS = (
    "'[]'",
    "'null'",
    "'{\"a\": [1]}'",
    '\'{"stage": "\\ud800"}\'',
    "'1e999'",
    f"'{'[' * 1990}'",
    "'{\"a\": 1.5}'",
    "'{\"{\": 1}'",
    '\'{"{a}": "x"}\'',
    '\'{"a}": "{}"}\'',
    '\'{"stage": "{"}\'',
)
MOMENTS = ("'infinity'", "'-infinity'", "'0044-03-15 BC'", "'20000-01-01'")
"""What PostgreSQL takes as a moment, and Python does not."""
COLUMNS = ("at", "actor", "act", "subject", "details", "mac", "previous")
SPOILT = [
    *(("sqlite", column, value) for column in COLUMNS for value in (*ANYTHING, *FAR)),
    *((kind, "details", value) for kind in ("sqlite", "postgresql") for value in DETAILS),
    *((kind, "subject", f"'text#{said}'") for kind in ("sqlite", "postgresql") for said in ("x", "99999999999", "٣")),
    *(("postgresql", "at", value) for value in (*MOMENTS, *(f"{said[:-1]}+00'" for said in FAR))),
    *(("postgresql", column, "'\\x00'") for column in ("mac", "previous")),
    *(("sqlite", "at", f"'2026-11-28{rest}'") for rest in ("", "T10:00:00.000000", " 10:00:00.000000+01:00")),
]  # fmt: skip
_OF_SQLITE = [x for x in SPOILT if x[0] == "sqlite" and x[1] != "previous"]
ON_PAGES = [
    *_OF_SQLITE[::3],
    *(x for x in _OF_SQLITE if x[2] in DETAILS or x[1:] in [("at", said) for said in FAR]),
]


def _fill(ledger, count: int = 4) -> None:
    for number in range(1, count + 1):
        ledger.note("user#1", "decision.made", f"text#{number}", indicator="debt_bondage", state="stated")


def _spoil(engine, column: str, value: str, seq: int) -> None:
    with engine.begin() as db:
        db.exec_driver_sql(f"UPDATE audit SET {column} = {value} WHERE seq = {seq}")


@pytest.mark.parametrize(("store_url", "column", "value"), SPOILT, indirect=["store_url"])
def test_the_entry_that_was_changed_is_named(ledger, store, column, value):
    _fill(ledger)
    _spoil(store, column, value, 2)
    _, broken = anchors.verify(ledger, [], actor=SYSTEM)
    assert (broken.seq, broken.reason) == (2, "changed")
    assert len(ledger.entries()) == 5
    assert ledger.entries()[0].details == {"entries": 2, "intact": False}


@pytest.mark.parametrize("value", ["'nonsense'", "7", "x'00'", "CAST(x'ff' AS TEXT)"])
def test_after_an_end_that_is_no_entry_nothing_is_done_and_the_check_still_says_so(ledger, store, tmp_path, value):
    if store.dialect.name != "sqlite":
        value = "'\\x00'"
    _fill(ledger)
    before = anchors.Anchor(3, ledger.entries()[1].mac)
    _spoil(store, "mac", value, 4)
    with pytest.raises(UnusableEnd, match="entry 4"):
        _fill(ledger, 1)
    assert anchors.verify(ledger, [before], actor=SYSTEM)[1].seq == 4
    with pytest.raises(anchors.Broken):
        anchors.keep_anchor(ledger, tmp_path)
    assert len(ledger.entries()) == 4


@pytest.mark.parametrize(
    ("column", "value", "seq"), [("at", "'nonsense'", 2), ("at", "7", 4), ("mac", "7", 4), ("actor", "x'ff'", 1)]
)
def test_the_command_ends_as_after_any_other_change(tmp_path, monkeypatch, column, value, seq):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv("TEGN_HOME", str(home))
    ledger = open_ledger(f"sqlite:///{home / 'tegn.db'}", home, {})
    _fill(ledger)
    _spoil(ledger.engine, column, value, seq)
    found = CliRunner().invoke(commands, ["audit", "verify"])
    assert found.exit_code == 1, found.exception
    assert f"entry {seq} of the audit log: changed" in found.stderr
    ledger.engine.dispose()


@pytest.mark.parametrize("value", FAR)
def test_a_moment_that_is_not_one_in_every_time_zone_is_told_as_none(ledger, store, value):
    _fill(ledger)
    _spoil(store, "at", value if store.dialect.name == "sqlite" else f"{value[:-1]}+00'", 2)
    assert [x.at is None for x in ledger.entries()] == [False, False, True, False]


@pytest.mark.parametrize(("_kind", "column", "value"), list(dict.fromkeys(ON_PAGES)))
def test_pages_show_what_stands_there(app, log_in, _kind, column, value):
    lead = log_in("lead")
    _fill(app.state.ledger)
    last = app.state.ledger.last().seq
    _spoil(app.state.ledger.engine, column, value, last)
    assert lead.get("/audit").status_code == 200
    answer = lead.post("/audit/verify")
    assert answer.status_code == 200
    assert f"post {last}" in answer.text
