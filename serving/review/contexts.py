"""What each page shows, as typed values; templates hold no logic beyond loops and choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from serving.review.covering import covered
from serving.review.details import listed
from serving.review.words import Words
from triage.assessment import CLEAR, Assessment, Finding
from triage.indicators import ELEMENTS, Scheme
from triage.loading import Model
from triage.text import Span


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the text under the same marks."""

    text: str
    start: int
    """Where it begins in the text, in code points."""
    numbers: tuple[int, ...]
    """Numbers of the signs whose evidence it is."""
    ends: tuple[tuple[int, str, str], ...]
    """(number, sign's name, anchor) of each quote that ends here."""
    element: str
    """Element of the first of them: decides the pattern of the line below the words."""
    unstated: tuple[int, ...] = ()
    """Numbers of those that are not stated: denied, of somebody else, or hypothetical."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote in the list of signs, with the anchor of its place in the text."""

    words: str
    share: int
    anchor: str


@dataclass(frozen=True, slots=True)
class Sign:
    """A possible indicator as people see it."""

    number: int
    code: str
    name: str
    definition: str
    decision: str
    strength: str
    basis: str
    state: str
    percent: int
    quotes: tuple[Quote, ...]
    check: str


@dataclass(frozen=True, slots=True)
class Group:
    """The signs of one element."""

    element: str
    name: str
    about: str
    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A form of exploitation, or an element's share in the priority, with what it rests on."""

    name: str
    because: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One text read by the tagger."""

    status: str
    abstained: tuple[str, ...]
    level: str
    level_name: str
    level_reasons: tuple[str, ...]
    elements: tuple[Reason, ...]
    forms: tuple[Reason, ...]
    groups: tuple[Group, ...]
    pieces: tuple[Piece, ...]
    covers: bool
    """Numbers of persons or firms in the text are covered."""
    mentions: tuple[Reason, ...]
    entities: tuple[Reason, ...]
    without_promise: tuple[str, ...]
    """Signs whose recall nobody can promise: the calibration texts were too few or too hard."""
    kinds: int
    """How many kinds of signs the model knows."""
    model: str


def percent_of(probability: float) -> int:
    """Whole percent for reading; nothing is told as certain, nor, if anything speaks for it, as impossible."""
    return min(99, max(1, round(100 * probability))) if probability > 0 else 0


def read(text: str, assessment: Assessment, model: Model, words: Words) -> Reading:
    """The page's view of an assessment."""
    scheme, shown = model.scheme, covered(text)
    ordered = sorted(assessment.shown(), key=lambda x: (ELEMENTS.index(x.element), -x.probability))
    signs = [_sign(number, finding, shown, scheme, words) for number, finding in enumerate(ordered, start=1)]
    groups = []
    for element in ELEMENTS:
        of_element = tuple(sign for sign, finding in zip(signs, ordered, strict=True) if finding.element == element)
        if of_element:
            names = scheme.elements[element]
            groups.append(Group(element, words.of(names), words.about(names), of_element))
    statuses = {
        code: threshold.status for code, threshold in zip(scheme.codes, model.calibration.thresholds, strict=True)
    }
    return Reading(
        status=assessment.status,
        abstained=tuple(words[f"abstained_{reason}"] for reason in assessment.reasons),
        level=assessment.priority.level,
        level_name=words[f"level_{assessment.priority.level}"],
        level_reasons=tuple(words[f"because_{reason}"] for reason in assessment.priority.reasons),
        elements=tuple(
            Reason(words.of(scheme.elements[code]), f"{percent_of(probability)}\N{NO-BREAK SPACE}%")
            for code, probability in assessment.priority.elements.items()
        ),
        forms=tuple(
            Reason(words.of(scheme.forms[x.code]), ", ".join(words.of(scheme[code]) for code in x.because))
            for x in assessment.forms
        ),
        groups=tuple(groups),
        pieces=cut(shown, _underlines(ordered, scheme, words)),
        covers=shown != text,
        mentions=tuple(
            Reason(words.of(scheme[x.code]), f"{words[f'state_{x.state}']}: »{shown[x.span.start : x.span.end]}«")
            for x in assessment.mentions
        ),
        entities=tuple(Reason(name, values) for name, values in listed(assessment.entities, words)),
        without_promise=tuple(words.of(scheme[code]) for code, status in statuses.items() if status != "guaranteed"),
        kinds=len(scheme),
        model=f"{model.name} {model.version}, {scheme.version}",
    )


def anchor_of(number: int, quote: int) -> str:
    """The id of the place where a sign's quote ends in the text."""
    return f"q{number}-{quote}"


def check_of(finding: Finding, words: Words) -> str:
    """Whether the quoted words carry the finding alone, in words."""
    if finding.check is None:
        return ""
    alone = "sufficient" if finding.check.sufficient else "insufficient"
    return words[f"check_{alone}_{'necessary' if finding.check.necessary else 'unnecessary'}"]


def _sign(number: int, finding: Finding, shown: str, scheme: Scheme, words: Words) -> Sign:
    indicator = scheme[finding.code]
    assert finding.decision != CLEAR
    return Sign(
        number=number,
        code=finding.code,
        name=words.of(indicator),
        definition=words.definition(indicator),
        decision=finding.decision,
        strength=words[f"strength_{finding.strength}"],
        basis=words[f"basis_{finding.evidence_base}"],
        state=words[f"state_{finding.state}"],
        percent=percent_of(finding.probability),
        quotes=tuple(
            Quote(shown[x.span.start : x.span.end], round(100 * x.weight), anchor_of(number, place))
            for place, x in enumerate(finding.evidence, start=1)
        ),
        check=check_of(finding, words),
    )


@dataclass(frozen=True, slots=True)
class Underline:
    """Words of the text that belong to a sign."""

    span: Span
    number: int
    """Number of the sign."""
    name: str
    element: str
    anchor: str
    stated: bool = True


def cut(text: str, lines: Sequence[Underline]) -> tuple[Piece, ...]:
    """The text cut where underlined words begin or end."""
    cuts = sorted({0, len(text), *(x.span.start for x in lines), *(x.span.end for x in lines)})
    pieces = []
    for start, end in pairwise(cuts):
        over = sorted((x for x in lines if x.span.start <= start and end <= x.span.end), key=lambda x: x.number)
        pieces.append(
            Piece(
                text=text[start:end],
                start=start,
                numbers=tuple(sorted({x.number for x in over})),
                ends=tuple((x.number, x.name, x.anchor) for x in over if x.span.end == end),
                element=over[0].element if over else "",
                unstated=tuple(sorted({x.number for x in over if not x.stated})),
            )
        )
    return tuple(pieces)


def _underlines(findings: list[Finding], scheme: Scheme, words: Words) -> list[Underline]:
    return [
        Underline(evidence.span, number, words.of(scheme[finding.code]), finding.element, anchor_of(number, place))
        for number, finding in enumerate(findings, start=1)
        for place, evidence in enumerate(finding.evidence, start=1)
    ]
