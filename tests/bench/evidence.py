"""What evidence costs: over tags alone, and beside SHAP and LIME for the same flags."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.bench import sample
from tests.bench.explainers import lime_seconds, shap_seconds
from tests.bench.plan import Plan
from tests.bench.results import figures
from tests.bench.statistics import interleave, spread
from triage import language
from triage.assessment import FLAG
from triage.entities import find_entities
from triage.loading import load
from triage.priority import rank
from triage.scoring import UnitScores, unit_hazards
from triage.tagger import Tagger
from triage.text import Document

Scored = Sequence[tuple[Document, list[UnitScores]]]


def tags(tagger: Tagger, scored: Scored) -> list[list[str]]:
    """Probabilities and decisions of scored documents: what a classifier says."""
    return [
        [tagger.calibration.decide(i, float(p)) for i, p in enumerate(tagger.probabilities(document, units))]
        for document, units in scored
    ]


def findings(tagger: Tagger, scored: Scored) -> None:
    """The same with evidence, states, mentions and priority, from the same scores."""
    for document, units in scored:
        hazards = unit_hazards(units, len(tagger.scheme))
        found = [
            tagger._find(document, units, hazards, i, float(p))
            for i, p in enumerate(tagger.probabilities(document, units))
        ]
        tagger._mentions(document, units, found)
        rank(found)


def measure(plan: Plan) -> dict[str, Any]:
    """Shares and ratios; each stage is measured by itself in each round, on the same scores."""
    tagger = load(plan.model, plan.inference)
    language.warm_up()
    notes = sample.texts("test")
    rounds = [notes[i :: plan.rounds] for i in range(plan.rounds)]
    rounds = [x[:8] for x in rounds] if plan.quick else rounds
    tagger(rounds[0][:4])
    seconds = interleave(
        {
            "scores": lambda given: _timed(lambda: tagger.scorer.score(given)),
            "tags": lambda given: _after_scoring(tagger, given, tags),
            "findings": lambda given: _after_scoring(tagger, given, findings),
            "abstentions": lambda given: _timed(lambda: [tagger.abstentions(x) for x in given]),
            "entities": lambda given: _timed(lambda: [find_entities(x.text) for x in given]),
            "whole answer": lambda given: _timed(lambda: tagger(given)),
        },
        rounds,
    )
    rows = [dict(zip(seconds, x, strict=True)) for x in zip(*seconds.values(), strict=True)]
    cost = [(x["findings"] - x["tags"]) / (x["scores"] + x["tags"]) for x in rows]
    without_check = [x["scores"] + x["findings"] + x["abstentions"] + x["entities"] for x in rows]
    check = [(x["whole answer"] - y) / y for x, y in zip(rows, without_check, strict=True)]
    sizes = [len(x) for x in rounds]
    return {
        **figures(evidence_cost=spread(cost), check_cost=spread(check)),
        "evidence": {
            "ms_a_text": {
                name: spread([1000 * x / n for x, n in zip(times, sizes, strict=True)])
                for name, times in seconds.items()
            },
            "sample": sample.describe([x for given in rounds for x in given], plan.model),
            "check": "whether the evidence carries the decision: the model reads parts of the text twice more",
        },
    }


def explain(plan: Plan) -> dict[str, Any]:
    """SHAP and LIME beside the evidence of the same flags, note by note; all flags of a note are explained in one go."""
    tagger = load(plan.model, plan.inference)
    language.warm_up()
    rows: list[dict[str, Any]] = []
    for note in _flagged(tagger, sample.texts("test"), 1 if plan.quick else 4):
        scored = [(note, tagger.scorer.score([note])[0])]
        flagged = [i for i, x in enumerate(tags(tagger, scored)[0]) if x == FLAG]
        evidence = _repeated(lambda x=scored: findings(tagger, x)) - _repeated(lambda x=scored: tags(tagger, x))
        row = {
            "flags": len(flagged),
            "characters": len(note.text),
            "evidence": max(evidence, time.get_clock_info("perf_counter").resolution, 1e-6),
            "answer": _repeated(lambda x=note: tagger([x]), 5),
            "shap": shap_seconds(tagger, note, flagged, 50 if plan.quick else 500),
            "lime": lime_seconds(tagger, note, flagged, 100 if plan.quick else 1000),
        }
        rows.append(row)
    found = {
        "shap_ratio": [x["shap"] / x["evidence"] for x in rows],
        "lime_ratio": [x["lime"] / x["evidence"] for x in rows],
        "shap_vs_answer": [x["shap"] / x["answer"] for x in rows],
        "lime_vs_answer": [x["lime"] / x["answer"] for x in rows],
    }
    budgets = {"shap_max_evals": 50 if plan.quick else 500, "lime_num_samples": 100 if plan.quick else 1000}
    return {
        **figures(**{name: spread(x) for name, x in found.items()}),
        "explainers": {"notes": rows, **budgets, "masker": "words", "same_engine": True},
    }


def _flagged(tagger: Tagger, documents: Sequence[Document], count: int) -> list[Document]:
    """The first notes of middle length with a flag."""
    found: list[Document] = []
    for document in documents:
        if document.kind == "note" and 400 < len(document.text) < 1200 and tagger.abstentions(document) == ():
            if any(x.decision == FLAG for x in tagger([document])[0].findings):
                found.append(document)
            if len(found) == count:
                break
    if not found:
        raise RuntimeError("the model flags nothing in the test notes, so there is nothing to explain")
    return found


def _after_scoring(tagger: Tagger, documents: Sequence[Document], act: Callable[[Tagger, Scored], object]) -> float:
    scored = list(zip(documents, tagger.scorer.score(documents), strict=True))
    return _timed(lambda: act(tagger, scored))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _repeated(act: Callable[[], object], times: int = 50) -> float:
    """The median of some repetitions."""
    act()
    return spread([_timed(act) for _ in range(times)])["median"]
