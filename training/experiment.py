"""Experiment files: TOML, strict. A field that is not known or of the wrong type stops the run before it begins."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from triage.pieces import UNIT_HEADS

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)
File = TypeVar("File", bound=BaseModel)
_Share = Annotated[float, Field(gt=0, lt=1)]


class InvalidExperiment(ValueError):
    """An experiment file is missing or wrong; the message names the field."""


class DataConfig(BaseModel):
    """Which texts. Paths are relative to the folder the command is started in."""

    model_config = STRICT
    sets: list[str] = Field(default_factory=list)
    """Data set folders with ``splits.toml``; each gives its own train, calibration and test texts."""
    phrases: str | None = None
    """Folder of contrast phrases, for training only."""
    phrase_variants: Annotated[int, Field(ge=1)] = 1
    """Sentences made of every line of a contrast group."""
    train: list[str] = Field(default_factory=list)
    """Further files of documents (JSON Lines, CSV or Parquet) to learn from."""
    decisions: list[str] = Field(default_factory=list)
    """Exports of analysts' decisions to learn from; texts alike to one that is calibrated or tested on are left out."""
    calibration: list[str] = Field(default_factory=list)
    """Further files of documents (JSON Lines, CSV or Parquet) to calibrate on."""
    test: list[str] = Field(default_factory=list)
    """Further files of documents (JSON Lines, CSV or Parquet) to test on."""
    indicators: str | None = None
    """Another indicator file than the shipped scheme."""


class LinearConfig(BaseModel):
    """TF-IDF of word and character n-grams with one logistic regression per indicator."""

    model_config = STRICT
    family: Literal["linear"]
    units: Literal["sentence", "text"] = "sentence"
    """Score sentences (windows in ads) and add them up, or the whole text at once."""
    word_ngrams: Annotated[list[int], Field(min_length=2, max_length=2)] = Field(default_factory=lambda: [1, 2])
    char_ngrams: Annotated[list[int], Field(min_length=2, max_length=2)] = Field(default_factory=lambda: [3, 5])
    min_count: Annotated[int, Field(ge=1)] = 2
    """An n-gram must stand in at least this many training units."""
    max_features: Annotated[int, Field(ge=1)] = 60_000
    """The most frequent n-grams are kept."""
    c: Annotated[float, Field(gt=0)] = 4.0
    """Inverse strength of L2 regularisation of the indicators' weights."""
    state_c: Annotated[float, Field(gt=0)] = 4.0
    """The same for the states' weights."""
    positive_weight: Annotated[float, Field(gt=0)] = 4.0
    """Weight of a unit that speaks of the indicator, against 1 for one that does not."""
    unmarked_weight: Annotated[float, Field(ge=0, le=1)] = 0.3
    """Weight of an unmarked unit in a text that is marked elsewhere: annotators mark enough, not all."""
    spans_as_units: bool = True
    """Learn from the marked words alone too, as short examples."""


