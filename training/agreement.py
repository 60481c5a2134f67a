"""How well two annotators agree who marked the same texts without seeing each other's marks.

A data set folder keeps both as they were before any disagreement was settled: ``agreement/first.md`` and
``agreement/second.md``, in markup, with the same texts in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import cohen_kappa_score

from training.card import Agreement
from training.dataset import InvalidDataset
from training.markup import InvalidMarkup, parse_markup
from triage.indicators import Scheme
from triage.tagger import applicable
from triage.text import KINDS, Document

FOLDER = "agreement"
FILES = ("first.md", "second.md")


def read_pair(folder: Path) -> tuple[list[Document], list[Document]] | None:
    """Both annotations of a data set folder; None if it was annotated once.

    Raises:
        InvalidDataset: a file breaks the markup, or the two do not hold the same texts.
    """
    place = folder / FOLDER
    if not place.is_dir():
        return None
    both = []
    for name in FILES:
        try:
            both.append([text.document for text in parse_markup((place / name).read_text("utf-8"))])
        except (OSError, UnicodeDecodeError, InvalidMarkup) as error:
            raise InvalidDataset([f"{folder.name}/{FOLDER}/{name}: {error}"]) from None
    first, second = both
    if [(x.id, x.text) for x in first] != [(x.id, x.text) for x in second]:
        raise InvalidDataset([f"{folder.name}/{FOLDER}: the two files must hold the same texts in the same order"])
    return first, second


def _f1(one: set[Any], other: set[Any]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else float("nan")


def _characters(documents: Sequence[Document]) -> set[tuple[str, str, str, int]]:
    return {
        (document.id, label.indicator, label.state, place)
        for document in documents
        for label in document.labels
        for span in label.spans
        for place in range(span.start, span.end)
    }


def measure(first: Sequence[Document], second: Sequence[Document], scheme: Scheme) -> Agreement:
    """F1 of stated labels, Cohen's kappa over all document-indicator pairs that can occur, and F1 of marked characters.

    Ad indicators can occur in ads only. The span F1 counts a character as agreed on where both marked it with the same
    indicator and state.
    """
    codes = {kind: np.array(scheme.codes)[applicable(scheme, kind)] for kind in KINDS}
    one, other = (
        np.array([code in document.stated() for document in documents for code in codes[document.kind]])
        for documents in (first, second)
    )
    labels = [{(x.id, code) for x in documents for code in x.stated()} for documents in (first, second)]
    return Agreement(
        texts=len(first),
        label_f1=round(_f1(*labels), 3),
        kappa=round(float(cohen_kappa_score(one, other)), 3),
        span_f1=round(_f1(_characters(first), _characters(second)), 3),
    )


def agreement_of(folder: Path, scheme: Scheme) -> Agreement:
    """The agreement of the annotations that a data set folder keeps; of no texts if it was annotated once.

    Raises:
        InvalidDataset: as `read_pair`.
    """
    pair = read_pair(folder)
    return measure(*pair, scheme) if pair else Agreement(texts=0)
