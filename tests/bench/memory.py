"""How much memory processes take."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

import psutil

from tests.bench.server import Service
from tests.bench.statistics import slope


def resident(process: int) -> tuple[float, float]:
    """MB that a process has in memory now, and had at most; 0 once it has ended."""
    found = {"VmRSS": 0.0, "VmHWM": 0.0}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0]) * 1024 / 1e6
    return found["VmRSS"], found["VmHWM"]


def report(service: Service) -> dict[str, Any]:
    """MB of the reading processes and of all together. What processes share is counted in each."""
    readers = [resident(x.pid) for x in service.readers()]
    return {
        "worker_rss_mb": round(max(x for x, _ in readers), 1),
        "worker_peak_mb": round(max(x for _, x in readers), 1),
        "service_rss_mb": round(sum(resident(x.pid)[0] for x in service.processes()), 1),
        "processes": len(service.processes()),
    }


class Watch:
    """Looks at the memory of all processes of a service every second while something else is done."""

    def __init__(self, service: Service, every: float = 1.0) -> None:
        self._service, self._every, self._over = service, every, Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.moments: list[float] = []
        self.megabytes: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        began = time.monotonic()
        while not self._over.wait(self._every):
            with contextlib.suppress(psutil.Error):
                total = sum(resident(x.pid)[0] for x in self._service.processes())
                self.moments.append(time.monotonic() - began)
                self.megabytes.append(total)

    def report(self) -> dict[str, Any]:
        """First and last MB, the most, and how many MB a minute it grew in the second half, when all is warm."""
        if not self.megabytes:
            return {}
        half = len(self.moments) // 2
        step = max(1, len(self.moments) // 60)
        return {
            "first_mb": round(self.megabytes[0], 1),
            "last_mb": round(self.megabytes[-1], 1),
            "most_mb": round(max(self.megabytes), 1),
            "growth_mb_per_minute": round(60 * slope(self.moments[half:], self.megabytes[half:]), 2),
            "over_time": [
                [round(t), round(x)] for t, x in zip(self.moments[::step], self.megabytes[::step], strict=True)
            ],
        }
