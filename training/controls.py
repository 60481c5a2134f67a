"""What the design must earn its place against: other heads, the same encoder from random weights, and n-grams.

All learn from the same texts, are calibrated on the same, and are measured on the same test texts, with several seeds each.
Results are kept: a stopped comparison goes on with what is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from training.evaluation import predict
from training.experiment import EncoderConfig, Experiment, InvalidExperiment
from training.metrics import MEASURES
from training.phrases import PHRASES
from training.pipeline import Texts, calibrated, fit, read_texts, scheme_of
from training.tracking import start_run
from triage.indicators import Scheme
from triage.modelfolder import write_json

RESULTS = Path(".controls")
"""Results that are there already, a file each."""
WHOLE_TEXT = 512
"""Tokens that the heads which read whole texts get at once."""
TITLES = {
    "own": "as the experiment has it",
    "sparse": "sparse attention in each unit",
    "joined": "unit and context as one sequence",
    "label_attention": "label attention over the whole text",
    "cls": "first token (CLS) of the whole text",
    "random_weights": "the same encoder from random weights",
    "ngrams": "n-grams with logistic regression",
}
_START, _END = "<!-- controls -->", "<!-- end of controls -->"


@dataclass(frozen=True)
class Result:
    """One training of one variant."""

    variant: str
    seed: int
    texts: int
    """Natural texts that it learnt from."""
    macro_f1: float
    micro_f1: float
    macro_ap: float
    epochs: int | None = None
    """Times that it read them; None for n-grams."""


def variants(experiment: Experiment, baseline: Experiment) -> dict[str, Experiment]:
    """The experiment and its controls by name, each a single training.

    Raises:
        InvalidExperiment: the experiment is none of an encoder, or the baseline is one.
    """
    experiment = experiment.alone()
    model = experiment.model
    if not isinstance(model, EncoderConfig) or isinstance(baseline.model, EncoderConfig):
        raise InvalidExperiment(
            "controls compare an experiment of an encoder with a linear baseline; name them in this order"
        )
    whole = {"max_tokens": max(WHOLE_TEXT, model.max_tokens), "context_layer": 0}

    def changed(**fields: object) -> Experiment:
        return experiment.model_copy(update={"model": model.model_copy(update=fields)})

    found = {"own": experiment}
    if model.head != "unit_evidence":
        found["sparse"] = changed(head="unit_evidence")
    if model.context_layer:
        found["joined"] = changed(context_layer=0)
    return {
        **found,
        "label_attention": changed(head="label_attention", **whole),
        "cls": changed(head="cls", **whole),
        "random_weights": changed(random_weights=True, frozen_layers=0),
        "ngrams": baseline.model_copy(update={"data": experiment.data, "calibration": experiment.calibration}),
    }


def compare_with_controls(
    experiment: Experiment,
    baseline: Experiment,
    *,
    seeds: int,
    texts: int | None = None,
    device: str = "auto",
    results: Path = RESULTS,
) -> Iterator[Result]:
    """Train and measure every variant with every seed; a linear variant has no chance in it and is trained once.

    Args:
        texts: natural training texts to learn from, drawn at random and the same for all; all of them if None.

    Raises:
        InvalidDataset, InvalidExperiment, InvalidScheme: as `read_texts` and `variants`.
    """
    every = variants(experiment, baseline)
    scheme = scheme_of(experiment)
    data = read_texts(experiment.data, scheme, experiment.seed)
    data = data if texts is None else data.fewer(texts, experiment.seed)
    results.mkdir(parents=True, exist_ok=True)
    with start_run(f"{experiment.name}-controls", f"Controls. {experiment.description}") as run:
        run.parameters({"experiment": experiment.model_dump(), "data": data.checksums, "texts": texts or "all"})
        for seed in range(1, seeds + 1):
            for name, variant in every.items():
                if seed > 1 and not isinstance(variant.model, EncoderConfig):
                    continue
                changed = variant.model_copy(update={"seed": seed})
                found = _once(name, changed, data, scheme, device, results)
                run.metrics({name: {key: getattr(found, key) for key, _ in MEASURES}}, step=seed)
                yield found


def _once(name: str, experiment: Experiment, data: Texts, scheme: Scheme, device: str, results: Path) -> Result:
    """One training, or what is kept of it."""
    ids = hashlib.sha256("\n".join(x.id for x in data.train).encode()).hexdigest()
    decides = {"experiment": experiment.model_dump(), "data": data.checksums, "ids": ids, "scheme": scheme.raw}
    place = results / f"{hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]}.json"
    if place.is_file():
        return Result(**json.loads(place.read_text("utf-8")))
    scorer = fit(experiment, scheme, data.train, device, None)
    tagger = calibrated(experiment, scheme, scorer, data.calibration, {})
    predictions = predict(tagger, data.test, scorer.score(data.test))
    natural = sum(document.source != PHRASES for document in data.train)
    measured = {key: measure(predictions) for key, measure in MEASURES}
    epochs = experiment.model.epochs if isinstance(experiment.model, EncoderConfig) else None
    found = Result(name, experiment.seed, natural, **measured, epochs=epochs)
    write_json(place, asdict(found))
    return found


def as_table(found: list[Result]) -> list[str]:
    """Mean of the seeds and their spread, a Markdown line each."""
    lines = ["| variant | seeds | macro F1 | micro F1 | macro AP |", "|---|---:|---:|---:|---:|"]
    by_variant: Mapping[str, list[Result]] = {x.variant: [y for y in found if y.variant == x.variant] for x in found}
    for name, rows in by_variant.items():
        cells = []
        for key, _ in MEASURES:
            values = [getattr(row, key) for row in rows]
            spread = f" ({min(values):.3f} to {max(values):.3f})" if len(values) > 1 else ""
            cells.append(f"{np.mean(values):.3f}{spread}")
        lines.append(f"| {TITLES[name]} | {len(rows)} | {' | '.join(cells)} |")
    return lines


def put_into_card(folder: Path, found: list[Result]) -> None:
    """Write the table into the model card of a folder, in place of an earlier one.

    Raises:
        OSError: the folder has no card.
    """
    place = folder / "README.md"
    card = place.read_text("utf-8")
    section = "\n".join(
        [
            _START,
            "## Controls",
            "",
            f"Each learnt from the same {found[0].texts} natural texts ({found[0].epochs} epochs, but for the n-grams) and was "
            "measured alike; mean and range of the seeds.",
            "",
            *as_table(found),
            _END,
        ]
    )
    if _START in card:
        card = card[: card.index(_START)] + section + card[card.index(_END) + len(_END) :]
    else:
        card = card.replace("\n## Limits\n", f"\n{section}\n\n## Limits\n", 1)
    place.write_text(card, "utf-8", newline="\n")
