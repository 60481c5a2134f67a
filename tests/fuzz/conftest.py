"""Small rounds of every part: the same inputs in each run, seconds each. `make fuzz` goes on from there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.fuzz.running import Running, running

SEED = 20261128


@pytest.fixture(scope="module")
def app(model_folder) -> Iterator[Running]:
    """A running app with something on the desk."""
    with running(model_folder, SEED) as found:
        found.fill()
        yield found
        found.finish()


@pytest.fixture(scope="session")
def few() -> settings:
    """A few examples, the same in every run; nothing is kept."""
    return settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
