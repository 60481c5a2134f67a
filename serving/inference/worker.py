"""A process that reads texts: ``python -m serving.inference.worker FD`` talks over an open socket, and ends with it.

It is told which model to load, and then texts; what it says are assessments. Nothing is written anywhere.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection

from serving.inference.messages import Failed, Orders, Question, Read, Ready
from triage.assessment import Assessment
from triage.tagger import Tagger
from triage.text import Document


def main(fd: int) -> None:
    """Load, and answer until the other end is closed."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # a stop reaches the whole group; what was accepted is finished first
    connection = Connection(fd)
    try:
        orders: Orders = connection.recv()
        began = time.perf_counter()
        tagger = _load(orders, connection)
        if tagger is None:
            return
        gc.freeze()  # the model is never garbage
        connection.send(Ready(time.perf_counter() - began))
        while True:
            connection.send(_read(tagger, connection.recv()))
    except (EOFError, OSError):
        return  # the service has ended


def _load(orders: Orders, connection: Connection) -> Tagger | None:
    threads = str(orders.inference.threads or os.cpu_count() or 1)
    # Read when numpy and torch are loaded, which is with the model: processes that each take all cores wait for one another.
    os.environ.update(OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    from triage import language
    from triage.loading import load
    from triage.modelfolder import BrokenModel

    try:
        tagger = load(orders.folder, orders.inference)
        language.warm_up()
        tagger([Document("warm-up", "note", "Han skylder penge for rejsen. Passet er taget.")])
    except BrokenModel as error:
        connection.send(Failed(str(error)))
        return None
    return tagger


def _read(tagger: Tagger, questions: Sequence[Question]) -> Read:
    began = time.perf_counter()
    cache = getattr(tagger.scorer, "cache", None)
    known = (cache.hits, cache.misses) if cache else (0, 0)
    answers: dict[int, Assessment | str] = {}
    for check in (True, False):
        places = [i for i, x in enumerate(questions) if x.check is check]
        if not places:
            continue
        try:
            found: Sequence[Assessment | str] = tagger([questions[i].document for i in places], check=check)
        except Exception:  # one text must not stop the others
            found = [_alone(tagger, questions[i]) for i in places]
        answers |= zip(places, found, strict=True)
    now = (cache.hits, cache.misses) if cache else (0, 0)
    said = [answers[i] for i in range(len(questions))]
    tokens = sum(x.measures.tokens for x in said if isinstance(x, Assessment) and x.measures)
    return Read(said, time.perf_counter() - began, tokens, now[0] - known[0], now[1] - known[1])


def _alone(tagger: Tagger, question: Question) -> Assessment | str:
    try:
        return tagger([question.document], check=question.check)[0]
    except Exception as error:  # its words may hold text
        return type(error).__name__


if __name__ == "__main__":
    main(int(sys.argv[1]))
