"""The one door to MLflow: runs, parameters, metrics, plots, model folders and their registry.

No text of a document ever goes through it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a machine with case texts calls nobody

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

HOME = Path(".mlflow")
EXPERIMENT = "tegn"
MODEL = "tegn"
"""Name in the model registry."""


class UnknownRun(LookupError):
    """No such run in the tracking database, or the model it kept is gone."""


class NowhereToTrack(ValueError):
    """Runs cannot be kept; the message says what to do."""


def _connect() -> None:
    """Use ``MLFLOW_TRACKING_URI``, or a SQLite database in the working folder.

    Raises:
        NowhereToTrack: see the class.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        try:
            HOME.mkdir(exist_ok=True)
        except OSError as error:
            raise NowhereToTrack(
                f"the folder {HOME} for runs cannot be made here ({error.strerror}); start in a folder that is open to you"
            ) from None
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


@dataclass(frozen=True)
class Registered:
    """A version in the model registry, with a local copy of its model folder."""

    version: str
    folder: Path


def registered(alias: str) -> Registered | None:
    """The version that an alias names; None if nothing has that alias.

    Raises:
        UnknownRun: the version is there, but its files are gone.
    """
    _connect()
    client = MlflowClient()
    version = _aliases(client).get(alias)
    if version is None:
        return None
    source = client.get_model_version(MODEL, version).source
    try:
        return Registered(version, Path(mlflow.artifacts.download_artifacts(artifact_uri=source)))
    except Exception as error:  # MLflow raises many kinds for one cause
        raise UnknownRun(
            f"the files of version {version} of {MODEL}, alias {alias}, are gone; restore them or move the alias"
        ) from error


def register(run_id: str, tags: Mapping[str, str]) -> str:
    """The version that a run's model has in the registry, made if there is none, with these tags."""
    _connect()
    client = MlflowClient()
    if _model(client) is None:
        client.create_registered_model(MODEL, description="Possible indicators of human trafficking in Danish texts.")
    found = client.search_model_versions(f"name = '{MODEL}' and run_id = '{run_id}'")
    if found:
        version = max(found, key=lambda x: int(x.version)).version
    else:
        source = f"{client.get_run(run_id).info.artifact_uri}/model"
        version = client.create_model_version(MODEL, source, run_id).version
    for name, value in tags.items():
        client.set_model_version_tag(MODEL, str(version), name, value)
    return str(version)


def set_alias(alias: str, version: str) -> None:
    """Let an alias name a version, and no other."""
    MlflowClient().set_registered_model_alias(MODEL, alias, version)


def drop_alias(alias: str, version: str) -> None:
    """Take an alias away if it names this version."""
    client = MlflowClient()
    if _aliases(client).get(alias) == version:
        client.delete_registered_model_alias(MODEL, alias)


def _model(client: MlflowClient) -> Any:
    """The registered model, or None."""
    try:
        return client.get_registered_model(MODEL)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _aliases(client: MlflowClient) -> dict[str, str]:
    """Version by alias."""
    model = _model(client)
    return {} if model is None else {alias: str(version) for alias, version in model.aliases.items()}
