"""How long it takes from the start to the first answer, and how much memory is taken then."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tests.bench import memory
from tests.bench.plan import Plan
from tests.bench.results import figures
from tests.bench.server import Service
from tests.bench.statistics import spread


def measure(plan: Plan) -> dict[str, Any]:
    """Seconds of the first start, which makes the store, and of one after it."""
    first, later = [], []
    for _ in range(1 if plan.quick else 3):
        with tempfile.TemporaryDirectory(prefix="tegn-bench-") as home:
            service = Service(Path(home), plan.model)
            try:
                first.append(service.start())
                service.stop()
                later.append(service.start())
                service.wait_for_readers()
                fresh = memory.report(service)
            finally:
                service.stop()
    return {
        **figures(start_seconds=spread(first), restart_seconds=spread(later)),
        "start": {"first": first, "later": later, "memory_before_any_load": fresh},
    }
