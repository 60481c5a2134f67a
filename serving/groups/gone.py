"""Which ads of groups are gone from their pages, as `ads collect` and `ads import` report it, kept with the ads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from serving.ads.ads import page_id, page_of
from serving.ads.dates import moment
from serving.batch.records import UnreadableInput
from serving.desk.cases import seal, unseal_text
from serving.groups.adstore import LOCK, Boxes, find_ads
from serving.groups.listing import SHOWN
from serving.store.groups import Ad, AdGroup
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE
from triage.wire import MalformedJSON, parse_json

_THERE = ("new", "edited", "reposted", "back")
"""Changes of the collector that say that an ad is on its page."""
_LONGEST = 1024 * 1024
"""Bytes of a line."""
Sight = tuple[str, bool]
"""When somebody looked, in ISO 8601 and UTC, and whether the ad was there."""


def read_reports(
    sources: Sequence[Path], pages: Collection[str], fault: Callable[[str], None]
) -> Mapping[str, list[Sight]]:
    """What reports say of these pages (PAGE of the ids of ads): `RUN.jsonl` of the collector, `OUTPUT.faults.jsonl` of an import.

    Raises:
        UnreadableInput: one cannot be read.
    """
    found: dict[str, list[Sight]] = defaultdict(list)
    for source in sources:
        try:
            with source.open("rb") as file:
                number = 0
                while raw := file.readline(_LONGEST):
                    number += 1
                    try:
                        told = _told(parse_json(raw)) if raw.strip() else None
                        if told is not None and told[0] in pages:
                            found[told[0]].append(told[1])
                    except (MalformedJSON, LookupError, TypeError, ValueError, AttributeError):
                        fault(f"{source}, line {number}: is no report of `ads collect` or `ads import`")
        except OSError as error:
            raise UnreadableInput(f"{source} cannot be read: {error.strerror}") from None
    return found


def _told(line: Mapping[str, Any]) -> tuple[str, Sight] | None:
    """The page of a line, and what it says of it; None if it says neither that an ad is there nor that it is gone."""
    said = line["change"] if "change" in line else line["fault"]
    if said not in ("removed", "gone", *_THERE) or ("page" not in line and "address" not in line):
        return None
    at = moment(line["time"])
    if at is None:
        raise ValueError("is no moment")
    return line.get("page") or page_id(line["address"]), (at.isoformat(), said in _THERE)


def gone_since(sights: Iterable[Sight]) -> str:
    """When an ad was first seen to be gone after it was last there; empty if it was there last, or nobody looked."""
    since = ""
    for at, there in sorted(sights):  # of one moment what is there comes last, and counts
        since = "" if there else since or at
    return since


def keep_gone(
    ledger: Ledger, ids: Collection[str], sights: Mapping[str, Sequence[Sight]], fault: Callable[[str], None]
) -> int:
    """Keep with ads since when they are gone; returns of how many it is otherwise than before."""

    def since(about: Mapping[str, Any]) -> str:
        known = [(about["retrieved"], True)] if about["retrieved"] else []
        known += [(about["gone"], False)] if about.get("gone") else []
        return gone_since([*known, *sights[page_of(about["id"])]])

    with ledger.reading() as db:
        rows, boxes, differing = find_ads(db, ledger.vault, ids), Boxes(db, ledger.vault), []
        for id_, row in rows.items():
            try:
                about = json.loads(unseal_text(boxes.of(row.group_id), row, "sealed_about"))
            except UNREADABLE as error:
                fault(f"whether an ad is gone was left out: {error}")
                continue
            if since(about) != about.get("gone", ""):
                differing.append(id_)
    if not differing:
        return 0
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        boxes = Boxes(act.db, ledger.vault)
        for row in find_ads(act.db, ledger.vault, differing).values():
            box = boxes.of(row.group_id)
            about = json.loads(unseal_text(box, row, "sealed_about"))
            seal(box, row, "sealed_about", json.dumps({**about, "gone": since(about)}, ensure_ascii=False))
            forget_count(act.db.get_one(AdGroup, row.group_id))
        act.record("ads.gone", ads=len(differing))
    return len(differing)


def forget_count(group: AdGroup) -> None:
    """Leave it to `count_gone` how many ads of a group are gone, as it may be otherwise than before."""
    figures = json.loads(group.figures)
    figures.pop("gone", None)
    group.figures = json.dumps(figures)


def uncounted(ledger: Ledger) -> list[int]:
    """The groups of which it is not known how many ads are gone: changed ones, and those that an earlier version stored."""
    with ledger.reading() as db:
        rows = db.execute(sa.select(AdGroup.id, AdGroup.figures).where(*SHOWN).order_by(AdGroup.id))
        return [x.id for x in rows if "gone" not in json.loads(x.figures)]


def count_gone(ledger: Ledger, groups: Collection[int]) -> None:
    """Keep with groups how many of their ads are gone; one of which an ad cannot be opened has no count."""
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        boxes = Boxes(act.db, ledger.vault)
        for group in act.db.scalars(sa.select(AdGroup).where(AdGroup.id.in_(groups), *SHOWN)).all():
            ads = sa.select(Ad).options(load_only(Ad.sealed_about)).where(Ad.group_id == group.id, Ad.place > 0)
            with suppress(*UNREADABLE):
                box = boxes.of(group.id)
                abouts = (json.loads(unseal_text(box, ad, "sealed_about")) for ad in act.db.scalars(ads))
                count = sum(bool(about.get("gone")) for about in abouts)
                group.figures = json.dumps({**json.loads(group.figures), "gone": count})
