"""What the review page shows, as typed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from serving.desk import marks
from serving.desk.marks import Decision
from serving.desk.views import View
from serving.review.contexts import Piece, Underline, anchor_of, check_of, cut, percent_of
from serving.review.covering import covered
from serving.review.details import listed
from serving.review.words import Words
from triage.assessment import Finding
from triage.indicators import ELEMENTS, Scheme
from triage.text import Span


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody decided of an indicator, in words."""

    who: str
    part: str
    text: str
    quotes: tuple[str, ...]
    marked: bool
    """Whether they said anything of it, so that somebody who settles it can say the same."""


@dataclass(frozen=True, slots=True)
class Item:
    """An indicator that is suggested, marked, or to be settled."""

    number: int
    code: str
    name: str
    definition: str
    element: str
    element_name: str
    suggestion: str
    """`flag`, `look`, or empty if the model does not suggest it."""
    state: str
    """What the suggestion says of it, in words."""
    can_reject: bool
    """There is something to reject: it is suggested, or a reader named it."""
    can_accept: bool
    """There is one thing to accept: not where two readers say different things."""
    percent: int
    about: str
    """Strength, ground and check of a suggestion."""
    quotes: tuple[tuple[str, str], ...]
    """(words, anchor) of what is underlined."""
    places: tuple[tuple[int, int], ...]
    """Where its words stand, as decided or else as suggested, also when it is rejected."""
    decided: str
    """What this reader decided, in words; empty if nothing."""
    verdict: str
    must: bool
    """It has to be decided before the reading can be handed in."""
    stands: str
    """What stands in the end where several read it, in words."""
    others: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the history."""

    made: datetime
    text: str
    undone: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """A decision that was just taken back."""

    code: str
    said: str


@dataclass(frozen=True, slots=True)
class Named:
    """Words that name an indicator without stating it."""

    code: str
    name: str
    said: str
    span: Span


@dataclass(frozen=True, slots=True)
class Desk:
    """A text on the review page."""

    items: tuple[Item, ...]
    open: tuple[str, ...]
    """Codes that still have to be decided."""
    why: tuple[str, ...]
    """To who settles: why the text came to them."""
    outcomes_differ: bool
    """They have to settle what should happen."""
    codes: Mapping[int, str]
    """Which indicator has which number."""
    text: str
    """As it is shown: numbers of persons and firms are covered, and places are those of the text."""
    covers: bool
    """There are such numbers."""
    pieces: tuple[Piece, ...]
    mentions: tuple[Named, ...]
    """Where the text only denies it, asks for it or tells it of others."""
    entities: tuple[tuple[str, str], ...]
    history: tuple[Step, ...]
    level: str
    level_name: str
    level_reasons: tuple[str, ...]
    abstained: tuple[str, ...]
    choices: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """Every indicator that can be marked: (element, (code, name) of each)."""


def say(decision: Decision, words: Words) -> str:
    """A decision in words."""
    said = words[f"verdict_{decision.verdict}"]
    if decision.verdict == "reject":
        return f"{said}, {words[f'reason_{decision.reason}']}"
    return f"{said}, {words[f'state_{decision.state}']}" if decision.state else said


def desk_of(view: View, scheme: Scheme, words: Words) -> Desk:
    """The page's view of a text for its reader."""
    received, view = view.text, replace(view, text=covered(view.text))
    findings = {x.code: x for x in (view.assessment.shown() if view.assessment else ())}
    # Of a text that is handed in, what people decided is shown, and nothing that was only suggested.
    closed = view.submitted or view.stage == "done"
    others = (code for one in view.earlier for code in one.decisions)
    # What an earlier model's indicators say of a text is left out once the scheme has them no more.
    shown = {} if closed else findings
    codes = [x for x in (*shown, *view.decisions, *others) if x in scheme.position]
    numbers = _numbers(view, shown, codes, scheme)
    items, lines = [], []
    for code in sorted(dict.fromkeys(codes), key=lambda code: numbers[code]):
        number = numbers[code]
        stands = (view.final if view.stage == "done" else view.decisions).get(code)
        spans = _spans(shown.get(code), stands)
        name, element = words.of(scheme[code]), scheme[code].element
        state = stands.state if stands else findings[code].state if code in findings else None
        stated = state in (None, "stated")
        called = name if stated else f"{name}: {words[f'state_{state}']}"
        lines += [
            Underline(x, number, called, element, anchor_of(number, i), stated) for i, x in enumerate(spans, start=1)
        ]
        items.append(_item(number, code, view, findings.get(code), spans, scheme, words))
    priority = view.assessment.priority if view.assessment else None
    outcomes_differ = view.part == "adjudicator" and len({x.outcome for x in view.earlier}) > 1
    return Desk(
        items=tuple(items),
        open=tuple(x.code for x in items if x.must and not x.decided),
        why=_why(view, scheme, words, outcomes_differ=outcomes_differ),
        outcomes_differ=outcomes_differ,
        codes={x.number: x.code for x in items},
        text=view.text,
        covers=view.text != received,
        pieces=cut(view.text, lines),
        mentions=tuple(
            Named(
                x.code,
                words.of(scheme[x.code]),
                f"{words[f'state_{x.state}']}: »{view.text[x.span.start : x.span.end]}«",
                x.span,
            )
            for x in (view.assessment.mentions if view.assessment else ())
            if x.code in scheme.position
        ),
        entities=listed(view.assessment.entities if view.assessment else (), words),
        history=tuple(
            Step(x.made, f"{words.of(scheme[x.indicator])}: {say(x, words)}", x.undone)
            for x in view.history
            if x.indicator in scheme.position
        ),
        level=priority.level if priority else "",
        level_name=words[f"level_{priority.level}"] if priority else "",
        level_reasons=tuple(words[f"because_{x}"] for x in priority.reasons) if priority else (),
        abstained=tuple(words[f"abstained_{x}"] for x in (view.assessment.reasons if view.assessment else ())),
        choices=_choices(view.kind, scheme, words),
    )


