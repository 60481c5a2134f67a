"""What does the work of a long command: this machine, or a Ray cluster.

An engine is a function from batches to what was made of them, one for one and in the same order; it reads only a few batches
ahead of what it gave back. So whoever writes the results and the journal need not know which one it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from importlib.util import find_spec
from typing import TypeVar

LOCAL, RAY = "local", "ray"
PATIENCE = 600.0
"""Seconds in which a cluster must have finished something: a batch takes a minute at most, where there is other work some."""
_Batch = TypeVar("_Batch")
_Result = TypeVar("_Result")
Engine = Callable[[Iterable[_Batch]], Iterator[_Result]]


class EngineStopped(RuntimeError):
    """The engine cannot be had, or went no further; the message says what to do. Nothing finished is lost."""


def check_engine(name: str) -> None:
    """Refuse what is no engine, or is not installed.

    Raises:
        EngineStopped: see the class.
    """
    if name not in (LOCAL, RAY):
        raise EngineStopped(f"there is no engine {name!r}; use --engine {LOCAL} or {RAY}")
    if name == RAY and find_spec("ray") is None:
        raise EngineStopped(
            "Ray is not installed; install it (pip install 'tegn[ray]', or the version in requirements/dev.txt), or use "
            "--engine local"
        )


def in_order(
    batches: Iterable[_Batch], submit: Callable[[_Batch], Future[_Result]], *, ahead: int
) -> Iterator[_Result]:
    """Results in the order of their batches, of which never more than `ahead` wait."""
    waiting: deque[Future[_Result]] = deque()
    for batch in batches:
        waiting.append(submit(batch))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
