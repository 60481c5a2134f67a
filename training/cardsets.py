"""The kinds of data set folder, each read as texts by split, so that they are counted, built and checked alike.

Natural texts have ``splits.toml``; contrast phrases have ``patterns/`` and are for training alone; the functional suite has cases
in ``texts/`` and is for testing alone. The set of entities has ``types.toml`` and is for testing alone too; its marks are of
another kind, so `training.entityset` counts and builds it, and its texts alone are read here.
"""

from __future__ import annotations

from pathlib import Path

from training.behaviour import read_cases
from training.dataset import DATA_CARDS, Dataset, InvalidDataset, read_folder
from training.entityset import as_dataset, is_entity_set
from training.markup import WrittenText
from training.phrases import expand
from triage.indicators import Scheme

VARIANTS = 2
"""Sentences built of each line of a contrast group: four contrasts of 26 groups make some 200 pairs an indicator."""


def set_folders(root: Path = DATA_CARDS) -> list[Path]:
    """All data set folders of any kind below a root, by name."""
    return sorted(path.parent for path in root.glob("*/README.md"))


def read_set(folder: Path, scheme: Scheme) -> Dataset:
    """The texts of a folder of any kind.

    Raises:
        InvalidDataset: with every problem found.
    """
    if (folder / "splits.toml").is_file():
        return read_folder(folder)
    if is_entity_set(folder):
        return as_dataset(folder)
    if (folder / "patterns").is_dir():
        phrases = expand(folder, scheme, variants=VARIANTS, seed=1)
        texts = tuple(WrittenText(document, document.id) for document in phrases)
        return Dataset(folder.name, {"train": texts, "calibration": (), "test": ()}, natural=False)
    if not (folder / "texts").is_dir():
        raise InvalidDataset([f"{folder} is no data set folder; name one that holds texts/ or patterns/"])
    cases = tuple(
        WrittenText(case.document, f"{case.function}-{case.pair}", {"function": case.function})
        for case in read_cases(folder, scheme)
    )
    return Dataset(folder.name, {"train": (), "calibration": (), "test": cases}, natural=False)
