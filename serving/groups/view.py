"""A group as somebody at the desk sees it: its ads, what ties them, and what people said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk.cases import open_box, unseal_text
from serving.desk.crossing import Shared, texts_of_group
from serving.desk.switches import read_switches
from serving.groups.listing import Figures, figures_of
from serving.store.desk import UNREAD, Case, Text
from serving.store.groups import Ad, AdGroup, AdTie, GroupNote
from serving.store.ledger import Ledger, user
from serving.store.tables import User
from serving.store.vault import CaseBox

PAGE = 20
"""Ads whose words are shown on a page."""


class NoSuchGroup(LookupError):
    """There is no group of that number, or it is still coming in."""


class Elsewhere(LookupError):
    """The group is not here any more: merged into the group `into`, or erased with the case `case`."""

    def __init__(self, *, into: int | None = None, case: int | None = None) -> None:
        self.into, self.case = into, case
        super().__init__(f"merged into {into}" if into else f"erased with case {case}")


@dataclass(frozen=True, slots=True)
class Sign:
    """A possible indicator in an ad, as the model suggests it."""

    code: str
    decision: str
    state: str


@dataclass(frozen=True, slots=True)
class SeenAd:
    """An ad of a group."""

    number: int
    """In the group, by day of posting."""
    fields: Mapping[str, str]
    """Its words by field, as ties name them: `text`, `title`, `place`, `contacts.0`; empty where they are not on the page."""
    site: str
    url: str
    posted: date | None
    towns: tuple[str, ...]
    signs: tuple[Sign, ...] | None
    """What the model suggests; None where it was not asked, or where that is held back."""


@dataclass(frozen=True, slots=True)
class SeenReason:
    """One thing that two ads share, and where it stands: (field, start, end) in code points."""

    kind: str
    count: int
    first: tuple[tuple[str, int, int], ...]
    second: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class SeenTie:
    """What holds two ads together, by their numbers in the group."""

    first: int
    second: int
    strength: str
    reasons: tuple[SeenReason, ...]


@dataclass(frozen=True, slots=True)
class SeenNote:
    """What somebody decided or wrote."""

    who: str
    made: datetime
    outcome: str | None
    note: str
    about: int
    """The group it was written of."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A group."""

    id: int
    case_id: int
    figures: Figures
    further: Mapping[str, Any]
    """Numbers as the file of groups has them: texts, sites, contacts, hubs, unknown, missing."""
    loaded: datetime
    outcome: str | None
    ads: tuple[SeenAd, ...]
    ties: tuple[SeenTie, ...]
    notes: tuple[SeenNote, ...]
    was: tuple[int, ...]
    """Groups that it took in."""
    texts: tuple[Shared, ...]
    """Texts of cases that share a contact with its ads."""
    stopped: bool
    """The stop switch hides what the model says."""
    held_back: int
    """Ads whose signs are held back, as somebody is to read the same text without seeing them."""

    @property
    def pages(self) -> int:
        """Pages of ads."""
        return max(1, -(-len(self.ads) // PAGE))


def find(db: Transaction, number: int) -> AdGroup:
    """A group that can be shown.

    Raises:
        NoSuchGroup, Elsewhere: see the classes.
    """
    group = db.get(AdGroup, number)
    if group is None:
        raise NoSuchGroup(f"there is no group {number}")
    if group.merged_into is not None:
        raise Elsewhere(into=group.merged_into)
    if group.loaded is None:
        if db.get_one(Case, group.case_id).erased is not None:
            raise Elsewhere(case=group.case_id)
        raise NoSuchGroup(f"group {number} is still coming in")
    return group


def open_group(ledger: Ledger, person: int, number: int, *, page: int = 1) -> Seen:
    """A group as this person may see it; the look is recorded.

    Args:
        page: of which ads to give the words.

    Raises:
        NoSuchGroup, Elsewhere: see the classes.
        KeyLost, Tampered: something of it cannot be opened.
    """
    with ledger.acting(user(person)) as act:
        group = find(act.db, number)
        act.record("group.read", f"group#{number}", page=page)
    # Afterwards, as others wait for the write lock.
    with ledger.reading() as db:
        group = find(db, number)
        box = open_box(ledger.vault, db.get_one(Case, group.case_id))
        stopped = not read_switches(db).suggestions
        blind = _blind(db)
        rows = list(db.scalars(sa.select(Ad).where(Ad.group_id == number, Ad.place > 0).order_by(Ad.place)))
        places = {row.id: at for at, row in enumerate(rows, start=1)}
        shown = range((page - 1) * PAGE + 1, page * PAGE + 1)
        ads, held_back = [], 0
        for row in rows:
            words = unseal_text(box, row, "sealed_text") if places[row.id] in shown or blind else ""
            secret = bool(blind) and not blind.isdisjoint(ledger.vault.fingerprints(words))
            held_back += secret and row.sealed_answer is not None
            hidden = stopped or secret
            ads.append(_ad(box, row, places[row.id], words, whole=places[row.id] in shown, hidden=hidden))
        return Seen(
            id=number,
            case_id=group.case_id,
            figures=figures_of(group),
            further=json.loads(group.figures),
            loaded=group.loaded or group.made,
            outcome=group.outcome,
            ads=tuple(ads),
            ties=tuple(_ties(db, box, number, places)),
            notes=tuple(_notes(db, box, number)),
            was=tuple(db.scalars(sa.select(AdGroup.id).where(AdGroup.merged_into == number).order_by(AdGroup.id))),
            texts=tuple(texts_of_group(db, number)),
            stopped=stopped,
            held_back=0 if stopped else held_back,
        )


def _blind(db: Transaction) -> frozenset[str]:
    """Fingerprints of the ads at the desk that somebody is to read without suggestions."""
    query = sa.select(Text.fingerprint).where(Text.blind, Text.stage.in_(UNREAD), Text.kind == "ad")
    return frozenset(db.scalars(query))


def _ad(box: CaseBox, row: Ad, number: int, text: str, *, whole: bool, hidden: bool) -> SeenAd:
    about = json.loads(unseal_text(box, row, "sealed_about"))
    fields = {"text": text, "title": about["title"], "place": about["place"]} if whole else {}
    fields |= {f"contacts.{at}": x for at, x in enumerate(about["contacts"])} if whole else {}
    signs = None
    if row.sealed_answer is not None and not hidden:
        found = json.loads(unseal_text(box, row, "sealed_answer"))["indicators"]
        signs = tuple(Sign(x["code"], x["decision"], x["state"]) for x in found)
    posted = date.fromisoformat(about["posted"]) if about["posted"] else None
    return SeenAd(number, fields, about["site"], about["url"] if whole else "", posted, tuple(about["towns"]), signs)


def _ties(db: Transaction, box: CaseBox, number: int, places: Mapping[int, int]) -> Iterable[SeenTie]:
    for row in db.scalars(sa.select(AdTie).where(AdTie.group_id == number).order_by(AdTie.id)):
        if row.first_id in places and row.second_id in places:
            reasons = tuple(_reason(x) for x in json.loads(unseal_text(box, row, "sealed_reasons")))
            yield SeenTie(places[row.first_id], places[row.second_id], row.strength, reasons)


def _reason(said: Mapping[str, Any]) -> SeenReason:
    first, second = (
        tuple((x["field"], x["start"], x["end"]) for x in said[side]) for side in ("first_spans", "second_spans")
    )
    return SeenReason(said["kind"], said["count"], first, second)


def _notes(db: Transaction, box: CaseBox, number: int) -> Iterable[SeenNote]:
    query = sa.select(GroupNote, User.name).join(User, User.id == GroupNote.user_id)
    for row, name in db.execute(query.where(GroupNote.group_id == number).order_by(GroupNote.made, GroupNote.id)):
        yield SeenNote(name, row.made, row.outcome, unseal_text(box, row, "sealed_note"), row.about)
