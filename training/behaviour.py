"""The functional test suite: one linguistic function a file, cases in contrast pairs, after CheckList (Ribeiro et al. 2020).

A case has one target indicator. In one case of a pair the text states the target, in the other it does not, in nearly the
same words. A case is right if the target is flagged exactly where it is stated; a pair is right if both its cases are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from training.dataset import InvalidDataset
from training.markup import InvalidMarkup, parse_markup
from triage.assessment import CLEAR, FLAG
from triage.indicators import Scheme
from triage.tagger import Tagger
from triage.text import Document

BEHAVIOUR = Path("data_cards/behaviour-da")
_HEADERS = ("function", "target", "pair")


@dataclass(frozen=True, slots=True)
class Case:
    """One test."""

    document: Document
    function: str
    target: str
    pair: str

    @property
    def stated(self) -> bool:
        """Whether the text states the target."""
        return self.target in self.document.stated()


def read_cases(folder: Path, scheme: Scheme) -> list[Case]:
    """All cases below a folder's ``texts/``.

    Raises:
        InvalidDataset: a file breaks the markup, names an unknown target, or a pair is not one of each kind.
    """
    cases: list[Case] = []
    problems: list[str] = []
    for path in sorted((folder / "texts").glob("*.md")):
        try:
            texts = parse_markup(path.read_text("utf-8"), _HEADERS)
        except (UnicodeDecodeError, InvalidMarkup) as error:
            problems.append(f"{path.name}: {error}")
            continue
        for text in texts:
            case = Case(text.document, *(text.headers[name] for name in _HEADERS))
            if case.function != path.stem:
                problems.append(f"{path.name}: {case.document.id} belongs to {case.function}")
            if case.target not in scheme.position:
                problems.append(f"{path.name}: {case.document.id} tests {case.target!r}, which is not in the scheme")
            cases.append(case)
    for (function, pair), members in _pairs(cases).items():
        if sorted(case.stated for case in members) != [False, True]:
            problems.append(f"{function}: the pair {pair} is not one text that states the target and one that does not")
    if problems:
        raise InvalidDataset(problems)
    return cases


def _pairs(cases: Sequence[Case]) -> dict[tuple[str, str], list[Case]]:
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        found[case.function, case.pair].append(case)
    return found


def behaviour_report(tagger: Tagger, cases: Sequence[Case]) -> dict[str, Any]:
    """Per function and overall: cases, F1 of flags on the targets, share of right pairs, recall of `look`."""
    decisions = {}
    for case in tqdm(cases, desc="functional suite", unit="case", disable=None):
        (assessment,) = tagger([case.document])
        decisions[case.document.id] = {x.code: x.decision for x in assessment.findings}.get(case.target, CLEAR)
    functions: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        functions[case.function].append(case)
    rows = {name: _row(members, decisions) for name, members in sorted(functions.items())}
    return {"functions": rows, "overall": _row(cases, decisions)}


def _row(cases: Sequence[Case], decisions: dict[str, str]) -> dict[str, Any]:
    flagged = {case.document.id: decisions[case.document.id] == FLAG for case in cases}
    stated = sum(case.stated for case in cases)
    hits = sum(case.stated and flagged[case.document.id] for case in cases)
    pairs = _pairs(cases).values()
    right = sum(all(flagged[case.document.id] == case.stated for case in pair) for pair in pairs)
    looked = sum(case.stated and decisions[case.document.id] != CLEAR for case in cases)
    return {
        "cases": len(cases),
        "f1": 2 * hits / (stated + sum(flagged.values())) if stated else float("nan"),
        "pairs_right": right / len(pairs) if pairs else float("nan"),
        "look_recall": looked / stated if stated else float("nan"),
    }
