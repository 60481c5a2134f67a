"""A running app on the tiny model, with a key and somebody logged in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from serving.app import create_app
from serving.engine import Engine
from serving.settings import Settings


@pytest.fixture(scope="session")
def engine(model_folder) -> Engine:
    engine = Engine(model_folder)
    engine.load()
    return engine


@pytest.fixture
def app(tmp_path, engine, model_folder):
    settings = Settings(home=tmp_path / "home", model=model_folder)
    return create_app(lambda: settings, engine)


@pytest.fixture
def client(app) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:3000") as client:
        yield client


@pytest.fixture
def key(client, app) -> str:
    return app.state.access.add_key("a test", ["tag"])


@pytest.fixture
def logged_in(client, app) -> TestClient:
    token = app.state.access.add_user("Anna", "analyst")
    assert client.post(f"/login/{token}", follow_redirects=False).status_code == 303
    return client
