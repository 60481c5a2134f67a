"""Feeds as tables: JSON Lines, other JSON and CSV, one ad a row."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from serving.ads.encoding import decode
from serving.ads.faults import PageFault
from serving.ads.rules import Columns
from serving.ads.sources.pieces import Piece, fault
from serving.batch.csvrows import MAX_LINE, NOT_UTF_8, read_csv
from triage.wire import MalformedJSON, parse_json

_BLOCK = 64 * 1024
_ARRAY = re.compile(r"\s*\[")
_BEFORE = re.compile(r"[\s,]*")
"""What stands before an object."""


def read_json_lines(file: IO[bytes], name: str) -> Iterator[Piece]:
    """One object a line."""
    number = 0
    while raw := file.readline(MAX_LINE + 1):
        number += 1
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            while (rest := file.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
            yield fault(name, number, "too_large")
        elif raw.strip():
            yield _line(raw, name, number)


def _line(raw: bytes, name: str, number: int) -> Piece:
    try:
        value = parse_json(decode(raw))
    except PageFault as error:
        return fault(name, number, error.kind)
    except MalformedJSON:
        return fault(name, number, "not_json")
    if not isinstance(value, dict):
        return fault(name, number, "not_object")
    return Piece(name, number, "row", values=value)


def read_json(file: IO[bytes], name: str) -> Iterator[Piece]:
    """The objects of one array, or one after another, on however many lines; after a break nothing more is read.

    Raises:
        PageFault: bad_json; too_large.
    """
    for number, value in enumerate(_values(io.TextIOWrapper(file, "utf-8-sig", errors="tegn-windows")), 1):
        if isinstance(value, PageFault):
            yield fault(name, number, value.kind)
        elif isinstance(value, dict):
            yield Piece(name, number, "row", values=value)
        else:
            yield fault(name, number, "not_object")


def _values(text: IO[str]) -> Iterator[Any]:
    """Values of JSON, never more of them held than one and a block."""
    unknown: list[str] = []  # NaN and Infinity, which are no JSON, cost their own object alone
    decoder = json.JSONDecoder(parse_constant=unknown.append)
    held, more = text.read(_BLOCK), True
    array = _ARRAY.match(held)
    at = array.end() if array else 0
    while True:
        at = _BEFORE.match(held, at).end()  # type: ignore[union-attr]
        if array and held.startswith("]", at):
            if held[at + 1 :].strip() or text.read(_BLOCK).strip():
                raise PageFault("bad_json")
            return
        if not (array or more or at < len(held)):
            return
        unknown.clear()
        try:
            value, end = decoder.raw_decode(held, at)
        except (ValueError, RecursionError):
            value, end = None, len(held)
            if not more:
                raise PageFault("bad_json") from None
        if end < len(held) or not more:
            yield PageFault("not_json") if unknown else value
            at = end
        elif len(held) - at > MAX_LINE:
            raise PageFault("too_large")
        else:  # it may go on
            block = text.read(max(_BLOCK, len(held) - at))
            held, at, more = held[at:] + block, 0, bool(block)


def read_table(file: IO[bytes], name: str, columns: Columns) -> Iterator[Piece]:
    """One row an ad; the first line names the columns."""
    names, rows = read_csv(file)
    try:
        names = _as_asked([_decoded(x) for x in names], columns)
    except (PageFault, UnicodeEncodeError):
        yield fault(name, 0, "not_text")
        return
    if any(names.count(x) > 1 for x in columns.names()):
        yield fault(name, 0, "same_columns")
        return
    for row in rows:
        if row.problem:
            yield fault(name, row.line, "row_width" if row.cells else "bad_csv")
            continue
        try:
            cells = [_decoded(x) for x in row.cells]
        except (PageFault, UnicodeEncodeError):
            yield fault(name, row.line, "not_text")
            continue
        yield Piece(name, row.line, "row", values=dict(zip(names, cells, strict=True)))


def is_table(head: bytes, columns: Columns) -> bool:
    """Whether the first line of a file names a column that holds texts: any line of a text has commas."""
    names, _ = read_csv(io.BytesIO(head))
    try:
        names = _as_asked([_decoded(x) for x in names], columns)
    except (PageFault, UnicodeEncodeError):
        return False
    return bool(set(names) & {*columns.text, *columns.html})


def _decoded(cell: str) -> str:
    return decode(cell.encode("utf-8", "surrogateescape")) if NOT_UTF_8.search(cell) else cell


def spelled(values: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    """A row with the names of its columns as they are asked for; of several that become one the first counts."""
    found: dict[str, Any] = {}
    for name, value in zip(_as_asked(list(values), columns), values.values(), strict=True):
        found.setdefault(name, value)
    return found


def _as_asked(names: list[str], columns: Columns) -> list[str]:
    """Names in the spelling that is asked for, where only capitals and the space around them differ."""
    asked = columns.names()
    wanted = {x.casefold(): x for x in sorted(asked.difference(names))}
    return [x if x in asked else wanted.get(x.strip().casefold(), x) for x in names]


def pick(values: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of some columns with something in it, as text.

    Raises:
        PageFault: a list or an object stands in it (not_object).
    """
    for name in names:
        value = values.get(name)
        if value is None or isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
            continue
        if not isinstance(value, str | int | float):
            raise PageFault("not_object")
        return str(value)
    return None


def pick_all(values: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    """What stands in some columns, lists taken apart."""
    found: list[str] = []
    for name in names:
        value = values.get(name)
        for x in value if isinstance(value, list) else [value]:
            if isinstance(x, str | int) and not isinstance(x, bool) and x != "":
                found.append(str(x))
    return found
