"""Tags a file: records in, results out in the same order, a few batches in flight, resumable at any moment."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from tqdm import tqdm

from serving.batch.alone import alone
from serving.batch.engines import LOCAL, PATIENCE, EngineStopped, check_engine
from serving.batch.journal import BrokenJournal, Journal, Progress
from serving.batch.reading import Readers, Reading, readers
from serving.batch.records import Record, UnreadableInput, read_records
from serving.batch.resuming import (
    CannotGoOn,
    Output,
    chained,
    opened,
    refuse_what_is_no_file,
    set_aside,
    skip_finished,
    unfinished,
)
from serving.inference.turns import Answer, Unreadable
from serving.settings import CACHE
from triage.assessment import Assessment
from triage.loading import Inference
from triage.modelfolder import read_manifest
from triage.text import Document

BATCH = 32
"""Records between two entries in the journal, and the unit of work of a process, at most."""
CHARACTERS = 100_000
"""Code points of such a batch, at most; of a single long text more. So none takes longer than a minute."""


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


def tag_file(
    source: str,
    output: Path,
    model: Path,
    *,
    workers: int | None = None,
    all_indicators: bool = False,
    check: bool = True,
    inference: Inference = Inference("auto", cache=CACHE),  # noqa: B008 - frozen
    engine: str = LOCAL,
    patience: float = PATIENCE,
) -> Summary:
    """Tag all records of `source` into `output`.

    A finished `output` of an earlier run is kept as ``.previous``. Bad records go to ``output.errors.jsonl``.
    Nothing is created or renamed before the first record of `source` has been read. What one engine began, another may finish.

    Args:
        workers, engine, patience: see `readers`.

    Raises:
        CannotTag: input, output or an interrupted run's journal do not fit.
        BrokenModel: the model folder cannot be used.
    """
    try:
        check_engine(engine)
        refuse_what_is_no_file(output)
    except (EngineStopped, CannotGoOn) as error:
        raise CannotTag(str(error)) from None
    version = str(read_manifest(model)["version"])
    errors = output.with_name(output.name + ".errors.jsonl")
    journal = Journal(output.with_name(output.name + ".progress"))
    if source != "-" and output.exists() and Path(source).exists() and output.samefile(source):
        raise CannotTag("OUTPUT is the same file as INPUT; name another")
    try:
        records = read_records(source)
        records = chain(list(islice(records, 1)), records)  # an input that cannot be read is noticed here
        with alone(output, "tag"):
            progress = _begin(journal, records, output, errors, Progress(version, all_indicators, check))
            resumed_at = progress.records
            with (
                opened(output, progress.output_bytes) as out,
                opened(errors, progress.error_bytes) as problems,
                readers(engine, Reading(model, version, inference, check), workers, patience) as read,
            ):
                for batch, answers in _answered(records, read):
                    progress = _write(batch, answers, progress, out, problems)
                    journal.write(progress)
            if not progress.error_bytes:
                errors.unlink(missing_ok=True)
            journal.remove()
    except (UnreadableInput, BrokenJournal, CannotGoOn, EngineStopped) as error:
        raise CannotTag(str(error)) from None
    except OSError as error:
        raise CannotTag(unfinished(error, output)) from None
    return Summary(progress.records, progress.bad, resumed_at, errors)


def _begin(journal: Journal, records: Iterator[Record], output: Path, errors: Path, fresh: Progress) -> Progress:
    """The progress to go on from, with `records` moved past what is finished."""
    progress = journal.read()
    if progress is None:
        set_aside((output, errors))
        journal.write(fresh)
        return fresh
    if (progress.model, progress.all_indicators, progress.check) != (fresh.model, fresh.all_indicators, fresh.check):
        raise CannotTag(
            f"{output} was begun with another model, --all or --no-check; use the same, or delete {journal.path} to begin anew"
        )
    files = ((output, progress.output_bytes), (errors, progress.error_bytes))
    skip_finished(journal, progress, records, files, "INPUT")
    return progress


def _write(batch: list[Record], answers: list[Answer], progress: Progress, out: Output, problems: Output) -> Progress:
    good: list[str] = []
    bad: list[str] = []
    digest = progress.digest
    found = iter(answers)
    for record in batch:
        digest = chained(digest, record)
        listed = list(record.problems)
        if record.document is not None:
            answer = next(found)
            if isinstance(answer, Assessment):
                result = answer.to_json(all_indicators=progress.all_indicators)
                good.append(json.dumps(result, ensure_ascii=False))
            else:
                why = answer if isinstance(answer, Unreadable) else "its process ended twice, perhaps for memory"
                listed = [("", f"could not be tagged ({why})")]
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


def _answered(records: Iterable[Record], read: Readers) -> Iterator[tuple[list[Record], list[Answer]]]:
    """Batches with their answers, in order."""
    waiting: deque[list[Record]] = deque()

    def documents() -> Iterator[list[Document]]:
        for batch in _batches(records):
            waiting.append(batch)
            yield [x.document for x in batch if x.document is not None]

    with tqdm(unit=" texts", disable=None) as bar:
        for answers in read(documents()):
            batch = waiting.popleft()
            yield batch, answers
            bar.update(len(batch))


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.document.text) if record.document is not None else 0
        if len(batch) >= BATCH or size >= CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
