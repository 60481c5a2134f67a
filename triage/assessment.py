"""What the tagger says of one text. The unit is the text: nothing here is about a person, and no score of one exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from triage.text import Span

FLAG, LOOK, CLEAR = "flag", "look", "clear"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of the text with their share of the indicator's score."""

    span: Span
    quote: str
    weight: float


@dataclass(frozen=True, slots=True)
class Check:
    """Whether the evidence alone still gives the finding, and whether the finding falls without it."""

    sufficient: bool
    necessary: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A possible indicator in the text."""

    code: str
    name: str
    element: str
    strength: str
    evidence_base: str
    probability: float
    decision: str
    state: str
    evidence: tuple[Evidence, ...] = ()
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name an indicator without stating it of the case."""

    code: str
    state: str
    span: Span
    quote: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A contact, price, place or the like in the text, with its normal form; the kinds are those of `triage.entities`."""

    type: str
    span: Span
    quote: str
    value: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form of exploitation that flagged indicators point to."""

    code: str
    name: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Priority:
    """The place in the queue by a rule everybody can read, with the rule's own reason codes."""

    level: str
    elements: dict[str, float]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """What a text looks like, in numbers: what an operator is told of many texts together, and no part of an answer."""

    length: int
    """Code points."""
    not_letters: float
    """Share of the characters that are neither white space nor Danish letters."""
    novelty: float
    """How unlike the training texts it is, as the model measures it."""
    units: int
    tokens: int
    """Own tokens of all units."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything the tagger says of one document."""

    id: str
    status: str
    reasons: tuple[str, ...]
    priority: Priority
    forms: tuple[Form, ...]
    findings: tuple[Finding, ...]
    """All indicators, strongest first."""
    mentions: tuple[Mention, ...]
    entities: tuple[Entity, ...]
    measures: Measures | None = field(default=None, compare=False)
    """Of the text, where it was measured; never part of the public answer."""

    def shown(self) -> tuple[Finding, ...]:
        """The findings decided `flag` or `look`."""
        return tuple(x for x in self.findings if x.decision != CLEAR)

    def to_json(self, *, all_indicators: bool = False) -> dict[str, Any]:
        """The result object of the public interface; offsets are code points."""
        return {
            "id": self.id,
            "status": self.status,
            "reasons": list(self.reasons),
            "priority": {
                "level": self.priority.level,
                "elements": {code: round(value, 4) for code, value in self.priority.elements.items()},
            },
            "forms": [{"code": x.code, "name": x.name, "because": list(x.because)} for x in self.forms],
            "indicators": [_finding(x) for x in (self.findings if all_indicators else self.shown())],
            "mentions": [
                {"code": x.code, "state": x.state, "start": x.span.start, "end": x.span.end, "quote": x.quote}
                for x in self.mentions
            ],
            "entities": [
                {"type": x.type, "start": x.span.start, "end": x.span.end, "quote": x.quote, "value": x.value}
                for x in self.entities
            ],
        }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "name": finding.name,
        "element": finding.element,
        "strength": finding.strength,
        "evidence_base": finding.evidence_base,
        "probability": round(finding.probability, 4),
        "decision": finding.decision,
        "state": finding.state,
        "evidence": [
            {"start": x.span.start, "end": x.span.end, "quote": x.quote, "weight": x.weight} for x in finding.evidence
        ],
        "check": None
        if finding.check is None
        else {"sufficient": finding.check.sufficient, "necessary": finding.check.necessary},
    }
