"""Reads texts one by one from JSON Lines, CSV and Parquet; a bad one becomes a problem with its line number."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from serving.batch.csvrows import MAX_LINE, NOT_UTF_8, read_csv
from triage.text import Document
from triage.wire import InvalidDocument, MalformedJSON, parse_json, read_document

ABOUT_ADS = ("title", "url", "site", "posted", "retrieved", "place", "contacts")
"""What an ad tells beside its text (`serving.ads`)."""
_BESIDE = ("labels", *ABOUT_ADS)
"""Fields that a record may have and tagging does not read."""
_FIELDS = ("id", "kind", "text", "source", "lang", *_BESIDE)
_REQUIRED = ("id", "kind", "text")
_OPTIONAL = f"source, lang, labels and, of ads, {', '.join(ABOUT_ADS)}"
_NO_VALUE = (ValueError, OverflowError, LookupError)
"""What Arrow raises for a cell that Python has no value for, as a year after 9999 or a time zone that is not known."""
_SOMETHING = b"?"
"""Stands for such a cell: neither text nor moment, so whoever needs one of these reports it."""
Problems = tuple[tuple[str, str], ...]


class UnreadableInput(RuntimeError):
    """The file cannot be read at all; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Record:
    """One text of the input, or what is wrong with it."""

    line: int
    """1-based line where it begins, or where a quote opens that spoils it; row number in Parquet."""
    document: Document | None
    problems: Problems
    digest: bytes
    """Hash of the record as it was read: tells whether the input changed between two runs."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What an ad tells beside its text, unchecked; of Parquet only where it was asked for."""


def read_records(source: str, *, about_ads: bool = False) -> Iterator[Record]:
    """The records of a file, or of standard input for ``-`` (JSON Lines), without ever holding the whole.

    Args:
        about_ads: read columns of Parquet, too, that ads have beside their text.

    Raises:
        UnreadableInput: the file is missing, of an unknown kind, or not of the kind its name says.
    """
    import sys

    if source == "-":
        if sys.stdin is None:
            raise UnreadableInput("standard input is closed; name a file, or give the texts to standard input")
        yield from _json_lines(sys.stdin.buffer)
        return
    path = Path(source)
    readers: dict[str, Callable[[IO[bytes]], Iterator[Record]]] = {
        ".jsonl": _json_lines,
        ".ndjson": _json_lines,
        ".json": _json_lines,
        ".csv": _csv,
        ".parquet": partial(_parquet, about_ads=about_ads),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnreadableInput(f"{path}: name a file that ends in .jsonl, .csv or .parquet, or - for standard input")
    try:
        with path.open("rb") as file:
            yield from reader(file)
    except UnreadableInput as error:  # one of several files perhaps
        raise UnreadableInput(f"{path}: {error}") from None
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}") from None


def check_source(source: str) -> None:
    """Read a first record, so that a file that cannot be read is noticed before hours of work.

    Of standard input and of a pipe nothing is read: what is read of them is gone.

    Raises:
        UnreadableInput: as `read_records`.
    """
    if source != "-" and not Path(source).is_fifo():
        next(read_records(source, about_ads=True), None)


def _record(line: int, value: Any, digest: bytes) -> Record:
    about = {}
    if isinstance(value, dict):
        about = {name: value[name] for name in ABOUT_ADS if value.get(name) is not None}
        value = {name: x for name, x in value.items() if name not in _BESIDE}
    try:
        return Record(line, read_document(value), (), digest, about)
    except InvalidDocument as error:
        return Record(line, None, tuple(error.problems), digest)


def _bad(line: int, problem: str, digest: bytes) -> Record:
    return Record(line, None, (("", problem),), digest)


def _json_lines(file: IO[bytes]) -> Iterator[Record]:
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        digest = hashlib.sha256(raw)
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                digest.update(rest)
            yield _bad(number, f"the line is longer than {MAX_LINE:,} bytes", digest.digest())
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw.strip():
            continue
        try:
            value = parse_json(raw.strip())  # its own line end would be counted as a line
        except MalformedJSON as error:
            yield _bad(number, str(error), digest.digest())
            continue
        yield _record(number, value, digest.digest())


def _csv(file: IO[bytes]) -> Iterator[Record]:
    names, rows = read_csv(file)
    missing = [name for name in _REQUIRED if name not in names]
    unknown = [name for name in names if name not in _FIELDS]
    if missing or unknown or len(set(names)) < len(names):
        raise UnreadableInput(
            f"the first line must name the columns {', '.join(_REQUIRED)} and may name {_OPTIONAL}, each once"
        )
    for row in rows:
        if any(NOT_UTF_8.search(cell) for cell in row.cells):
            yield _bad(row.line, "not UTF-8; save the file as CSV UTF-8", row.digest)
        elif row.problem:
            yield _bad(row.line, row.problem, row.digest)
        else:
            value = {name: cell for name, cell in zip(names, row.cells, strict=True) if cell or name in _REQUIRED}
            yield _record(row.line, value, row.digest)


def _parquet(file: IO[bytes], *, about_ads: bool) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.read(4) != b"PAR1":
        raise UnreadableInput("the file is not Parquet, whatever its name says")
    number = 0
    try:
        parquet = pq.ParquetFile(file)
        columns = parquet.schema_arrow.names
        missing = [name for name in _REQUIRED if name not in columns]
        unknown = [name for name in columns if name not in _FIELDS]
        if missing or unknown or len(set(columns)) < len(columns):
            raise UnreadableInput(f"the columns are {', '.join(_REQUIRED)} and, where wanted, {_OPTIONAL}, each once")
        left = set(_BESIDE) - set(ABOUT_ADS if about_ads else ())
        batches = parquet.iter_batches(batch_size=256, columns=[name for name in columns if name not in left])
        for batch in batches:
            for row, problems in _rows(batch):
                number += 1
                value = {name: cell for name, cell in row.items() if cell is not None}
                digest = hashlib.sha256(repr(sorted(value.items())).encode("utf-8", "surrogatepass")).digest()
                yield Record(number, None, problems, digest) if problems else _record(number, value, digest)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last where Arrow quotes damaged bytes
        if isinstance(error, OSError) and error.strerror:  # the system's own: a disk that fails, not a damaged file
            raise
        where = f" after row {number:,}" if number else ""
        raise UnreadableInput(f"the Parquet file is damaged{where}; write it anew") from None


def _rows(batch: Any) -> Iterator[tuple[dict[str, Any], Problems]]:
    """The rows of a batch; a cell that is not UTF-8 is a problem of its row, and ``b""`` in it."""
    import pyarrow as pa

    names = batch.schema.names
    columns = [_without_nanoseconds(x) for x in batch.columns]
    try:
        yield from ((row, ()) for row in pa.RecordBatch.from_arrays(columns, names).to_pylist())
        return
    except _NO_VALUE:
        pass  # of one row or more: read cell by cell
    for index in range(batch.num_rows):
        row: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for name, column in zip(names, columns, strict=True):
            try:
                row[name] = column[index].as_py()
            except UnicodeDecodeError:
                row[name] = b""
                problems.append((name, "not UTF-8"))
            except _NO_VALUE:
                row[name] = _SOMETHING
        yield row, tuple(problems)


def _without_nanoseconds(column: Any) -> Any:
    """Moments as exact as Python has them: Arrow would ask pandas for more, and fail without it."""
    import pyarrow as pa

    kind = column.type
    is_finer = pa.types.is_timestamp(kind) and kind.unit == "ns"
    return column.cast(pa.timestamp("us", kind.tz), safe=False) if is_finer else column
