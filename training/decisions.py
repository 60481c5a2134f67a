"""What analysts decided, as training texts: the export of the review desk, kept apart from what models are measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from training.dataset import read_labelled
from training.similarity import near_duplicates
from triage.text import Document


def read_decisions(files: Sequence[Path], held_out: Sequence[Document]) -> tuple[list[Document], list[str]]:
    """The texts of exports, and the ids of those left out as they are alike to a text of `held_out`.

    A text that stands in several exports counts once, as the last of them has it: exports are made again as decisions grow.

    Raises:
        InvalidDataset: a file breaks the format.
    """
    if not files:
        return [], []
    latest = {document.id: document for file in files for document in read_labelled(file)}
    decided = {f"decided {id_}": document for id_, document in latest.items()}
    measured = {f"held out {number}" for number in range(len(held_out))}
    # Ids of both sides may be alike, so each gets one of its own to be compared by.
    renamed = [
        *(Document(name, x.kind, x.text) for name, x in decided.items()),
        *(Document(f"held out {number}", x.kind, x.text) for number, x in enumerate(held_out)),
    ]
    alike = {
        one if other in measured else other
        for one, other, _ in near_duplicates(renamed)
        if (one in measured) != (other in measured)
    }
    kept = [document for name, document in decided.items() if name not in alike]
    return kept, sorted(decided[name].id for name in alike)
