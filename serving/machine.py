"""What this process may use of the machine: processor cores and memory, also where a container or a service unit allows less."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

_CONTROL_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")
_WORKER = 700 << 20
"""Bytes of a process that reads texts, with the model that ships (`worker_rss_mb` of `make bench`)."""
_REST = 1 << 30
"""Bytes for all else."""


def cores() -> int:
    """Processor cores that this process may use: those it may run on, or what a quota allows, rounded up."""
    allowed = len(os.sched_getaffinity(0))
    for said in _limits("cpu.max"):
        quota, _, period = said.partition(" ")
        if quota != "max":
            allowed = min(allowed, max(1, -(-int(quota) // int(period))))
    return allowed


def memory() -> int:
    """Bytes that this process and those it starts may use."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([there, *(int(x) for x in _limits("memory.max") if x != "max")])


def default_workers() -> int:
    """Processes that read texts: one a core, if memory is enough for twice as many, as a new model is taken up beside the old."""
    return max(1, min(cores(), (memory() - _REST) // (2 * _WORKER)))


def _limits(name: str) -> Iterator[str]:
    """What a file of limits says in the control group (version 2) of this process and in those above it."""
    try:
        lines = _OWN_GROUP.read_text("utf-8").splitlines()
    except OSError:
        return
    own = next((x.removeprefix("0::/") for x in lines if x.startswith("0::/")), "")
    for group in (Path(own), *Path(own).parents):
        try:
            yield (_CONTROL_GROUPS / group / name).read_text("utf-8").strip()
        except OSError:  # the topmost has none
            continue
