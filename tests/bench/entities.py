"""How well entities are found in a labelled set: precision, recall and F1 of each kind, and what it costs."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import sample
from tests.bench.plan import Plan
from tests.bench.results import figures
from tests.bench.statistics import spread
from tests.conftest import ROOT
from triage.assessment import Entity
from triage.entities import KINDS, find_entities
from triage.text import Span

LABELLED = ROOT / "data_cards" / "entities-da" / "data" / "test.jsonl"
"""A line a text: `{"id", "text", "entities": [{"type", "start", "end", "value", "disguised"}]}`; `disguised` is optional."""
_OVERLAP = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """How many were expected, found, and both."""

    expected: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.expected + self.found) if self.expected + self.found else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(self.expected + other.expected, self.found + other.found, self.right + other.right)


def same(found: Entity, expected: Mapping[str, Any]) -> bool:
    """Whether two are the same entity: the kind, at least half of the longer span in common, and the value of a phone."""
    span = Span(expected["start"], expected["end"])
    longer = max(found.span.end - found.span.start, span.end - span.start)
    return (
        found.type == expected["type"]
        and found.span.overlap(span) >= _OVERLAP * longer
        and (found.type != "phone" or found.value == expected["value"])
    )


def score(found: Sequence[Entity], expected: Sequence[Mapping[str, Any]]) -> dict[str, Score]:
    """The score of each kind in one text; one entity found counts for one expected."""
    left = list(found)
    right: dict[str, int] = defaultdict(int)
    for wanted in expected:
        match = next((x for x in left if same(x, wanted)), None)
        if match is not None:
            left.remove(match)
            right[wanted["type"]] += 1
    kinds = {x["type"] for x in expected} | {x.type for x in found}
    return {
        kind: Score(sum(x["type"] == kind for x in expected), sum(x.type == kind for x in found), right[kind])
        for kind in kinds
    }


def disguised(found: Sequence[Entity], expected: Sequence[Mapping[str, Any]]) -> Score:
    """The score of disguised phones: what is found counts unless it is, or overlaps, one that is written plainly."""
    wanted = [x for x in expected if x["type"] == "phone" and x.get("disguised")]
    plain = [Span(x["start"], x["end"]) for x in expected if x["type"] == "phone" and not x.get("disguised")]
    phones = [x for x in found if x.type == "phone" and not any(x.span.overlap(y) for y in plain)]
    return score(phones, wanted).get("phone", Score(0, 0, 0))


def measure(plan: Plan, file: Path = LABELLED) -> dict[str, Any]:
    """F1 of each kind on the labelled set, if it is there, and milliseconds a text on the test texts."""
    texts = [x.text for x in sample.texts("test")]
    rounds = [texts[i :: plan.rounds][: 20 if plan.quick else None] for i in range(plan.rounds)]
    find_entities("+46 70 123 45 67")  # tables that are read once
    milliseconds = [1000 * _seconds(given) / len(given) for given in rounds]
    cost = figures(entities_ms_a_text=spread(milliseconds))
    if not file.is_file():
        print(f"entities: no labelled set at {file}, so nothing is scored", file=sys.stderr)
        return cost
    totals, hidden = scores(json.loads(line) for line in file.read_text("utf-8").splitlines() if line)
    print("\n".join(table({**totals, "disguised phone": hidden})), file=sys.stderr)
    return {
        **cost,
        "disguised_phone_f1": round(hidden.f1, 4),
        "entities": {kind: _figures(x) for kind, x in {**totals, "disguised_phone": hidden}.items()},
    }


def scores(texts: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Score], Score]:
    """The scores of each kind over labelled texts, in the order of the kinds, and that of disguised phones."""
    totals: dict[str, Score] = defaultdict(lambda: Score(0, 0, 0))
    hidden = Score(0, 0, 0)
    for text in texts:
        found = find_entities(text["text"])
        for kind, of_text in score(found, text["entities"]).items():
            totals[kind] += of_text
        hidden += disguised(found, text["entities"])
    return {kind: totals[kind] for kind in KINDS if kind in totals}, hidden


def table(totals: Mapping[str, Score]) -> list[str]:
    """Lines for people."""
    lines = [f"{'':<18}{'expected':>9}{'found':>7}{'precision':>11}{'recall':>8}{'F1':>7}"]
    lines += [
        f"{kind:<18}{x.expected:>9}{x.found:>7}{x.precision:>11.3f}{x.recall:>8.3f}{x.f1:>7.3f}"
        for kind, x in totals.items()
    ]
    return lines


def _figures(found: Score) -> dict[str, float]:
    return {
        "expected": found.expected,
        "found": found.found,
        "precision": round(found.precision, 4),
        "recall": round(found.recall, 4),
        "f1": round(found.f1, 4),
    }


def _seconds(texts: Sequence[str]) -> float:
    began = time.perf_counter()
    for text in texts:
        find_entities(text)
    return time.perf_counter() - began
