"""The set of texts with entities marked: for measuring what finds phone numbers, prices, places and the like.

A folder holds ``types.toml`` (what is marked), ``texts/*.md`` (markup of `training.entitymarks`), ``data/test.jsonl`` (built),
and ``README.md`` (the card). Once annotated twice, ``agreement/`` keeps both annotations as they were.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from training import agreement, card, croissant, datastats
from training.card import Agreement
from training.dataset import SPLITS, Dataset, InvalidDataset
from training.entitymarks import SHAPES, MarkedEntity, parse_entities
from training.markup import InvalidMarkup, WrittenText, parse_markup
from training.plots import bar_plot
from triage.modelfolder import write_json
from triage.text import Document

TYPES = "types.toml"
PLOT = "types.png"
_SPLIT = "test"


@dataclass(frozen=True, slots=True)
class EntityText:
    """A text and what is marked in it, in order."""

    document: Document
    entities: tuple[MarkedEntity, ...]


def is_entity_set(folder: Path) -> bool:
    """Whether a data set folder is of this kind."""
    return (folder / TYPES).is_file()


def read_types(folder: Path) -> dict[str, dict[str, str]]:
    """What is marked, as ``types.toml`` tells: `mark` and `value` of each type.

    Raises:
        InvalidDataset: the file cannot be read or does not tell of exactly the types there are.
    """
    try:
        types = tomllib.loads((folder / TYPES).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidDataset([f"{folder.name}/{TYPES} cannot be read: {error}"]) from None
    if set(types) != set(SHAPES) or any(set(x) != {"mark", "value"} for x in types.values()):
        raise InvalidDataset([f"{folder.name}/{TYPES} must give mark and value of {', '.join(SHAPES)}"])
    return types


def read_texts(paths: Iterable[Path]) -> list[EntityText]:
    """The texts of markup files.

    Raises:
        InvalidDataset: a file breaks the markup, or an id stands twice; every problem is named.
    """
    texts: dict[str, EntityText] = {}
    problems: list[str] = []
    for path in paths:
        try:
            written = parse_markup(path.read_text("utf-8"))
        except (OSError, UnicodeDecodeError, InvalidMarkup) as error:
            problems.append(f"{path.name}: {error}")
            continue
        for one in written:
            name = one.document.id
            try:
                text, entities = parse_entities(one.document.text)
            except InvalidMarkup as error:
                problems.append(f"{path.name}: {name}: {error}")
                continue
            if name in texts:
                problems.append(f"{path.name}: the id {name} stands twice")
            if one.document.labels:
                problems.append(f"{path.name}: {name}: indicators are not marked in this set")
            texts[name] = EntityText(replace(one.document, text=text, labels=()), entities)
    if problems:
        raise InvalidDataset(problems)
    return list(texts.values())


def read_folder(folder: Path) -> list[EntityText]:
    """All texts of a folder, by file.

    Raises:
        InvalidDataset: as `read_texts`.
    """
    return read_texts(sorted((folder / "texts").glob("*.md")))


def as_dataset(folder: Path) -> Dataset:
    """The texts of a folder without their marks, to be compared with those of other sets.

    Raises:
        InvalidDataset: as `read_texts`.
    """
    texts = tuple(WrittenText(x.document, x.document.id) for x in read_folder(folder))
    return Dataset(folder.name, {**dict.fromkeys(SPLITS, ()), _SPLIT: texts})


def to_jsonl(texts: Iterable[EntityText]) -> str:
    """JSON Lines: ``id``, ``kind``, ``text`` and ``entities``, offsets in code points."""
    return "".join(json.dumps(_record(x), ensure_ascii=False) + "\n" for x in texts)


def _record(text: EntityText) -> dict[str, Any]:
    entities = [
        {"type": x.type, "start": x.span.start, "end": x.span.end, "value": x.value, "disguised": x.disguised}
        for x in text.entities
    ]
    return {"id": text.document.id, "kind": text.document.kind, "text": text.document.text, "entities": entities}


def describe(folder: Path, texts: Sequence[EntityText]) -> dict[str, Any]:
    """Marks of each type, and the measures of variety that every set has."""
    marks = [(x.document.id, entity) for x in texts for entity in x.entities]
    types = {
        name: {
            "marks": sum(e.type == name for _, e in marks),
            "disguised": sum(e.type == name and e.disguised for _, e in marks),
            "values": len({e.value for _, e in marks if e.type == name}),
            "texts": len({id_ for id_, e in marks if e.type == name}),
        }
        for name in read_types(folder)
    }
    sources = [x.document.source or "" for x in texts]
    return {
        "name": folder.name,
        "texts": len(texts),
        "ads": sum(x.document.kind == "ad" for x in texts),
        "notes": sum(x.document.kind == "note" for x in texts),
        "without_marks": sum(not x.entities for x in texts),
        "types": types,
        "sources": {x: sources.count(x) for x in sorted(set(sources), key=lambda x: (-sources.count(x), x))},
        **datastats.describe_texts([WrittenText(x.document, x.document.id) for x in texts], natural=True),
    }


def as_markdown(folder: Path, stats: dict[str, Any]) -> str:
    """Rules of annotation and statistics as tables for people."""
    rules = [f"| `{name}` | {x['mark']} | {x['value']} |" for name, x in read_types(folder).items()]
    rows = [f"| `{name}` | {' | '.join(str(n) for n in x.values())} |" for name, x in stats["types"].items()]
    return "\n".join(
        [
            "### What is marked",
            "",
            "| type | one mark | its value |\n|---|---|---|",
            *rules,
            "",
            "### Statistics",
            "",
            f"{stats['texts']} texts: {stats['ads']} ads, {stats['notes']} case notes; {stats['without_marks']} without a mark.",
            "",
            "| type | marks | of these disguised | different values | texts |\n|---|---:|---:|---:|---:|",
            *rows,
            "",
            *datastats.prose(stats),
            "Sources: " + ", ".join(f"{source} {count}" for source, count in stats["sources"].items()) + ".",
            "",
            f"![Marks per type]({PLOT})",
        ]
    )


def agreement_of(folder: Path) -> Agreement:
    """The agreement of the two annotations that a folder keeps; of no texts if it was annotated once.

    Raises:
        InvalidDataset: a file breaks the markup, or the two do not hold the same texts.
    """
    place = folder / agreement.FOLDER
    if not place.is_dir():
        return Agreement(texts=0)
    first, second = (read_texts([place / name]) for name in agreement.FILES)
    if [(x.document.id, x.document.text) for x in first] != [(x.document.id, x.document.text) for x in second]:
        raise InvalidDataset([f"{place.name}: the two files must hold the same texts in the same order"])
    return Agreement(
        texts=len(first),
        label_f1=_f1(first, second, lambda x: (x.type, x.value)),
        span_f1=_f1(first, second, lambda x: (x.type, x.span)),
    )


def _f1(first: Sequence[EntityText], second: Sequence[EntityText], key: Callable[[MarkedEntity], Any]) -> float:
    one, other = ({(x.document.id, key(e)) for x in texts for e in x.entities} for texts in (first, second))
    return round(2 * len(one & other) / (len(one) + len(other)), 3) if one or other else float("nan")


def checksums(texts: Iterable[EntityText]) -> dict[str, str]:
    """SHA-256 of each split's lines, as the card holds them."""
    lines = {**dict.fromkeys(SPLITS, ""), _SPLIT: to_jsonl(texts)}
    return {split: hashlib.sha256(raw.encode()).hexdigest() for split, raw in lines.items()}


