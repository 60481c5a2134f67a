"""Does a score rest on the words that the model names? Words are taken away by rank, and the score is measured again.

Comprehensiveness and sufficiency averaged over shares of words (AOPC; DeYoung et al. 2020, ERASER), each normalised by what
the score falls by when all words are gone, and clipped to 0..1 (Carton et al. 2020); 1 is best for both. The model's own
ranking of words stands between two others: chance, and occlusion (each word taken away alone, ranked by the fall of the
hazard, which orders like the log-odds), which asks the model itself at one scoring a word.

An example is a flagged indicator in its strongest unit. The units that add up to a document's probability are independent, so
the other units' factor cancels when a fall is normalised: the unit's own probability gives the document's figures exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from triage.assessment import FLAG, Assessment
from triage.checks import mask
from triage.scoring import Scorer, UnitScores, unit_hazards
from triage.tagger import Tagger
from triage.text import Document, Span
from triage.units import MAX_WORDS

MOST = 150
"""Flagged indicators that are measured; occlusion costs a scoring for every word of each."""
SHARES = (0.2, 0.5)
"""Parts of a unit's words that are taken away or kept."""
RANKINGS = ("own", "random", "occlusion")
_WORD = re.compile(r"\S+")
_BATCH = 256
"""Masked texts scored in one go."""

Floats = npt.NDArray[np.float64]
Order = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Example:
    """A flagged indicator in its strongest unit."""

    document: Document
    index: int
    """The indicator's position in the scheme."""
    piece: Span
    """The unit with the units it is read with."""
    words: list[Span]
    """The unit's n words, cut at white space."""
    contributions: Floats
    """(n,): what the model says that each word adds to the unit's score."""

    def without(self, words: Sequence[int]) -> Document:
        """The piece with some of the unit's words blanked; offsets and context stay."""
        return mask(self.document, self.piece, [self.words[i] for i in words], keep=False)


def faithfulness_report(
    tagger: Tagger,
    documents: Sequence[Document],
    scored: Sequence[Sequence[UnitScores]],
    assessments: Sequence[Assessment],
    *,
    seed: int,
    most: int = MOST,
) -> dict[str, Any]:
    """Comprehensiveness and sufficiency of the three rankings, over at most `most` flagged indicators.

    Args:
        scored, assessments: what the tagger's scorer and the tagger said of each document.
    """
    generator = np.random.default_rng(seed)
    examples = list(_examples(tagger, documents, scored, assessments))
    if len(examples) > most:
        examples = [examples[i] for i in np.sort(generator.permutation(len(examples))[:most])]
    falls = _occlusion(tagger.scorer, examples)
    orders = {
        "own": [_ranked(x.contributions, generator) for x in examples],
        "random": [generator.permutation(len(x.words)) for x in examples],
        "occlusion": [_ranked(fall, generator) for fall in falls],
    }
    found = {name: _removals(tagger.scorer, examples, orders[name]) for name in RANKINGS}
    comprehensiveness = {name: _mean(found[name][:, 0]) for name in RANKINGS}
    best = comprehensiveness["occlusion"]
    return {
        "examples": len(examples),
        "comprehensiveness": comprehensiveness,
        "sufficiency": {name: _mean(found[name][:, 1]) for name in RANKINGS},
        "share_of_occlusion": comprehensiveness["own"] / best if best > 0 else float("nan"),
    }


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _examples(
    tagger: Tagger,
    documents: Sequence[Document],
    scored: Sequence[Sequence[UnitScores]],
    assessments: Sequence[Assessment],
) -> Iterator[Example]:
    """All flagged indicators whose strongest unit has at least two words, and no more than a unit may have.

    Controls that read a whole text at once are therefore measured on short texts alone.
    """
    for document, units, assessment in zip(documents, scored, assessments, strict=True):
        hazards = unit_hazards(units, len(tagger.scheme))
        for finding in assessment.findings:
            if finding.decision != FLAG:
                continue
            index = tagger.scheme.position[finding.code]
            strongest = int(hazards[:, index].argmax())
            unit = units[strongest]
            words = [Span(*x.span()) for x in _WORD.finditer(document.text, unit.span.start, unit.span.end)]
            if 2 <= len(words) <= MAX_WORDS:
                start = units[max(0, strongest - tagger.scorer.context_units)].span.start
                piece = Span(start, unit.span.end)
                yield Example(document, index, piece, words, by_word(words, unit, index))


def by_word(words: Sequence[Span], unit: UnitScores, index: int) -> Floats:
    """(n,): contributions of a unit's tokens to the indicator at `index`, added up over the n words.

    A token that lies in several words is shared among them by the code points it has in each.
    """
    starts = np.array([x.start for x in words])[:, None]
    ends = np.array([x.end for x in words])[:, None]
    overlap = np.clip(np.minimum(ends, unit.tokens[:, 1]) - np.maximum(starts, unit.tokens[:, 0]), 0, None)
    shares = overlap / np.maximum(overlap.sum(axis=0), 1)
    return np.asarray(shares @ unit.contributions[:, index].astype(np.float64))


def _ranked(values: Floats, generator: np.random.Generator) -> Order:
    """Positions from the largest value to the smallest; equal ones in random order, so that no place is favoured."""
    shuffled = generator.permutation(len(values))
    return shuffled[np.argsort(-values[shuffled], kind="stable")]


def _hazards(scorer: Scorer, examples: Sequence[Example], pieces: Sequence[Document]) -> Floats:
    """(P,): the hazard of each masked piece's unit, context left aside; a unit without a word has none."""
    found = np.zeros(len(pieces))
    for first in tqdm(range(0, len(pieces), _BATCH), desc="removing words", disable=None):
        answers = scorer.score(pieces[first : first + _BATCH])
        for place, answer in enumerate(answers, start=first):
            example = examples[place]
            context = example.words[0].start - example.piece.start
            own = [unit for unit in answer if unit.span.end > context]
            found[place] = unit_hazards(own, len(scorer.bias))[:, example.index].sum()
    return found


def _occlusion(scorer: Scorer, examples: Sequence[Example]) -> list[Floats]:
    """For each example (n,): by how much its hazard falls when one of its n words is gone, up to a constant."""
    every = [(x, word) for x in examples for word in range(len(x.words))]
    hazards = _hazards(scorer, [x for x, _ in every], [x.without([word]) for x, word in every])
    return np.split(-hazards, np.cumsum([len(x.words) for x in examples])[:-1]) if examples else []


def _removals(scorer: Scorer, examples: Sequence[Example], orders: Sequence[Order]) -> Floats:
    """(E, 2): normalised comprehensiveness and sufficiency of each example under a ranking, averaged over `SHARES`."""
    pieces = []
    for x, order in zip(examples, orders, strict=True):
        pieces.append(x.without([]))
        for share in SHARES:
            top = int(np.ceil(share * len(order)))
            pieces += [x.without(order[:top].tolist()), x.without(order[top:].tolist())]
    each = 1 + 2 * len(SHARES)
    owners = [x for x in examples for _ in range(each)]
    probability = -np.expm1(-_hazards(scorer, owners, pieces)).reshape(-1, each)
    full = probability[:, :1]
    # Without any word the unit is gone and its probability is 0, so the most that it can fall by is all of it.
    removed = 1 - probability[:, 1::2] / np.maximum(full, 1e-9)
    kept = probability[:, 2::2] / np.maximum(full, 1e-9)
    return np.stack([np.clip(removed, 0, 1).mean(axis=1), np.clip(kept, 0, 1).mean(axis=1)], axis=1)