class EncoderConfig(BaseModel):
    """A `transformers` encoder with one of the heads of `triage.evidence`."""

    model_config = STRICT
    family: Literal["encoder"]
    encoder: str
    """A folder, or a name on the Hugging Face Hub for those who can reach it."""
    random_weights: bool = False
    """Take only the encoder's shape and vocabulary: the control that tells what pre-training is worth."""
    head: Literal["unit_evidence", "unit_soft", "label_attention", "cls"] = "unit_evidence"
    max_tokens: Annotated[int, Field(ge=16)] = 160
    """Longest input in tokens, context and special tokens included."""
    context_units: Annotated[int, Field(ge=0, le=4)] = 2
    """Units before its own that a unit may see (only for heads that read units)."""
    context_layer: Annotated[int, Field(ge=0)] = 0
    """Layer of the encoder above which a unit sees them, as they are there when read by themselves (BERT encoders; each
    token is computed once); 0: from the first layer on, as one sequence with the unit."""
    members: Annotated[int, Field(ge=1)] = 1
    """Trainings that begin as the same network and read the texts in other orders; the mean of their weights is the model."""
    epochs: Annotated[int, Field(ge=1)] = 12
    batch_documents: Annotated[int, Field(ge=1)] = 8
    learning_rate: Annotated[float, Field(gt=0)] = 5e-5
    head_learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: _Share = 0.1
    """Part of the steps in which the learning rate rises."""
    span_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the span loss; chosen on sufficiency, not on agreement with the marks."""
    state_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the loss on states."""
    unit_weight: Annotated[float, Field(ge=0)] = 0.5
    """Weight of the loss on units that hold a mark."""
    frozen_layers: Annotated[int, Field(ge=0)] = 0
    """How many of the encoder's first layers stay as they were pre-trained (BERT-like encoders)."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Of the encoder's states; drawing it is dear on a CPU, and `token_masking` does much of its work."""
    token_masking: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Part of the tokens hidden at random in training."""
    augmentation: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Part of the texts that an epoch reads with typing errors, without Danish letters, in capitals or the like."""
    other_sex: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Part of the texts that an epoch reads with the sexes exchanged, so that neither is learnt as a sign."""
    joining: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Part of the steps that read several texts as one, so that long texts are not flagged for their length."""
    dev_share: _Share = 0.1
    """Part of the training texts that decides when to stop; never calibration texts."""
    patience: Annotated[int, Field(ge=1)] = 3
    """Epochs without a better dev score before training stops."""
    keep: Literal["best", "last"] = "best"
    """The epoch with the best dev score, or the last one: a small dev set chooses by luck."""
    contrast_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Part of the contrast phrases that state nothing which an epoch reads; those that state something are all read."""
    stated_doubt: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Taken from the logit of the state `stated` after training: what is denied or asked is flagged less often by mistake."""

    @model_validator(mode="after")
    def _late_context_of_units(self) -> Self:
        if self.context_layer and (self.head not in UNIT_HEADS or not self.context_units):
            raise ValueError("context_layer needs a head that reads units, and context_units of at least 1")
        return self


class CalibrationConfig(BaseModel):
    """How probabilities become decisions."""

    model_config = STRICT
    recall: _Share = 0.9
    """Recall that `look` promises for each indicator."""
    confidence: _Share = 0.9
    """Probability with which the promise holds."""
    look_floor: Annotated[float, Field(ge=0, lt=1)] = 0.01
    """`look` never begins below this probability; where that breaks the promise, the status says so."""
    precision: _Share = 0.7
    """Precision that `flag` aims at."""
    flag_rule: Literal["precision", "f1"] = "precision"
    """Where `flag` begins: at the precision above, or where F1 on calibration texts is best."""


class EvaluationConfig(BaseModel):
    """How results are reported."""

    model_config = STRICT
    bootstrap: Annotated[int, Field(ge=100)] = 1000
    """Resamples of documents for the 95 % intervals."""
    review_budget: _Share = 0.2
    """Share of texts a team can read: recall is reported when it reads those with the highest priority first."""


class Experiment(BaseModel):
    """One training run."""

    model_config = STRICT
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    description: Annotated[str, Field(min_length=1)]
    seed: int = 1
    data: DataConfig
    model: LinearConfig | EncoderConfig = Field(discriminator="family")
    calibration: CalibrationConfig = CalibrationConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def alone(self) -> Experiment:
        """The experiment with a single training, where several are averaged."""
        if self.model.family == "linear":
            return self
        return self.model_copy(update={"model": self.model.model_copy(update={"members": 1})})


class StartConfig(BaseModel):
    """Where pre-training starts."""

    model_config = STRICT
    kind: Literal["random", "bundled", "encoder"]
    """Random weights; the encoder that an installed package carries, its vocabulary cut to Danish; or a folder or Hub name."""
    encoder: str = ""
    """The folder or Hub name, for kind encoder."""
    vocabulary: Annotated[int, Field(ge=1000, le=65_535)] = 32_000
    layers: Annotated[int, Field(ge=1)] = 12
    width: Annotated[int, Field(ge=32)] = 384
    """Of the hidden states, for random weights."""
    heads: Annotated[int, Field(ge=1)] = 12


