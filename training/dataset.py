"""Data set folders: markup texts in, JSON Lines per split out.

A folder holds ``texts/*.md`` (markup, one file per writer and round), ``splits.toml`` (which file belongs to which split),
``data/<split>.jsonl`` (built), and ``README.md`` (the card). Splits are by writer, so no voice is on both sides.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.markup import InvalidMarkup, WrittenText, parse_markup
from training.tables import UnreadableTable, read_csv, read_parquet
from triage.text import Document
from triage.wire import InvalidDocument, MalformedJSON, document_to_json, parse_json, read_document

SPLITS = ("train", "calibration", "test")
DATA_CARDS = Path("data_cards")


class InvalidDataset(ValueError):
    """A data set folder or file breaks its format; `problems` says where."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Dataset:
    """The texts of one folder by split."""

    name: str
    texts: dict[str, tuple[WrittenText, ...]]
    natural: bool = True
    """Written one by one; not made from patterns, nor for one linguistic function each."""

    def documents(self, split: str) -> list[Document]:
        """The documents of a split, in order."""
        return [text.document for text in self.texts[split]]


def folders(root: Path = DATA_CARDS) -> list[Path]:
    """All folders of natural texts below a root, by name."""
    return sorted(path.parent for path in root.glob("*/splits.toml"))


def read_splits(folder: Path) -> dict[str, list[str]]:
    """File names of each split, as ``splits.toml`` gives them.

    Raises:
        InvalidDataset: the file cannot be read, a split is unknown, or a file is in none, in two or missing.
    """
    try:
        splits = tomllib.loads((folder / "splits.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidDataset([f"{folder.name}/splits.toml cannot be read: {error}"]) from None
    if not all(isinstance(files, list) and all(isinstance(x, str) for x in files) for files in splits.values()):
        raise InvalidDataset([f"{folder.name}/splits.toml must give each split a list of file names"])
    problems = [f"{folder.name}: unknown split {name!r}" for name in splits if name not in SPLITS]
    named = [file for files in splits.values() for file in files]
    present = {path.name for path in (folder / "texts").glob("*.md")}
    problems += [f"{folder.name}: {file} is in two splits" for file in sorted({x for x in named if named.count(x) > 1})]
    problems += [f"{folder.name}: {file} is in no split" for file in sorted(present - set(named))]
    problems += [f"{folder.name}: {file} is in a split but not there" for file in sorted(set(named) - present)]
    if problems:
        raise InvalidDataset(problems)
    return {split: splits.get(split, []) for split in SPLITS}


def read_folder(folder: Path) -> Dataset:
    """The data set of a folder, from its markup.

    Raises:
        InvalidDataset: markup or splits are wrong, or an id stands twice.
    """
    problems: list[str] = []
    texts: dict[str, tuple[WrittenText, ...]] = {}
    seen: set[str] = set()
    for split, files in read_splits(folder).items():
        found: list[WrittenText] = []
        for file in files:
            try:
                found += parse_markup((folder / "texts" / file).read_text("utf-8"))
            except (InvalidMarkup, UnicodeDecodeError) as error:
                problems.append(f"{folder.name}/{file}: {error}")
        for text in found:
            if text.document.id in seen:
                problems.append(f"{folder.name}: the id {text.document.id} stands twice")
            seen.add(text.document.id)
        texts[split] = tuple(found)
    if problems:
        raise InvalidDataset(problems)
    return Dataset(folder.name, texts)


def to_jsonl(documents: Iterable[Document]) -> str:
    """JSON Lines of documents, in their order."""
    return "".join(json.dumps(document_to_json(x), ensure_ascii=False) + "\n" for x in documents)


def build(folder: Path, dataset: Dataset) -> dict[str, Path]:
    """Write ``data/<split>.jsonl`` of the splits that have texts; returns the files written."""
    written = {}
    for split in SPLITS:
        path = folder / "data" / f"{split}.jsonl"
        path.parent.mkdir(exist_ok=True)
        if not dataset.texts[split]:
            path.unlink(missing_ok=True)
            continue
        path.write_text(to_jsonl(dataset.documents(split)), "utf-8", newline="\n")
        written[split] = path
    return written


def read_labelled(path: Path) -> list[Document]:
    """Labelled documents of a file: CSV or Parquet by the end of its name, else JSON Lines.

    Raises:
        InvalidDataset: with one problem per bad line (row of Parquet), by number, without text.
    """
    documents: list[Document] = []
    problems: list[str] = []
    seen: set[str] = set()
    try:
        for number, value in _values(path):
            try:
                if isinstance(value, MalformedJSON):
                    raise value
                document = read_document(value, labelled=True)
            except (MalformedJSON, InvalidDocument) as error:
                problems.append(f"{path.name} line {number}: {error}")
                continue
            if document.id in seen:
                problems.append(f"{path.name} line {number}: the id stands twice")
            seen.add(document.id)
            documents.append(document)
    except OSError as error:
        raise InvalidDataset([f"{path} cannot be read: {error.strerror or 'it is damaged'}"]) from None
    except UnreadableTable as error:
        raise InvalidDataset([f"{path} {error}"]) from None
    if problems:
        raise InvalidDataset(problems)
    return documents


def _values(path: Path) -> Iterator[tuple[int, Any]]:
    """The number of each line that is not empty, and its JSON value or what is wrong with it."""
    kind = path.suffix.lower()
    if kind == ".csv":
        yield from read_csv(path.read_bytes())
    elif kind == ".parquet":
        yield from read_parquet(path)
    else:
        lines = path.read_bytes().removeprefix(codecs.BOM_UTF8).split(b"\n")
        yield from ((number, _parsed(line)) for number, line in enumerate(lines, start=1) if line.strip())


def _parsed(line: bytes) -> Any:
    try:
        return parse_json(line)
    except MalformedJSON as error:
        return error


def held_out(file: Path | None = None) -> dict[str, list[Document]]:
    """Documents to compare models on, by source: those of a file, or the test texts of all folders of natural texts.

    Raises:
        InvalidDataset: the file or a folder is wrong.
    """
    if file is not None:
        return {file.name: read_labelled(file)}
    return {folder.name: read_folder(folder).documents("test") for folder in folders()}


def checksum(documents: Iterable[Document]) -> str:
    """Hex SHA-256 of documents in their order: equal data, equal checksum."""
    return hashlib.sha256(to_jsonl(documents).encode()).hexdigest()
