"""The one door to MLflow: runs, parameters, metrics, plots and model folders. No text of a document ever goes through it."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a machine with case texts calls nobody

import mlflow

HOME = Path(".mlflow")
EXPERIMENT = "tegn"


class UnknownRun(LookupError):
    """No such run in the tracking database."""


def _connect() -> None:
    """Use ``MLFLOW_TRACKING_URI``, or a SQLite database in the working folder."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        HOME.mkdir(exist_ok=True)
        mlflow.set_tracking_uri(f"sqlite:///{(HOME / 'mlflow.db').resolve()}")
    if mlflow.get_experiment_by_name(EXPERIMENT) is None:
        local = mlflow.get_tracking_uri().startswith("sqlite:")
        location = (HOME / "artifacts").resolve().as_uri() if local else None
        mlflow.create_experiment(EXPERIMENT, artifact_location=location)
    mlflow.set_experiment(EXPERIMENT)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as dotted names."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat


class Run:
    """An open MLflow run."""

    def __init__(self, run_id: str) -> None:
        self.id = run_id

    def parameters(self, values: Mapping[str, Any]) -> None:
        """Record settings and checksums."""
        mlflow.log_params({name: str(value)[:6000] for name, value in flatten(values).items()})

    def metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Record the numbers among the values; what is not a finite number is left out."""
        numbers = {
            name.replace(":", "."): float(value)
            for name, value in flatten(values).items()
            if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        }
        mlflow.log_metrics(numbers, step=step)

    def folder(self, path: Path, name: str) -> None:
        """Keep a folder of files."""
        mlflow.log_artifacts(str(path), artifact_path=name)


@contextmanager
def start_run(name: str, description: str) -> Iterator[Run]:
    """An MLflow run; marked failed if the block raises."""
    _connect()
    with mlflow.start_run(run_name=name, description=description, log_system_metrics=False) as active:
        yield Run(active.info.run_id)


def model_folder_of(run_id: str) -> Path:
    """A local copy of the model folder that a run kept.

    Raises:
        UnknownRun: there is no such run, or it kept no model.
    """
    _connect()
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="model"))
    except Exception as error:  # MLflow raises many kinds for one cause
        raise UnknownRun(f"no model of a run {run_id!r} in {mlflow.get_tracking_uri()}") from error