def _why(view: View, scheme: Scheme, words: Words, *, outcomes_differ: bool) -> tuple[str, ...]:
    names = ", ".join(words.of(scheme[code]) for code in view.differing if code in scheme.position)
    signs = (words.say("why_signs", signs=names),) if names else ()
    return (*signs, words["why_outcomes"]) if outcomes_differ else signs


def undone_of(view: View, scheme: Scheme, words: Words, mark: str) -> Undone | None:
    """That a decision was taken back; None if that mark was not.

    Args:
        mark: its number, as the address of the page says.
    """
    for x in view.history:
        if str(x.mark) == mark and x.undone and x.indicator in scheme.position:
            said = words.say("undone_said", what=f"{words.of(scheme[x.indicator])}: {say(x, words)}")
            return Undone(x.indicator, said)
    return None


def _numbers(view: View, findings: Mapping[str, Finding], codes: Sequence[str], scheme: Scheme) -> dict[str, int]:
    """The number of each of these indicators.

    First what the reader is asked about or others said, by element; then what they added, in the order in which they did, with
    what they took back: the numbers of the others stay the same while somebody works.
    """

    def place(code: str) -> tuple[int, float]:
        return ELEMENTS.index(scheme[code].element), -findings[code].probability if code in findings else 0.0

    said = [x.indicator for x in view.history if x.indicator in scheme.position]
    asked = sorted((x for x in {*codes} if x in findings or x in view.differing or x not in said), key=place)
    return {code: number for number, code in enumerate(dict.fromkeys((*asked, *said)), start=1)}


def _spans(finding: Finding | None, decision: Decision | None) -> tuple[Span, ...]:
    """What is underlined: the words of the decision, or those suggested while there is none; nothing once it is rejected."""
    if decision is not None:
        return decision.spans
    return tuple(x.span for x in finding.evidence) if finding else ()


def _item(
    number: int,
    code: str,
    view: View,
    finding: Finding | None,
    spans: tuple[Span, ...],
    scheme: Scheme,
    words: Words,
) -> Item:
    indicator = scheme[code]
    decision = view.decisions.get(code)
    about = ""
    if finding is not None:
        ground = f"{words[f'strength_{finding.strength}'].capitalize()}; {words[f'basis_{finding.evidence_base}']}."
        about = f"{check_of(finding, words)} {ground}"
    settles = view.part == "adjudicator"
    before = marks.differed(*(x.decisions for x in view.earlier)) if settles else {}
    proposal = {**marks.suggested(view.assessment), **before}.get(code)
    return Item(
        number=number,
        code=code,
        name=words.of(indicator),
        definition=words.definition(indicator),
        element=indicator.element,
        element_name=words.of(scheme.elements[indicator.element]),
        suggestion=finding.decision if finding else "",
        state=words[f"state_{proposal.state}"] if proposal and proposal.state else "",
        can_reject=proposal is not None,
        can_accept=proposal is not None and proposal.state is not None,
        percent=percent_of(finding.probability) if finding else 0,
        about=about,
        quotes=tuple((view.text[x.start : x.end], anchor_of(number, i)) for i, x in enumerate(spans, start=1)),
        places=tuple((x.start, x.end) for x in spans or (proposal.spans if proposal else ())),
        decided=say(decision, words) if decision else "",
        verdict=decision.verdict if decision else "",
        must=code in view.differing if settles else finding is not None and finding.decision == "flag",
        stands=say(view.final[code], words) if code in view.final and len(view.earlier) + view.submitted > 1 else "",
        others=tuple(_said(x.reader, x.part, x.decisions.get(code), view.text, words) for x in view.earlier),
    )


def _said(who: str, part: str, decision: Decision | None, text: str, words: Words) -> Said:
    if decision is None:
        return Said(who, part, words["said_nothing"], (), marked=False)
    return Said(who, part, say(decision, words), tuple(text[x.start : x.end] for x in decision.spans), marked=True)


def _choices(kind: str, scheme: Scheme, words: Words) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    by_element: Mapping[str, list[tuple[str, str]]] = {x: [] for x in ELEMENTS}
    for indicator in scheme:
        if kind == "ad" or indicator.element != "ad":
            by_element[indicator.element].append((indicator.code, words.of(indicator)))
    return tuple(
        (words.of(scheme.elements[element]), tuple(choices)) for element, choices in by_element.items() if choices
    )