def build(folder: Path) -> int:
    """Write ``data/test.jsonl``, statistics, plot and the generated parts of the card; returns how many texts there are.

    Raises:
        InvalidDataset: the texts, the types or the annotations are wrong.
        InvalidCard: the card is.
    """
    texts = read_folder(folder)
    card.read_card(folder)  # before anything is written
    stats = describe(folder, texts)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / f"{_SPLIT}.jsonl").write_text(to_jsonl(texts), "utf-8", newline="\n")
    write_json(folder / "stats.json", stats)
    counts = stats["types"]
    series = {
        "plain": [x["marks"] - x["disguised"] for x in counts.values()],
        "disguised": [x["disguised"] for x in counts.values()],
    }
    bar_plot(list(counts), series, folder / PLOT, title=f"{folder.name}: marks of each type")
    generated = as_markdown(folder, stats)
    card.update_card(
        folder, checksum=checksums(texts), agreement=agreement_of(folder), texts=len(texts), generated=generated
    )
    croissant.write(folder, card.read_card(folder))
    return len(texts)


def problems(folder: Path) -> list[str]:
    """What is not built from the markup: data, checksums, agreement, metadata; and types told wrongly."""
    try:
        texts = read_folder(folder)
        read_types(folder)
        expected = agreement_of(folder)
        found = card.read_card(folder)
    except InvalidDataset as error:
        return error.problems
    except card.InvalidCard as error:
        return [str(error)]
    path = folder / "data" / f"{_SPLIT}.jsonl"
    wrong = []
    if not path.is_file() or path.read_text("utf-8") != to_jsonl(texts):
        wrong.append(f"{folder.name}/data/{_SPLIT}.jsonl is not built from the markup; run `data build`")
    if found.tegn.checksum != checksums(texts):
        wrong.append(f"{folder.name}/README.md: the checksums are not those of the data; run `data build`")
    if found.tegn.agreement != expected:
        wrong.append(f"{folder.name}/README.md: the agreement is not that of {agreement.FOLDER}/; run `data build`")
    return wrong + croissant.problems(folder, found)
