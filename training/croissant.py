"""Croissant metadata (MLCommons, version 1.0) of a data set folder, generated from its card and files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from training.card import Card
from training.dataset import SPLITS
from triage.modelfolder import write_json

FILE = "croissant.json"
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_FIELDS = {
    "id": "Identifier, unique in the set.",
    "kind": "note or ad.",
    "source": "Who writes such a text.",
    "text": "The text; offsets count its Unicode code points.",
}


def describe(folder: Path, card: Card) -> dict[str, Any]:
    """The metadata of a built folder."""
    files = [(split, folder / "data" / f"{split}.jsonl") for split in SPLITS]
    distribution = []
    records = []
    for split, path in files:
        if not path.is_file() or not path.stat().st_size:
            continue
        distribution.append(
            {
                "@type": "cr:FileObject",
                "@id": f"{split}.jsonl",
                "name": f"{split}.jsonl",
                "contentUrl": f"data/{split}.jsonl",
                "encodingFormat": "application/jsonlines",
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
        )
        with path.open(encoding="utf-8") as lines:
            present = json.loads(next(lines))
        records.append(
            {
                "@type": "cr:RecordSet",
                "@id": split,
                "name": split,
                "field": [
                    {
                        "@type": "cr:Field",
                        "@id": f"{split}/{name}",
                        "name": name,
                        "description": about,
                        "dataType": "sc:Text",
                        "source": {"fileObject": {"@id": f"{split}.jsonl"}, "extract": {"column": name}},
                    }
                    for name, about in _FIELDS.items()
                    if name in present
                ],
            }
        )
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": folder.name,
        "description": f"{card.pretty_name}. {card.tegn.origin.capitalize()}.",
        "citeAs": f"{card.pretty_name}, revision {card.tegn.revision}",
        "license": "https://creativecommons.org/licenses/by/4.0/" if card.license == "cc-by-4.0" else card.license,
        "inLanguage": card.language,
        "keywords": card.tags,
        "version": card.tegn.revision.replace("-", "."),
        "datePublished": card.tegn.revision,
        "distribution": distribution,
        "recordSet": records,
    }


def write(folder: Path, card: Card) -> None:
    """Write ``croissant.json`` into a folder."""
    write_json(folder / FILE, describe(folder, card))


def problems(folder: Path, card: Card) -> list[str]:
    """What is wrong with a folder's metadata: not generated from these data, or not valid for mlcroissant."""
    path = folder / FILE
    if not path.is_file() or json.loads(path.read_text("utf-8")) != describe(folder, card):
        return [f"{folder.name}/{FILE} is not generated from these data; run `data build`"]
    import mlcroissant

    try:
        metadata = mlcroissant.Dataset(jsonld=path).metadata
    except mlcroissant.ValidationError as error:
        return [f"{folder.name}/{FILE}: {error}"]
    return [f"{folder.name}/{FILE}: {x}" for x in metadata.ctx.issues.errors]
