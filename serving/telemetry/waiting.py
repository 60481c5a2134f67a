"""What waits in the store, counted whenever somebody looks at the metrics: numbers and ages, nothing else."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from serving.desk.queue import counts
from serving.store.desk import FILE_STATES, STAGES, Text, Upload, UploadedFile
from serving.store.ledger import Ledger

FRESH = 10.0
"""Seconds that an answer is good for, however often somebody asks."""


class Waiting(Collector):
    """Counts of one store. Several services that share it tell the same numbers."""

    def __init__(self, ledger: Ledger, home: Path) -> None:
        self._ledger, self._home = ledger, home
        self._lock = threading.Lock()
        self._answer: tuple[Metric, ...] = ()
        self._asked = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """No series are promised, so that the store is not asked when the registry is made."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The gauges; without those of the store if it does not answer."""
        with self._lock:
            if time.monotonic() - self._asked > FRESH:
                self._answer, self._asked = tuple(self._count()), time.monotonic()
            return self._answer

    def _count(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("tegn_store_up", "1 if the database answers.")
        try:
            found = list(self._stored())
        except sa.exc.SQLAlchemyError:
            found = []
        up.add_metric((), float(bool(found)))
        yield up
        yield from found
        try:
            usage = shutil.disk_usage(self._home)
        except OSError:
            return
        free = GaugeMetricFamily("tegn_home_free_bytes", "Room left on the disk of TEGN_HOME.")
        free.add_metric((), usage.free)
        total = GaugeMetricFamily("tegn_home_size_bytes", "Size of the disk of TEGN_HOME.")
        total.add_metric((), usage.total)
        yield from (free, total)

    def _stored(self) -> Iterable[Metric]:
        now = datetime.now(UTC)
        waits = sa.select(sa.func.min(Text.received)).where(Text.stage == "new")
        unread = UploadedFile.state.in_(("waiting", "reading"))
        with self._ledger.reading() as db:
            by_stage = counts(db)
            oldest_text = db.scalar(waits)
            query = sa.select(UploadedFile.state, sa.func.count()).group_by(UploadedFile.state)
            by_state = dict(db.execute(query).all())
            oldest_file = db.scalar(sa.select(sa.func.min(Upload.made)).join(UploadedFile).where(unread))
        texts = GaugeMetricFamily(
            "tegn_texts", "Texts at the desk by stage; `new` wait for the model.", labels=("stage",)
        )
        for stage in STAGES:
            texts.add_metric((stage,), by_stage.get(stage, 0))
        files = GaugeMetricFamily("tegn_files", "Files by state.", labels=("state",))
        for state in FILE_STATES:
            files.add_metric((state,), by_state.get(state, 0))
        ages = GaugeMetricFamily(
            "tegn_oldest_waiting_seconds",
            "Age of what waits longest for the service; 0 if nothing does.",
            labels=("what",),
        )
        for what, since in (("text", oldest_text), ("file", oldest_file)):
            ages.add_metric((what,), max(0.0, (now - since).total_seconds()) if since else 0.0)
        return texts, files, ages
