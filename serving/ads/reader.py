"""The child that reads pages, from outside: replaced when a page ends it, takes too long, or it has read many.

A child costs seconds to start and pages milliseconds to read, so one child reads many; it has the limits of the one for uploads
(`serving.extract.sandbox`). A page that ends a child which read others before is tried once more by a fresh one: what is said of
a page does not depend on those before it.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from serving.ads.faults import FAULTS
from serving.ads.messages import Answer, Entry, Request, fits, leads_on, receive, send
from serving.ads.rules import Rules
from serving.extract import sandbox

SECONDS = 20.0
"""Time for one page; most take some hundredths of one."""
MEMORY = sandbox.MEMORY
"""Bytes of address space."""
PAGES = 1_000
"""Pages that one child reads: what its libraries keep does not grow for ever."""
_WORK = 300
"""Seconds one child reads; its limit of CPU time is above that."""
_START = 120.0
"""Time to start on a busy machine."""
_ANSWER = TypeAdapter(Answer)


class ReaderLost(RuntimeError):
    """No child can be started; the message says what to do."""


class Reader:
    """Reads pages; a context, at whose end the child ends."""

    def __init__(
        self, rules: Rules, named: str | None = None, *, seconds: float = SECONDS, memory: int = MEMORY
    ) -> None:
        self._settings = {"rules": rules.model_dump_json(), "site": named}
        self._most = 8 * rules.limit + 1_000_000
        self._seconds, self._memory = seconds, memory
        self._child: subprocess.Popen[bytes] | None = None
        self._read, self._worked = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            with contextlib.suppress(BrokenPipeError), self._child as child:
                child.kill()
            self._child = None

    def read(self, request: Request, data: bytes) -> Answer:
        """What a page, feed or piece gives. A page that ends its reader is a fault, and nothing more.

        Raises:
            ReaderLost: see the class.
        """
        if self._read >= PAGES or self._worked > _WORK:
            self.close()
        others_before = self._child is not None
        answer, why = self._ask(request, data)
        if answer is None and others_before:
            answer, why = self._ask(request, data)
        return answer or Answer((Entry(0, fault=why),))

    def _ask(self, request: Request, data: bytes) -> tuple[Answer | None, str]:
        child = self._child or self._start()
        begun = time.monotonic()
        said, stopped = self._say(child, asdict(request), data, self._seconds)
        self._read += 1
        self._worked += time.monotonic() - begun
        answer = _checked(said)
        if answer is None:
            self.close()
        return answer, "too_slow" if stopped else "too_much"

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            child = sandbox.start("serving.ads.child", self._memory, int(_WORK + 2 * self._seconds) + 60)
        except OSError as error:
            raise ReaderLost(f"no process to read pages can be started ({error.strerror}); try again later") from None
        self._child = child
        self._read, self._worked = 0, 0.0
        said, _ = self._say(child, self._settings, b"", _START)
        if said is None:
            self.close()
            raise ReaderLost(
                "the process that reads pages does not start; check memory, and run the same command again"
            )
        return child

    def _say(
        self, child: subprocess.Popen[bytes], head: dict[str, Any], data: bytes, seconds: float
    ) -> tuple[Any, bool]:
        """What the child answers, None if it does not, and whether its time ran out."""
        assert child.stdin is not None
        assert child.stdout is not None
        # The child reads all before it answers, and a killed child closes both pipes: neither call waits for ever.
        with sandbox.killed_after(child, seconds) as stopped:
            try:
                send(child.stdin, head, data)
                said = receive(child.stdout, self._most)
            except (BrokenPipeError, ConnectionResetError):
                said = None
        return (None if said is None or stopped.is_set() else said[0]), stopped.is_set()


def _checked(said: Any) -> Answer | None:
    """The answer, checked like any other input: a child may have been taken over."""
    try:
        answer = _ANSWER.validate_python(said)
    except ValidationError:
        return None
    for entry in answer.entries:
        faults = [entry.fault] if entry.fault is not None else list(entry.found.faults) if entry.found else []
        if any(x not in FAULTS for x in faults) or (entry.found is not None and not fits(entry.found)):
            return None
    return answer if leads_on(answer) else None
