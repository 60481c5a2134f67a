"""Ads of groups in the store: sealed, each once, with the contacts in them as keyed hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.ads.linkable import Linkable
from serving.desk import traces
from serving.desk.cases import case_for, open_box, seal, unseal, unseal_text
from serving.linking.records import FORM
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTrace
from serving.store.ledger import SYSTEM, Act, Ledger
from serving.store.vault import UNREADABLE, CaseBox, Vault
from triage.entities import find_entities

LOCK = 3
"""Of the store's locks: one command at a time changes groups."""
_ASKED = 400
"""Ads asked for at a time: databases take no statement without end."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An ad on its way in."""

    ad: Linkable
    url: str
    group: str
    """Id of its group in the file of groups."""


@dataclass(slots=True)
class Stored:
    """What became of ads."""

    new: int = 0
    changed: int = 0
    unreadable: list[str] = field(default_factory=list)
    """What is stored of them and cannot be opened, as sentences."""


class Boxes:
    """The boxes of groups, each opened once in a transaction."""

    def __init__(self, db: Transaction, vault: Vault) -> None:
        self._db, self._vault = db, vault
        self._open: dict[int, CaseBox] = {}

    def of(self, group_id: int) -> CaseBox:
        """The box of a group.

        Raises:
            NoSuchCase, KeyLost, Tampered: as `open_box`.
        """
        if group_id not in self._open:
            case = self._db.get_one(Case, self._db.get_one(AdGroup, group_id).case_id)
            self._open[group_id] = open_box(self._vault, case)
        return self._open[group_id]


def known_of(vault: Vault, id_: str) -> tuple[str, ...]:
    """What an ad is found by, under each master key, the one in use first. Its id may be any text, and capitals count."""
    return vault.fingerprints(f"ad {hashlib.sha256(id_.encode('utf-8', 'surrogatepass')).hexdigest()}")


def find_ads(db: Transaction, vault: Vault, ids: Collection[str]) -> dict[str, Ad]:
    """The ads of these ids that are stored."""
    found, wanted = {}, list(ids)
    for at in range(0, len(wanted), _ASKED):
        names = {known: id_ for id_ in wanted[at : at + _ASKED] for known in known_of(vault, id_)}
        for ad in db.scalars(sa.select(Ad).where(Ad.known.in_(names))):
            found[names[ad.known]] = ad
    return found


def group_for(act: Act, vault: Vault, name: str, *, keep_days: int) -> AdGroup:
    """The group of an id, made with a case of its own if there is none, or if it was erased."""
    group = act.db.scalar(sa.select(AdGroup).where(AdGroup.name == name))
    if group is not None and act.db.get_one(Case, group.case_id).erased is None:
        return group
    case = case_for(act, vault, "", keep_days=keep_days, source="ads")
    if group is None:
        group = AdGroup(name=name, case_id=case.id, made=act.now)
        act.db.add(group)
    group.case_id, group.changing = case.id, True
    act.db.flush()
    return group


def about_of(ad: Linkable, url: str) -> dict[str, Any]:
    """What an ad tells that is kept beside its text, less the towns."""
    about = asdict(ad)
    del about["text"]
    return {**about, "contacts": list(ad.contacts), "url": url}


def store_ads(ledger: Ledger, batch: Sequence[Incoming], *, keep_days: int) -> Stored:
    """Store ads that are new or came otherwise than before, in one transaction; the newer of two versions stays."""
    stored = Stored()
    with ledger.reading() as db:
        coming = _differing(db, ledger.vault, batch, stored)
    if not coming:
        return stored
    found = [_found(ledger.vault, x.ad) for x in coming]  # which takes the time: others write meanwhile
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        act.alone(traces.LOCK)
        rows, boxes = find_ads(act.db, ledger.vault, {x.ad.id for x in coming}), Boxes(act.db, ledger.vault)
        fresh = _begin(act, ledger.vault, [x for x in coming if x.ad.id not in rows], keep_days, boxes, stored)
        rows |= fresh
        added: list[AdTrace] = []
        for x, (towns, contacts) in zip(coming, found, strict=True):
            row = rows.get(x.ad.id)
            if row is None:
                continue  # its group cannot be opened
            try:
                if fresh.pop(x.ad.id, None) is not None:
                    stored.new += 1
                elif not _is_newer(x.ad, json.loads(unseal_text(boxes.of(row.group_id), row, "sealed_about"))):
                    continue
                else:
                    stored.changed += 1
                added += _fill(act, boxes.of(row.group_id), row, x, towns, contacts)
            except UNREADABLE as error:
                stored.unreadable.append(str(error))
        traces.mark_shared(act.db, added)
        if stored.new or stored.changed:
            act.record("ads.stored", ads=stored.new, changed=stored.changed)
    return stored


