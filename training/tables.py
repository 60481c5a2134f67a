"""Labelled documents in CSV and Parquet: the columns are the fields of a document in JSON Lines.

A cell of `labels` holds the list as JSON; in Parquet it may be the list itself. An empty cell is a field that is not there.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from triage.wire import MalformedJSON, delimiter_of, parse_json

_REQUIRED = frozenset({"id", "kind", "text"})
_COLUMNS = _REQUIRED | {"source", "lang", "labels"}
LONGEST_CELL = 2**31 - 1
"""Characters; a training text may be of any length."""


class UnreadableTable(ValueError):
    """The file as a whole cannot be read; the message says what to do and quotes nothing."""


def read_csv(raw: bytes) -> Iterator[tuple[int, dict[str, Any] | MalformedJSON]]:
    """The line where each row begins, and its fields or what is wrong with it.

    Raises:
        UnreadableTable: see the class.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableTable("is not UTF-8; save it as CSV UTF-8") from None
    first = text.partition("\n")[0]
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(first), strict=True)
    line = 1
    try:
        names = next(rows, [])
        _check_columns(names)
        line = rows.line_num + 1
        for row in rows:
            if len(row) == len(names):
                yield line, _fields(zip(names, row, strict=True), empty="")
            elif row:
                yield line, MalformedJSON(f"has {len(row)} columns where the first line has {len(names)}")
            line = rows.line_num + 1
    except csv.Error as error:
        raise UnreadableTable(f"is not CSV from line {line} on: {error}") from None


def read_parquet(path: Path) -> Iterator[tuple[int, dict[str, Any] | MalformedJSON]]:
    """The number of each row, from 1, and its fields or what is wrong with it.

    Raises:
        UnreadableTable: see the class.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            parquet = pq.ParquetFile(file)
            _check_columns(parquet.schema_arrow.names)
            number = 0
            for batch in parquet.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, _fields(row.items(), empty=None)
    except (pa.ArrowException, UnicodeDecodeError):
        raise UnreadableTable("is damaged or no Parquet; write it anew") from None


def _check_columns(names: list[str]) -> None:
    if not _REQUIRED <= set(names) <= _COLUMNS or len(set(names)) < len(names):
        raise UnreadableTable(
            "must have the columns id, kind and text, and may have source, lang and labels, each once"
        )


def _fields(cells: Any, *, empty: str | None) -> dict[str, Any] | MalformedJSON:
    """The fields of a document from its cells."""
    fields = {name: cell for name, cell in cells if cell != empty or name in _REQUIRED}
    labels = fields.get("labels")
    if isinstance(labels, str):
        try:
            fields["labels"] = parse_json(labels)
        except MalformedJSON as error:
            return MalformedJSON(f"labels: {error}")
    elif isinstance(labels, list):  # a struct has every field: one that is not there is null
        fields["labels"] = [
            {name: x for name, x in label.items() if x is not None} if isinstance(label, dict) else label
            for label in labels
        ]
    return fields
