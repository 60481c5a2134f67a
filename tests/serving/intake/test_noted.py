"""Calls of the API and looks at pages stand in the audit log, without a word of a text; what shows nobody's data does not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from serving.desk import intake, uploads
from serving.groups.loading import load_groups
from serving.store.desk import Trace
from serving.store.tables import AuditEntry, User
from tests.serving.groups.made import PHONE, a_group, an_ad, write
from tests.serving.test_routes import TABLE

CANARY = "Kanariefugl-7731"
SILENT = {
    "/", "/livez", "/readyz", "/login", "/login/{token}", "/oidc/callback", "/oidc/start", "/password", "/accessibility",
    "/was", "/cases", "/static/{path:path}", "/uploads/{number}/state", "/v1/openapi.json",
}  # fmt: skip
"""What can be got without an entry: it shows nobody's data, or (the state of an upload) only polls what a page shows already."""


def _entries(app) -> list[tuple[str, str, str, dict]]:
    return [(x.actor, x.act, x.subject, dict(x.details)) for x in reversed(app.state.ledger.entries(count=1000))]


@pytest.fixture
def stored(app, log_in, number_of, tmp_path):
    """A lead who sent a text and a file, and a group of ads; every address has a row."""
    browser = log_in("lead")
    person, ledger = number_of("lead"), app.state.ledger
    item = [intake.Item(f"{CANARY} et, ring {PHONE}")]
    intake.submit(ledger, item, kind="note", by=person, actor=f"user#{person}", reference="J 1", keep_days=30)
    uploads.start(ledger, person, kind="note", reference="", keep_days=30)
    uploads.add_unread(ledger, person, 1, f"{CANARY}.txt", "too_large")
    ads = [an_ad(1), an_ad(2)]
    load_groups(
        ledger, write(tmp_path / "g.jsonl", [a_group("g-1", ads)]), [write(tmp_path / "a.jsonl", ads)], keep_days=30
    )
    return browser


def _wait_for_contacts(app) -> None:
    """Until the model has read the text, and what it has in common with others is kept."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with app.state.ledger.reading() as db:
            if db.get(Trace, (1, 0)) is not None:
                return
        time.sleep(0.05)
    raise AssertionError("the text was not read")


@pytest.mark.parametrize("path", sorted({path for method, path in TABLE if method == "GET"}))
def test_whoever_gets_a_page_with_data_is_recorded(app, log_in, stored, path):
    browser = log_in("admin") if path.startswith("/users") else stored
    if "{place}" in path:
        _wait_for_contacts(app)
    before = len(_entries(app))
    answer = browser.get(
        path.replace("{number}", "1").replace("{place}", "0") + ("?new=1" if "receipt" in path else ""),
        follow_redirects=False,
    )
    new = [x for x in _entries(app)[before:] if x[0].startswith("user#")]
    if path in SILENT:
        assert new == []
        return
    assert answer.status_code == 200, path
    assert len(new) == 1, path
    assert new[0][1].endswith((".read", ".glanced")), path
    assert CANARY not in str(new)


def test_a_text_that_is_read_at_once_is_an_entry_without_the_text(app, log_in):
    browser = log_in("engineer")
    assert browser.post("/", data={"text": f"{CANARY} 👍", "kind": "ad"}).status_code == 200
    assert _entries(app)[-1][1:] == ("paste.read", "", {"kind": "ad", "code_points": len(CANARY) + 2})
    assert CANARY not in str(_entries(app))
    count = len(_entries(app))
    assert browser.post("/", data={"text": " ", "kind": "ad"}).status_code == 422  # nothing was read
    assert len(_entries(app)) == count


def _post(client, key, *ids):
    body = {"documents": [{"id": f"{CANARY}{x}", "kind": "note", "text": f"{CANARY} {x}"} for x in ids]}
    return client.post("/v1/tag", json=body, headers={"Authorization": f"Bearer {key}"})


def test_a_call_of_the_api_says_whose_key_which_route_and_how_many(app, client, key):
    assert _post(client, key, 1, 2, 3).status_code == 200
    (found,) = [x for x in _entries(app) if x[1] == "api.called"]
    assert found == (app.state.access.system(key).actor, "api.called", "", {"route": "v1.tag", "documents": 3})
    with app.state.ledger.reading() as db:
        assert CANARY not in str(db.execute(sa.select(AuditEntry.__table__)).all())


def test_calls_at_once_each_have_their_entry_in_a_whole_chain(app, client, key):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: _post(client, key, i).status_code, range(40)))
    assert answers == [200] * 40
    assert sum(x[1] == "api.called" for x in _entries(app)) == 40
    assert app.state.ledger.verify()[1] is None


def test_a_call_that_cannot_be_recorded_gets_no_answer(app, client, key, monkeypatch):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(app.state.ledger, "note", fail)
    answer = _post(client, key, 1)
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:tegn:problem:internal")


def test_a_call_that_is_refused_reads_nothing_and_is_no_act(app, client, key):
    assert _post(client, "wrong", 1).status_code == 401
    assert _post(client, key, 1, 1).status_code == 422
    assert not any(x[1] == "api.called" for x in _entries(app))


def test_nobody_is_recorded_as_seeing_an_upload_that_is_not_theirs(app, log_in, stored):
    other = log_in("analyst")
    count = len(_entries(app))
    assert other.get("/uploads/1").status_code == 404
    assert [x for x in _entries(app)[count:] if x[0] != "system"] == []
    with app.state.ledger.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(User)) == 2
