"""People's own texts from other tools: CSV, JSON Lines, doccano, Label Studio and Prodigy exports, as labelled documents.

Offsets of these tools are already code points, save Label Studio's, which counts UTF-16 code units as browsers do; it is
converted. A label may carry its state: ``debt_bondage:denied``.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.tables import LONGEST_CELL
from triage.indicators import Scheme
from triage.text import STATES, Document, Label, Span
from triage.wire import InvalidDocument, MalformedJSON, delimiter_of, parse_json, read_document


class CannotImport(ValueError):
    """The file as a whole cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Imported:
    """Documents read, and what could not be: by record number, never with text."""

    documents: list[Document]
    problems: list[str]


@dataclass(frozen=True, slots=True)
class _Mark:
    name: str
    start: int
    end: int


def _labels(marks: Iterable[_Mark], scheme: Scheme) -> tuple[Label, ...]:
    """Marks grouped to labels.

    Raises:
        ValueError: a code or state is not known.
    """
    grouped: dict[tuple[str, str], list[Span]] = {}
    for mark in marks:
        code, _, state = mark.name.partition(":")
        state = state or "stated"
        if code not in scheme.position or state not in STATES:
            raise ValueError("a label is not an indicator code with a known state; rename it in the export")
        grouped.setdefault((code, state), []).append(Span(mark.start, mark.end))
    return tuple(Label(code, state, tuple(sorted(spans))) for (code, state), spans in grouped.items())


def _checked(
    identifier: object, kind: object, text: object, marks: Iterable[_Mark], scheme: Scheme, **more: object
) -> Document:
    labels = _labels(marks, scheme)
    record: dict[str, Any] = {"id": str(identifier), "kind": kind, "text": text}
    record |= {name: str(value) for name, value in more.items() if value}
    record["labels"] = [
        {"indicator": x.indicator, "state": x.state, "spans": [[s.start, s.end] for s in x.spans]} for x in labels
    ]
    return read_document(record, labelled=True)


def _jsonl(path: Path) -> Iterator[Any]:
    for line in path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n"):
        if line.strip():
            yield _Raw(line)


class _Raw(bytes):
    """A line that is parsed where its number is known."""


def _csv(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        csv.field_size_limit(LONGEST_CELL)
        rows = csv.DictReader(file, delimiter=delimiter_of(head))
        if "text" not in (rows.fieldnames or ()):
            raise CannotImport(f"{path} must name its columns in the first line, text among them")
        yield from rows


def _array(path: Path) -> Iterator[Any]:
    value = parse_json(path.read_bytes())
    if not isinstance(value, list):
        raise CannotImport(f"{path.name} must hold one JSON list, as Label Studio exports it (format JSON)")
    yield from value


_MARKS_ELSEWHERE = frozenset({"label", "entities", "spans", "annotations"})
"""Where other tools keep the marks of a record: read as a plain one, it would lose them."""


def _from_plain(record: dict[str, Any], number: int, kind: str, scheme: Scheme) -> Document:
    if strange := _MARKS_ELSEWHERE & record.keys():
        raise ValueError(
            f"has marks under {min(strange)}, which are not read; choose another --format or name it labels"
        )
    labels = record.get("labels") or []
    if isinstance(labels, str):
        labels = parse_json(labels)
    marks = [_Mark(f"{x['indicator']}:{x.get('state', 'stated')}", *span) for x in labels for span in x["spans"]]
    more = {name: record.get(name) for name in ("source", "lang")}
    return _checked(record.get("id") or number, record.get("kind") or kind, record.get("text"), marks, scheme, **more)


def _from_csv(record: dict[str, Any], number: int, kind: str, scheme: Scheme) -> Document:
    if None in record or None in record.values():  # so `csv` tells of a cell too many or too few
        raise ValueError("has not as many columns as the first line; put cells with commas in quotes")
    return _from_plain(record, number, kind, scheme)


def _from_doccano(record: dict[str, Any], number: int, kind: str, scheme: Scheme) -> Document:
    if "entities" in record:  # exported with relations
        marks = [_Mark(x["label"], x["start_offset"], x["end_offset"]) for x in record["entities"]]
    else:
        found = record["label"] if "label" in record else record["labels"]
        marks = [_Mark(x[2], x[0], x[1]) for x in found]
    return _checked(record.get("id", number), kind, record.get("text", record.get("data")), marks, scheme)


def _from_prodigy(record: dict[str, Any], number: int, kind: str, scheme: Scheme) -> Document | None:
    if record.get("answer", "accept") != "accept":
        return None
    found = record.get("spans", []) if "answer" in record else record["spans"]
    marks = [_Mark(x["label"], x["start"], x["end"]) for x in found]
    return _checked(record.get("_input_hash", number), kind, record.get("text"), marks, scheme)


def _from_label_studio(record: dict[str, Any], number: int, kind: str, scheme: Scheme) -> Document:
    text = record["data"]["text"]
    places = _utf16_places(text)
    annotations = [x for x in record.get("annotations", []) if not x.get("was_cancelled")]
    results = annotations[-1]["result"] if annotations else []
    marks = [
        _Mark(name, places[x["value"]["start"]], places[x["value"]["end"]])
        for x in results
        if x.get("type") == "labels"
        for name in x["value"]["labels"]
    ]
    return _checked(record.get("id", number), kind, text, marks, scheme)


def _utf16_places(text: str) -> dict[int, int]:
    """Code point offset of each UTF-16 offset that lies between characters."""
    places, units = {0: 0}, 0
    for place, character in enumerate(text, start=1):
        units += 2 if ord(character) > 0xFFFF else 1
        places[units] = place
    return places


_Reader = Callable[[dict[str, Any], int, str, Scheme], Document | None]
FORMATS: dict[str, tuple[Callable[[Path], Iterator[Any]], _Reader]] = {
    "jsonl": (_jsonl, _from_plain),
    "csv": (_csv, _from_csv),
    "doccano": (_jsonl, _from_doccano),
    "prodigy": (_jsonl, _from_prodigy),
    "label-studio": (_array, _from_label_studio),
}


def import_file(path: Path, name: str, scheme: Scheme, *, kind: str = "note") -> Imported:
    """The labelled documents of an export.

    Args:
        name: a key of `FORMATS`; kind: what the texts are where the export does not say.

    Raises:
        CannotImport: see the class.
    """
    rows, read = FORMATS[name]
    documents: dict[str, Document] = {}
    problems: list[str] = []
    try:
        for number, row in enumerate(rows(path), start=1):
            try:
                record = parse_json(bytes(row)) if isinstance(row, _Raw) else row
                document = read(record, number, kind, scheme)
                if document is None:
                    continue
                if document.id in documents:
                    raise ValueError("the id stands twice")
                documents[document.id] = document
            except InvalidDocument as error:
                problems.append(f"record {number}: {error}")
            except (MalformedJSON, json.JSONDecodeError) as error:
                problems.append(f"record {number}: {error}")
            except (KeyError, TypeError, AttributeError, IndexError):
                problems.append(f"record {number}: is not what {name} exports; choose another --format")
            except ValueError as error:
                problems.append(f"record {number}: {error}")
    except OSError as error:
        raise CannotImport(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error, MalformedJSON) as error:
        raise CannotImport(f"{path} cannot be read as {name}: {type(error).__name__}; export it in UTF-8") from None
    return Imported(list(documents.values()), problems)
