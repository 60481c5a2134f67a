"""Work spread over a Ray cluster with Ray Data: piece by piece, results in order, and an end to waiting if nothing comes.

Ray Data hangs without a word where actors hold all processors and the tasks before them get none (ray-project/ray#44687, open
since 2024; #63478 is the same with half processors). So there is no actor and no reading stage here: the pieces come from this
process, and each is one task that holds a processor only while it runs. What a task needs for long, such as a loaded model, is
kept by the process that Ray runs it in. Whatever else holds Ray up (#46319, #62746), the watch below notices.
"""

from __future__ import annotations

import pickle
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from serving.batch.engines import EngineStopped

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_PIECES = 64
"""Items a processor in a round: so many that the wait for the last of a round counts for little."""
_BYTES = 8 << 20
"""Bytes a processor in a round, at most; of a single large item more."""
_ASKED = 5.0
"""Seconds in which a cluster that does nothing must say what it has."""
_Said = tuple[int, bool, Any]
"""Which item, whether it went well, and its result or the kind of error."""


def spread(
    work: Callable[[_Item], _Result], items: Iterable[_Item], *, slots: int, patience: float
) -> Iterator[_Result]:
    """What `work` makes of each item, in their order.

    Args:
        work: can be pickled. An error of it stops everything; of its words nothing is told, since they may hold text.
        slots: tasks at once.
        patience: seconds in which something must have been finished.

    Raises:
        EngineStopped: see the class.
    """
    source = iter(items)
    number = 0
    pieces = _cut(source, slots)
    while pieces:
        said: queue.Queue[_Said | Exception] = queue.Queue()
        threading.Thread(target=_run, args=(work, pieces, number, slots, said), daemon=True).start()
        last = number + len(pieces)
        pieces = _cut(source, slots)  # read while the cluster works
        come: dict[int, _Result] = {}
        while number < last:
            while number not in come:
                at, result = _next(said, patience)
                come[at] = result
            yield come.pop(number)
            number += 1


def _cut(source: Iterator[_Item], slots: int) -> list[bytes]:
    """The items of a round, pickled."""
    pieces: list[bytes] = []
    size = 0
    while len(pieces) < _PIECES * slots and size < _BYTES * slots:
        try:
            piece = pickle.dumps(next(source), pickle.HIGHEST_PROTOCOL)
        except StopIteration:
            break
        pieces.append(piece)
        size += len(piece)
    return pieces


def _next(said: queue.Queue[_Said | Exception], patience: float) -> tuple[int, Any]:
    try:
        found = said.get(timeout=patience)
    except queue.Empty:
        raise EngineStopped(
            f"Ray has finished nothing for {patience:.0f} s{_reason()}. What is finished is kept: run the same command again to "
            "go on once that is mended, with --engine local to go on without Ray, or with a higher --patience if the machines "
            "are only slow"
        ) from None
    if isinstance(found, Exception):
        raise EngineStopped(
            f"Ray could not go on ({type(found).__name__}); what is finished is kept: see that the cluster runs and has memory "
            "left, and run the same command again to go on, or with --engine local"
        )
    at, well, result = found
    if not well:
        raise EngineStopped(
            f"the work failed on a machine of the Ray cluster ({result}); what is finished is kept: run the same command with "
            "--engine local"
        )
    return at, result


def _run(
    work: Callable[[Any], Any], pieces: list[bytes], first: int, slots: int, said: queue.Queue[_Said | Exception]
) -> None:
    """A round, from a thread of its own, since what hangs in Ray cannot be interrupted."""
    try:
        import pyarrow as pa
        import ray.data
        from ray.data import DataContext, TaskPoolStrategy

        context = DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        context.execution_no_progress_timeout_s = -1  # the watch is ours, and says what to do
        blocks = [pa.table({"at": [first + i], "item": pa.array([x], pa.binary())}) for i, x in enumerate(pieces)]
        done = ray.data.from_blocks(blocks).map_batches(
            _work_on,
            fn_kwargs={"work": work},
            batch_size=None,
            batch_format="pyarrow",
            compute=TaskPoolStrategy(size=slots),
            num_cpus=1,
        )
        for batch in done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
            for at, result in zip(batch["at"], batch["result"], strict=True):
                said.put((at.as_py(), *pickle.loads(result.as_py())))  # noqa: S301 - our own
    except Exception as error:
        said.put(error)


def _work_on(table: Any, *, work: Callable[[Any], Any]) -> Any:
    """In a process of the cluster. Errors are results: Ray writes those it sees, with their words, into its logs."""
    import pyarrow as pa

    results = []
    for item in table["item"]:
        try:
            result = (True, work(pickle.loads(item.as_py())))  # noqa: S301 - our own
        except Exception as error:
            result = (False, type(error).__name__)
        results.append(pickle.dumps(result, pickle.HIGHEST_PROTOCOL))
    return pa.table({"at": table["at"], "result": pa.array(results, pa.binary())})


def _reason() -> str:
    """What the cluster says of itself, if it says anything."""
    found: queue.Queue[tuple[float, float]] = queue.Queue()

    def ask() -> None:
        import ray

        found.put((ray.cluster_resources().get("CPU", 0.0), ray.available_resources().get("CPU", 0.0)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        processors, free = found.get(timeout=_ASKED)
    except queue.Empty:
        return ", and its head does not answer: the cluster is gone"
    if free < 1:
        return (
            f": all {processors:.0f} processors of the cluster are held, by its other work or by tasks that do not end"
        )
    return f", though {free:.0f} of {processors:.0f} processors of the cluster are free: see its logs"
