"""A group as somebody at the desk sees it: its ads, what ties them, and what people said of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.danishtime import danish_time
from serving.desk.cases import open_box, unseal_text
from serving.desk.crossing import Shared, texts_of_group
from serving.desk.switches import read_switches
from serving.groups.listing import Figures, figures_of
from serving.store.desk import UNREAD, Case, Text
from serving.store.groups import Ad, AdGroup, AdTie, GroupNote
from serving.store.ledger import Ledger, user
from serving.store.tables import User
from serving.store.vault import CaseBox, Place

PAGE = 20
"""Ads whose words are shown on a page."""
_TEXTS = 20
"""Texts of cases that are listed."""
_ASKED = 400
"""Ads asked for at a time: databases take no statement without end."""


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
    evidence: tuple[tuple[int, int], ...] = ()
    """(start, end) in code points of the words it rests on."""


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
    gone: date | None = None
    """The day on which it was first seen to be gone from its page; None where it is not known to be."""


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
    """Texts of cases that share a contact with its ads, the first of them."""
    more_texts: int
    """How many others there are."""
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
        shown = range((page - 1) * PAGE + 1, page * PAGE + 1)
        placed = sa.select(Ad.id, Ad.sealed_about, Ad.sealed_answer).where(Ad.group_id == number, Ad.place > 0)
        rows = db.execute(placed.order_by(Ad.place)).all()
        places = {row.id: at for at, row in enumerate(rows, start=1)}
        texts = _texts(db, box, number, [x.id for x in rows if blind or places[x.id] in shown])
        secret = {x for x, text in texts.items() if blind and not blind.isdisjoint(ledger.vault.fingerprints(text))}
        ads = [
            _ad(box, x, places[x.id], texts[x.id] if places[x.id] in shown else None, hidden=stopped or x.id in secret)
            for x in rows
        ]
        held_back = sum(x.id in secret and x.sealed_answer is not None for x in rows)
        linked = texts_of_group(db, number)
        return Seen(
            id=number,
            case_id=group.case_id,
            figures=figures_of(group),
            further=json.loads(group.figures),
            loaded=group.loaded or group.made,
            outcome=group.outcome,
            ads=tuple(ads),
            ties=tuple(_ties(db, box, number, places, shown)),
            notes=tuple(_notes(db, box, number)),
            was=tuple(db.scalars(sa.select(AdGroup.id).where(AdGroup.merged_into == number).order_by(AdGroup.id))),
            texts=tuple(linked[:_TEXTS]),
            more_texts=len(linked[_TEXTS:]),
            stopped=stopped,
            held_back=0 if stopped else held_back,
        )


def _blind(db: Transaction) -> frozenset[str]:
    """Fingerprints of the ads at the desk that somebody is to read without suggestions."""
    query = sa.select(Text.fingerprint).where(Text.blind, Text.stage.in_(UNREAD), Text.kind == "ad")
    return frozenset(db.scalars(query))


def _texts(db: Transaction, box: CaseBox, number: int, ids: Sequence[int]) -> dict[int, str]:
    """The words of ads of a group."""
    found: dict[int, str] = {}
    for at in range(0, len(ids), _ASKED):
        some = sa.select(Ad.id, Ad.sealed_text).where(Ad.group_id == number, Ad.id.in_(ids[at : at + _ASKED]))
        found |= {x.id: _open(box, Ad, "sealed_text", x) for x in db.execute(some)}
    return found


def _open(box: CaseBox, table: type[Ad | AdTie], column: str, row: sa.Row[*tuple[Any, ...]]) -> str:
    """What is sealed in a column of a row that was read without its others: a group may have thousands."""
    place = Place(table.__tablename__, column, row.id)
    return box.open(getattr(row, column), place).decode("utf-8", "surrogatepass")


def _ad(box: CaseBox, row: sa.Row[*tuple[Any, ...]], number: int, text: str | None, *, hidden: bool) -> SeenAd:
    """An ad; `text` is None where its words are not on the page."""
    about = json.loads(_open(box, Ad, "sealed_about", row))
    fields: dict[str, str] = {}
    if text is not None:
        fields = {"text": text, "title": about["title"], "place": about["place"]}
        fields |= {f"contacts.{at}": x for at, x in enumerate(about["contacts"])}
    signs = None
    if row.sealed_answer is not None and not hidden:
        found = json.loads(_open(box, Ad, "sealed_answer", row))["indicators"]
        signs = tuple(
            Sign(x["code"], x["decision"], x["state"], tuple((y["start"], y["end"]) for y in x["evidence"]))
            for x in found
        )
    posted = date.fromisoformat(about["posted"]) if about["posted"] else None
    url = "" if text is None else about["url"]
    gone = datetime.fromisoformat(about["gone"]).astimezone(danish_time()).date() if about.get("gone") else None
    return SeenAd(number, fields, about["site"], url, posted, tuple(about["towns"]), signs, gone)


def _ties(db: Transaction, box: CaseBox, number: int, places: Mapping[int, int], shown: range) -> Iterable[SeenTie]:
    """The ties of a group; where something stands is told of ads of the page alone."""
    columns = (AdTie.id, AdTie.first_id, AdTie.second_id, AdTie.strength, AdTie.sealed_reasons)
    for row in db.execute(sa.select(*columns).where(AdTie.group_id == number).order_by(AdTie.id)):
        first, second = places.get(row.first_id), places.get(row.second_id)
        if first and second:
            said = json.loads(_open(box, AdTie, "sealed_reasons", row))
            seen = first in shown or second in shown
            yield SeenTie(first, second, row.strength, tuple(_reason(x, spans=seen) for x in said))


def _reason(said: Mapping[str, Any], *, spans: bool) -> SeenReason:
    first, second = (
        tuple((x["field"], x["start"], x["end"]) for x in said[side]) if spans else ()
        for side in ("first_spans", "second_spans")
    )
    return SeenReason(said["kind"], said["count"], first, second)


def _notes(db: Transaction, box: CaseBox, number: int) -> Iterable[SeenNote]:
    query = sa.select(GroupNote, User.name).join(User, User.id == GroupNote.user_id)
    for row, name in db.execute(query.where(GroupNote.group_id == number).order_by(GroupNote.made, GroupNote.id)):
        yield SeenNote(name, row.made, row.outcome, unseal_text(box, row, "sealed_note"), row.about)
