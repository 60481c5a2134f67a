"""A group of the file becomes the group of the store: its ads in their order, its ties, and what it took in."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import seal, unseal
from serving.groups.adstore import LOCK, Boxes, find_ads, group_for, move
from serving.groups.gone import forget_count
from serving.groups.lines import GroupLine, Tie
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTie, GroupNote
from serving.store.ledger import SYSTEM, Act, Ledger

_SOME = 500


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of a group."""

    changed: bool
    missing: int
    """Ads of it that are not in the store."""


def place_group(ledger: Ledger, line: GroupLine, digest: str, *, keep_days: int, named: Collection[str]) -> Placed:
    """Make a group what the file says; one that is so already is left as it is. Notes stay, those of merged groups too.

    Args:
        named: ids of all groups in the file, those they had before they were merged too.

    Raises:
        KeyLost, Tampered: something of it, or of a group it takes ads from, cannot be opened; nothing was changed.
    """
    if (unchanged := _unchanged(ledger, line, digest)) is not None:
        return unchanged
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        rows = find_ads(act.db, ledger.vault, line.ads)
        missing = len(line.ads) - len(rows)
        if not rows:
            return Placed(False, missing)
        group = group_for(act, ledger.vault, line.id, keep_days=keep_days)
        boxes = Boxes(act.db, ledger.vault)
        left = _gather(act, boxes, group, list(rows.values()))
        emptied = [x for x in left if x.name not in named and not x.ads and x.merged_into is None]
        taken = _take_in(act, boxes, group, line.was, emptied)
        for number, id_ in enumerate((x for x in line.ads if x in rows), start=1):
            rows[id_].place = number
        others = {x.id for x in rows.values()}
        for ad in act.db.scalars(sa.select(Ad).where(Ad.group_id == group.id, Ad.place > 0)):
            if ad.id not in others:
                ad.place = 0  # another group of the file may have it; `forget_loose` deletes what none has
        ties = _tie(act, boxes, group, line.ties, {id_: row.id for id_, row in rows.items()})
        _figure(group, line, len(rows), missing)
        group.digest, group.changing, group.loaded, group.merged_into = digest, False, act.now, None
        case = act.db.get_one(Case, group.case_id)
        case.keep_until = max(case.keep_until, act.now + timedelta(days=keep_days))
        act.record("group.loaded", f"group#{group.id}", ads=len(rows), ties=ties, merged=taken, missing=missing)
        return Placed(True, missing)


def _unchanged(ledger: Ledger, line: GroupLine, digest: str) -> Placed | None:
    with ledger.reading() as db:
        group = db.scalar(sa.select(AdGroup).where(AdGroup.name == line.id))
        if group is None or group.loaded is None or group.changing or group.merged_into or group.digest != digest:
            return None
        return Placed(False, json.loads(group.figures)["missing"])


def _gather(act: Act, boxes: Boxes, group: AdGroup, rows: Sequence[Ad]) -> list[AdGroup]:
    """Bring ads into a group; returns the groups that they came from."""
    moved = [x for x in rows if x.group_id != group.id]
    left = [act.db.get_one(AdGroup, x) for x in sorted({x.group_id for x in moved})]
    for ad in moved:
        move(boxes, ad, group.id)
    act.db.flush()
    numbers = [x.id for x in moved]
    for at in range(0, len(numbers), _SOME):
        some = numbers[at : at + _SOME]
        act.db.execute(sa.delete(AdTie).where(AdTie.first_id.in_(some) | AdTie.second_id.in_(some)))
    kept = act.db.get_one(Case, group.case_id)
    for other in left:
        placed = sa.select(sa.func.count()).select_from(Ad).where(Ad.group_id == other.id, Ad.place > 0)
        other.ads = act.db.scalar(placed) or 0
        forget_count(other)
        kept.keep_until = max(kept.keep_until, act.db.get_one(Case, other.case_id).keep_until)
    return left


def _take_in(act: Act, boxes: Boxes, group: AdGroup, was: Sequence[str], emptied: Sequence[AdGroup]) -> int:
    """Merge other groups into this one: what people said of them comes along. Returns how many there were."""
    named = act.db.scalars(sa.select(AdGroup).where(AdGroup.name.in_(was), AdGroup.merged_into.is_(None)))
    others = {x.id: x for x in (*named, *emptied) if x.id != group.id}
    for other in others.values():
        for note in act.db.scalars(sa.select(GroupNote).where(GroupNote.group_id == other.id).order_by(GroupNote.id)):
            seal(boxes.of(group.id), note, "sealed_note", unseal(boxes.of(other.id), note, "sealed_note"))
            note.group_id = group.id
        act.db.execute(sa.delete(AdTie).where(AdTie.group_id == other.id))
        act.db.execute(sa.update(AdGroup).where(AdGroup.merged_into == other.id).values(merged_into=group.id))
        act.db.execute(sa.update(Ad).where(Ad.group_id == other.id).values(place=0))
        other.merged_into, other.ads, other.changing, other.digest = group.id, 0, False, None
    act.db.flush()
    said = sa.select(GroupNote.outcome).where(GroupNote.group_id == group.id, GroupNote.outcome.is_not(None))
    group.outcome = act.db.scalar(said.order_by(GroupNote.made.desc(), GroupNote.id.desc()).limit(1))
    return len(others)


def _tie(act: Act, boxes: Boxes, group: AdGroup, ties: Sequence[Tie], numbers: dict[str, int]) -> int:
    """Store the ties of a group in place of those it had; returns how many."""
    act.db.execute(sa.delete(AdTie).where(AdTie.group_id == group.id))
    rows = []
    for tie in ties:
        if tie.first in numbers and tie.second in numbers:
            two = {"first_id": numbers[tie.first], "second_id": numbers[tie.second]}
            row = AdTie(group_id=group.id, strength=tie.strength, sealed_reasons=b"", **two)
            rows.append((row, json.dumps([x.model_dump() for x in tie.reasons])))
    act.db.add_all(row for row, _ in rows)
    act.db.flush()
    for row, reasons in rows:
        seal(boxes.of(group.id), row, "sealed_reasons", reasons)
    return len(rows)


def _figure(group: AdGroup, line: GroupLine, ads: int, missing: int) -> None:
    counts = line.counts
    group.ads, group.names, group.towns = ads, counts.names, counts.towns
    group.phones = counts.contacts.get("phone", 0)
    group.first, group.last = counts.first, counts.last
    further = {"texts": counts.texts, "sites": counts.sites, "contacts": counts.contacts, "hubs": line.hubs}
    group.figures = json.dumps({**further, "unknown": line.unknown.model_dump(), "missing": missing})


def forget_loose(ledger: Ledger) -> int:
    """Delete the ads that no group of the file has any more; returns how many."""
    loose = sa.select(Ad.id).join(AdGroup).where(Ad.place == 0, AdGroup.changing.is_(False))
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        numbers = list(act.db.scalars(loose))
        for at in range(0, len(numbers), _SOME):
            act.db.execute(sa.delete(Ad).where(Ad.id.in_(numbers[at : at + _SOME])))
        if numbers:
            act.record("ads.dropped", ads=len(numbers))
    return len(numbers)


def erased_names(db: Transaction) -> frozenset[str]:
    """Ids of groups that were erased here: they stay away."""
    query = sa.select(AdGroup.name).join(Case).where(Case.erased.is_not(None), AdGroup.merged_into.is_(None))
    return frozenset(db.scalars(query))
