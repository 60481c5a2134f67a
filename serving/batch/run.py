"""Tags a file: records in, results out in the same order, a few batches in flight, resumable at any moment."""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

from tqdm import tqdm

from serving.batch.journal import BrokenJournal, Journal, Progress
from serving.batch.records import Record, UnreadableInput, read_records
from triage.loading import load
from triage.modelfolder import read_manifest
from triage.tagger import Tagger
from triage.text import Document

BATCH = 32
"""Records between two entries in the journal, and the unit of work of a process."""
Answer = tuple[str | None, str | None]
"""(JSON of the result, None) or (None, why the text could not be tagged)."""
Work = Callable[[list[Document]], "Future[list[Answer]]"]


class CannotTag(RuntimeError):
    """The run cannot begin or go on; the message says what to do. Nothing finished is lost."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did."""

    records: int
    bad: int
    resumed_at: int
    errors: Path

    def sentence(self) -> str:
        """The summary in words."""
        begun = f", going on after {self.resumed_at:,}" if self.resumed_at else ""
        bad = f"; {self.bad:,} could not be tagged, see {self.errors}" if self.bad else ""
        return f"{self.records - self.bad:,} texts tagged{begun}{bad}"


def tag_file(source: str, output: Path, model: Path, *, workers: int = 1, all_indicators: bool = False) -> Summary:
    """Tag all records of `source` into `output`.

    A finished `output` of an earlier run is kept as ``.previous``. Bad records go to ``output.errors.jsonl``.
    Nothing is created or renamed before the first record of `source` has been read.

    Raises:
        CannotTag: input, output or an interrupted run's journal do not fit.
        BrokenModel: the model folder cannot be used.
    """
    _refuse_what_is_no_file(output)
    version = str(read_manifest(model)["version"])
    errors = output.with_name(output.name + ".errors.jsonl")
    journal = Journal(output.with_name(output.name + ".progress"))
    if source != "-" and output.exists() and Path(source).exists() and output.samefile(source):
        raise CannotTag("OUTPUT is the same file as INPUT; name another")
    try:
        records = read_records(source)
        records = chain(list(islice(records, 1)), records)  # an input that cannot be read is noticed here
        progress = _begin(journal, records, output, errors, Progress(version, all_indicators))
        resumed_at = progress.records
        # Opening for reading and writing, not appending: what an interrupted run wrote beyond its journal is cut off.
        with (
            _opened(output, progress.output_bytes) as out,
            _opened(errors, progress.error_bytes) as problems,
            _pool(model, workers, all_indicators) as work,
        ):
            for batch, answers in _in_order(records, work, ahead=2 * workers):
                progress = _write(batch, answers, progress, out, problems)
                journal.write(progress)
    except (UnreadableInput, BrokenJournal) as error:
        raise CannotTag(str(error)) from None
    except BrokenProcessPool:
        raise CannotTag(
            "a worker process was killed, perhaps for memory; run the same command with fewer workers to go on"
        ) from None
    except OSError as error:
        raise CannotTag(
            f"{error.filename or output}: {error.strerror}; what is finished is kept, run the same command to go on"
        ) from None
    if not progress.error_bytes:
        errors.unlink(missing_ok=True)
    journal.remove()
    return Summary(progress.records, progress.bad, resumed_at, errors)


def _refuse_what_is_no_file(output: Path) -> None:
    """An earlier output is renamed, which only a regular file may be.

    Raises:
        CannotTag: `output` is a folder, a device or a pipe, or stands for an open file as ``/dev/stdout`` does.
    """
    try:
        # Where standard output goes to a file, /dev/stdout looks like that file: its folder tells them apart.
        folder = output.parent.resolve()
        device = folder in (Path("/dev"), Path("/dev/fd")) or folder.is_relative_to("/proc")
        refused = device or (output.exists() and not output.is_file())
    except OSError as error:
        raise CannotTag(f"{output}: {error.strerror}; name another file as OUTPUT") from None
    if refused:
        raise CannotTag(f"{output} is not a regular file; name a file as OUTPUT")


