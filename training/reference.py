"""Makes the reference of a model folder: what the texts and answers it was measured on look like."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from triage.assessment import Assessment
from triage.loading import load
from triage.reference import DECISIONS, FEATURES, Bins, Profile, Reference
from triage.tagger import Tagger
from triage.text import Document

LEAST = 50
"""Fewer texts of a kind tell nothing, and the kind is left out."""


class TooFewTexts(ValueError):
    """No kind of text has enough; the message says how many are needed."""


def profile_of(tagger: Tagger, assessments: Sequence[Assessment]) -> Profile:
    """What the texts of one kind look like."""
    measures = [x.measures for x in assessments if x.measures is not None]
    decisions: dict[str, list[int]] = {code: [0] * len(DECISIONS) for code in tagger.scheme.codes}
    for finding in (x for assessment in assessments for x in assessment.findings):
        decisions[finding.code][DECISIONS.index(finding.decision)] += 1
    return Profile(
        texts=len(measures),
        features={name: Bins.of([getattr(x, name) for x in measures]) for name in FEATURES},
        indicators={code: np.array(counts, np.int64) for code, counts in decisions.items()},
    )


def reference_of(tagger: Tagger, documents: Sequence[Document], assessments: Sequence[Assessment]) -> Reference:
    """The reference of assessed documents.

    Raises:
        TooFewTexts: see the class.
    """
    by_kind: dict[str, list[Assessment]] = {}
    for document, assessment in zip(documents, assessments, strict=True):
        by_kind.setdefault(document.kind, []).append(assessment)
    enough = {kind: profile_of(tagger, found) for kind, found in sorted(by_kind.items()) if len(found) >= LEAST}
    if not enough:
        raise TooFewTexts(f"a reference takes at least {LEAST} texts of a kind; name more files")
    return Reference(tagger.version, enough)


def write_reference(
    folder: Path, tagger: Tagger, documents: Sequence[Document], assessments: Sequence[Assessment]
) -> None:
    """Put the reference into a model folder that is being made; none where the texts are too few, as in a trial."""
    with suppress(TooFewTexts):
        reference_of(tagger, documents, assessments).save(folder)


def add_reference(folder: Path, documents: Sequence[Document]) -> Reference:
    """Tag documents with the model of a folder and put their reference into it; the model's version stays.

    Raises:
        BrokenModel: the folder cannot be loaded.
        TooFewTexts: see the class.
    """
    tagger = load(folder)
    assessments = [tagger([document], check=False)[0] for document in tqdm(documents, unit="text", desc="reference")]
    reference = reference_of(tagger, documents, assessments)
    reference.save(folder)
    return reference
