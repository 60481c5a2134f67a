"""How far readers agree with each other, and how far they follow the suggestions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.store.desk import Mark, Reading, Text
from serving.store.tables import User

NEWEST = 500
"""Texts that two people read, the newest, of which agreement is told: a page stays quick however many there are."""
NEWEST_FIRST = 5_000
"""First readings, the newest, of which reliance is told."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of two readers over the texts that both read: whether they call an indicator stated, whichever words they marked for it."""

    name: str
    """An indicator's code, or the names of two people."""
    texts: int
    both: int
    """Both say that it is stated."""
    one: int
    """Only one of them does."""
    kappa: float | None
    """Cohen's kappa (1960), -1 to 1; None where nothing varies."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """Whether readers who see suggestions decide otherwise than readers who do not see them yet.

    Compared are flagged suggestions in readings handed in. `seen_accepted` far above `blind_found` may come from suggestions that
    draw attention to what is passed over, or from accepting without reading: `late_accepted` are those that a reader did not mark
    blind and accepted once they were shown.
    """

    blind_texts: int
    blind_suggestions: int
    blind_found: int
    """Flagged suggestions that blind readers had marked as stated themselves."""
    late_accepted: int
    seen_texts: int
    seen_suggestions: int
    seen_accepted: int
    """Flagged suggestions that readers who saw them at once left as stated."""


def kappa(both: int, only_first: int, only_second: int, neither: int) -> float | None:
    """Cohen's kappa of two readers who say yes or no; None where chance alone agrees fully."""
    n = both + only_first + only_second + neither
    if n == 0:
        return None
    observed = (both + neither) / n
    first, second = (both + only_first) / n, (both + only_second) / n
    expected = first * second + (1 - first) * (1 - second)
    return None if expected == 1 else (observed - expected) / (1 - expected)


def _stated(rows: Iterable[sa.Row[int, int, str, str, str | None, int | None]]) -> frozenset[str]:
    """What stands as stated after all marks of a reading, as `marks.current` says it."""
    said = sorted(rows, key=lambda x: x.id)
    undone = {x.undoes for x in said if x.verdict == "undo"}
    standing = {x.indicator: x.state for x in said if x.verdict != "undo" and x.id not in undone}
    return frozenset(code for code, state in standing.items() if state == "stated")


def _said(db: Transaction, parts: Sequence[str]) -> dict[int, dict[str, tuple[int, frozenset[str]]]]:
    """Of the newest texts read in the last of these parts, by part: who read it and which indicators they call stated."""
    handed_in = Reading.submitted.is_not(None)
    newest = (
        sa.select(Reading.text_id)
        .where(handed_in, Reading.part == parts[-1])
        .order_by(Reading.id.desc())
        .limit(NEWEST)
        .subquery()
    )
    query = sa.select(Reading.id, Reading.text_id, Reading.part, Reading.user_id).where(
        handed_in, Reading.part.in_(parts), Reading.text_id.in_(sa.select(newest.c.text_id))
    )
    readings = db.execute(query).all()
    of_reading: dict[int, list[sa.Row[int, int, str, str, str | None, int | None]]] = {x.id: [] for x in readings}
    columns = (Mark.id, Mark.reading_id, Mark.indicator, Mark.verdict, Mark.state, Mark.undoes)
    for mark in db.execute(sa.select(*columns).where(Mark.reading_id.in_(query.with_only_columns(Reading.id)))):
        of_reading[mark.reading_id].append(mark)
    said: dict[int, dict[str, tuple[int, frozenset[str]]]] = {}
    for row in readings:
        said.setdefault(row.text_id, {})[row.part] = (row.user_id, _stated(of_reading[row.id]))
    return said


def agreements(db: Transaction, codes: Sequence[str]) -> tuple[list[Agreement], list[Agreement]]:
    """Agreement per indicator, and per pair of readers over all indicators."""
    twice = [x for x in _said(db, ("first", "second")).values() if len(x) == 2]
    names = {row.id: row.name for row in db.execute(sa.select(User.id, User.name))}
    by_code: dict[str, Counter[tuple[bool, bool]]] = {code: Counter() for code in codes}
    by_pair: dict[tuple[int, int], Counter[tuple[bool, bool]]] = {}
    texts_of: Counter[tuple[int, int]] = Counter()
    for said in twice:
        # In a pair, the person who was here first stands first: who read first is another thing each time.
        (one, mine), (two, theirs) = sorted(said.values(), key=lambda x: x[0])
        texts_of[one, two] += 1
        for code in codes:
            cell = (code in mine, code in theirs)
            by_code[code][cell] += 1
            by_pair.setdefault((one, two), Counter())[cell] += 1
    per_code = [_agreement(code, len(twice), table) for code, table in by_code.items()]
    per_pair = [
        _agreement(f"{names[one]} / {names[two]}", texts_of[one, two], table)
        for (one, two), table in sorted(by_pair.items())
    ]
    return per_code, per_pair


def _agreement(name: str, texts: int, table: Counter[tuple[bool, bool]]) -> Agreement:
    both, first, second, neither = (
        table[cell] for cell in ((True, True), (True, False), (False, True), (False, False))
    )
    return Agreement(name, texts, both, first + second, kappa(both, first, second, neither))


def reliance(db: Transaction) -> Reliance:
    """What readers do with flagged suggestions, blind or not, over the newest first readings that were handed in."""
    newest = (
        sa.select(Reading.id, Reading.text_id, Reading.flagged, Reading.found)
        .where(Reading.submitted.is_not(None), Reading.part == "first", Reading.flagged.is_not(None))
        .order_by(Reading.id.desc())
        .limit(NEWEST_FIRST)
        .subquery()
    )
    sums = (
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(newest.c.flagged), 0),
        sa.func.coalesce(sa.func.sum(newest.c.found), 0),
    )
    first = sa.select(*sums).select_from(newest).join(Text, Text.id == newest.c.text_id)
    blind = db.execute(first.where(Text.blind)).one()
    seen = db.execute(first.where(Text.blind.is_(False))).one()
    undo = sa.orm.aliased(Mark)
    undone = sa.select(undo.id).where(undo.reading_id == Mark.reading_id, undo.undoes == Mark.id).exists()
    late = (
        sa.select(sa.func.count())
        .select_from(newest)
        .join(Text, Text.id == newest.c.text_id)
        .join(Mark, Mark.reading_id == newest.c.id)
        .where(Text.blind, Mark.verdict == "accept", Mark.blind.is_(False), ~undone)
    )
    return Reliance(*(int(x or 0) for x in (*blind, db.scalar(late), *seen)))
