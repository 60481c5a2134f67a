"""Ties engine and store to what observes them."""

from __future__ import annotations

from pathlib import Path

from serving.engine import Engine
from serving.store.ledger import Ledger
from serving.telemetry.observer import Observer
from serving.telemetry.waiting import Waiting


def watch(engine: Engine, ledger: Ledger, observer: Observer, home: Path) -> None:
    """Have the engine report to an observer from now on, and the store tell what is done and what waits."""
    engine.watched_by(observer)
    ledger.on_act = observer.metrics.acted
    observer.metrics.ready_when(lambda: engine.ready)
    observer.metrics.waiting_is(lambda: engine.waiting)
    observer.metrics.registry.register(Waiting(ledger, home))
