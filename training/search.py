"""Hyperparameter search with Optuna over an experiment file.

A search file names an experiment and the fields to vary. Each trial learns from a part of the training texts and is scored on
the rest by macro average precision; calibration and test texts are never seen. Encoder trials that fall behind the median of
earlier ones after an epoch are stopped. The study is kept in a file: a stopped search goes on with its next trial.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import optuna
from pydantic import BaseModel, Field, model_validator

from training.evaluation import ranking_quality
from training.examples import set_aside
from training.experiment import STRICT, Experiment, read_experiment, read_file, with_values
from training.pipeline import fit, read_texts, scheme_of
from training.tracking import start_run

if TYPE_CHECKING:
    from training.tracking import Run

STUDIES = Path(".search")
"""Studies, a file each."""


class Dimension(BaseModel):
    """One field: either a range or choices."""

    model_config = STRICT

    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    choices: list[Any] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Dimension:
        if self.choices:
            if self.low is not None or self.high is not None or self.log:
                raise ValueError("give either choices or low and high")
        elif self.low is None or self.high is None or self.low >= self.high:
            raise ValueError("give choices, or low and a greater high")
        elif type(self.low) is not type(self.high):
            raise ValueError("low and high must both be whole numbers or both have a decimal point")
        elif self.log and self.low <= 0:
            raise ValueError("with log, low must be above 0")
        return self

    def draw(self, trial: optuna.Trial, name: str) -> Any:
        """The trial's value."""
        if self.choices:
            return trial.suggest_categorical(name, self.choices)
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, float(self.low or 0), float(self.high or 0), log=self.log)


class Search(BaseModel):
    """A search file."""

    model_config = STRICT

    experiment: str
    """The experiment file to start from; its own values are the first trial."""
    seed: int = 1
    dev_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    """Part of the training texts that the trials are scored on."""
    texts: Annotated[int, Field(ge=10)] | None = None
    """Natural training texts to take, drawn at random, where all of them would take too long; all of them if not given."""
    space: Annotated[dict[str, Dimension], Field(min_length=1)]
    """Fields of the experiment by dotted name, such as "model.learning_rate"."""


@dataclass(frozen=True)
class Found:
    """What a search has found so far."""

    trials: int
    """Trials that were finished, stopped early or failed."""
    score: float
    """Best macro average precision on the texts held back."""
    values: dict[str, Any]
    """The fields of the best trial."""


def read_search(path: Path) -> Search:
    """The search of a TOML file.

    Raises:
        InvalidExperiment: it is missing or wrong; the message names the field.
    """
    return read_file(path, Search)


def value_of(experiment: Experiment, name: str) -> Any:
    """The experiment's own value of a field by dotted name; None if there is no such field."""
    place: Any = experiment.model_dump()
    for part in name.split("."):
        place = place.get(part) if isinstance(place, dict) else None
    return place


class _Epochs:
    """Takes what a fine-tuning reports after each epoch, and stops a trial that falls behind."""

    def __init__(self, trial: optuna.Trial) -> None:
        self._trial = trial

    def metrics(self, values: Mapping[str, Any], step: int | None = None) -> None:
        self._trial.report(float(values["dev_macro_ap"]), int(step or 0))
        if self._trial.should_prune():
            raise optuna.TrialPruned


def search(path: Path, *, trials: int, device: str = "auto", studies: Path = STUDIES) -> Found:
    """Run more trials of a search file's study, each a single training; returns the best of all its trials.

    Raises:
        InvalidExperiment, InvalidDataset, InvalidScheme, NoEncoder: nothing was tried.
    """
    config = read_search(path)
    experiment = read_experiment(Path(config.experiment)).alone()
    own = {name: value_of(experiment, name) for name in config.space}
    with_values(experiment, own)
    scheme = scheme_of(experiment)
    texts = read_texts(experiment.data, scheme, experiment.seed)
    if config.texts is not None:
        texts = texts.fewer(config.texts, config.seed)
    learnt, dev = set_aside(texts.train, config.dev_share, np.random.default_rng(config.seed))
    study = _study(path, config, experiment, texts.checksums, studies)
    if not study.trials:
        study.enqueue_trial(own)

    with start_run(f"search-{experiment.name}", f"Optuna over {', '.join(config.space)}.") as run:
        run.parameters({"search": config.model_dump(), "experiment": experiment.model_dump(), "data": texts.checksums})

        def objective(trial: optuna.Trial) -> float:
            values = {name: dimension.draw(trial, name) for name, dimension in config.space.items()}
            changed = with_values(experiment, values)
            reporter: Any = _Epochs(trial)
            return ranking_quality(fit(changed, scheme, learnt, device, reporter), dev, scheme)

        study.optimize(objective, n_trials=trials, callbacks=[_report(run)])
        best = study.best_trial
        run.metrics({"best_macro_ap": best.value})
    return Found(len(study.trials), float(best.value or 0), dict(best.params))


def _study(
    path: Path, config: Search, experiment: Experiment, checksums: Mapping[str, str], studies: Path
) -> optuna.Study:
    """The study of exactly this search, kept on disk."""
    decides = {"search": config.model_dump(), "experiment": experiment.model_dump(), "data": dict(checksums)}
    key = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]
    studies.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        study_name=key,
        storage=f"sqlite:///{(studies / f'{path.stem}.db').resolve()}",
        load_if_exists=True,
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=config.seed, n_startup_trials=5),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1),
    )


def _report(run: Run) -> Any:
    """Sends each trial to MLflow as a step."""

    def note(_: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        numbers = {name: value for name, value in trial.params.items() if isinstance(value, int | float)}
        stopped = trial.state != optuna.trial.TrialState.COMPLETE
        run.metrics(
            {"trial": {"stopped_early": float(stopped), "macro_ap": trial.value or 0.0, **numbers}}, step=trial.number
        )

    return note
