"""A group summed up: when its ads were posted, in which towns, and how many of them hold which possible indicator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from serving.groups.view import SeenAd
from triage.assessment import FLAG
from triage.indicators import ELEMENTS, Scheme

WEEK, MONTH, YEAR = "week", "month", "year"
_MOST_WEEKS, _MOST_MONTHS = 27, 36
"""Bars that fit on a phone."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A week, month or year, with the ads that were posted in it."""

    begins: date
    ads: int
    gone: int
    """Those of them that are known to be gone from their pages."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Ads over time, without gaps; no bars where no day is known."""

    unit: str
    bars: tuple[Bar, ...]
    undated: int


def timeline(ads: Sequence[SeenAd]) -> Timeline:
    """How many ads were posted in each week, or month, or year, by how long a time it is."""
    days = sorted(x.posted for x in ads if x.posted)
    undated = len(ads) - len(days)
    if not days:
        return Timeline(WEEK, (), undated)
    weeks = (_begin(days[-1], WEEK) - _begin(days[0], WEEK)).days // 7 + 1
    months = (days[-1].year - days[0].year) * 12 + days[-1].month - days[0].month + 1
    unit = WEEK if weeks <= _MOST_WEEKS else MONTH if months <= _MOST_MONTHS else YEAR
    counts = Counter(_begin(x, unit) for x in days)
    gone = Counter(_begin(x.posted, unit) for x in ads if x.posted and x.gone)
    bars, at = [], _begin(days[0], unit)
    while at <= days[-1]:
        bars.append(Bar(at, counts[at], gone[at]))
        at = _after(at, unit)
    return Timeline(unit, tuple(bars), undated)


def _begin(day: date, unit: str) -> date:
    if unit == WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if unit == MONTH else day.replace(month=1, day=1)


def _after(begin: date, unit: str) -> date:
    if unit == WEEK:
        return begin + timedelta(days=7)
    return _begin(begin + timedelta(days=32 if unit == MONTH else 370), unit)


@dataclass(frozen=True, slots=True)
class Town:
    """A town that ads name."""

    name: str
    ads: int
    first: date | None
    """Earliest posting that names it; None where no day is known. `last` is the latest."""
    last: date | None


def towns(ads: Sequence[SeenAd]) -> tuple[Town, ...]:
    """The towns that are named, the one that was named first on top, those without a day last."""
    found: dict[str, list[date | None]] = {}
    for ad in ads:
        for name in ad.towns:
            found.setdefault(name, []).append(ad.posted)
    listed = []
    for name, days in found.items():
        known = sorted(x for x in days if x)
        listed.append(Town(name, len(days), known[0] if known else None, known[-1] if known else None))
    return tuple(sorted(listed, key=lambda x: (x.first or date.max, -x.ads, x.name)))


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a tour: ads after one another that name one town."""

    town: str
    first: date
    last: date
    ads: int


def tour(ads: Sequence[SeenAd]) -> tuple[Stop, ...]:
    """The towns in the order of posting, of ads with a day and one town alone; nothing if it is one town throughout."""
    stops: list[Stop] = []
    for ad in sorted((x for x in ads if x.posted and len(x.towns) == 1), key=lambda x: (x.posted, x.number)):
        assert ad.posted is not None
        if stops and stops[-1].town == ad.towns[0]:
            last = stops.pop()
            stops.append(Stop(last.town, last.first, ad.posted, last.ads + 1))
        else:
            stops.append(Stop(ad.towns[0], ad.posted, ad.posted, 1))
    return tuple(stops) if len(stops) > 1 else ()


@dataclass(frozen=True, slots=True)
class Held:
    """A possible indicator, with how many ads of the group hold it."""

    code: str
    stated: int
    """Ads where it is suggested as stated."""
    unsure: int
    """Ads where somebody should look, or where it is denied, asked about or of somebody else."""


def signs(ads: Sequence[SeenAd], scheme: Scheme) -> tuple[tuple[Held, ...], int]:
    """The indicators that ads hold, those of most ads first and contested ones last; and how many ads were read by the model.

    Codes that the scheme does not have (any more) are left out.
    """
    read = [x for x in ads if x.signs is not None]
    stated, unsure = Counter[str](), Counter[str]()
    for ad in read:
        for sign in {x.code: x for x in ad.signs or ()}.values():
            (stated if sign.decision == FLAG and sign.state == "stated" else unsure)[sign.code] += 1
    codes = [x for x in (stated | unsure) if x in scheme.position]
    codes.sort(
        key=lambda x: (
            scheme[x].contested,
            -stated[x],
            -unsure[x],
            ELEMENTS.index(scheme[x].element),
            scheme.position[x],
        )
    )
    return tuple(Held(x, stated[x], unsure[x]) for x in codes), len(read)
