"""The recipe from an experiment file to a model folder, top to bottom."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training import plots
from training.calibrate import fit_calibration
from training.dataset import InvalidDataset, checksum, read_folder, read_labelled
from training.decisions import read_decisions
from training.evaluation import Evaluation, evaluate, predictions, truth_of
from training.experiment import DataConfig, EvaluationConfig, Experiment, InvalidExperiment, Pretraining
from training.metrics import Predictions
from training.modelcard import write_model_card
from training.phrases import PHRASES, expand
from training.progress import watched
from training.reference import write_reference
from training.tracking import Run, start_run
from triage.highlights import HighlightSettings, quote_evidence
from triage.indicators import InvalidScheme, Scheme, load_scheme
from triage.loading import load
from triage.modelfolder import MANIFEST, read_manifest, write_json
from triage.scoring import Scorer, UnitScores, document_probability, unit_hazards
from triage.tagger import Tagger, applicable
from triage.text import Document

if TYPE_CHECKING:
    from training.checkpoint import Checkpoint

WORK = Path(".pretraining")
"""State and tokenised text of pre-training runs, a folder each."""
UNFINISHED = Path(".training")
"""Checkpoints of fine-tunings that are not finished."""
UNFAMILIAR = 99.0
"""Percentile of novelty on calibration texts beyond which a text is unfamiliar."""


@dataclass(frozen=True)
class Texts:
    """The documents of an experiment by split, with the checksum of each source."""

    train: list[Document]
    calibration: list[Document]
    test: list[Document]
    checksums: dict[str, str]
    left_out: tuple[str, ...] = ()
    """Ids of decided texts that are alike to one that is calibrated or tested on."""

    def fewer(self, count: int, seed: int) -> Texts:
        """With a random `count` of the natural training texts, and as large a part of the phrases."""
        natural = [i for i, document in enumerate(self.train) if document.source != PHRASES]
        if count >= len(natural):
            return self
        chance = np.random.default_rng(seed)
        phrases = [i for i, document in enumerate(self.train) if document.source == PHRASES]
        kept = [
            *chance.permutation(natural)[:count],
            *chance.permutation(phrases)[: len(phrases) * count // len(natural)],
        ]
        return replace(self, train=[self.train[i] for i in sorted(kept)])


def scheme_of(experiment: Experiment) -> Scheme:
    """The indicators that an experiment names, or the shipped ones.

    Raises:
        InvalidScheme: its file is missing or wrong.
    """
    file = experiment.data.indicators
    try:
        return load_scheme(Path(file) if file else None)
    except OSError as error:
        raise InvalidScheme(f"{file} cannot be read: {error.strerror}; name another under data.indicators") from None
    except UnicodeDecodeError:
        raise InvalidScheme(f"{file} is not UTF-8; save it as UTF-8") from None


def read_texts(config: DataConfig, scheme: Scheme, seed: int = 1) -> Texts:
    """The documents of an experiment.

    Raises:
        InvalidDataset: a folder or file is wrong, a label is not in the scheme, or a text is in two splits.
        InvalidExperiment: a split has no text.
    """
    splits: dict[str, list[Document]] = {"train": [], "calibration": [], "test": []}
    checksums: dict[str, str] = {}
    for name in config.sets:
        dataset = read_folder(Path(name))
        for split in splits:
            splits[split] += dataset.documents(split)
            checksums[f"{dataset.name}.{split}"] = checksum(dataset.documents(split))
    for split, files in (("train", config.train), ("calibration", config.calibration), ("test", config.test)):
        for file in files:
            found = read_labelled(Path(file))
            splits[split] += found
            checksums[f"{Path(file).name}.{split}"] = checksum(found)
    held_out = splits["calibration"] + splits["test"]
    decided, left_out = read_decisions([Path(file) for file in config.decisions], held_out)
    if config.decisions:
        splits["train"] += decided
        checksums["decisions.train"] = checksum(decided)
    if config.phrases is not None:
        phrases = expand(Path(config.phrases), scheme, variants=config.phrase_variants, seed=seed)
        splits["train"] += phrases
        checksums["phrases.train"] = checksum(phrases)
    if empty := [split for split, documents in splits.items() if not documents]:
        raise InvalidExperiment(f"no texts to use for {', '.join(empty)}; name a set or a file under [data]")
    problems = []
    home: dict[str, str] = {}
    for split, documents in splits.items():
        for document in documents:
            if home.setdefault(document.text, split) != split:
                problems.append(f"{document.id}: the same text is in {home[document.text]} and in {split}")
            problems += [
                f"{document.id}: the indicator {label.indicator!r} is not in the scheme"
                for label in document.labels
                if label.indicator not in scheme.position
            ]
    if problems:
        raise InvalidDataset(problems)
    return Texts(splits["train"], splits["calibration"], splits["test"], checksums, tuple(left_out))


def run_pretraining(config: Pretraining, output: Path, work: Path | None, *, device: str) -> dict[str, float]:
    """Pre-train an encoder into `output`; only the first process of several reports to MLflow.

    Raises:
        ValueError: with what to do.
    """
    from training.pretrain import pretrain

    place = work or WORK / config.name
    place.mkdir(parents=True, exist_ok=True)
    if int(os.environ.get("RANK", "0")):
        return pretrain(config, output, place, device=device)
    with start_run(config.name, config.description) as run:
        run.parameters({"pretraining": config.model_dump()})
        return pretrain(config, output, place, device=device, run=run)


def fit(
    experiment: Experiment,
    scheme: Scheme,
    documents: Sequence[Document],
    device: str,
    run: Run | None,
    checkpoint: Checkpoint | None = None,
) -> Scorer:
    """Train the experiment's model family; torch is imported only for encoders, which go on from a checkpoint if there is one."""
    if experiment.model.family == "linear":
        from training.baseline import fit_linear

        return fit_linear(documents, scheme, experiment.model, seed=experiment.seed)
    from training.averaging import averaged
    from training.finetune import fit_encoder

    model, seed = experiment.model, experiment.seed
    scorers = []
    for member in range(model.members):
        part = None if checkpoint is None else checkpoint.part(f"member-{member}")
        scorers.append(
            fit_encoder(documents, scheme, model, seed=seed, member=member, device=device, run=run, checkpoint=part)
        )
    return averaged(scorers)


