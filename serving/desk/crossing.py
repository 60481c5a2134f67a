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
from serving.linking.contacts import BY_NUMBER
from serving.store.desk import Case, Text, Trace
from serving.store.groups import Ad, AdGroup, AdTrace
from serving.store.ledger import Ledger, user
from serving.store.vault import UNREADABLE
from triage.assessment import Entity
from triage.entities import CONTACTS
from triage.entities.handles import SERVICES

MANY = 12
"""Cases and groups from which a contact is likely to be that of a body, a clinic or a portal."""
PAGE = 25
"""Texts, and groups, of one link on a page."""
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


def links(db: Transaction, *, kind: str = "", page: int = 1, size: int = 25) -> tuple[list[Link], bool]:
    """One page of links, the one with the newest text first, and whether there is another page.

    Args:
        kind: one of `triage.entities.CONTACTS` alone.
    """
    in_ads = _ads_with(AdTrace.kind == Trace.kind, AdTrace.value == Trace.value).correlate(Trace).exists()
    cases = sa.func.count(sa.distinct(Text.case_id))
    first = sa.func.min(Trace.text_id)
    query = (
        sa.select(
            Trace.kind,
            Trace.value,
            first.label("text"),
            cases.label("cases"),
            sa.func.count(sa.distinct(Trace.text_id)).label("texts"),
            sa.func.max(Text.received).label("newest"),
        )
        .join(Text, Text.id == Trace.text_id)
        .where(Trace.kind.in_([kind] if kind else CONTACTS))
        .group_by(Trace.kind, Trace.value)
        .having(sa.or_(cases > 1, in_ads))
        .order_by(sa.func.max(Text.received).desc(), first.desc(), Trace.kind)
        .limit(size + 1)
        .offset((page - 1) * size)
    )
    rows = db.execute(query).all()
    shown = rows[:size]
    groups, places = _groups_of(db, [x.value for x in shown]), _places(db, [x.text for x in shown])
    found = [
        Link(x.text, places[x.text, x.value], x.kind, x.cases, x.texts, groups.get(x.value, 0), x.newest) for x in shown
    ]
    return found, len(rows) > size


def _ads_with(*which: sa.ColumnElement[bool]) -> sa.Select[int]:
    """The groups of contacts in ads that are in a group now."""
    joined = sa.select(Ad.group_id).join(AdTrace, AdTrace.ad_id == Ad.id).join(AdGroup, AdGroup.id == Ad.group_id)
    return joined.where(*which, *_SHOWN)


def _groups_of(db: Transaction, values: Sequence[str]) -> dict[str, int]:
    """In how many groups each contact stands; the hash of a contact is of its kind too."""
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
        if trace is None or trace.kind not in CONTACTS:
            raise NoSuchLink(f"text {text} has no contact {place}")
        found = _linked(act.db, ledger, trace.kind, [trace.value], page)
        act.record("link.read", f"text#{text}", texts=len(found.texts), groups=len(found.groups))
        return found


def seek(ledger: Ledger, person: int, said: str) -> Linked | None:
    """The first page of what has a contact that somebody typed, and None if that is no contact; the search alone is recorded.

    A number is the same by telephone, in a chat and for payment, as it is where ads are linked; a name without its service is
    looked for on all of them.
    """
    meant = reached(said)
    if not meant:
        return None
    values = [ledger.vault.fingerprint(f"{kind} {value}") for kind, value in _spellings(meant[0])]
    with ledger.acting(user(person)) as act:
        found = _linked(act.db, ledger, meant[0].type, values, 1)
        act.record("contact.sought", texts=found.counts[0], groups=found.counts[2])
        return found


def _spellings(contact: Entity) -> list[tuple[str, str]]:
    """What a contact may be called where it is kept."""
    service, _, account = contact.value.rpartition(":")
    if contact.type in ("phone", "mobilepay") or (contact.type == "handle" and account.startswith("+")):
        return [("phone", account), ("mobilepay", account), *(("handle", f"{x}:{account}") for x in BY_NUMBER)]
    if contact.type == "handle":
        services = SERVICES if service == "any" else (service, "any")
        return [("handle", f"{x}:{account}") for x in services]
    return [(contact.type, contact.value)]


def _linked(db: Transaction, ledger: Ledger, kind: str, values: Collection[str], page: int) -> Linked:
    """A page of what has one of these hashes, which are of their kind too."""
    skipped = (page - 1) * PAGE
    texts, groups = _texts(db, ledger, values, skipped), _groups(db, values)
    own = sa.select(sa.func.count(sa.distinct(Text.id)), sa.func.count(sa.distinct(Text.case_id))).join(Trace)
    counts = (*db.execute(own.where(Trace.value.in_(values))).one(), len(groups))
    return Linked(kind, tuple(texts), tuple(groups[skipped : skipped + PAGE]), counts)


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


def _groups(db: Transaction, values: Collection[str]) -> list[tuple[int, int]]:
    count = sa.func.count(sa.distinct(Ad.id))
    query = (
        _ads_with(AdTrace.value.in_(values))
        .with_only_columns(Ad.group_id, count)
        .group_by(Ad.group_id)
        .order_by(count.desc(), Ad.group_id)
    )
    return [(number, ads) for number, ads in db.execute(query)]


@dataclass(frozen=True, slots=True)
class Shared:
    """Another text, or group, with what kinds of contacts both have."""

    id: int
    contacts: tuple[str, ...]


def groups_of_text(db: Transaction, text: int, *, count: int = 10) -> list[Shared]:
    """Groups of ads that share a contact with a text."""
    query = (
        sa.select(Ad.group_id, Trace.kind)
        .distinct()
        .select_from(Trace)
        .join(AdTrace, sa.and_(AdTrace.kind == Trace.kind, AdTrace.value == Trace.value))
        .join(Ad, Ad.id == AdTrace.ad_id)
        .join(AdGroup, AdGroup.id == Ad.group_id)
        .where(Trace.text_id == text, Trace.kind.in_(CONTACTS), *_SHOWN)
    )
    return _shared(db.execute(query).all())[:count]


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
    found = [Shared(number, tuple(x for x in CONTACTS if x in said)) for number, said in kinds.items()]
    return sorted(found, key=lambda x: (-len(x.contacts), -x.id))
