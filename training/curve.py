"""Learning curve: what the same experiment reaches with fewer training texts, which tells whether more of them would pay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.evaluation import predict
from training.experiment import Experiment
from training.metrics import overall
from training.pipeline import calibrated, fit, read_texts
from training.tracking import start_run
from triage.indicators import Scheme


@dataclass(frozen=True)
class Point:
    """Quality on the test texts after learning from `texts` training texts."""

    texts: int
    overall: dict[str, dict[str, Any]]


def learning_curve(experiment: Experiment, scheme: Scheme, sizes: Sequence[int], device: str) -> Iterator[Point]:
    """Train on random parts of the training texts, each part inside the next; the last point takes them all.

    Raises:
        InvalidDataset, InvalidExperiment: as `read_texts`.
    """
    texts = read_texts(experiment.data, scheme, experiment.seed)
    order = np.random.default_rng(experiment.seed).permutation(len(texts.train))
    steps = sorted({*(size for size in sizes if size < len(order)), len(order)})
    with start_run(f"{experiment.name}-curve", f"Learning curve. {experiment.description}") as run:
        run.parameters({"experiment": experiment.model_dump(), "data": texts.checksums})
        for size in steps:
            part = [texts.train[i] for i in order[:size]]
            scorer = fit(experiment, scheme, part, device, None)
            tagger = calibrated(experiment, scheme, scorer, texts.calibration, {})
            predictions = predict(tagger, texts.test, scorer.score(texts.test))
            found = overall(predictions, resamples=experiment.evaluation.bootstrap, seed=experiment.seed)
            run.metrics({"curve": found}, step=size)
            yield Point(size, found)
