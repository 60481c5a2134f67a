"""A bar for long work on many documents; there is none where standard error is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tqdm import tqdm

from triage.text import Document

_BLOCK = 32
Answer = TypeVar("Answer")


def watched(
    work: Callable[[Sequence[Document]], Iterable[Answer]], documents: Sequence[Document], what: str
) -> list[Answer]:
    """One answer of `work` for each document, in order; it is asked for some documents at a time.

    Args:
        what: what the bar says is done.
    """
    answers: list[Answer] = []
    with tqdm(total=len(documents), desc=what, unit="text", disable=None) as bar:
        for first in range(0, len(documents), _BLOCK):
            block = documents[first : first + _BLOCK]
            answers += work(block)
            bar.update(len(block))
    return answers
