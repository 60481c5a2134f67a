"""A tagger from a model folder, computed by what is there: OpenVINO or torch for encoders, numpy for linear models."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from triage.calibration import Calibration
from triage.highlights import HighlightSettings
from triage.indicators import Scheme, parse_scheme
from triage.modelfolder import CALIBRATION, SCHEME, BrokenModel, read_manifest
from triage.scoring import Scorer
from triage.tagger import Tagger
from triage.unitcache import UnitCache
from triage.wire import parse_json

_HIGHLIGHTS = TypeAdapter(HighlightSettings)


@dataclass(frozen=True)
class Model:
    """What a model folder says of itself, without what computes."""

    name: str
    version: str
    scheme: Scheme
    calibration: Calibration


@dataclass(frozen=True)
class Inference:
    """What computes an encoder, and with what."""

    engine: str = "torch"
    """`torch`; `openvino`, for folders that were compiled; or `auto`, for the second where it can be and else the first."""
    threads: int = 0
    """Of one call of OpenVINO; 0 for as many as there are cores."""
    precision: str = "auto"
    """Of OpenVINO: `f32`, `bf16`, or `auto` for bf16 where the processor has it and the folder says nearly the same in it."""
    cache: int = 0
    """Bytes of scores of units that are kept to be used again; OpenVINO alone."""


def check_model(folder: Path, inference: Inference) -> Model:
    """What a model folder says of itself, after checking that it can be computed here; nothing is loaded.

    Raises:
        BrokenModel: see `load`.
    """
    manifest = read_manifest(folder)
    _computed_by(folder, manifest, inference)
    return _model(folder, manifest)


def _computed_by(folder: Path, manifest: dict[str, Any], inference: Inference) -> str:
    """`numpy` for linear models, `openvino` or `torch` for encoders.

    Raises:
        BrokenModel: the family is not known, or what computes it is not there.
    """
    family = manifest["family"]
    if family == "linear":
        return "numpy"
    if family != "encoder":
        raise BrokenModel(f"{folder} holds a model of the unknown family {family!r}; use the Tegn version that made it")
    name = inference.engine
    if name == "auto":
        name = "openvino" if "compiled" in manifest and find_spec("openvino") else "torch"
    if name == "openvino" and "compiled" not in manifest:
        raise BrokenModel(
            f"{folder} is not compiled; run `python -m training compile {folder}`, or use the engine torch"
        )
    needed = {"openvino": ["openvino"], "torch": ["torch", "transformers"]}[name]
    if missing := [x for x in needed if not find_spec(x)]:
        raise BrokenModel(f"{folder} is computed by {name}, but {missing[0]} is not installed; {_INSTEAD[name]}")
    return name


def _scorer(folder: Path, manifest: dict[str, Any], inference: Inference) -> Scorer:
    """The scorer of a model folder; torch is imported only where it computes."""
    name, settings = _computed_by(folder, manifest, inference), manifest["settings"]
    if name == "numpy":
        from triage.linear import LinearScorer

        return LinearScorer.load(folder, settings)
    if name == "torch":
        from triage.network import load_torch

        return load_torch(folder, settings)
    from triage.compiled import load_compiled

    precision = inference.precision
    agreements = manifest["compiled"]["agreements"]
    if precision == "auto" and not any(x["precision"] == "bf16" and x["holds"] for x in agreements):
        precision = "f32"
    cache = UnitCache(inference.cache) if inference.cache else None
    return load_compiled(folder, settings, threads=inference.threads, precision=precision, cache=cache)


_INSTEAD = {
    "torch": "install it, or run `python -m training compile` on the folder where it is",
    "openvino": "install it, or use the engine torch",
}


def load(folder: Path, inference: Inference = Inference()) -> Tagger:
    """The tagger of a model folder.

    Raises:
        BrokenModel: the folder is missing, incomplete, changed or of another format, or cannot be computed here.
    """
    manifest = read_manifest(folder)
    model = _model(folder, manifest)
    try:
        return Tagger(
            name=model.name,
            version=model.version,
            scheme=model.scheme,
            scorer=_scorer(folder, manifest, inference),
            calibration=model.calibration,
            highlights=_HIGHLIGHTS.validate_python(asdict(HighlightSettings(**manifest["highlights"]))),
            familiarity=manifest["familiarity"],
            about=manifest.get("about", {}),
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BrokenModel(f"{folder} cannot be loaded ({type(error).__name__}: {error}); restore it") from error


def read_model(folder: Path) -> Model:
    """What a model folder says of itself, after checking its files.

    Raises:
        BrokenModel: the folder is missing, incomplete, changed or of another format.
    """
    return _model(folder, read_manifest(folder))


def _model(folder: Path, manifest: dict[str, Any]) -> Model:
    try:
        scheme = parse_scheme((folder / SCHEME).read_text("utf-8"))
        if list(scheme.codes) != manifest["scheme"]["indicators"]:
            raise BrokenModel(f"{folder}: indicator order of {SCHEME} and model.json differ; restore the model folder")
        calibration = Calibration.from_json(parse_json((folder / CALIBRATION).read_bytes()), scheme.codes)
        return Model(manifest["name"], manifest["version"], scheme, calibration)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise BrokenModel(f"{folder} cannot be loaded ({type(error).__name__}: {error}); restore it") from error
