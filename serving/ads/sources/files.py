"""Files and folders, each read as what its content says it is."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from serving.ads.ads import web_address
from serving.ads.dates import moment
from serving.ads.faults import PageFault, name_of
from serving.ads.rules import Rules
from serving.ads.sources.kinds import HEAD, kind_of
from serving.ads.sources.pieces import Piece, fault
from serving.ads.sources.tables import is_table, read_json_lines, read_table
from serving.ads.sources.unpacking import Unpacked
from serving.ads.sources.warc import read_warc
from triage.wire import MalformedJSON, parse_json

_SIDECAR = 64 * 1024
"""Bytes of the JSON beside a page."""
_EXPECTED = frozenset(
    (".html", ".htm", ".xhtml", ".shtml", ".warc", ".gz", ".jsonl", ".ndjson", ".csv", ".tsv", ".rss", ".atom")
)
"""Names of files in a folder that are missed if they cannot be read; pictures and scripts beside pages are not."""
_OF_A_PAGE = re.compile(r"\.(?:[cm]?js|css|svg|map)(?:\.download)?\Z", re.IGNORECASE)
"""Names of scripts, styles and drawings, also as browsers save them: they hold HTML, and are no page."""
_TAG_FIRST = re.compile(rb"(?:\xef\xbb\xbf)?\s*<")


class NoSource(RuntimeError):
    """A source is not there or cannot be opened; the message says which."""


def read_sources(sources: Sequence[Path], rules: Rules, named: str | None) -> Iterator[Piece]:
    """The pieces of all sources, in the order given, folders in the order of names.

    Raises:
        NoSource: before the first piece, if one of the sources is not there.
    """
    for source in sources:
        if not source.exists():
            raise NoSource(f"{source} is not there; name a file or a folder")
        if not (source.is_dir() or source.is_file()):
            raise NoSource(f"{source} is neither a file nor a folder")
    return _pieces(sources, rules, named)


def _pieces(sources: Sequence[Path], rules: Rules, named: str | None) -> Iterator[Piece]:
    for source in sources:
        if source.is_dir():
            yield from _folder(source, rules, named)
        else:
            yield from _file(source, rules, named, expected=True)


def _folder(folder: Path, rules: Rules, named: str | None) -> Iterator[Piece]:
    refused: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=refused.append):  # links to folders are not followed
        folders.sort()
        pages = {name for name in names if not name.lower().endswith(".json")}
        stems = {Path(name).stem for name in pages}
        for name in sorted(names):
            path = Path(here, name)
            if name.lower().endswith(".json"):
                if not (name[:-5] in pages or name[:-5] in stems):
                    yield Piece(name_of(path), 1, "nothing")  # of the site, or of who saved it
            elif _OF_A_PAGE.search(name):
                yield Piece(name_of(path), 1, "nothing")
            else:
                yield from _file(path, rules, named, expected=path.suffix.lower() in _EXPECTED)
        for error in refused:
            yield fault(name_of(Path(str(error.filename))), 0, "unreadable")
        refused.clear()


def _file(path: Path, rules: Rules, named: str | None, *, expected: bool) -> Iterator[Piece]:
    name = name_of(path)
    try:
        # Not waiting: a pipe in the place of a file would never answer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                yield from _content(file, status.st_size, path, rules, named, expected=expected)
            else:
                yield Piece(name, 1, "nothing")
    except OSError:
        yield fault(name, 0, "unreadable")


def _content(
    file: IO[bytes], size: int, path: Path, rules: Rules, named: str | None, *, expected: bool
) -> Iterator[Piece]:
    name = name_of(path)
    stream: IO[bytes] = file
    head = file.read(HEAD)
    file.seek(0)
    kind = kind_of(head)
    if kind == "gzip":
        stream = io.BufferedReader(Unpacked(file))
        try:
            head = stream.peek(HEAD)[:HEAD]
        except PageFault as error:
            yield fault(name, 0, error.kind)
            return
        kind = kind_of(head)
    columns = rules.columns_for(named)
    if kind == "html" and not _TAG_FIRST.match(head) and is_table(head, columns):
        kind = "table"  # a column of it holds HTML
    if not head.strip():
        yield fault(name, 1, "empty") if expected else Piece(name, 1, "nothing")
    elif kind == "warc":
        file.seek(0)
        yield from read_warc(file, size, name, rules.limit)
    elif kind in ("html", "feed"):
        yield _whole(stream, path, "page" if kind == "html" else "feed", rules.limit)
    elif kind == "jsonl":
        yield from _rows(read_json_lines(stream, name), name)
    elif kind == "table" and is_table(head, columns):
        yield from _rows(read_table(stream, name), name)
    elif kind == "table" and path.suffix.lower() in (".csv", ".tsv"):
        yield fault(name, 0, "no_columns")
    elif kind == "archive":
        yield fault(name, 0, "archive")
    else:
        yield fault(name, 0, "unknown_kind") if expected else Piece(name, 1, "nothing")


def _rows(rows: Iterator[Piece], name: str) -> Iterator[Piece]:
    """The rows, and a fault where their packing breaks."""
    number = 0
    try:
        for row in rows:
            number = row.line
            yield row
    except PageFault as error:
        yield fault(name, number + 1, error.kind)


def _whole(stream: IO[bytes], path: Path, kind: str, limit: int) -> Piece:
    """A page or feed that is a file of its own, with what the JSON beside it says."""
    name = name_of(path)
    try:
        data = stream.read(limit + 1)
    except PageFault as error:
        return fault(name, 1, error.kind)
    if len(data) > limit:
        return fault(name, 1, "too_large")
    try:
        url, retrieved = _sidecar(path)
        faults: tuple[str, ...] = ()
    except PageFault as error:
        url, retrieved, faults = None, None, (error.kind,)
    return Piece(name, 1, "page" if kind == "page" else "feed", data, url=url, retrieved=retrieved, faults=faults)


def _sidecar(path: Path) -> tuple[str | None, str | None]:
    """Address and moment of retrieval from the JSON beside a page: ``page.html.json`` or ``page.json``."""
    for beside in (path.with_name(path.name + ".json"), path.with_suffix(".json")):
        if beside == path or not beside.is_file():
            continue
        try:
            with beside.open("rb") as file:
                told = parse_json(file.read(_SIDECAR))
        except (OSError, MalformedJSON):
            raise PageFault("bad_sidecar") from None
        if not isinstance(told, dict):
            raise PageFault("bad_sidecar")
        url, retrieved = told.get("url"), told.get("retrieved")
        if not isinstance(url, str | None) or not isinstance(retrieved, str | None) or (url and not web_address(url)):
            raise PageFault("bad_sidecar")
        if retrieved and moment(retrieved) is None:
            raise PageFault("bad_sidecar")
        return web_address(url), retrieved
    return None, None
