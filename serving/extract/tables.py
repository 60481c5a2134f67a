"""Tables: the first row names the columns, every further row gives the text of one of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime, time
from itertools import islice

from serving.extract.plain import decode
from serving.extract.result import MAX_FILE, MAX_PARTS, Item, Problem, Unreadable, label_of, part_of, within

_DELIMITERS = ";,\t|"
_NONE = "\x1f"
"""Delimiter of a file with one column: no text has this character."""
_LOOK = 20
"""Rows by which the delimiter is chosen."""
_LOOK_AT = 1_000_000
"""Code points these rows are looked for in."""
_SHORT = 20
"""Code points: a column whose cells are all shorter holds numbers, dates and names rather than texts."""
_LAST_ROW = 1_048_576
"""Of any sheet Excel can make; openpyxl fills the gap before a cell with empty rows, however far down it says it is."""
_MAX_SHEETS = 200
"""Sheets of one workbook."""
Rows = Iterator[tuple[int, Sequence[str] | None]]
"""1-based row number, as a spreadsheet shows it, and its cells; None where they cannot be told apart."""


def column_names(row: Sequence[str]) -> tuple[str, ...]:
    """A name for every column of a first row, each once: empty ones by their number, repeated ones counted."""
    names: list[str] = []
    for number, cell in enumerate(row, 1):
        base = label_of(cell) or f"#{number}"
        name, count = base, 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return tuple(names)


def _filled(row: Sequence[str]) -> Sequence[str]:
    """The row up to its last cell with something in it."""
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _header(rows: Rows) -> tuple[str, ...]:
    """Names of the columns from the first row that has any; () for a table without one."""
    for _, row in rows:
        if row is None:
            raise Unreadable("damaged")
        if filled := _filled(row):
            return column_names(filled)
    return ()


def _columns(rows: Rows) -> dict[str, bool]:
    """Names of the columns, and whether all that its first rows say is short; a table without rows says nothing."""
    names = _header(rows)
    longest, seen = [0] * len(names), False
    for _, row in islice(rows, MAX_PARTS):  # a table with more is not read
        for at, cell in enumerate((row or ())[: len(names)]):
            longest[at], seen = max(longest[at], len(cell.strip())), True
    return {name: seen and length < _SHORT for name, length in zip(names, longest, strict=True)}


def _texts(rows: Rows, label: str, place: str, column: str) -> Iterator[Item]:
    """The texts below the header.

    Raises:
        Unreadable: the column is missing (no_such_column), or there is no header (empty).
    """
    names = _header(rows)
    if not names:
        raise Unreadable("empty")
    if column not in names:
        raise Unreadable("no_such_column")
    at = names.index(column)
    for number, row in rows:
        here = within(place, f"row {number}")
        if row is None:
            yield Problem("broken_quotes", here)
        elif not any(row):
            continue
        elif len(_filled(row)) > len(names) or len(row) < len(names):
            yield Problem("uneven_row", here)
        else:
            yield part_of(f"{label} #{number}", row[at], here)


def _csv_rows(text: str, delimiter: str) -> Rows:
    csv.field_size_limit(MAX_FILE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        try:
            row = next(reader, None)
        except csv.Error:
            yield number, None
            continue
        if row is None:
            return
        yield number, row


def _delimiter(text: str) -> str:
    """The delimiter under which most rows are as long as the first, and then the one with most columns."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = [row for _, row in islice(_csv_rows(sample, delimiter), _LOOK) if row is None or row]
        first = rows[0] if rows else None
        if first is None:
            return 0.0, 0
        return sum(row is not None and len(row) == len(first) for row in rows) / len(rows), len(first)

    sample = text[:_LOOK_AT]
    scores = {x: score(x) for x in _DELIMITERS}
    # A first row that a delimiter does not cut names one column: a comma below it is a comma of a text.
    return max((x for x in scores if scores[x][1] > 1), key=scores.__getitem__, default=_NONE)


def _open_csv(data: bytes) -> tuple[Rows, bool]:
    text, sure = decode(data)
    first, _, rest = text.partition("\n")
    marked = first.strip("\r\"'")
    if marked.startswith("sep=") and len(marked) == 5:  # Excel's own way to say it
        return ((number + 1, row) for number, row in _csv_rows(rest, marked[4])), sure
    return _csv_rows(text, _delimiter(text)), sure


def read_csv(data: bytes, label: str, place: str, column: str) -> Iterator[Item]:
    """The chosen column of a CSV file.

    Raises:
        Unreadable: see `_texts` and `decode`.
    """
    rows, sure = _open_csv(data)
    if not sure:
        yield Problem("encoding_unsure", place)
    yield from _texts(rows, label, place, column)


def csv_columns(data: bytes) -> tuple[dict[str, bool], bool]:
    """Columns of a CSV file, each with whether its cells are short; and whether its encoding is beyond doubt."""
    rows, sure = _open_csv(data)
    return _columns(rows), sure


def _cell(value: object) -> str:
    from openpyxl.utils.escape import unescape

    match value:
        case None:
            shown = ""
        case str():
            shown = str(unescape(value)) if "_x" in value else value  # Excel writes a carriage return as _x000D_
        case bool():
            shown = str(value).upper()
        case float() if value.is_integer():
            shown = str(int(value))
        case datetime() if value.time() == time.min:
            shown = value.date().isoformat()
        case _:
            shown = str(value)
    return shown


def _sheets(data: bytes) -> Iterator[Rows]:
    """The rows of every sheet of a workbook, hidden ones too; formulas give the value Excel last saw."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for sheet in islice(book.worksheets, _MAX_SHEETS):
        sheet.reset_dimensions()  # what a file says of its size is often wrong
        yield _sheet_rows(sheet.iter_rows(values_only=True))


def _sheet_rows(rows: Iterator[Sequence[object]]) -> Rows:
    width = 0
    for number, row in enumerate(rows, 1):
        if number > _LAST_ROW:
            raise Unreadable("too_many_rows")
        cells = [_cell(x) for x in row]
        width = width or len(_filled(cells))
        # A sheet leaves out the empty cells at the end of a row, and may have remarks beside the table.
        yield number, (cells + [""] * (width - len(cells)))[:width]


def read_xlsx(data: bytes, label: str, place: str, column: str) -> Iterator[Item]:
    """The chosen column of every sheet that has it.

    Raises:
        Unreadable: no sheet has the column (no_such_column), or all are empty (empty).
    """
    without: list[int] = []
    found = False
    for number, rows in enumerate(_sheets(data), 1):
        inside = place if number == 1 else within(place, f"sheet {number}")
        try:
            for item in _texts(rows, label, inside, column):
                found = True
                yield item
            found = True
        except Unreadable as error:
            if error.code not in ("no_such_column", "empty"):
                raise
            if error.code == "no_such_column":
                without.append(number)
    if not found:
        raise Unreadable("no_such_column" if without else "empty")
    yield from (Problem("sheet_without_column", within(place, f"sheet {number}")) for number in without)


def xlsx_columns(data: bytes) -> dict[str, bool]:
    """Columns of all sheets, each once, with whether its cells are short on all of them."""
    found: dict[str, bool] = {}
    for rows in _sheets(data):
        for name, short in _columns(rows).items():
            found[name] = short and found.get(name, True)
    return found