class CorpusConfig(BaseModel):
    """One source of text."""

    model_config = STRICT
    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    path: str
    weight: Annotated[float, Field(gt=0)] = 1.0
    """How often its text is drawn, against 1 for drawn in proportion to its size."""


class Pretraining(BaseModel):
    """One pre-training run."""

    model_config = STRICT
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    description: Annotated[str, Field(min_length=1)]
    seed: int = 1
    start: StartConfig
    corpus: list[CorpusConfig] = Field(default_factory=list)
    sets: list[str] = Field(default_factory=list)
    """Data set folders whose training texts (never others) are learnt from too."""
    sets_weight: Annotated[float, Field(gt=0)] = 3.0
    vocabulary_characters: Annotated[int, Field(ge=1000)] = 8_000_000
    """Characters of each source that a vocabulary is made from."""
    tokens: Annotated[int, Field(ge=0)]
    """Tokens to see in all; with 0 the start is only put in place, its vocabulary cut if it is to be."""
    sequence: Annotated[int, Field(ge=16, le=512)] = 256
    batch_tokens: Annotated[int, Field(ge=256)] = 8192
    learning_rate: Annotated[float, Field(gt=0)] = 3e-4
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: _Share = 0.05
    decay: _Share = 0.3
    """Last part of the steps, in which the learning rate falls to nothing."""
    frozen: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """First part of the steps, in which only the new head learns."""
    masking: _Share = 0.3
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Of the encoder's states; with more text than is seen twice it only slows."""
    compile: bool = False
    """Compile the model on a GPU."""
    report_every: Annotated[int, Field(ge=1)] = 200
    """Steps between measurements on held-out text."""
    save_minutes: Annotated[float, Field(gt=0)] = 5.0


def read_pretraining(path: Path) -> Pretraining:
    """The pre-training experiment of a TOML file.

    Raises:
        InvalidExperiment: see the class.
    """
    return read_file(path, Pretraining)


def read_experiment(path: Path) -> Experiment:
    """The experiment of a TOML file.

    Raises:
        InvalidExperiment: see the class.
    """
    return read_file(path, Experiment)


def read_file(path: Path, kind: type[File]) -> File:
    """A TOML file as one of the kinds of experiment.

    Raises:
        InvalidExperiment: see the class.
    """
    try:
        return kind.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise InvalidExperiment(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidExperiment(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        lines = [f"  {'.'.join(str(x) for x in item['loc'])}: {item['msg']}" for item in error.errors()]
        raise InvalidExperiment(f"{path} is not a valid experiment:\n" + "\n".join(lines)) from None


def with_decisions(experiment: Experiment, files: Sequence[Path]) -> Experiment:
    """The experiment, learning from these exports of analysts' decisions too."""
    data = experiment.data.model_copy(update={"decisions": [*experiment.data.decisions, *map(str, files)]})
    return experiment.model_copy(update={"data": data})


def with_values(experiment: Experiment, values: Mapping[str, Any]) -> Experiment:
    """The experiment with fields replaced by dotted name.

    Raises:
        InvalidExperiment: a field is not known or a value is not allowed.
    """
    settings = experiment.model_dump()
    for name, value in values.items():
        *path, last = name.split(".")
        place = settings
        for part in path:
            place = place.get(part) if isinstance(place, dict) else None  # type: ignore[assignment]
        if not isinstance(place, dict) or last not in place:
            raise InvalidExperiment(
                f"the experiment has no field {name!r}; fields are named like 'model.learning_rate'"
            )
        place[last] = value
    try:
        return Experiment.model_validate(settings)
    except ValueError as error:
        raise InvalidExperiment(f"the experiment does not allow {dict(values)}: {error}") from None
