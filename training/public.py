"""Public labelled Danish sets in the format of the pipeline, so that its results stand beside published numbers.

A set becomes documents of kind `note` and an indicator file with one indicator per class. These sets label whole texts, so
each label has one span over all of its text: figures about evidence mean nothing here. Official test texts are kept whole;
a text that stands in them too, save for capitals and punctuation, is left out of the others. The score is the one the set
is published with, from probabilities and flags before the tagger abstains, as the texts are short.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from training import metrics
from training.dataset import SPLITS, checksum, read_labelled, to_jsonl
from training.evaluation import predict
from training.metrics import Predictions
from triage.indicators import Scheme, load_scheme
from triage.loading import load
from triage.text import Document, Label, Span
from triage.wire import document_to_json, read_document

SEED = 1
"""Of the splits by hash; another seed makes other splits and figures that cannot be compared."""
INDICATORS = "indicators.toml"
_TEST = "test.jsonl"
_WORD = re.compile(r"\w+")


class CannotConvert(ValueError):
    """The set, its folder or its name is wrong; the message says what to do, by line number, without text."""


class CannotScore(ValueError):
    """The model and the converted set do not belong together; the message says what to do."""


def f1_of_both_classes(predictions: Predictions) -> float:
    """Mean of the F1 of the one indicator and the F1 of its absence (macro F1 of OFF and NOT)."""
    absent = metrics.f1_by_indicator(~predictions.flagged, ~predictions.truth)
    present = metrics.f1_by_indicator(predictions.flagged, predictions.truth)
    return float((present[0] + absent[0]) / 2)


def accuracy(predictions: Predictions) -> float:
    """Share of the documents whose most probable indicator is the right one."""
    best = predictions.probability.argmax(axis=1)
    return float(predictions.truth[range(len(best)), best].mean())


@dataclass(frozen=True)
class PublicSet:
    """How a set is read, split and scored."""

    title: str
    files: Mapping[str, Mapping[str, float]]
    """File name, to the share of its texts in each split; the hash of a text decides."""
    columns: tuple[str, str]
    """Header of the text and of its labels (separated by commas)."""
    classes: Mapping[str, tuple[str, str]]
    """Label in the file, to the Danish and English name of its indicator; the order of the indicators."""
    measure: str
    score: Callable[[Predictions], float]
    published: str
    quoted: bool = True
    """Cells with quotation marks are quoted as in CSV; else a quotation mark is one."""
    negative: str | None = None
    """Label of a text without any class."""
    withdrawn: str | None = None
    """What stands in a row whose text was taken back."""

    def code(self, label: str) -> str:
        """The indicator code of a label."""
        return re.sub(r"[^a-z0-9]+", "_", self.classes[label][1].lower())


SETS: dict[str, PublicSet] = {
    "xed": PublicSet(
        title="XED, Danish projections: emotions of subtitle lines",
        files={"xed_da_clean.tsv": {"train": 0.8, "calibration": 0.1, "test": 0.1}},
        columns=("text", "labels"),
        classes={
            "anger": ("Vrede", "Anger"),
            "anticipation": ("Forventning", "Anticipation"),
            "disgust": ("Afsky", "Disgust"),
            "fear": ("Frygt", "Fear"),
            "joy": ("Glæde", "Joy"),
            "sadness": ("Tristhed", "Sadness"),
            "surprise": ("Overraskelse", "Surprise"),
            "trust": ("Tillid", "Trust"),
        },
        measure="micro F1 over the eight emotions",
        score=metrics.micro_f1,
        published="0.599, linear SVM (Öhman et al. 2020; its averaging and split are not stated)",
    ),
    "dkhate": PublicSet(
        title="DKHate, OffensEval 2020 Danish, subtask A: offensive comments",
        files={
            "offenseval-da-training-v1.tsv": {"train": 0.85, "calibration": 0.15},
            "offenseval-da-test-v1.tsv": {"test": 1.0},
        },
        columns=("tweet", "subtask_a"),
        classes={"OFF": ("Stødende", "Offensive")},
        measure="mean of the F1 of OFF and of NOT",
        score=f1_of_both_classes,
        published="0.812, best of OffensEval 2020 (LT@Helsinki)",
        quoted=False,
        negative="NOT",
        withdrawn="[deleted]",
    ),
    "sib200": PublicSet(
        title="SIB-200, Danish: topics of sentences",
        files={"train.tsv": {"train": 1.0}, "dev.tsv": {"calibration": 1.0}, "test.tsv": {"test": 1.0}},
        columns=("text", "category"),
        classes={
            "science/technology": ("Videnskab og teknologi", "Science technology"),
            "travel": ("Rejser", "Travel"),
            "politics": ("Politik", "Politics"),
            "sports": ("Sport", "Sports"),
            "health": ("Sundhed", "Health"),
            "entertainment": ("Underholdning", "Entertainment"),
            "geography": ("Geografi", "Geography"),
        },
        measure="accuracy of the most probable topic",
        score=accuracy,
        published="0.809, GPT-4 without examples (from the outputs that the set's authors published)",
    ),
}


@dataclass
class Converted:
    """Documents by split, with the number of rows that were taken back and of texts left out for standing in two splits."""

    splits: dict[str, list[Document]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    withdrawn: int = 0
    repeated: int = 0


@dataclass(frozen=True)
class Score:
    """A model's score on the test texts of a set, with its 95 % bootstrap interval by document."""

    value: float
    interval: tuple[float, float]
    texts: int


