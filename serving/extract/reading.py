"""One file read in this process. For the sandbox: the libraries it calls are not trusted with hostile files."""

from __future__ import annotations

from collections.abc import Iterator

from serving.extract import kinds
from serving.extract.plain import decode
from serving.extract.result import Extracted, Item, Problem, Unreadable, gather, part_of


def read(name: str, data: bytes, column: str | None = None) -> Extracted:
    """All that a file holds.

    Raises:
        Unreadable: nothing of it can be read; whatever else a library raises becomes `damaged`.
    """
    try:
        kind = kinds.kind_of(name, data)
        if kind in kinds.TABLES and column is None:
            return _columns(kind, data)
        return gather(_items(kind, name, data, "", 0, column))
    except Unreadable:
        raise
    except Exception:  # among them running out of memory and nesting: its words may quote the file
        raise Unreadable("damaged") from None


def _columns(kind: str, data: bytes) -> Extracted:
    from serving.extract import tables

    columns, sure = tables.csv_columns(data) if kind == "csv" else (tables.xlsx_columns(data), True)
    if not columns:
        raise Unreadable("empty")
    unsure = () if sure else (Problem("encoding_unsure", ""),)
    return Extracted((), tuple(columns), unsure, tuple(name for name, short in columns.items() if short))


def _items(kind: str, name: str, data: bytes, place: str, depth: int, column: str | None = None) -> Iterator[Item]:
    # Each library is imported where its files turn up: a child starts in the time of the one it needs.
    match kind:
        case "text":
            yield from read_text(data, name, place)
        case "csv" | "xlsx" if column is None:
            yield Problem("table_attached", place)
        case "csv":
            from serving.extract.tables import read_csv

            yield from read_csv(data, name, place, column or "")
        case "xlsx":
            from serving.extract.tables import read_xlsx

            yield from read_xlsx(data, name, place, column or "")
        case "docx":
            from serving.extract.word import read_docx

            yield from read_docx(data, name, place)
        case "pdf":
            from serving.extract.pdf import read_pdf

            yield from read_pdf(data, name, place)
        case "eml":
            from serving.extract.mail import read_eml

            yield from read_eml(data, name, place, depth, _read_attached)
        case "msg":
            from serving.extract.outlook import read_msg

            yield from read_msg(data, name, place, depth, _read_attached)


def read_text(data: bytes, label: str, place: str) -> Iterator[Item]:
    """A plain text, exactly as it is."""
    text, sure = decode(data)
    if not sure:
        yield Problem("encoding_unsure", place)
    yield part_of(label, text, place)


def _read_attached(name: str, data: bytes, place: str, depth: int) -> Iterator[Item]:
    from serving.extract.mail import MAX_DEPTH

    try:
        if depth > MAX_DEPTH:
            yield Problem("too_deep", place)
            return
        yield from _items(kinds.kind_of(name, data), name, data, place, depth)
    except Unreadable as error:
        yield Problem(error.code, place)
    except Exception:  # whatever is wrong with one attachment, the others are read
        yield Problem("damaged", place)
