"""The texts that wait to be read, and whose turn it is: one text of each call, so that a long call holds up no short one."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition

from serving.inference.messages import Question
from triage.assessment import Assessment
from triage.text import Document

AT_ONCE = 2_400
"""Code points that a process takes at a time, about 600 tokens: soon done, so that what comes next waits little."""
AT_MOST = 9_600
"""The same where much waits: sequences of like length are read together, so many texts take less time each than few."""
_PART = 8
"""What waits is taken in no fewer parts than this."""
MAX_DEATHS = 2
"""How many processes may end while they read a text: once may be chance."""
_PACE = 5_000.0
"""Code points a second that are assumed until it has been measured."""
_MEMORY = 0.9


class Overloaded(RuntimeError):
    """More texts wait than can be read soon; ask again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many texts wait; ask again in {seconds} s")
        self.seconds = seconds


class ReaderLost(RuntimeError):
    """The processes that read this text ended; it may be chance, so ask again."""


class Unreadable(RuntimeError):
    """The model failed on a text. The message is the kind of error alone: its words may hold text."""


Answer = Assessment | Unreadable | ReaderLost


@dataclass(eq=False)
class Call:
    """Texts that came together, and their answers as they come."""

    answers: list[Answer | None]
    future: Future[list[Answer]] = field(default_factory=Future)

    def answer(self, place: int, answer: Answer) -> None:
        """Note an answer; with the last one the call is done."""
        self.answers[place] = answer
        if all(x is not None for x in self.answers):
            with suppress(InvalidStateError):  # whoever asked has gone
                self.future.set_result([x for x in self.answers if x is not None])


@dataclass(eq=False, slots=True)
class Turn:
    """A text that waits, or is being read."""

    call: Call
    place: int
    """Among the texts of its call."""
    question: Question
    deaths: int = 0
    since: float = field(default_factory=time.perf_counter)

    @property
    def size(self) -> int:
        """Code points."""
        return len(self.question.document.text)


class Turns:
    """Calls in a circle, for several threads at once."""

    def __init__(self, room: int) -> None:
        """
        Args:
            room: code points that may wait. A single call may be larger if nothing waits.
        """
        self._room = room
        self._calls: OrderedDict[Call, deque[Turn]] = OrderedDict()
        self._again: deque[Turn] = deque()
        self._changed = Condition()
        self._closed = False
        self._pace = _PACE
        self.waiting = 0
        """Code points that wait."""
        self.texts = 0
        """Texts that wait."""

    def put(self, documents: Sequence[Document], *, check: bool = True, patient: bool = False) -> Future[list[Answer]]:
        """Let texts wait for their turn.

        Args:
            check: whether to check their flags.
            patient: wait without limit; for work that nobody waits for.

        Raises:
            Overloaded: there is no room.
        """
        size = sum(len(x.text) for x in documents)
        call = Call([None] * len(documents))
        with self._changed:
            if not patient and self.waiting and self.waiting + size > self._room:
                raise Overloaded(max(1, math.ceil((self.waiting + size - self._room) / self._pace)))
            if self._closed:
                raise Overloaded(5)
            if documents:
                self._calls[call] = deque(Turn(call, i, Question(x, check)) for i, x in enumerate(documents))
                self.waiting += size
                self.texts += len(documents)
                self._changed.notify_all()
            else:
                call.future.set_result([])
        return call.future

    def take(self, timeout: float | None = None) -> list[Turn] | None:
        """What to read next, as soon as there is something; nothing once closed and empty, and None when time is over.

        A text that ended a process before is alone, so that it takes no other with it.
        """
        with self._changed:
            while True:
                turns = [self._again.popleft()] if self._again else self._next()
                if turns:
                    self.waiting -= sum(x.size for x in turns)
                    self.texts -= len(turns)
                    return turns
                if self._closed:
                    return []
                if not self._changed.wait(timeout):
                    return None

    def _next(self) -> list[Turn]:
        turns: list[Turn] = []
        size = 0
        most = max(AT_ONCE, min(self.waiting // _PART, AT_MOST))
        while self._calls:
            call, queue = next(iter(self._calls.items()))
            if call.future.cancelled():  # nobody waits for it any more
                self.waiting -= sum(x.size for x in queue)
                self.texts -= len(queue)
                del self._calls[call]
                continue
            if turns and size + queue[0].size > most:
                break
            turn = queue.popleft()
            turns.append(turn)
            size += turn.size
            self._calls.move_to_end(call)
            if not queue:
                del self._calls[call]
        return turns

    def done(self, turns: Sequence[Turn], answers: Sequence[Answer], seconds: float, readers: int) -> None:
        """Note answers, and how long they took one of so many readers."""
        with self._changed:
            pace = readers * sum(x.size for x in turns) / max(seconds, 1e-3)
            self._pace = _MEMORY * self._pace + (1 - _MEMORY) * pace
        for turn, answer in zip(turns, answers, strict=True):
            turn.call.answer(turn.place, answer)

    def lost(self, turns: Sequence[Turn], *, begun: bool = True) -> None:
        """The process that read these ended: each is read again by itself, or given up.

        Args:
            begun: whether it had begun to read; else they are not to blame.
        """
        for turn in turns:
            turn.deaths += begun
            if turn.deaths >= MAX_DEATHS:
                turn.call.answer(turn.place, ReaderLost("the processes that read this text ended"))
        with self._changed:
            again = [x for x in turns if x.deaths < MAX_DEATHS]
            self._again += again
            self.waiting += sum(x.size for x in again)
            self.texts += len(again)
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more; what waits is still read."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
