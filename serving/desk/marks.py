"""Marks: what a reader says of one indicator. They are only ever added; an undo is a mark too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from serving.store.desk import REASONS, Mark
from triage.assessment import Assessment
from triage.indicators import Scheme
from triage.text import STATES, Span

MAX_SPANS = 50


class NotAMark(ValueError):
    """The mark says something that cannot be; `code` says what, for the page to explain."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reader says of an indicator, as it stands."""

    mark: int
    """Number of the mark."""
    indicator: str
    verdict: str
    state: str | None
    """None: the text says nothing of the indicator."""
    spans: tuple[Span, ...]
    reason: str | None
    blind: bool
    """Made before the suggestions were shown."""
    made: datetime
    undone: bool = False

    @property
    def says(self) -> tuple[str, str | None]:
        """What two readers have to agree on."""
        return self.indicator, self.state


def _decision(mark: Mark, *, undone: bool) -> Decision:
    spans = tuple(Span(start, end) for start, end in json.loads(mark.spans or "[]"))
    return Decision(
        mark.id, mark.indicator, mark.verdict, mark.state, spans, mark.reason, mark.blind, mark.made, undone
    )


def history(marks: Iterable[Mark]) -> list[Decision]:
    """Everything a reader ever said in a reading, oldest first; what was taken back is told as undone."""
    rows = sorted(marks, key=lambda x: x.id)
    undone = {x.undoes for x in rows if x.verdict == "undo"}
    return [_decision(x, undone=x.id in undone) for x in rows if x.verdict != "undo"]


def current(marks: Iterable[Mark]) -> dict[str, Decision]:
    """What stands: of each indicator the last mark that was not taken back."""
    return {x.indicator: x for x in history(marks) if not x.undone}


def final(said: Mapping[str, Mapping[str, Decision]]) -> dict[str, Decision]:
    """What stands of a text in the end: what its reader says; of two who agree, either; else what settles it.

    Args:
        said: what stands in each part that was handed in.
    """
    first, second, settled = (said.get(part, {}) for part in ("first", "second", "adjudicator"))
    if "second" not in said:
        return dict(first)
    agreed = {code: x for code, x in first.items() if code in second and second[code].says == x.says}
    return {**agreed, **settled}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a reader is asked about: what is said of an indicator, and where."""

    state: str | None
    """None: two readers say different things, so that it cannot be accepted as it is."""
    spans: tuple[Span, ...]


def suggested(assessment: Assessment | None) -> dict[str, Proposal]:
    """What the model suggests of each indicator."""
    shown = assessment.shown() if assessment else ()
    return {x.code: Proposal(x.state, tuple(e.span for e in x.evidence)) for x in shown}


def differed(*readers: Mapping[str, Decision]) -> dict[str, Proposal]:
    """What readers before said of each indicator: as they do where they agree on the state, else to be settled."""
    found: dict[str, Proposal] = {}
    for decision in (x for one in readers for x in one.values() if x.state is not None):
        before = found.get(decision.indicator)
        state = decision.state if before is None or before.state == decision.state else None
        found[decision.indicator] = Proposal(state, before.spans if before else decision.spans)
    return found


def located(text: str, words: str, shown: str = "") -> tuple[Span, ...]:
    """Where the words of each line stand in a text, exactly as written; the first place where there are several.

    Args:
        shown: the text as a page shows it, with the same places; words may be written as they stand there.

    Raises:
        NotAMark: a line stands nowhere in it, or there are none.
    """
    found = []
    for line in words.splitlines():
        if quote := line.strip():
            start = text.find(quote)
            if start < 0:
                start = shown.find(quote)
            if start < 0:
                raise NotAMark("words")
            found.append(Span(start, start + len(quote)))
    if not found:
        raise NotAMark("spans")
    return tuple(found)


def checked(
    *,
    code: str,
    verdict: str,
    state: str,
    reason: str,
    spans: Sequence[Span],
    length: int,
    kind: str,
    scheme: Scheme,
    proposed: Mapping[str, Proposal],
) -> Mark:
    """A new mark, not stored yet.

    Args:
        length: code points of the text.
        proposed: what the reader is asked about: suggestions, or what two readers differ on.

    Raises:
        NotAMark: see the class.
    """
    if code not in scheme.position or (kind != "ad" and scheme[code].element == "ad"):
        raise NotAMark("indicator")
    asked = proposed.get(code)
    if verdict in ("accept", "reject"):
        if asked is None:
            raise NotAMark("not_suggested")
        if verdict == "accept":
            if asked.state is None:
                raise NotAMark("differs")
            return _mark(code, verdict, asked.state, asked.spans)
        if reason not in REASONS:
            raise NotAMark("reason")
        said = reason if reason in STATES else None  # "it is denied" says the state too; "wrong words" says none
        return _mark(code, verdict, said, asked.spans if said else (), reason)
    if verdict not in ("correct", "add"):
        raise NotAMark("verdict")
    if state not in STATES:
        raise NotAMark("state")
    # A suggestion that is marked otherwise is corrected; anything else is added, whatever the page called it.
    return _mark(code, "add" if asked is None else "correct", state, _tidy(spans, length))


def _tidy(spans: Sequence[Span], length: int) -> tuple[Span, ...]:
    """Spans in order, those that touch or overlap as one."""
    if not spans or len(spans) > MAX_SPANS:
        raise NotAMark("spans")
    tidy: list[Span] = []
    for span in sorted(spans):
        if not 0 <= span.start < span.end <= length:
            raise NotAMark("spans")
        if tidy and span.start <= tidy[-1].end:
            tidy[-1] = Span(tidy[-1].start, max(span.end, tidy[-1].end))
        else:
            tidy.append(span)
    return tuple(tidy)


def _mark(code: str, verdict: str, state: str | None, spans: Sequence[Span], reason: str | None = None) -> Mark:
    return Mark(
        indicator=code,
        verdict=verdict,
        state=state,
        reason=reason,
        spans=json.dumps([[x.start, x.end] for x in spans]),
    )