def public_set(name: str) -> PublicSet:
    """The set of a name.

    Raises:
        CannotConvert: there is none.
    """
    if name not in SETS:
        raise CannotConvert(f"no public set {name!r}; the sets are {', '.join(SETS)}")
    return SETS[name]


def scheme_text(name: str, public: PublicSet) -> str:
    """The indicator file of a set: one neutral indicator per class."""

    def quoted(value: str) -> str:
        return json.dumps(value, ensure_ascii=False)

    lines = [
        f"# {public.title}. Made by `python -m training public {name}`.",
        f"version = {quoted(f'public-{name}-1')}",
        "[sources]",
        "[elements]",
        'sign = { da = "Klasse", en = "Class" }',
        "[forms]",
    ]
    for label, (da, en) in public.classes.items():
        lines += [
            "[[indicator]]",
            f"code = {quoted(public.code(label))}",
            f"da = {quoted(da)}",
            f"en = {quoted(en)}",
            f"definition_da = {quoted(f'Klassen {label} i {name}.')}",
            f"definition_en = {quoted(f'The class {label} of {name}.')}",
            'element = "sign"',
            'strength = "weak"',
            'evidence_base = "practice"',
            'forms = "all"',
            "sources = []",
        ]
    return "\n".join(lines) + "\n"


def _rows(path: Path, public: PublicSet, found: Converted) -> list[tuple[int, str, str]]:
    """(line number, text, labels) of a file; rows taken back are counted.

    Raises:
        CannotConvert: see the class.
    """
    try:
        raw = path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotConvert(
            f"{path} cannot be read ({type(error).__name__}); name the folder that holds {', '.join(public.files)} in UTF-8"
        ) from None
    # Not `splitlines`: a text may hold other line separators than line feeds.
    reader = csv.reader(
        raw.split("\n"),
        delimiter="\t",
        quoting=csv.QUOTE_MINIMAL if public.quoted else csv.QUOTE_NONE,
        strict=public.quoted,
    )
    rows = []
    try:
        header = next(reader)
        places = [header.index(column) for column in public.columns]
        for row in reader:
            if not row:
                continue
            if len(row) == len(header):
                rows.append((reader.line_num, row[places[0]], row[places[1]].strip()))
            elif public.withdrawn is not None and public.withdrawn in row[0]:
                found.withdrawn += 1
            else:
                raise CannotConvert(
                    f"{path.name} line {reader.line_num}: has {len(row)} columns, not {len(header)}; correct the line"
                )
    except (ValueError, csv.Error) as error:
        if isinstance(error, CannotConvert):
            raise
        raise CannotConvert(
            f"{path.name} is not the file of this set: it needs tab-separated columns {' and '.join(public.columns)}"
        ) from None
    return rows


