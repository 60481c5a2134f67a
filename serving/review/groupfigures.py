"""The timeline, the tour, the signs and the picture of a group, as a page shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from markupsafe import Markup

from serving.groups.drawing import Picture, draw
from serving.groups.summing import Timeline, signs, timeline
from serving.groups.view import Seen
from serving.review.groupwords import counted, label, month, reasons, sort_of
from serving.review.words import Words
from triage.indicators import Scheme

_LABELS = 3
"""Bars that have a label below them; more would not fit on a phone."""
_WIDEST = 7.0
"""Percent of the picture that a bar takes at most."""
ROWS = 100
"""Ties of the table beside the picture."""


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of the timeline. Places are percent of its width, pixels of its height."""

    x: float
    width: float
    y: float
    middle: float
    """Above it is the part of ads that are known to be gone, which ends at `y`; below it that of the others."""
    tick: str
    """What stands below it; empty below most."""
    anchor: str
    """Of the tick: `start`, `middle` or `end`."""
    name: Markup
    ads: int
    gone: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The timeline."""

    unit: str
    columns: tuple[Column, ...]
    alt: str
    most: str
    """How high the highest bar is, in words."""
    gone: bool
    """Some of the ads are known to be gone."""


HEIGHT = 120.0
"""Pixels of the highest bar."""


def chart(seen: Seen, words: Words) -> Chart:
    """When the ads of a group were posted."""
    found = timeline(seen.ads)
    bars = found.bars
    most = max((x.ads for x in bars), default=0)
    labels = {round(x * (len(bars) - 1) / (_LABELS - 1)) for x in range(_LABELS)}
    room = 100 / max(1, len(bars))
    wide = min(0.8 * room, _WIDEST)
    columns = []
    for at, bar in enumerate(bars):
        anchor = "start" if at == 0 else "end" if at == len(bars) - 1 else "middle"
        columns.append(
            Column(
                x=round(at * room + (room - wide) / 2, 2),
                width=round(wide, 2),
                y=round(HEIGHT * (1 - bar.ads / most), 1),
                middle=round(HEIGHT * (1 - (bar.ads - bar.gone) / most), 1),
                tick=_tick(words, found, at) if at in labels else "",
                anchor=anchor,
                name=label(words, bar, found.unit),
                ads=bar.ads,
                gone=bar.gone,
            )
        )
    peak = max(bars, key=lambda x: x.ads, default=None)
    alt, gone = "", sum(x.gone for x in bars)
    if peak is not None:
        name = label(words, peak, found.unit).striptags()
        alt = words.say("chart_alt", bars=len(bars), ads=sum(x.ads for x in bars), most=peak.ads, when=name)
    if gone:
        alt += " " + counted(words, "chart_gone", gone)
    return Chart(found.unit, tuple(columns), alt, counted(words, "chart_most", most), bool(gone))


def _tick(words: Words, found: Timeline, at: int) -> str:
    begins = found.bars[at].begins
    if found.unit == "year":
        return str(begins.year)
    name = month(words, begins, year=False)[:3]
    return f"{name} {begins.year}" if found.unit == "month" else words.say("chart_day", day=begins.day, month=name)


@dataclass(frozen=True, slots=True)
class SignRow:
    """A possible indicator, with how many ads hold it."""

    code: str
    name: str
    definition: str
    stated: int
    unsure: int
    contested: bool
    basis: str


def sign_rows(seen: Seen, scheme: Scheme, words: Words) -> tuple[tuple[SignRow, ...], int]:
    """The indicators over the group, and how many ads the model read."""
    held, read = signs(seen.ads, scheme)
    rows = []
    for x in held:
        indicator = scheme[x.code]
        basis = words[f"basis_{indicator.evidence_base}"]
        name, definition = words.of(indicator), words.definition(indicator)
        rows.append(SignRow(x.code, name, definition, x.stated, x.unsure, indicator.contested, basis))
    return tuple(rows), read


@dataclass(frozen=True, slots=True)
class TieRow:
    """A tie in the table beside the picture."""

    first: int
    second: int
    why: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The picture of a group, and what it shows in words."""

    picture: Picture
    alt: str
    rows: tuple[TieRow, ...]
    more: int
    """Ties that the table has no room for."""
    gone: frozenset[int]
    """Numbers of ads that are known to be gone."""
    hollow: bool
    """Some of these have a dot of their own."""


def drawn(seen: Seen, words: Words) -> Drawn:
    """The ads and ties of a group."""
    ties = [(x.first, x.second, sort_of(x)) for x in seen.ties]
    beside = Counter(y for x in ties for y in x[:2])
    alt = [
        words.say(
            "graph_alt",
            ads=counted(words, "group_ads", len(seen.ads)),
            ties=counted(words, "graph_ties", len(ties)),
        )
    ]
    if len(seen.ads) > 2 and beside:
        number, count = min(beside.items(), key=lambda x: (-x[1], x[0]))
        if count > 1:
            alt.append(words.say("graph_alt_most", number=number, count=count))
    sorts = Counter(x[2] for x in ties)
    alt += [counted(words, f"graph_{sort}", sorts[sort]) for sort in ("contact", "text", "other") if sorts[sort]]
    picture = draw(len(seen.ads), ties)
    if picture.folded:
        alt.append(words.say("graph_folded", count=picture.folded))
    gone = frozenset(x.number for x in seen.ads if x.gone)
    hollow = sum(x.number in gone for x in picture.dots if not x.several)
    if hollow:
        alt.append(counted(words, "graph_gone", hollow))
    rows = tuple(TieRow(x.first, x.second, reasons(words, x, {})) for x in seen.ties[:ROWS])
    return Drawn(picture, " ".join(alt), rows, max(0, len(ties) - ROWS), gone, bool(hollow))