def _differing(db: Transaction, vault: Vault, batch: Sequence[Incoming], stored: Stored) -> list[Incoming]:
    """Those that are not stored as they come."""
    rows, boxes, differing = find_ads(db, vault, {x.ad.id for x in batch}), Boxes(db, vault), []
    for x in batch:
        row = rows.get(x.ad.id)
        try:
            if row is not None and _is_same(boxes.of(row.group_id), row, x):
                continue
        except UNREADABLE as error:
            stored.unreadable.append(str(error))
            continue
        differing.append(x)
    return differing


def _is_same(box: CaseBox, row: Ad, x: Incoming) -> bool:
    about = json.loads(unseal_text(box, row, "sealed_about"))
    del about["towns"]
    about.pop("gone", None)
    return about == about_of(x.ad, x.url) and unseal_text(box, row, "sealed_text") == x.ad.text


def _is_newer(ad: Linkable, about: dict[str, Any]) -> bool:
    """Whether a version takes the place of one that is stored, as `ads link` chooses: of two that tell nothing the later one."""
    return (ad.retrieved, ad.posted) >= (about["retrieved"], about["posted"])


def _found(vault: Vault, ad: Linkable) -> tuple[list[str], list[tuple[str, str]]]:
    """The towns of an ad, and the kinds and hashes of its contacts, each once."""
    entities = [*find_entities(ad.text), *(x for _, x in ad.beside())]
    towns = dict.fromkeys(x.value for x in entities if x.type == "place")
    return list(towns), traces.contacts(vault, entities)


def _begin(
    act: Act, vault: Vault, new: Sequence[Incoming], keep_days: int, boxes: Boxes, stored: Stored
) -> dict[str, Ad]:
    """Rows of ads that are new, all numbered at once: what is sealed is sealed for its number."""
    fresh: dict[str, Ad] = {}
    empty = {"sealed_text": b"", "sealed_about": b"", "added": act.now}
    for x in new:
        if x.ad.id in fresh:
            continue
        try:
            group = group_for(act, vault, x.group, keep_days=keep_days)
            boxes.of(group.id)  # else nothing could be sealed
        except UNREADABLE as error:
            stored.unreadable.append(str(error))
            continue
        fresh[x.ad.id] = Ad(group_id=group.id, known=known_of(vault, x.ad.id)[0], **empty)
    act.db.add_all(fresh.values())
    act.db.flush()
    return fresh


def _fill(
    act: Act, box: CaseBox, row: Ad, x: Incoming, towns: list[str], contacts: Sequence[tuple[str, str]]
) -> list[AdTrace]:
    about = about_of(x.ad, x.url) | {"towns": towns}
    if row.sealed_text:
        if unseal_text(box, row, "sealed_text") != x.ad.text:
            row.sealed_answer = None  # it was of other words
        gone = json.loads(unseal_text(box, row, "sealed_about")).get("gone", "")
        if gone > x.ad.retrieved:
            about["gone"] = gone
    seal(box, row, "sealed_text", x.ad.text)
    seal(box, row, "sealed_about", json.dumps(about, ensure_ascii=False))
    act.db.get_one(AdGroup, row.group_id).changing = True
    return replace_traces(act.db, row, contacts)


def replace_traces(db: Transaction, row: Ad, contacts: Sequence[tuple[str, str]]) -> list[AdTrace]:
    """Keep the contacts of an ad as those of texts are (`serving.desk.traces`), in place of what was; returns what is kept."""
    db.execute(sa.delete(AdTrace).where(AdTrace.ad_id == row.id))
    kept = [AdTrace(ad_id=row.id, place=at, kind=kind, value=value) for at, (kind, value) in enumerate(contacts)]
    db.add_all(kept)
    row.traced = FORM
    return kept


def contacts_of(vault: Vault, box: CaseBox, row: Ad) -> list[tuple[str, str]]:
    """The kinds and hashes of the contacts of a stored ad, found anew."""
    about = json.loads(unseal_text(box, row, "sealed_about"))
    names = ("id", "title", "place", "posted", "retrieved", "site")
    ad = Linkable(
        text=unseal_text(box, row, "sealed_text"), contacts=tuple(about["contacts"]), **{x: about[x] for x in names}
    )
    return _found(vault, ad)[1]


def move(boxes: Boxes, row: Ad, group_id: int) -> None:
    """Bring an ad from the box of its group into that of another."""
    before, after = boxes.of(row.group_id), boxes.of(group_id)
    for column in ("sealed_text", "sealed_about", "sealed_answer"):
        seal(after, row, column, unseal(before, row, column))
    row.group_id = group_id
