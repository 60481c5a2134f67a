"""A Ray cluster to do work on: the one that RAY_ADDRESS names, or one of this machine alone.

Ray writes logs, keeps what it works on in shared memory, and can write that to disk. One that is started here has all of this in
a folder in memory that others cannot read, listens on no address that other machines reach, asks for a token, spills nothing to
disk, shows no dashboard and reports no usage. A cluster that is there already is its owner's: docs/operations.md says how to
start one.
"""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving.batch.engines import RAY, EngineStopped, check_engine
from serving.machine import cores

ADDRESS = "RAY_ADDRESS"
_MEMORY = Path("/dev/shm")  # noqa: S108 - made by mkdtemp below
_ALONE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Without it Ray listens on 127.0.0.1 alone, on Linux too; else it takes an address that others reach, whichever it is given."""
_LEAST, _MOST = 128 << 20, 1 << 30
"""Bytes of shared memory for what waits; less than a hundredth of it is used at a time."""
_STARTS = 3
"""Ray gives its own helpers 15 seconds to start, whatever else the machine does (ray-project/ray#65983)."""
_GRACE = 20.0
"""Seconds for Ray to end in; what it started ends with this process anyway."""
_REACHED = 10.0
"""Seconds for the head of a cluster to take a connection."""
_NAME = "tegn-ray-"


@contextmanager
def connected(workers: int | None) -> Iterator[int]:
    """A cluster for as long as it is needed; gives how many tasks it is to do at once.

    Args:
        workers: tasks at once; all processors of the cluster if it is not given.

    Raises:
        EngineStopped: Ray is not installed, or there is no cluster.
    """
    check_engine(RAY)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # else what still runs after an end starts another cluster, open to all
    os.environ.setdefault("RAY_DATA_LOG_LEVEL", "ERROR")
    address = os.environ.get(ADDRESS, "")
    alone = address in ("", "local")
    if alone:
        os.environ[_ALONE] = "0"
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))  # else Ray keeps one in the home folder
    import ray  # which reads these once

    if ray.is_initialized():
        raise EngineStopped("this process is connected to a Ray cluster already; disconnect it first (ray.shutdown())")
    before = signal.getsignal(signal.SIGTERM)
    with _ours(ray, workers) if alone else _theirs(ray, address), _ended_by_sigterm(before):
        processors = int(ray.cluster_resources().get("CPU", 0))
        if not processors:
            raise EngineStopped("the Ray cluster has no processors; add machines to it, or use --engine local")
        yield min(workers or processors, processors)


@contextmanager
def _theirs(ray: Any, address: str) -> Iterator[None]:
    if "://" in address:
        raise EngineStopped(
            f"{ADDRESS} is {address}; run the command on a machine of the cluster and give HOST:PORT, not Ray's client"
        )
    _try_to_reach(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # of many kinds, none of them documented; no text has been read yet that it could hold
        _end(ray)
        raise EngineStopped(
            f"the Ray cluster at {address} ({ADDRESS}) cannot be used ({_said(error)}); see that it runs and has this version of "
            f"Ray and Python, name another, or unset {ADDRESS} for one of this machine alone"
        ) from None
    try:
        yield
    finally:
        _end(ray)


def _try_to_reach(address: str) -> None:
    """Ray would try for ten minutes, without a word."""
    host, _, port = address.rpartition(":")
    if not host:  # such as `auto`: Ray looks for a cluster on this machine
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), _REACHED).close()
    except (OSError, ValueError) as error:
        raise EngineStopped(
            f"nothing answers at {address} ({ADDRESS}; {error}); see that the cluster runs, or unset {ADDRESS} for one of this "
            "machine alone"
        ) from None


@contextmanager
def _ours(ray: Any, workers: int | None) -> Iterator[None]:
    free = shutil.disk_usage(_MEMORY).free
    if free // 2 < _LEAST:
        raise EngineStopped(
            f"{_MEMORY} has {free >> 20} MB left, and Ray needs {2 * _LEAST >> 20} to keep texts off the disk; make it larger "
            "(Docker: --shm-size=1g), or use --engine local"
        )
    root = Path(os.environ.get("RAY_TMPDIR") or _MEMORY)
    _clear_left(root)
    folder = _start(ray, root, workers or cores(), min(_MOST, free // 2))
    try:
        yield
    finally:
        _end(ray)
        shutil.rmtree(folder, ignore_errors=True)


def _start(ray: Any, root: Path, processors: int, memory: int) -> Path:
    said = ""
    for _ in range(_STARTS):
        folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=root))
        try:
            ray.init(
                address="local",
                num_cpus=processors,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.CRITICAL,  # a start that fails is told below
                object_store_memory=memory,
                _temp_dir=str(folder / "ray"),  # which Ray opens to everybody; the folder around it stays closed
                _plasma_directory=str(_MEMORY),
                _system_config={"automatic_object_spilling_enabled": False},
            )
        except (
            Exception
        ) as error:  # of many kinds, none of them documented; no text has been read yet that it could hold
            said = _said(error)
            _end(ray)
            shutil.rmtree(folder, ignore_errors=True)
        else:
            return folder
    raise EngineStopped(
        f"Ray did not start in {_STARTS} tries ({said}); a machine that is busy with other work is the usual reason: try "
        "again when it is less so, or use --engine local"
    )


def _clear_left(root: Path) -> None:
    """Remove what runs that were killed left; there is no text in it."""
    for folder in root.glob(_NAME + "*-*"):
        number = folder.name.removeprefix(_NAME).split("-")[0]
        if number.isdecimal() and not Path("/proc", number).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _end(ray: Any) -> None:
    """Leave the cluster, and end it if it is ours; not longer than a while, since what hangs may hang here too."""
    ending = threading.Thread(target=ray.shutdown, daemon=True)
    ending.start()
    ending.join(_GRACE)
    if ending.is_alive():
        atexit.unregister(ray.shutdown)  # or the interpreter would wait for it without end


@contextmanager
def _ended_by_sigterm(before: Any) -> Iterator[None]:
    """Let SIGTERM end the command as an error would, so that all is cleared; Ray's own handler writes stack traces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _said(error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first[:200]}".rstrip(": ")
