"""The gate of a data set: everything that can be checked by machine before anybody learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training import agreement, croissant, entityset
from training.card import Agreement, InvalidCard, read_card
from training.cardsets import read_set
from training.contentrules import broken_rules
from training.dataset import SPLITS, Dataset, InvalidDataset, checksum, to_jsonl
from training.similarity import near_duplicates, sentences, shared_sentences
from triage.indicators import Scheme
from triage.text import Document


def check_document(document: Document, scheme: Scheme) -> list[str]:
    """What is wrong with one document: codes, offsets, states and content rules."""
    problems = []
    for label in document.labels:
        if label.indicator not in scheme.position:
            problems.append(f"the indicator {label.indicator!r} is not in the scheme")
        elif scheme[label.indicator].element == "ad" and document.kind != "ad":
            problems.append(f"{label.indicator} is marked in ads only")
        if not label.spans:
            problems.append(f"{label.indicator} has no span")
        for span in label.spans:
            quote = document.text[span.start : span.end]
            if quote != quote.strip():
                problems.append(f"the span of {label.indicator} at {span.start} begins or ends with white space")
    return problems + broken_rules(document.text)


def check_leakage(datasets: Sequence[Dataset]) -> list[str]:
    """Texts, scenarios and sentences that stand on both sides of a split, and repeats within one.

    Texts of one scenario may repeat each other: a contrast pair differs in few words.
    """
    problems = []
    scenario_split: dict[tuple[str, str], str] = {}
    scenario_of: dict[str, tuple[str, str]] = {}
    split_of: dict[str, str] = {}
    documents: list[Document] = []
    for dataset in datasets:
        for split in SPLITS:
            for text in dataset.texts[split]:
                split_of[text.document.id] = split
                documents.append(text.document)
                scenario_of[text.document.id] = dataset.name, text.scenario
                home = scenario_split.setdefault((dataset.name, text.scenario), split)
                if home != split:
                    problems.append(f"{dataset.name}: the scenario {text.scenario} is in {home} and in {split}")
    for one, other, similarity in near_duplicates(documents):
        if scenario_of[one] == scenario_of[other]:
            continue
        problems.append(
            f"{one} ({split_of[one]}) and {other} ({split_of[other]}) are near-duplicates ({similarity:.2f})"
        )
    for one, other in shared_sentences(documents):
        if scenario_of[one] == scenario_of[other]:
            continue
        problems.append(f"{one} ({split_of[one]}) and {other} ({split_of[other]}) share a sentence")
    return problems


def check_borders(natural: Sequence[Dataset], made: Sequence[Dataset]) -> list[str]:
    """Sentences that stand on both sides of the border between learning and measuring, mechanical sets included.

    Within phrases, and within the suite, words are repeated on purpose.
    """
    problems = []
    learnt: dict[str, str] = {}
    for dataset in [*natural, *made]:
        for document in dataset.documents("train"):
            learnt.update(dict.fromkeys(sentences(document), document.id))
    for dataset in made:
        for document in dataset.documents("test"):
            for sentence in sentences(document) & learnt.keys():
                problems.append(f"{document.id} (test) and {learnt[sentence]} (train) share a sentence")
    phrases = {id_ for dataset in made for id_ in (x.id for x in dataset.documents("train"))}
    for dataset in natural:
        for split in ("calibration", "test"):
            for document in dataset.documents(split):
                for sentence in sentences(document) & learnt.keys():
                    if learnt[sentence] in phrases:
                        problems.append(f"{document.id} ({split}) and {learnt[sentence]} (train) share a sentence")
    return problems


def check_agreement(folder: Path, found: Agreement, scheme: Scheme) -> list[str]:
    """Whether the card's figures are those of the two annotations kept beside it."""
    try:
        expected = agreement.agreement_of(folder, scheme)
    except InvalidDataset as error:
        return error.problems
    if found != expected:
        return [f"{folder.name}/README.md: the agreement is not that of {agreement.FOLDER}/; run `data build`"]
    return []


def check_built(folder: Path, dataset: Dataset, scheme: Scheme) -> list[str]:
    """Whether ``data/*.jsonl``, the card's checksums and its agreement are those of the markup."""
    problems = []
    for split in SPLITS:
        path = folder / "data" / f"{split}.jsonl"
        if not dataset.texts[split] and not path.exists():
            continue
        if not path.is_file() or path.read_text("utf-8") != to_jsonl(dataset.documents(split)):
            problems.append(f"{dataset.name}/data/{split}.jsonl is not built from the markup; run `data build`")
    try:
        card = read_card(folder)
    except InvalidCard as error:
        return [*problems, str(error)]
    if card.tegn.checksum != {split: checksum(dataset.documents(split)) for split in SPLITS}:
        problems.append(f"{dataset.name}/README.md: the checksums are not those of the data; run `data build`")
    problems += check_agreement(folder, card.tegn.agreement, scheme)
    return problems + croissant.problems(folder, card)


def check_folders(paths: Sequence[Path], scheme: Scheme) -> list[str]:
    """All problems of data set folders, checked alone and against each other; empty if none."""
    problems: list[str] = []
    natural: list[Dataset] = []
    made: list[Dataset] = []
    for path in paths:
        try:
            dataset = read_set(path, scheme)
        except InvalidDataset as error:
            problems += error.problems
            continue
        (natural if dataset.natural else made).append(dataset)
        for split in SPLITS:
            for document in dataset.documents(split):
                problems += [f"{dataset.name}/{document.id}: {x}" for x in check_document(document, scheme)]
        problems += entityset.problems(path) if entityset.is_entity_set(path) else check_built(path, dataset, scheme)
    return problems + check_leakage(natural) + check_borders(natural, made)
