"""Groups of ads as a list: figures alone, nothing of what the ads say, and no score."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.store.groups import AdGroup

ORDERS = ("largest", "newest", "loaded")
"""Most ads first; latest posting first; last brought in first."""
UNDECIDED = "undecided"
_COLUMNS: Mapping[str, tuple[sa.ColumnElement[Any], ...]] = {
    "largest": (AdGroup.ads.desc(), AdGroup.id.asc()),
    "newest": (sa.func.coalesce(AdGroup.last, "").desc(), AdGroup.ads.desc(), AdGroup.id.asc()),
    "loaded": (AdGroup.loaded.desc(), AdGroup.ads.desc(), AdGroup.id.asc()),
}
SHOWN = (AdGroup.loaded.is_not(None), AdGroup.merged_into.is_(None), AdGroup.ads > 0)
"""What is a group now: not erased, not merged into another, and not still coming in."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How many different things a group has, as far as its ads say."""

    ads: int
    names: int
    phones: int
    towns: int
    first: date | None
    """Day of the earliest posting that is known; `last` is that of the latest."""
    last: date | None
    contacts: Mapping[str, int]
    """By kind, as the file of groups has them."""
    gone: int | None = None
    """Ads that are known to be gone from their pages; None until they are counted."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A group in the list."""

    id: int
    figures: Figures
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which groups to list."""

    outcome: str = ""
    """One of the outcomes, or `UNDECIDED`."""
    least: int = 0
    """Ads that they have at least."""
    days: int = 0
    """Posted in within so many days."""


def figures_of(group: AdGroup) -> Figures:
    """The figures of a stored group."""
    first, last = (date.fromisoformat(x) if x else None for x in (group.first, group.last))
    further = json.loads(group.figures)
    return Figures(
        group.ads, group.names, group.phones, group.towns, first, last, further["contacts"], further.get("gone")
    )


def listed(
    db: Transaction, wanted: Filter, order: str, *, today: date, page: int = 1, size: int = 25
) -> tuple[list[Listed], int]:
    """One page of groups, and how many there are on all pages."""
    query = sa.select(AdGroup).where(*SHOWN)
    if wanted.outcome:
        query = query.where(AdGroup.outcome == (None if wanted.outcome == UNDECIDED else wanted.outcome))
    if wanted.least:
        query = query.where(AdGroup.ads >= wanted.least)
    if wanted.days:
        query = query.where(AdGroup.last >= (today - timedelta(days=wanted.days)).isoformat())
    count = db.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    rows = db.scalars(query.order_by(*_COLUMNS[order]).limit(size).offset((page - 1) * size))
    return [Listed(x.id, figures_of(x), x.outcome) for x in rows], count
