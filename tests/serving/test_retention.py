"""What is forgotten of log-ins, when, and that housekeeping does it."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from serving import jobs
from serving.desk import cases
from serving.settings import InvalidSettings, read_settings
from serving.store.access import Access
from serving.store.retention import forget_logins
from serving.store.sessions import IDLE, LONGEST
from serving.store.tables import LoginLink, Session
from tests.serving.desk.conftest import desk  # noqa: F401 (a fixture)

KEEP = timedelta(days=30)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def rows(ledger):
    """Stores sessions and links of one person; gives what is left of them."""
    Access(ledger).use_link(Access(ledger).add_user("Anna", "analyst"))
    now = datetime.now(UTC)
    with ledger.acting("system") as act:
        act.db.execute(sa.delete(LoginLink))
        act.db.execute(sa.delete(Session))
        for name, seen, started in (
            ("idle long ago", KEEP + IDLE + MINUTE, KEEP + LONGEST / 2),
            ("begun long ago", KEEP, KEEP + LONGEST + MINUTE),
            ("just ended", IDLE + MINUTE, LONGEST / 2),
            ("ended almost a month ago", KEEP + IDLE - MINUTE, KEEP + LONGEST / 2),
            ("live", MINUTE, MINUTE),
        ):
            act.db.add(Session(token_hash=name, user_id=1, seen=now - seen, started=now - started))
        for name, expires, used in (
            ("used long ago", -MINUTE, KEEP + MINUTE),
            ("ran out long ago", KEEP + MINUTE, None),
            ("used lately", -MINUTE, KEEP - MINUTE),
            ("ran out lately", KEEP - MINUTE, None),
            ("still good", -MINUTE, None),
        ):
            act.db.add(LoginLink(token_hash=name, user_id=1, expires=now - expires, used=used and now - used))

    def left() -> tuple[set[str], set[str]]:
        with ledger.reading() as db:
            return tuple(set(db.scalars(sa.select(x.token_hash))) for x in (Session, LoginLink))

    return left


def test_what_ended_longer_ago_is_forgotten_and_nothing_else(ledger, rows):
    assert forget_logins(ledger, KEEP) == 4
    assert rows() == (
        {"just ended", "ended almost a month ago", "live"},
        {"used lately", "ran out lately", "still good"},
    )
    (entry,) = ledger.entries(act="logins.forgotten")
    assert (entry.actor, dict(entry.details)) == ("system", {"sessions": 2, "links": 2})


def test_where_there_is_nothing_to_forget_nothing_is_written(ledger, rows):
    forget_logins(ledger, KEEP)
    last = ledger.last()
    assert forget_logins(ledger, KEEP) == 0
    assert ledger.last() == last


def test_housekeeping_forgets_as_the_settings_say(ledger, engine, rows):
    jobs.Jobs(ledger, engine, keep_days=30, keep_logins_days=0)._tidy()
    assert rows() == ({"live"}, {"still good"})


def test_the_setting_has_a_default_and_limits(monkeypatch):
    assert read_settings().keep_logins_days == 30
    monkeypatch.setenv("TEGN_KEEP_LOGINS_DAYS", "-1")
    with pytest.raises(InvalidSettings, match="TEGN_KEEP_LOGINS_DAYS"):
        read_settings()


@pytest.mark.parametrize("expired", [False, True])
def test_housekeeping_empties_the_log_of_sqlite_once(desk, engine, monkeypatch, expired):  # noqa: F811
    if desk.ledger.engine.dialect.name != "sqlite":
        pytest.skip("SQLite has such a log")
    desk.submit("en tekst")
    if expired:
        with desk.ledger.acting("system") as act:
            act.db.execute(sa.text("UPDATE cases SET keep_until = '2020-01-01 00:00:00.000000'"))
    calls = []
    for module in (jobs, cases):
        monkeypatch.setattr(module, "overwrite_deleted", lambda _: calls.append(1) or True)
    jobs.Jobs(desk.ledger, engine, keep_days=30)._tidy()
    assert calls == [1]
