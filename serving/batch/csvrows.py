"""Rows of a CSV file, one by one; one that cannot be read says in which line, and the next goes on."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import IO

from triage.wire import delimiter_of

MAX_LINE = 4 * 1024 * 1024
"""Bytes of one line or cell; the longest text escaped character by character in JSON takes 600,000."""
NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of bytes that are not UTF-8."""
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')
_OPEN_QUOTE = (
    "not CSV: a quote opened in this line is not closed by line {last}, or a quote after it is not doubled; "
    "the lines up to there could not be read"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row, or what is wrong with it."""

    line: int
    """1-based line where it begins, or where a quote opens that spoils it."""
    cells: list[str]
    """Bytes that are not UTF-8 stand in them as lone surrogates, see `NOT_UTF_8`."""
    problem: str
    """In words that quote nothing; empty if there is none."""
    digest: bytes


def read_csv(file: IO[bytes]) -> tuple[list[str], Iterator[Row]]:
    """The names in the first line, none if it is not CSV, and the rows after it. Empty rows are left out."""
    csv.field_size_limit(MAX_LINE)
    # Bytes that are not UTF-8 become lone surrogates, which make that one record bad instead of the whole file.
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    first = text.readline(MAX_LINE)
    delimiter = delimiter_of(first)
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        names = []
    return names, _rows(text, delimiter, len(names))


def _rows(text: io.TextIOWrapper, delimiter: str, width: int) -> Iterator[Row]:
    held: list[str] = []

    def lines() -> Iterator[str]:
        while x := text.readline(MAX_LINE):  # a line without end comes in pieces, and each is a bad row
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
                yield Row(line, [], f"not CSV: {error}", b"")
            else:
                yield Row(line + quoted, [], _OPEN_QUOTE.format(last=rows.line_num + 1), b"")
            line = rows.line_num + 2
            continue
        if row is None:
            return
        digest = hashlib.sha256("\x1f".join(row).encode("utf-8", "surrogatepass")).digest()
        if len(row) == width:
            yield Row(line, row, "", digest)
        elif row:
            yield Row(line, row, f"has {len(row)} columns where the first line has {width}", digest)
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
