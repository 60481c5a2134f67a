"""Reads a file in a child process of its own, with little memory, little time, no disk and no secrets.

Parsers of PDF and Office files are large, and the files come from strangers: whatever a file does to a parser ends with
the child, and one file never meets another. The child's answer is checked like any other input.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from serving.extract.result import MAX_PARTS, MAX_TOTAL, WHOLE, Extracted, Unreadable, part_of

SECONDS = 30.0
"""Time for one file, start of the child included: slower ones are built to be, or the machine is overloaded."""
MEMORY = 1024 * 1024 * 1024
"""Bytes of address space of one child: the XML of the largest archive takes about half of it."""
CHILDREN = max(2, os.cpu_count() or 1)
"""Children at one time; further files wait. Together they may take `MEMORY` each."""
_MAX_ANSWER = 12 * MAX_TOTAL + 1_000 * MAX_PARTS
"""Bytes of an answer: a character outside the basic plane takes twelve in JSON."""
_ROOT = str(Path(__file__).resolve().parents[2])
_ANSWER: TypeAdapter[Extracted] = TypeAdapter(Extracted)
_room = threading.BoundedSemaphore(CHILDREN)


def run(name: str, data: bytes, column: str | None = None) -> Extracted:
    """What a child says of a file.

    Raises:
        Unreadable: what the child found; damaged if the child crashed or ran out of memory; too_slow if it was stopped;
            too_busy if none could be started.
    """
    head = json.dumps({"name": name, "column": column}).encode()
    with _room:
        answer, stopped = _ask(head + b"\n" + data)
    if stopped:
        raise Unreadable("too_slow")
    if len(answer) > _MAX_ANSWER:
        raise Unreadable("too_large")
    return _checked(answer)


def start(module: str, memory: int, seconds: int) -> subprocess.Popen[bytes]:
    """A child that runs a module, which takes bytes of address space and seconds of CPU as its arguments.

    Raises:
        OSError: there is no process to be had.
    """
    # The child finds what this process finds, and nothing of its settings, which name keys and databases.
    environment = {"PYTHONPATH": os.pathsep.join([_ROOT, *filter(None, sys.path)])}
    command = [sys.executable, "-B", "-P", "-m", module, str(memory), str(seconds)]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, env=environment, cwd="/")  # noqa: S603


@contextlib.contextmanager
def killed_after(child: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Kill a child that is not done by the end of the block; whether it was killed.

    Raises:
        RuntimeError: there is no thread to be had.
    """
    stopped = threading.Event()

    def stop() -> None:
        stopped.set()
        child.kill()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield stopped
    finally:
        timer.cancel()


def _ask(request: bytes) -> tuple[bytes, bool]:
    """The bytes a child answers, and whether its time ran out."""
    try:
        child = start("serving.extract.child", MEMORY, int(SECONDS) + 1)
    except OSError:
        raise Unreadable("too_busy") from None
    assert child.stdin is not None
    assert child.stdout is not None
    # The child reads all before it answers, and a killed child closes both pipes: neither call waits for ever.
    with child:
        try:
            with killed_after(child, SECONDS) as stopped:
                with contextlib.suppress(BrokenPipeError), child.stdin as pipe_in:
                    pipe_in.write(request)
                answer = child.stdout.read(_MAX_ANSWER + 1)
        except RuntimeError:  # there is no thread to be had
            raise Unreadable("too_busy") from None
        finally:
            child.kill()
    return answer, stopped.is_set()


def _checked(answer: bytes) -> Extracted:
    code: object = None
    try:
        said = json.loads(answer)
        if set(said) == {"extracted"}:
            extracted = _ANSWER.validate_python(said["extracted"])
            if all(part_of(x.label, x.text, x.place) == x for x in extracted.parts):
                return extracted
        else:
            code = said["unreadable"]
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        pass  # a child that died in the middle, or was taken over
    raise Unreadable(code if isinstance(code, str) and code in WHOLE else "damaged") from None
