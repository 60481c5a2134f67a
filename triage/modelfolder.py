"""The model folder: all that crosses from training to serving, and all that is needed to load a tagger.

``model.json`` names the family, the order of indicators, settings and the SHA-256 of every other file the tagger reads;
``indicators.toml`` is the scheme it was trained for; ``calibration.json`` holds calibration and thresholds. Weights and
vocabulary belong to the family. A model card, metrics and plots may lie beside them, and ``compiled/``, from which the same
answers are computed faster: its files are checked too, but are no part of the version.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from triage.wire import parse_json, problems_of

FORMAT = 1
MANIFEST = "model.json"
SCHEME = "indicators.toml"
CALIBRATION = "calibration.json"


class BrokenModel(RuntimeError):
    """A model folder is missing, incomplete, changed or of another format; the message says what to do."""


class _Agreement(BaseModel):
    """How what was compiled agrees with the weights, in one precision; see `training.compile`."""

    model_config = ConfigDict(strict=True, extra="allow", hide_input_in_errors=True)
    precision: str
    holds: bool


class _Compiled(BaseModel):
    """What was compiled, with checksums."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
    files: dict[str, str]
    agreements: list[_Agreement]


class _Manifest(BaseModel):
    """What ``model.json`` must say for the rest of it to be read; a family may say more."""

    model_config = ConfigDict(strict=True, extra="allow", hide_input_in_errors=True)
    name: str
    version: str
    family: str
    scheme: dict[str, Any]
    settings: dict[str, Any]
    highlights: dict[str, Annotated[float, Field(allow_inf_nan=False)]]
    familiarity: Annotated[float, Field(allow_inf_nan=False)]
    files: dict[str, str]
    compiled: _Compiled | None = None
    about: dict[str, Any] = Field(default_factory=dict)


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def write_json(path: Path, value: Any) -> None:
    """Readable JSON in UTF-8, stable from run to run."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8", newline="\n")


def write_manifest(folder: Path, manifest: dict[str, Any], files: list[str]) -> None:
    """Write ``model.json``, with checksums of `files` and a version made from them.

    The version is the hash of what decides the answers, so equal models have equal versions.
    """
    checksums = {name: sha256_of(folder / name) for name in sorted(files)}
    answers = json.dumps([manifest["family"], manifest["settings"], checksums], sort_keys=True)
    version = hashlib.sha256(answers.encode()).hexdigest()[:12]
    write_json(folder / MANIFEST, {"format": FORMAT, "version": version, **manifest, "files": checksums})


def note_compiled(folder: Path, files: list[str], agreements: list[dict[str, Any]]) -> None:
    """Note in the manifest what was compiled, if anything, and how its answers compare with those of the weights."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    manifest.pop("compiled", None)
    if files:
        checksums = {name: sha256_of(folder / name) for name in sorted(files)}
        manifest["compiled"] = {"files": checksums, "agreements": agreements}
    write_json(folder / MANIFEST, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder, after checking every file it names.

    Raises:
        BrokenModel: see the class.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = parse_json(path.read_bytes())
    except FileNotFoundError:
        raise BrokenModel(
            f"no model in {folder}: {MANIFEST} is missing; name a model folder or run `make train`"
        ) from None
    except (OSError, ValueError) as error:
        raise BrokenModel(f"{path} cannot be read ({type(error).__name__}); restore the model folder") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BrokenModel(f"{path} is not of format {FORMAT}; use the Tegn version that made it, or train again")
    required = {name for name, field in _Manifest.model_fields.items() if field.is_required()}
    missing = required - manifest.keys()
    if missing:
        raise BrokenModel(f"{path} lacks {', '.join(sorted(missing))}; restore the model folder")
    try:
        _Manifest.model_validate(manifest)
    except ValidationError as error:
        wrong = "; ".join(f"{place}: {problem}" for place, problem in problems_of(error))
        raise BrokenModel(f"{path} is damaged ({wrong}); restore the model folder") from None
    for name, expected in (manifest["files"] | manifest.get("compiled", {}).get("files", {})).items():
        file = folder / name
        if not file.is_file():
            raise BrokenModel(f"{file} is missing; restore the model folder")
        if sha256_of(file) != expected:
            raise BrokenModel(f"{file} is not the file the model was saved with; restore the model folder")
    return manifest
