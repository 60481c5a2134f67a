"""Files and folders, each read as what its content says it is."""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Literal

from serving.ads.ads import web_address
from serving.ads.dates import moment
from serving.ads.faults import PageFault, name_of
from serving.ads.rules import Rules
from serving.ads.sources.kinds import HEAD, UTF_16, kind_of
from serving.ads.sources.pieces import Piece, fault
from serving.ads.sources.tables import is_table, read_json, read_json_lines, read_table
from serving.ads.sources.unpacking import Recoded, Unpacked
from serving.ads.sources.warc import read_warc
from triage.wire import MalformedJSON, parse_json

_SIDECAR = 64 * 1024
"""Bytes of the JSON beside a page."""
_SOURCES = frozenset(
    (".html", ".htm", ".xhtml", ".shtml", ".warc", ".gz", ".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".rss", ".atom")
)
"""Names of files that are missed even if they are empty, or hold a picture."""
_OF_A_PAGE = re.compile(r"\.(?:[cm]?js|css|svg|map)(?:\.download)?\Z", re.IGNORECASE)
"""Names of scripts, styles and drawings, also as browsers save them: they hold HTML, and are no page."""
_NEVER_MISSED = re.compile(
    r"\.(?:[cm]?js|css|svg|map|png|jpe?g|gif|webp|avif|bmp|ico|cur|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gv]|wav|swf)"
    r"(?:\.download|[?@%].*)?\Z|\A(?:\.DS_Store|Thumbs\.db|desktop\.ini)\Z",
    re.IGNORECASE,
)
"""Names of what stands beside pages, also as crawlers save it, with the question behind."""
_OBJECTS = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*["}]')
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
        for name in folders:
            path = Path(here, name)
            if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
                yield fault(name_of(path), 0, "link")
        beside: set[Path] = set()
        # JSON last: of which pages it tells is known then.
        for name in sorted(names, key=lambda x: (x.lower().endswith(".json"), x)):
            path = Path(here, name)
            if _OF_A_PAGE.search(name):
                yield Piece(name_of(path), 1, "nothing")
            elif path not in beside:
                expected = path.suffix.lower() in _SOURCES
                yield from _file(path, rules, named, expected=expected, beside=beside)
        yield from _refused(refused)
    yield from _refused(refused)  # the last of all


def _refused(errors: list[OSError]) -> Iterator[Piece]:
    while errors:
        yield fault(name_of(Path(str(errors.pop(0).filename))), 0, "unreadable")


def _file(
    path: Path, rules: Rules, named: str | None, *, expected: bool, beside: set[Path] | None = None
) -> Iterator[Piece]:
    """The pieces of a file.

    Args:
        expected: it is missed if it gives none, whatever it holds.
        beside: gets the JSON that tells of it, if it is a page.
    """
    name = name_of(path)
    try:
        # Not waiting: a pipe in the place of a file would never answer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                yield from _content(file, status.st_size, path, rules, named, expected, beside)
            else:
                yield fault(name, 0, "unknown_kind")
    except OSError:
        yield fault(name, 0, "unreadable")


def _content(
    file: IO[bytes],
    size: int,
    path: Path,
    rules: Rules,
    named: str | None,
    expected: bool,
    beside: set[Path] | None,
) -> Iterator[Piece]:
    name = name_of(path)
    try:
        stream, head, kind = _unpacked(file)
    except PageFault as error:
        yield fault(name, 0, error.kind)
        return
    columns = rules.columns_for(named)
    if kind == "html" and not _TAG_FIRST.match(head) and is_table(head, columns):
        kind = "table"  # a column of it holds HTML
    if not head.strip():
        yield fault(name, 1, "empty") if expected else Piece(name, 1, "nothing")
    elif kind == "warc":
        file.seek(0)
        yield from read_warc(file, size, name, rules.limit)
    elif kind in ("html", "feed"):
        sidecar = _sidecar_of(path)
        if beside is not None and sidecar is not None:
            beside.add(sidecar)
        yield _whole(stream, name, "page" if kind == "html" else "feed", rules.limit, sidecar)
    elif kind == "jsonl":
        yield from _rows(read_json_lines(stream, name), name)
    elif kind == "json" and _OBJECTS.match(head):
        yield from _rows(read_json(stream, name), name)
    elif kind == "table" and is_table(head, columns):
        yield from _rows(read_table(stream, name, columns), name)
    else:
        yield _unread(path, kind, expected=expected)


def _unpacked(file: IO[bytes]) -> tuple[IO[bytes], bytes, str]:
    """What to read, its first bytes, and what these say it is."""
    stream: IO[bytes] = file
    head = file.read(HEAD)
    file.seek(0)
    kind = kind_of(head)
    if kind == "gzip":
        unpacked = io.BufferedReader(Unpacked(file))
        stream, head = unpacked, unpacked.peek(HEAD)[:HEAD]
        kind = kind_of(head)
    if kind in ("json", "jsonl", "table") and head.startswith(UTF_16):
        recoded = io.BufferedReader(Recoded(stream))
        stream, head = recoded, recoded.peek(HEAD)[:HEAD]
    return stream, head, kind


def _unread(path: Path, kind: str, *, expected: bool) -> Piece:
    name = name_of(path)
    if kind == "table" and path.suffix.lower() in (".csv", ".tsv"):
        return fault(name, 0, "no_columns")
    if kind == "archive":
        return fault(name, 0, "archive")
    if not expected and (kind == "picture" or _NEVER_MISSED.search(path.name)):
        return Piece(name, 1, "nothing")
    return fault(name, 0, "unknown_kind")


def _rows(rows: Iterator[Piece], name: str) -> Iterator[Piece]:
    """The rows, and a fault where their packing breaks."""
    number = 0
    try:
        for row in rows:
            number = row.line
            yield row
    except PageFault as error:
        yield fault(name, number + 1, error.kind)


def _whole(stream: IO[bytes], name: str, kind: Literal["page", "feed"], limit: int, sidecar: Path | None) -> Piece:
    """A page or feed that is a file of its own, with what the JSON beside it says."""
    try:
        data = stream.read(limit + 1)
    except PageFault as error:
        return fault(name, 1, error.kind)
    if len(data) > limit:
        return fault(name, 1, "too_large")
    try:
        url, retrieved = _told(sidecar) if sidecar is not None else (None, None)
        faults: tuple[str, ...] = ()
    except PageFault as error:
        url, retrieved, faults = None, None, (error.kind,)
    return Piece(name, 1, kind, data, url=url, retrieved=retrieved, faults=faults)


def _sidecar_of(page: Path) -> Path | None:
    """The JSON beside a page: ``page.html.json`` or ``page.json``."""
    names = (page.with_name(page.name + ".json"), page.with_suffix(".json"))
    return next((x for x in names if x != page and x.is_file()), None)


def _told(sidecar: Path) -> tuple[str | None, str | None]:
    """Address and moment of retrieval."""
    try:
        with sidecar.open("rb") as file:
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