def _begin(journal: Journal, records: Iterator[Record], output: Path, errors: Path, fresh: Progress) -> Progress:
    """The progress to go on from, with `records` moved past what is finished."""
    progress = journal.read()
    if progress is None:
        for path in (output, errors):
            if path.exists():
                path.replace(path.with_name(path.name + ".previous"))
        journal.write(fresh)
        return fresh
    if (progress.model, progress.all_indicators) != (fresh.model, fresh.all_indicators):
        raise CannotTag(
            f"{output} was begun with another model or without/with --all; use the same, or delete {journal.path} to begin anew"
        )
    digest = ""
    for record in islice(records, progress.records):
        digest = _chain(digest, record)
    if digest != progress.digest:
        raise CannotTag(
            f"INPUT is not what {output} was begun with; restore it, or delete {journal.path} to begin anew"
        )
    for path, size in ((output, progress.output_bytes), (errors, progress.error_bytes)):
        if (path.stat().st_size if path.exists() else 0) < size:
            raise CannotTag(f"{path} is shorter than {journal.path} says; delete {journal.path} to begin anew")
    return progress


def _chain(digest: str, record: Record) -> str:
    return hashlib.sha256(digest.encode() + record.line.to_bytes(8, "big") + record.digest).hexdigest()


@contextmanager
def _opened(path: Path, size: int) -> Iterator[_File]:
    file = _File(path, size)
    try:
        yield file
    finally:
        file.close()


class _File:
    """A file whose writes are on disk when `save` returns. Results quote case text: only the owner may read it."""

    def __init__(self, path: Path, size: int) -> None:
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self._file.truncate(size)
        self._file.seek(size)

    def save(self, lines: Sequence[str]) -> int:
        """Write lines; returns the size of the file."""
        if lines:
            self._file.write(("\n".join(lines) + "\n").encode("utf-8"))
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _write(batch: list[Record], answers: list[Answer], progress: Progress, out: _File, problems: _File) -> Progress:
    good: list[str] = []
    bad: list[str] = []
    digest = progress.digest
    found = iter(answers)
    for record in batch:
        digest = _chain(digest, record)
        listed = list(record.problems)
        if record.document is not None:
            result, failure = next(found)
            if result is not None:
                good.append(result)
            else:
                listed = [("", f"could not be tagged ({failure})")]
        if listed:
            errors = [{"path": path, "problem": problem} for path, problem in listed]
            bad.append(json.dumps({"line": record.line, "errors": errors}, ensure_ascii=False))
    return replace(
        progress,
        records=progress.records + len(batch),
        digest=digest,
        output_bytes=out.save(good),
        error_bytes=problems.save(bad),
        bad=progress.bad + len(bad),
    )


def _in_order(records: Iterable[Record], work: Work, *, ahead: int) -> Iterator[tuple[list[Record], list[Answer]]]:
    """Batches with their answers, in order, never more than `ahead` batches read before they are written."""
    waiting: deque[tuple[list[Record], Future[list[Answer]]]] = deque()
    source = iter(records)
    with tqdm(unit=" texts", disable=None) as bar:
        while True:
            while len(waiting) < ahead and (batch := list(islice(source, BATCH))):
                waiting.append((batch, work([x.document for x in batch if x.document is not None])))
            if not waiting:
                return
            batch, future = waiting.popleft()
            yield batch, future.result()
            bar.update(len(batch))


@contextmanager
def _pool(model: Path, workers: int, all_indicators: bool) -> Iterator[Work]:
    """Something that tags batches: this process for one worker, processes of their own for several."""
    if workers == 1:
        tagger = load(model)

        def at_once(documents: list[Document]) -> Future[list[Answer]]:
            done: Future[list[Answer]] = Future()
            done.set_result(_answers(tagger, documents, all_indicators))
            return done

        yield at_once
        return
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _load_worker, (model, workers))
    try:
        yield lambda documents: pool.submit(_tag_in_worker, documents, all_indicators)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_tagger: Tagger | None = None
"""The tagger of a worker process."""


def _load_worker(model: Path, workers: int) -> None:
    global _tagger  # noqa: PLW0603 - a worker process has no other place to keep it between batches
    # Read when torch is loaded, which is with the model: workers that each take all cores wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    Thread(target=_end_with_parent, daemon=True).start()
    _tagger = load(model)


def _end_with_parent() -> None:
    """End this process when its parent has: a killed parent tells its workers nothing, and they would wait for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _tag_in_worker(documents: list[Document], all_indicators: bool) -> list[Answer]:
    assert _tagger is not None
    return _answers(_tagger, documents, all_indicators)


def _answers(tagger: Tagger, documents: list[Document], all_indicators: bool) -> list[Answer]:
    answers: list[Answer] = []
    for document in documents:
        try:
            (assessment,) = tagger([document])
            answers.append((json.dumps(assessment.to_json(all_indicators=all_indicators), ensure_ascii=False), None))
        except Exception as error:  # one text must not stop the rest; the exception's words may hold text
            answers.append((None, type(error).__name__))
    return answers