def _checkpoint(experiment: Experiment, scheme: Scheme, documents: Sequence[Document]) -> Checkpoint | None:
    """Where a stopped fine-tuning of this experiment goes on; a linear model is made in one go."""
    if experiment.model.family == "linear":
        return None
    from training.checkpoint import Checkpoint

    decides = {"experiment": experiment.model_dump(), "data": checksum(documents), "scheme": scheme.raw}
    return Checkpoint(UNFINISHED, experiment.name, decides)


def calibrated(
    experiment: Experiment, scheme: Scheme, scorer: Scorer, documents: Sequence[Document], about: dict[str, Any]
) -> Tagger:
    """A tagger with calibration, thresholds, highlighting and familiarity chosen on calibration documents."""
    scored = watched(scorer.score, documents, "calibrating")
    applies = np.stack([applicable(scheme, document.kind) for document in documents])
    raw = np.stack([document_probability(unit_hazards(units, len(scheme))) for units in scored]) * applies
    truth = truth_of(documents, scheme)
    return Tagger(
        name=experiment.name,
        version="unsaved",
        scheme=scheme,
        scorer=scorer,
        calibration=fit_calibration(raw, truth, applies, experiment.calibration),
        highlights=choose_highlights(documents, scored, scheme),
        familiarity=float(np.percentile([scorer.novelty(document) for document in documents], UNFAMILIAR)),
        about=about,
    )


def choose_highlights(
    documents: Sequence[Document], scored: Sequence[Sequence[UnitScores]], scheme: Scheme
) -> HighlightSettings:
    """The settings whose quotes agree best with the marked words (character F1) on calibration documents."""
    cases = [
        (document, units, unit_hazards(units, len(scheme)), scheme.position[label.indicator], label.spans)
        for document, units in zip(documents, scored, strict=True)
        for label in document.labels
        if label.state == "stated"
    ]
    best, best_score = HighlightSettings(), -1.0
    for choice in itertools.product((0.02, 0.1, 0.3), (1, 3, 8, 20), (0, 2, 5, 9, 14), (0.2, 0.5)):
        settings = HighlightSettings(*choice)
        hit = said = marked = 0
        for document, units, hazards, index, spans in cases:
            quotes = [x.span for x in quote_evidence(document.text, units, hazards, index, settings)]
            said += sum(x.end - x.start for x in quotes)
            marked += sum(x.end - x.start for x in spans)
            hit += sum(quote.overlap(span) for quote in quotes for span in spans)
        score = 2 * hit / (said + marked) if said + marked else 0.0
        if score > best_score:
            best, best_score = settings, score
    return best


