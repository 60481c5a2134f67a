"""Processes that read texts with one model. One that ends is started again, and what it had is read by another."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event, Lock, Thread

from serving.inference.messages import Failed, Orders, Read, Ready
from serving.inference.turns import Answer, Turns, Unreadable
from serving.machine import cores, default_workers
from triage.loading import Inference
from triage.modelfolder import BrokenModel
from triage.text import Document

log = logging.getLogger("tegn")
ROOT = Path(__file__).resolve().parent.parent.parent
_PAUSE = 1.0
"""Seconds before a process that could not even start is started again."""
_LOOK = 1.0
"""Seconds between two looks whether a process that has nothing to do is still there."""


class Pool:
    """So many processes for one model folder."""

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        inference: Inference,
        room: int,
        on_read: Callable[[Read, Sequence[float]], None] = lambda *_: None,
        on_loss: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Args:
            workers: processes; 0 for as many as cores and memory allow.
            room: code points that may wait.
            on_read: told of each answer, and for how many seconds each of its texts had waited; from several threads.
            on_loss: told of each process that ended and is started again.
        """
        self._count = workers or default_workers()
        self._orders = Orders(folder, replace(inference, threads=inference.threads or max(1, cores() // self._count)))
        self._turns = Turns(room)
        self._on_read, self._on_loss = on_read, on_loss
        self._ready, self._failure, self._killed = Event(), "", False
        self._lock = Lock()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.restarts = 0
        """Processes that ended and were started again."""
        self._threads = [
            Thread(target=self._keep_reading, args=(i,), name=f"tegn-reader-{i}", daemon=True)
            for i in range(self._count)
        ]

    @property
    def processes(self) -> list[int]:
        """The process ids of the readers."""
        with self._lock:
            return [x.pid for x in self._processes.values()]

    @property
    def texts(self) -> int:
        """Texts that wait."""
        return self._turns.texts

    def start(self, timeout: float = 120) -> None:
        """Start the processes; returns once the first has loaded the model.

        Raises:
            BrokenModel: it cannot be loaded.
        """
        for thread in self._threads:
            thread.start()
        loaded = self._ready.wait(timeout)
        if self._failure or not loaded:
            self.kill()
            raise BrokenModel(self._failure or f"no process has loaded {self._orders.folder} within {timeout:.0f} s")

    def read(self, documents: Sequence[Document], *, check: bool = True, patient: bool = False) -> Future[list[Answer]]:
        """Answers to texts, in their order; see `Turns.put`.

        Raises:
            Overloaded: see `Turns.put`.
        """
        return self._turns.put(documents, check=check, patient=patient)

    def close(self) -> None:
        """End the processes once all that was accepted is read."""
        self._turns.close()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    def kill(self) -> None:
        """End the processes at once; what was not read is not answered."""
        self._killed = True
        self._turns.close()
        with self._lock:
            for process in self._processes.values():
                process.kill()

    def _keep_reading(self, number: int) -> None:
        while True:
            connection = self._begin(number)
            if connection is not None:
                finished = self._read_on(connection, self._processes[number])
                connection.close()
                self._processes[number].wait()
                if finished:
                    return
            if self._failure or self._killed:
                return
            self.restarts += 1
            self._on_loss()
            if connection is None:
                time.sleep(_PAUSE)

    def _begin(self, number: int) -> Connection | None:
        """A process that has loaded the model, or None if it ended before."""
        mine, its = Pipe()
        with self._lock:
            if self._killed:
                return None
            self._processes[number] = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "serving.inference.worker", str(its.fileno())],
                cwd=ROOT,
                pass_fds=(its.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        its.close()
        try:
            mine.send(self._orders)
            said = mine.recv()
        except (EOFError, OSError):
            said = None
        if isinstance(said, Ready):
            self._ready.set()
            return mine
        mine.close()
        self._processes[number].wait()
        if isinstance(said, Failed) and not self._ready.is_set():
            self._failure = said.message
            self._ready.set()
        else:
            log.error("a reading process ended before it had loaded the model")
        return None

    def _read_on(self, connection: Connection, process: subprocess.Popen[bytes]) -> bool:
        """Read until there is no more to read, which is true, or until the process has ended."""
        while (turns := self._turns.take(_LOOK)) != []:
            if process.poll() is not None and not self._killed:  # while it had nothing to do
                log.error("a reading process ended")
                self._turns.lost(turns or [], begun=False)
                return False
            if turns is None:
                continue
            waits = [time.perf_counter() - x.since for x in turns]
            try:
                connection.send([x.question for x in turns])
                said: Read = connection.recv()
            except (EOFError, OSError):
                if not self._killed:
                    log.error("a reading process ended; what it had is read again")
                    self._turns.lost(turns)
                return False
            answers = [Unreadable(x) if isinstance(x, str) else x for x in said.answers]
            self._turns.done(turns, answers, said.seconds, self._count)
            self._on_read(said, waits)
        return True
