"""A running app on the tiny model, with a key and somebody logged in."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from argon2.profiles import CHEAPEST
from starlette.testclient import TestClient

from serving.app import create_app
from serving.limits import Buckets, Limits
from serving.settings import Settings
from serving.store.database import migrate, open_store
from serving.store.ledger import Ledger
from serving.store.masterkey import MasterKey
from tests.localengine import LocalEngine
from tests.serving import postgres


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch) -> None:
    """Hashes that cost next to nothing; one test looks at what they cost in use."""
    monkeypatch.setattr("serving.store.passwords.PARAMETERS", CHEAPEST)


@pytest.fixture(scope="session")
def engine(model_folder) -> LocalEngine:
    return LocalEngine(model_folder)


@pytest.fixture
def app(tmp_path, engine, model_folder):
    settings = Settings(home=tmp_path / "home", model=model_folder)
    return create_app(lambda: settings, engine)


@pytest.fixture
def client(app) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:3000") as client:
        yield client


@pytest.fixture
def unlimited(app, client) -> None:
    """Nobody is told to wait, however often they ask."""
    app.state.limits = Limits(*(Buckets(100_000) for _ in range(4)))


@pytest.fixture
def key(client, app) -> str:
    return app.state.access.add_key("a test", ["tag"])


@pytest.fixture
def logged_in(client, app) -> TestClient:
    token = app.state.access.add_user("Anna", "analyst")
    assert client.post(f"/login/{token}", follow_redirects=False).status_code == 303
    return client


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server; tests that need one are skipped, loudly, where its binaries are not there."""
    binaries = postgres.find_binaries()
    if binaries is None:
        reason = "PostgreSQL is NOT tested: no initdb found; install postgresql (15 or newer) to test it"
        warnings.warn(reason, stacklevel=1)
        pytest.skip(reason)
    with postgres.server(binaries) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    return postgres.new_database(request.getfixturevalue("postgres_url"))


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated store, in each kind of database in turn."""
    engine = open_store(store_url)
    migrate(engine, tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def ledger(store: sa.Engine) -> Ledger:
    """The store with a master key of its own."""
    return Ledger(store, MasterKey.derive(bytes(range(32))))