def run_experiment(
    experiment: Experiment, *, output: Path | None = None, device: str = "auto"
) -> tuple[str, Evaluation, Path | None]:
    """Train, calibrate, evaluate, and keep everything in MLflow; also in `output` if given.

    Returns:
        The MLflow run id, the evaluation on the test texts, and the output folder.

    Raises:
        InvalidDataset, InvalidExperiment, InvalidScheme: the input is wrong, or `output` is something else than a model;
            nothing was trained.
    """
    refuse_other(output)
    scheme = scheme_of(experiment)
    texts = read_texts(experiment.data, scheme, experiment.seed)
    with start_run(experiment.name, experiment.description) as run, tempfile.TemporaryDirectory() as scratch:
        run.parameters({"experiment": experiment.model_dump(), "data": texts.checksums, "scheme": scheme.version})
        run.parameters({"decisions_left_out": len(texts.left_out)})
        checkpoint = _checkpoint(experiment, scheme, texts.train)
        scorer = fit(experiment, scheme, texts.train, device, run, checkpoint)
        about = {
            "experiment": experiment.model_dump(),
            "run": run.id,
            "data": texts.checksums,
            "texts": {"train": len(texts.train), "calibration": len(texts.calibration), "test": len(texts.test)},
        }
        tagger = calibrated(experiment, scheme, scorer, texts.calibration, about)
        folder = Path(scratch) / "model"
        tagger.save(folder)
        _copy_encoder_card(experiment, folder)
        # What is evaluated is what was saved, read back as serving reads it.
        saved = load(folder)
        evaluation = evaluate(saved, texts.test, experiment.evaluation, seed=experiment.seed)
        write_report(folder, saved, evaluation)
        answers = saved(texts.calibration, check=False) + evaluation.assessments
        write_reference(folder, saved, texts.calibration + texts.test, answers)
        run.metrics({"test": evaluation.report})
        run.folder(folder, "model")
        if output is not None:
            replace_folder(folder, output)
        if checkpoint is not None:
            checkpoint.done()
        return run.id, evaluation, output


def _copy_encoder_card(experiment: Experiment, folder: Path) -> None:
    """The encoder's card, with the licences that travel with it, beside its weights."""
    if experiment.model.family == "encoder" and (card := Path(experiment.model.encoder) / "README.md").is_file():
        shutil.copyfile(card, folder / "encoder" / "README.md")


def write_report(folder: Path, tagger: Tagger, evaluation: Evaluation) -> None:
    """Metrics, plots and the model card, beside the model."""
    write_json(folder / "metrics.json", without_nan(evaluation.report))
    indicators = {code: row for code, row in evaluation.report["indicators"].items() if row["n"]}
    plots.score_plot(
        list(indicators),
        [row["f1"] for row in indicators.values()],
        [row["interval"][0] for row in indicators.values()],
        [row["interval"][1] for row in indicators.values()],
        folder / "f1.png",
        title="F1 per indicator on test texts, 95 % intervals",
    )
    plots.calibration_plot(evaluation.predictions.probability, evaluation.predictions.truth, folder / "calibration.png")
    write_model_card(folder, tagger, evaluation.report, read_manifest(folder))


def without_nan(value: Any) -> Any:
    """The value with numbers rounded for reading and what is not a number as null."""
    if isinstance(value, dict):
        return {key: without_nan(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(x) for x in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 4) if math.isfinite(value) else None
    return value


def refuse_other(target: Path | None) -> None:
    """Stop before anything is computed where a model folder would take the place of something else.

    Raises:
        InvalidExperiment: a file, or a folder that holds something and no model, is there, or no folder can be made there.
    """
    if target is None or (target / MANIFEST).is_file():
        return
    if not target.exists():
        above = next(x for x in target.absolute().parents if x.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise InvalidExperiment(f"{target} cannot be made, as {above} is no folder open to you; name another")
        return
    if not target.is_dir() or any(target.iterdir()):
        raise InvalidExperiment(f"{target} is there and is no model folder; it is not replaced, name another")


def replace_folder(source: Path, target: Path) -> None:
    """Put a finished folder in the place of another, so that a reader never sees half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh)
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def evaluation_of(folder: Path, documents: Sequence[Document], config: EvaluationConfig) -> Evaluation:
    """The whole evaluation of a model folder on documents."""
    return evaluate(load(folder), documents, config)


def predictions_of(folder: Path, documents: Sequence[Document]) -> Predictions:
    """The predictions of a model folder on documents, without all else that an evaluation measures."""
    return predictions(load(folder), documents)
