"""What the model said of a text, kept with it so that people see later what was suggested then."""

from __future__ import annotations

import json
from typing import Any

from triage.assessment import Assessment, Check, Entity, Evidence, Finding, Form, Mention, Priority
from triage.text import Span

LEVELS = ("high", "medium", "low", "none")
"""Priorities in the order of the queue; stored is the place, so that an index has that order."""


def dump(assessment: Assessment) -> str:
    """An assessment as JSON: the public result object with all indicators, and the reasons of the priority."""
    answer = assessment.to_json(all_indicators=True)
    answer["priority"]["reasons"] = list(assessment.priority.reasons)
    return json.dumps(answer, ensure_ascii=False)


def load(answer: str) -> Assessment:
    """The assessment of `dump`."""
    said: dict[str, Any] = json.loads(answer)
    priority = said["priority"]
    return Assessment(
        id=said["id"],
        status=said["status"],
        reasons=tuple(said["reasons"]),
        priority=Priority(priority["level"], priority["elements"], tuple(priority["reasons"])),
        forms=tuple(Form(x["code"], x["name"], tuple(x["because"])) for x in said["forms"]),
        findings=tuple(_finding(x) for x in said["indicators"]),
        mentions=tuple(
            Mention(x["code"], x["state"], Span(x["start"], x["end"]), x["quote"]) for x in said["mentions"]
        ),
        entities=tuple(Entity(x["type"], Span(x["start"], x["end"]), x["quote"], x["value"]) for x in said["entities"]),
    )


def _finding(said: dict[str, Any]) -> Finding:
    names = ("code", "name", "element", "strength", "evidence_base", "probability", "decision", "state")
    return Finding(
        **{name: said[name] for name in names},
        evidence=tuple(Evidence(Span(x["start"], x["end"]), x["quote"], x["weight"]) for x in said["evidence"]),
        check=None if said["check"] is None else Check(**said["check"]),
    )


def uncertainty(assessment: Assessment) -> float:
    """Of the indicator that is least certain: 1 at a probability of one half, 0 at none and at one (margin sampling)."""
    return max((1 - abs(2 * x.probability - 1) for x in assessment.findings), default=0.0)
