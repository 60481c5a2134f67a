"""The same contact in different cases, and in groups of ads: found by keyed hashes, told by kind and place, never by value.

Tegn knows no bodies yet, and whoever reads cases may read all of them; so a link is between cases, and is shown to readers alone.
A number of a person or firm (CPR, CVR) is never hashed, so it links nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.ads.linkable import reached
from serving.desk.cases import NoSuchCase, open_box, unseal_text
from serving.desk.traces import hash_of
from serving.linking.contacts import KINDS, sought
from serving.store.desk import Case, Text, Trace
from serving.store.groups import Ad, AdGroup, AdTrace
from serving.store.ledger import Ledger, user
from serving.store.vault import UNREADABLE

MANY = 12
"""Cases and groups from which a contact is likely to be that of a body, a clinic or a portal."""
PAGE = 25
"""Texts, and groups, of one link on a page."""
_LOOKED_AT = 100
"""Contacts that may be links, of one question."""
_SHOWN = (AdGroup.loaded.is_not(None), AdGroup.merged_into.is_(None), Ad.place > 0)


class NoSuchLink(LookupError):
    """There is no such contact any more: its text was erased, or tagged anew."""


@dataclass(frozen=True, slots=True)
class Link:
    """A contact that stands in several cases, or in a case and in a group."""

    text: int
    """The first text that has it, and its place among the contacts of that: what its page is called by."""
    place: int
    kind: str
    cases: int
    texts: int
    groups: int
    newest: datetime
    """When the last of the texts came in."""

    @property
    def many(self) -> bool:
        """Whether it stands in so many that it may say little."""
        return self.cases + self.groups >= MANY


@dataclass(frozen=True, slots=True)
class LinkedText:
    """A text that has the contact."""

    id: int
    case_id: int
    reference: str
    """What people call its case; empty where it has no name, or none that opens."""
    kind: str
    received: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class Linked:
    """A contact with a page of what has it."""

    kind: str
    texts: tuple[LinkedText, ...]
    groups: tuple[tuple[int, int], ...]
    """(number, ads with the contact) of each group of ads."""
    counts: tuple[int, int, int]
    """Texts, cases and groups on all pages."""

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-max(self.counts[0], self.counts[2]) // PAGE))


Cursor = tuple[int, int]
"""Where a page of links ends: the newest text of its last link, and the place of the contact there."""


def links(
    db: Transaction, *, kind: str = "", before: Cursor | None = None, size: int = 25
) -> tuple[list[Link], Cursor | None]:
    """A page of links, the one with the newest text first, and where the next page goes on; None if there is none.

    Reads contacts that may be links from the newest text on, until the page is full, and of each all its texts.

    Args:
        kind: one of `serving.linking.contacts.KINDS` alone.
        before: what the page before gave.
    """
    known: dict[str, _Joined] = {}
    found: list[tuple[Trace, _Joined]] = []
    at = before
    while len(found) <= size and (rows := _maybe(db, kind, at)):
        known |= _joined(db, {x.value for x in rows} - known.keys())
        found += [(x, y) for x in rows if (y := known.get(x.value)) and y.newest == x.text_id and y.is_link]
        at = (rows[-1].text_id, rows[-1].place)
    shown = found[:size]
    places = _places(db, [x.first for _, x in shown])
    page = [
        Link(x.first, places[x.first, trace.value], trace.kind, x.cases, x.texts, x.groups, x.received)
        for trace, x in shown
        if (x.first, trace.value) in places  # else it was erased meanwhile
    ]
    return page, (shown[-1][0].text_id, shown[-1][0].place) if len(found) > size else None


@dataclass(frozen=True, slots=True)
class _Joined:
    """What a contact joins."""

    first: int
    newest: int
    received: datetime
    cases: int
    texts: int
    groups: int

    @property
    def is_link(self) -> bool:
        return self.cases > 1 or self.groups > 0


def _maybe(db: Transaction, kind: str, before: Cursor | None) -> Sequence[Trace]:
    """Some contacts that may be links, from the newest text on."""
    query = sa.select(Trace).where(Trace.shared, *([Trace.kind == kind] if kind else []))
    if before is not None:
        query = query.where(sa.tuple_(Trace.text_id, Trace.place) < before)
    return db.scalars(query.order_by(Trace.text_id.desc(), Trace.place.desc()).limit(_LOOKED_AT)).all()


def _joined(db: Transaction, values: Collection[str]) -> dict[str, _Joined]:
    """What each of these contacts joins; the hash of a contact is of its kind too."""
    if not values:
        return {}
    query = (
        sa.select(
            Trace.value,
            sa.func.min(Trace.text_id),
            sa.func.max(Trace.text_id),
            sa.func.max(Text.received),
            sa.func.count(sa.distinct(Text.case_id)),
            sa.func.count(),
        )
        .join(Text, Text.id == Trace.text_id)
        .where(Trace.value.in_(values))
        .group_by(Trace.value)
    )
    groups = _groups_of(db, values)
    return {
        value: _Joined(first, newest, received, cases, texts, groups.get(value, 0))
        for value, first, newest, received, cases, texts in db.execute(query)
    }


def _ads_with(*which: sa.ColumnElement[bool]) -> sa.Select[int]:
    """The groups of contacts in ads that are in a group now."""
    joined = sa.select(Ad.group_id).join(AdTrace, AdTrace.ad_id == Ad.id).join(AdGroup, AdGroup.id == Ad.group_id)
    return joined.where(*which, *_SHOWN)


def _groups_of(db: Transaction, values: Collection[str]) -> dict[str, int]:
    """In how many groups each contact stands."""
    count = sa.func.count(sa.distinct(Ad.group_id))
    query = _ads_with(AdTrace.value.in_(values)).with_only_columns(AdTrace.value, count.label("groups"))
    return {x.value: x.groups for x in db.execute(query.group_by(AdTrace.value))}


def _places(db: Transaction, texts: Sequence[int]) -> dict[tuple[int, str], int]:
    """The place of each contact in its text."""
    query = sa.select(Trace.text_id, Trace.value, sa.func.min(Trace.place)).where(Trace.text_id.in_(texts))
    return {(text, value): at for text, value, at in db.execute(query.group_by(Trace.text_id, Trace.value))}


def look(ledger: Ledger, person: int, text: int, place: int, *, page: int = 1) -> Linked:
    """A page of what a contact of a text joins; the look is recorded.

    Raises:
        NoSuchLink: see the class.
    """
    with ledger.acting(user(person)) as act:
        trace = act.db.get(Trace, (text, place))
        if trace is None or trace.kind not in KINDS:
            raise NoSuchLink(f"text {text} has no contact {place}")
        found = _linked(act.db, ledger, trace.kind, [trace.value], page)
        act.record("link.read", f"text#{text}", texts=len(found.texts), groups=len(found.groups))
        return found


def seek(ledger: Ledger, person: int, said: str, *, page: int = 1) -> Linked | None:
    """A page of what has a contact that somebody typed; None if that is no contact. That somebody looked is recorded alone."""
    wanted = sought(reached(said)[:1])
    if not wanted:
        return None
    values = [hash_of(ledger.vault, kind, value) for kind, value in wanted]
    with ledger.acting(user(person)) as act:
        found = _linked(act.db, ledger, wanted[0][0], values, page)
        act.record("contact.sought", texts=found.counts[0], groups=found.counts[2])
        return found


def _linked(db: Transaction, ledger: Ledger, kind: str, values: Collection[str], page: int) -> Linked:
    """A page of what has one of these hashes, which are of their kind too."""
    skipped = (page - 1) * PAGE
    own = sa.select(sa.func.count(sa.distinct(Text.id)), sa.func.count(sa.distinct(Text.case_id))).join(Trace)
    texts, cases = db.execute(own.where(Trace.value.in_(values))).one()
    ads = _ads_with(AdTrace.value.in_(values))
    groups = db.scalar(ads.with_only_columns(sa.func.count(sa.distinct(Ad.group_id)))) or 0
    count = sa.func.count(sa.distinct(Ad.id))
    most = ads.with_only_columns(Ad.group_id, count).group_by(Ad.group_id).order_by(count.desc(), Ad.group_id)
    shown = tuple((number, having) for number, having in db.execute(most.limit(PAGE).offset(skipped)))
    return Linked(kind, tuple(_texts(db, ledger, values, skipped)), shown, (texts, cases, groups))


def _texts(db: Transaction, ledger: Ledger, values: Collection[str], skipped: int) -> list[LinkedText]:
    unread = sa.orm.defer(Text.sealed_text)
    having = sa.select(Trace.text_id).where(Trace.value.in_(values))
    query = sa.select(Text, Case).join(Case).where(Text.id.in_(having)).options(unread).order_by(Text.id.desc())
    names: dict[int, str] = {}
    found = []
    for text, case in db.execute(query.limit(PAGE).offset(skipped)):
        if case.id not in names:
            try:
                names[case.id] = unseal_text(open_box(ledger.vault, case), case, "sealed_reference")
            except (*UNREADABLE, NoSuchCase):
                names[case.id] = ""
        found.append(LinkedText(text.id, case.id, names[case.id], text.kind, text.received, text.stage))
    return found


@dataclass(frozen=True, slots=True)
class Shared:
    """Another text, or group, with what kinds of contacts both have."""

    id: int
    contacts: tuple[str, ...]


def groups_of_text(db: Transaction, text: int, *, page: int = 1, count: int = 10) -> tuple[list[Shared], bool]:
    """A page of the groups of ads that share a contact with a text, most kinds of contacts first, and whether more follow."""
    same = sa.and_(AdTrace.kind == Trace.kind, AdTrace.value == Trace.value)
    query = (
        sa.select(Ad.group_id)
        .join(AdTrace, AdTrace.ad_id == Ad.id)
        .join(AdGroup, AdGroup.id == Ad.group_id)
        .join(Trace, same)
        .where(Trace.text_id == text, Trace.kind.in_(KINDS), *_SHOWN)
    )
    kinds = sa.func.count(sa.distinct(Trace.kind))
    ordered = query.group_by(Ad.group_id).order_by(kinds.desc(), Ad.group_id.desc())
    numbers = db.scalars(ordered.limit(count + 1).offset((page - 1) * count)).all()
    shown = query.where(Ad.group_id.in_(numbers[:count])).add_columns(Trace.kind).distinct()
    return _shared(db.execute(shown).all()), len(numbers) > count


def groups_beside(ledger: Ledger, person: int, text: int, *, page: int = 1) -> tuple[list[Shared], bool]:
    """A page of the groups of ads that share a contact with a text, and whether more follow; the look is recorded.

    Raises:
        NoSuchLink: there is no such text.
    """
    with ledger.acting(user(person)) as act:
        if act.db.scalar(sa.select(Text.id).where(Text.id == text)) is None:
            raise NoSuchLink(f"there is no text {text}")
        groups, more = groups_of_text(act.db, text, page=page, count=PAGE)
        act.record("link.read", f"text#{text}", texts=0, groups=len(groups))
        return groups, more


def texts_of_group(db: Transaction, group: int) -> list[Shared]:
    """Texts of cases that share a contact with ads of a group."""
    # Each contact once: ads and texts that have it by the thousand are not paired with one another.
    own = sa.select(AdTrace.kind, AdTrace.value).distinct().join(Ad, Ad.id == AdTrace.ad_id)
    contact = own.where(Ad.group_id == group, Ad.place > 0).subquery()
    same = sa.and_(contact.c.kind == Trace.kind, contact.c.value == Trace.value)
    query = sa.select(Trace.text_id, Trace.kind).distinct().join(contact, same)
    return _shared(db.execute(query).all())


def _shared(rows: Sequence[sa.Row[int, str]]) -> list[Shared]:
    kinds: dict[int, set[str]] = {}
    for number, kind in rows:
        kinds.setdefault(number, set()).add(kind)
    found = [Shared(number, tuple(x for x in KINDS if x in said)) for number, said in kinds.items()]
    return sorted(found, key=lambda x: (-len(x.contacts), -x.id))
