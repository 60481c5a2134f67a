"""Reads texts one by one from JSON Lines, CSV and Parquet; a bad one becomes a problem with its line number."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import IO, Any

from triage.text import Document
from triage.wire import InvalidDocument, MalformedJSON, parse_json, read_document

MAX_LINE = 4 * 1024 * 1024
"""Bytes of one JSON line; the longest text escaped character by character takes 600,000."""
_FIELDS = ("id", "kind", "text", "source", "lang", "labels")
_REQUIRED = ("id", "kind", "text")
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of bytes that are not UTF-8."""
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_OPEN_QUOTE = (
    "not CSV: a quote opened in this line is not closed by line {last}, or a quote after it is not doubled; "
    "the lines up to there could not be read"
)
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


def read_records(source: str) -> Iterator[Record]:
    """The records of a file, or of standard input for ``-`` (JSON Lines), without ever holding the whole.

    Raises:
        UnreadableInput: the file is missing, of an unknown kind, or not of the kind its name says.
    """
    import sys

    if source == "-":
        yield from _json_lines(sys.stdin.buffer)
        return
    path = Path(source)
    readers = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_lines, ".csv": _csv, ".parquet": _parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnreadableInput(f"{path}: name a file that ends in .jsonl, .csv or .parquet, or - for standard input")
    try:
        with path.open("rb") as file:
            yield from reader(file)
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}") from None


def _record(line: int, value: Any, digest: bytes) -> Record:
    if isinstance(value, dict):
        value = {name: x for name, x in value.items() if name != "labels"}  # tagging needs no labels
    try:
        return Record(line, read_document(value), (), digest)
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
            value = parse_json(raw)
        except MalformedJSON as error:
            yield _bad(number, str(error), digest.digest())
            continue
        yield _record(number, value, digest.digest())


def _csv(file: IO[bytes]) -> Iterator[Record]:
    csv.field_size_limit(MAX_LINE)
    # Bytes that are not UTF-8 become lone surrogates, which make that one record bad instead of the whole file.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    first = text.readline(MAX_LINE)
    delimiter = max(",;\t", key=first.count)  # spreadsheets in Denmark write semicolons
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        names = []
    missing = [name for name in _REQUIRED if name not in names]
    unknown = [name for name in names if name not in _FIELDS]
    if missing or unknown or len(set(names)) < len(names):
        raise UnreadableInput(
            f"the first line must name the columns {', '.join(_REQUIRED)} and may name source, lang and labels, each once"
        )
    held: list[str] = []

    def lines() -> Iterator[str]:
        for x in text:
            held.append(x)
            yield x

    rows = csv.reader(lines(), delimiter=delimiter, strict=True)
    line = 2
    while True:
        held.clear()  # the lines of one record, to find in them what is wrong with it
        try:
            row = next(rows, None)
        except csv.Error as error:
            quoted = _line_of_open_quote(held, delimiter)
            if quoted is None:
                yield _bad(line, f"not CSV: {error}", b"")
            else:
                yield _bad(line + quoted, _OPEN_QUOTE.format(last=rows.line_num + 1), b"")
            line = rows.line_num + 2
            continue
        if row is None:
            return
        digest = hashlib.sha256("\x1f".join(row).encode("utf-8", "surrogatepass")).digest()
        if any(_NOT_UTF_8.search(cell) for cell in row):
            yield _bad(line, "not UTF-8; save the file as CSV UTF-8", digest)
        elif len(row) != len(names):
            if row:
                yield _bad(line, f"has {len(row)} columns where the first line has {len(names)}", digest)
        else:
            value = {name: cell for name, cell in zip(names, row, strict=True) if cell or name in _REQUIRED}
            yield _record(line, value, digest)
        line = rows.line_num + 2


def _line_of_open_quote(lines: list[str], delimiter: str) -> int | None:
    """Place in `lines`, which are one record, of the line with the quote that makes them unreadable; None if none does."""
    text = "".join(lines)
    start = 0
    while start < len(text):
        if text[start] == '"':
            quoted = _QUOTED.match(text, start)
            end = quoted.end() if quoted else len(text)
            if not quoted or text[end : end + 1] not in ("", delimiter, "\r", "\n"):
                ends = list(accumulate(len(x) for x in lines))
                return bisect_right(ends, start)
        else:
            unquoted = re.compile(f"[^{delimiter}\r\n]*").match(text, start)
            assert unquoted is not None
            end = unquoted.end()
        if text[end : end + 1] != delimiter:
            return None
        start = end + 1
    return None


def _parquet(file: IO[bytes]) -> Iterator[Record]:
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
        if missing or unknown:
            raise UnreadableInput(f"the columns are {', '.join(_REQUIRED)} and, where wanted, source, lang and labels")
        batches = parquet.iter_batches(batch_size=256, columns=[name for name in columns if name != "labels"])
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
    try:
        yield from ((row, ()) for row in batch.to_pylist())
        return
    except UnicodeDecodeError:
        pass  # one row or more: read cell by cell
    for index in range(batch.num_rows):
        row: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            try:
                row[name] = column[index].as_py()
            except UnicodeDecodeError:
                row[name] = b""
                problems.append((name, "not UTF-8"))
        yield row, tuple(problems)