def _document(name: str, number: str, text: str, labels: str, public: PublicSet) -> Document:
    """One document; every label's one span is the whole text.

    Raises:
        ValueError: a label is not known, or there is no text or one with characters that no text has.
    """
    names = [] if labels == public.negative else labels.split(",")
    if any(label not in public.classes for label in names):
        raise ValueError("has a label that this set does not have; name the right set")
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    if start >= end:
        raise ValueError("has no text; remove the line")
    whole = (Span(start, end),)
    marked = tuple(Label(public.code(label), "stated", whole) for label in names)
    document = Document(f"{name}-{number}", "note", text, name, "da", marked)
    return read_document(document_to_json(document), labelled=True)


def _key(text: str) -> str:
    """What makes two texts the same: their words, whatever their capitals and punctuation."""
    return " ".join(_WORD.findall(text.casefold())) or text


def _split_of(key: str, shares: Mapping[str, float]) -> str:
    """The split of a text: where the hash of its key, as a number from 0 to 1, falls among the shares."""
    place = int(hashlib.sha256(f"{SEED}:{key}".encode()).hexdigest()[:12], 16) / 16**12
    reached = 0.0
    for split, share in shares.items():
        reached += share
        if place < reached:
            return split
    return list(shares)[-1]


def convert(name: str, source: Path) -> Converted:
    """The documents of a public set.

    Args:
        name: a key of `SETS`; source: the folder with the set's own files.

    Raises:
        CannotConvert: see the class.
    """
    public = public_set(name)
    found = Converted()
    for file, shares in public.files.items():
        for number, text, labels in _rows(source / file, public, found):
            try:
                document = _document(name, f"{Path(file).stem}-{number}", text, labels, public)
            except ValueError as error:
                raise CannotConvert(f"{file} line {number}: {error}") from None
            found.splits[_split_of(_key(text), shares)].append(document)
    seen: set[str] = set()
    for split in reversed(SPLITS):  # the test texts stay as they are
        kept = [document for document in found.splits[split] if _key(document.text) not in seen]
        found.repeated += len(found.splits[split]) - len(kept)
        found.splits[split] = kept
        seen |= {_key(document.text) for document in kept}
    return found


def write_public(name: str, source: Path, folder: Path) -> Converted:
    """Convert a set into ``train.jsonl``, ``calibration.jsonl``, ``test.jsonl`` and ``indicators.toml``.

    Raises:
        CannotConvert: see the class; or there is something in the folder already.
    """
    public = public_set(name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CannotConvert(f"{folder} is there already; remove it or name another folder")
    found = convert(name, source)
    folder.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        (folder / f"{split}.jsonl").write_text(to_jsonl(found.splits[split]), "utf-8", newline="\n")
    (folder / INDICATORS).write_text(scheme_text(name, public), "utf-8", newline="\n")
    return found


def public_predictions(model: Path, documents: Sequence[Document], scheme: Scheme) -> Predictions:
    """What a model says of the test texts of a set, abstentions left aside.

    Raises:
        BrokenModel: the model folder cannot be loaded.
        CannotScore: the model has other classes, or was not made from this conversion of the set.
    """
    tagger = load(model)
    if tagger.scheme.codes != scheme.codes:
        raise CannotScore(f"{model} does not tag the classes of this set; train it with the set's experiment")
    if tagger.about.get("data", {}).get(f"{_TEST}.test") != checksum(documents):
        # Other splits: it may have learnt from what it would be tested on.
        raise CannotScore(f"{model} was made from other splits than these; convert the set and train again")
    return predict(tagger, documents, tagger.scorer.score(documents))


def score_public(name: str, model: Path, folder: Path, *, resamples: int = 1000) -> Score:
    """A model's score on the test texts of a converted set, by the set's own measure.

    Raises:
        BrokenModel, CannotConvert, CannotScore, InvalidDataset, InvalidScheme: with what to do.
    """
    public = public_set(name)
    if not (folder / INDICATORS).is_file():
        raise CannotConvert(
            f"no converted set in {folder}; make it with `python -m training public {name} SOURCE -o ...`"
        )
    predictions = public_predictions(model, read_labelled(folder / _TEST), load_scheme(folder / INDICATORS))
    if predictions.codes != tuple(public.code(label) for label in public.classes):
        raise CannotScore(f"{folder} holds another set than {name}; name the set it was made from")
    return Score(
        public.score(predictions),
        metrics.interval(predictions, public.score, resamples=resamples, seed=SEED),
        len(predictions.ids),
    )
