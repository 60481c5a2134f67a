"""Ads of groups get new hashes: under a new master key, or of contacts that are compared otherwise than before."""

from __future__ import annotations

import json
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.desk import traces
from serving.desk.cases import open_box, unseal_text
from serving.groups.adstore import LOCK, contacts_of, known_of, replace_traces
from serving.linking.records import FORM
from serving.store.desk import Case
from serving.store.groups import Ad, AdGroup, AdTrace
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE, CaseBox, Tampered

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
            act.alone(traces.LOCK)
            added: list[AdTrace] = []
            for number, known, contacts in found:
                ad = act.db.get(Ad, number)
                if ad is None:
                    continue
                count += 1
                if act.db.scalar(sa.select(Ad.id).where(Ad.known == known, Ad.id != number)) is None:
                    ad.known = known
                added += replace_traces(act.db, ad, contacts)
            traces.mark_shared(act.db, added)


def _renewed(ledger: Ledger, number: int) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """The number, the hash and the contacts of an ad whose hash is an old one; nothing if it is not, or gone."""
    with ledger.reading() as db:
        if (opened := _opened(db, ledger, number)) is None:
            return []
        ad, box = opened
        known = known_of(ledger.vault, json.loads(unseal_text(box, ad, "sealed_about"))["id"])[0]
        return [] if known == ad.known else [(number, known, contacts_of(ledger.vault, box, ad))]


def _opened(db: Transaction, ledger: Ledger, number: int) -> tuple[Ad, CaseBox] | None:
    """An ad with the box of its group; None if it is gone."""
    row = db.execute(
        sa.select(Ad, Case)
        .join(AdGroup, AdGroup.id == Ad.group_id)
        .join(Case, Case.id == AdGroup.case_id)
        .where(Ad.id == number)
    ).one_or_none()
    return None if row is None or row[1].wrapped_key is None else (row[0], open_box(ledger.vault, row[1]))


def retrace_ads(ledger: Ledger, after: int) -> int | None:
    """Compare the contacts of a few ads as today's form does, if an earlier one compared them; as `retrace_texts`."""
    query = sa.select(Ad.id).where(Ad.traced < FORM, Ad.id > after).order_by(Ad.id).limit(_ADS)
    found = []
    with ledger.reading() as db:
        numbers = list(db.scalars(query))
        for number in numbers:
            with suppress(*UNREADABLE):  # it keeps what it has
                if (opened := _opened(db, ledger, number)) is not None:
                    ad, box = opened
                    found.append((number, ad.known, contacts_of(ledger.vault, box, ad)))
    if found:
        with ledger.acting(SYSTEM) as act:
            act.alone(LOCK)
            act.alone(traces.LOCK)
            added: list[AdTrace] = []
            for number, known, contacts in found:
                ad_now = act.db.get(Ad, number)
                if ad_now is not None and ad_now.known == known and ad_now.traced < FORM:
                    added += replace_traces(act.db, ad_now, contacts)
            traces.mark_shared(act.db, added)
    return numbers[-1] if numbers else None
