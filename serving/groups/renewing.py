"""After a new master key: ads of groups are found again by hashes under it."""

from __future__ import annotations

import json

import sqlalchemy as sa

from serving.desk.cases import open_box, unseal_text
from serving.groups.adstore import LOCK, contacts_of, known_of, replace_traces
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import Tampered

_ADS = 20
"""Ads of one transaction: others wait for the store meanwhile."""


def renew_ads(ledger: Ledger, case_id: int, unreadable: list[str]) -> int:
    """Give the ads of a case hashes under the key in use; returns how many had others.

    Args:
        unreadable: what cannot be opened is added, as sentences.

    Raises:
        KeyLost: the old key is not here.
    """
    last, count = 0, 0
    while True:
        query = sa.select(Ad.id).join(AdGroup).where(AdGroup.case_id == case_id, Ad.id > last)
        with ledger.reading() as db:
            numbers = list(db.scalars(query.order_by(Ad.id).limit(_ADS)))
        if not numbers:
            return count
        last = numbers[-1]
        found = []
        for number in numbers:
            try:
                found += _renewed(ledger, number)
            except Tampered as error:
                unreadable.append(str(error))
        if not found:
            continue
        with ledger.acting(SYSTEM) as act:
            act.alone(LOCK)
            for number, known, contacts in found:
                ad = act.db.get(Ad, number)
                if ad is None:
                    continue
                count += 1
                if act.db.scalar(sa.select(Ad.id).where(Ad.known == known, Ad.id != number)) is None:
                    ad.known = known
                replace_traces(act.db, ledger.vault, number, contacts)


def _renewed(ledger: Ledger, number: int) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """The number, the hash and the contacts of an ad whose hash is an old one; nothing if it is not, or gone."""
    with ledger.reading() as db:
        row = db.execute(
            sa.select(Ad, Case)
            .join(AdGroup, AdGroup.id == Ad.group_id)
            .join(Case, Case.id == AdGroup.case_id)
            .where(Ad.id == number)
        ).one_or_none()
        if row is None or row[1].wrapped_key is None:
            return []
        ad, case = row
        box = open_box(ledger.vault, case)
        known = known_of(ledger.vault, json.loads(unseal_text(box, ad, "sealed_about"))["id"])[0]
        return [] if known == ad.known else [(number, known, contacts_of(box, ad))]
