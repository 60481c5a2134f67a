"""Whether a text is in a language the model covers.

py3langid was chosen: offline, 5 MB, right on short Danish texts, and alive. Danish and Norwegian are hard to tell apart in
a line or two, so both count as covered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from triage.text import Document
from triage.units import split_units

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

COVERED = frozenset({"da", "no", "nb", "nn", "fo"})
LIKELY = 0.5
"""A short unit is taken for a covered language from this probability on."""
CERTAIN = 0.9
"""Other languages must be at least this probable before the tagger abstains: together in a note, and a single one in an ad,
as ads mix languages and the tagger has learnt from such."""
MIN_LETTERS = 25
"""Fewer letters tell nothing about the language, ..."""
FEW_LETTERS = 12
"""... but from this many on, a unit that looks Danish is taken for it."""


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def warm_up() -> None:
    """Read the language model from disk now instead of at the first text (about a second)."""
    _identifier()


def _foreign(text: str, kind: str) -> bool:
    if sum(c.isalpha() for c in text) < MIN_LETTERS:
        return False
    others = [float(probability) for language, probability in _identifier().rank(text) if language not in COVERED]
    return (sum(others) if kind == "note" else max(others)) >= CERTAIN


def is_foreign(document: Document) -> bool:
    """Whether the whole text is surely in a language that is not covered.

    A text with foreign quotes is not foreign: one unit that may be Danish is enough, or a short one that looks it.
    """
    if not _foreign(document.text[:5000], document.kind):
        return False
    units = [document.text[unit.start : unit.end] for unit in split_units(document)]
    lengths = [sum(c.isalpha() for c in unit) for unit in units]
    long_enough = [unit for unit, letters in zip(units, lengths, strict=True) if letters >= MIN_LETTERS]
    if not all(_foreign(unit, document.kind) for unit in long_enough[:50]):
        return False
    short = [unit for unit, letters in zip(units, lengths, strict=True) if FEW_LETTERS <= letters < MIN_LETTERS]
    return not any(_looks_covered(unit) for unit in short[:50])


def _looks_covered(text: str) -> bool:
    language, probability = _identifier().rank(text)[0]
    return language in COVERED and float(probability) >= LIKELY
