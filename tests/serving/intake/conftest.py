"""People of every role at the running app, each with a browser of their own."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from serving.store.tables import User

URL = "http://127.0.0.1:3000"


@pytest.fixture
def log_in(client, app) -> Callable[[str], TestClient]:
    """A function that gives the browser of somebody of a role; `client` keeps the app running."""
    browsers: dict[str, TestClient] = {}

    def browser(role: str) -> TestClient:
        if role not in browsers:
            browsers[role] = TestClient(app, base_url=URL)
            token = app.state.access.add_user(f"en {role}", role)
            assert browsers[role].post(f"/login/{token}", follow_redirects=False).status_code == 303
        return browsers[role]

    return browser


@pytest.fixture
def number_of(app) -> Callable[[str], int]:
    """A function that gives the number of somebody of a role who is logged in."""

    def number(role: str) -> int:
        with app.state.ledger.reading() as db:
            return db.scalar(sa.select(User.id).where(User.name == f"en {role}"))

    return number


@pytest.fixture
def heard(monkeypatch, caplog, tmp_path):
    """Everything that is logged, and a folder of its own for temporary files."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("tegn"), "propagate", True)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return caplog
