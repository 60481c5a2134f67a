"""A new master key: cases are wrapped anew, and texts and ads get new fingerprints and traces, a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from serving.desk.cases import open_box, unseal_text
from serving.desk.traces import LOCK, mark_shared, replace, traces
from serving.desk.views import answer_of
from serving.groups.renewing import renew_ads
from serving.store.database import overwrite_deleted
from serving.store.desk import Case, Text, Trace
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import Place, Tampered
from triage.entities import find_entities

_CASES = 100
"""Cases of one look."""
_TEXTS = 20
"""Texts of one transaction: others wait for the store meanwhile."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was brought under the new key."""

    cases: int
    texts: int
    """Ads of groups, too."""
    unreadable: tuple[str, ...] = ()
    """What was changed and cannot be opened, as sentences. Its case stays under the old key and stops no other."""


def rotate(ledger: Ledger, *, progress: Callable[[int], object] = lambda _: None) -> Rotation:
    """Bring every case under the master key in use. Interrupted, it goes on with the cases that are not yet.

    A case of which something cannot be opened keeps the old key, so that it is taken up once that was mended.

    Args:
        progress: called with how many cases are done, now and then.

    Raises:
        KeyLost: an old master key is missing; its cases are left as they are.
    """
    last, cases, texts = 0, 0, 0
    unreadable: list[str] = []
    while True:
        with ledger.reading() as db:
            query = sa.select(Case.id, Case.wrapped_key).where(Case.id > last, Case.wrapped_key.is_not(None))
            rows = db.execute(query.order_by(Case.id).limit(_CASES)).all()
        if not rows:
            break
        last = rows[-1].id
        old = [row.id for row in rows if not ledger.vault.is_current(row.wrapped_key)]
        whole = []
        for number in old:
            before = len(unreadable)
            texts += _renew_texts(ledger, number, unreadable) + renew_ads(ledger, number, unreadable)
            if len(unreadable) == before:
                whole.append(number)
        # The case's key comes last: a case that has it is done with all its texts.
        cases += _rewrap(ledger, whole, unreadable)
        if old:
            progress(cases)
    if cases:
        overwrite_deleted(ledger.engine)  # the keys as they were wrapped before
    return Rotation(cases, texts, tuple(dict.fromkeys(unreadable)))


def _rewrap(ledger: Ledger, numbers: list[int], unreadable: list[str]) -> int:
    if not numbers:
        return 0
    vault, count = ledger.vault, 0
    with ledger.acting(SYSTEM) as act:
        for case in act.db.scalars(sa.select(Case).where(Case.id.in_(numbers)).with_for_update()):
            if case.wrapped_key is None:  # erased meanwhile
                continue
            try:
                box = open_box(vault, case)
                if case.sealed_reference is not None:
                    case.reference = vault.fingerprint(f"case {unseal_text(box, case, 'sealed_reference')}")
            except Tampered as error:
                unreadable.append(str(error))
                continue
            case.wrapped_key = vault.rewrap(case.wrapped_key, Place("cases", "wrapped_key", case.id))
            count += 1
        if count:
            act.record("masterkey.rotated", key=vault.key_id, rewrapped=count)
    return count


def _renew_texts(ledger: Ledger, case_id: int, unreadable: list[str]) -> int:
    last, count = 0, 0
    while True:
        numbers = _some(ledger, case_id, last)
        if not numbers:
            return count
        renewed = []
        for number in numbers:
            try:
                renewed.append((number, *_renewed(ledger, number)))
            except Tampered as error:
                unreadable.append(str(error))
        with ledger.acting(SYSTEM) as act:
            act.alone(LOCK)
            for number, fingerprint, rows in renewed:
                count += _store(act.db, number, fingerprint, rows)
            mark_shared(act.db, [x for _, _, rows in renewed for x in rows])
        last = numbers[-1]


def _some(ledger: Ledger, case_id: int, last: int) -> list[int]:
    query = sa.select(Text.id).where(Text.case_id == case_id, Text.id > last).order_by(Text.id).limit(_TEXTS)
    with ledger.reading() as db:
        return list(db.scalars(query))


def _renewed(ledger: Ledger, number: int) -> tuple[str | None, list[Trace]]:
    """The fingerprint and the traces of a text under the key in use; none of it if it was erased meanwhile."""
    with ledger.reading() as db:
        found = db.execute(sa.select(Text, Case).join(Case).where(Text.id == number)).one_or_none()
        if found is None or found[1].wrapped_key is None:
            return None, []
        text, case = found
        box = open_box(ledger.vault, case)
        plain = unseal_text(box, text, "sealed_text")
        fingerprint = ledger.vault.fingerprint(plain)
        if fingerprint == text.fingerprint:  # done before an interruption, or came in since
            return None, []
        if text.stage == "new":  # it gets its traces once it is tagged
            return fingerprint, []
        answer_of(db, box, text)  # one that does not open keeps its case under the old key, too
        return fingerprint, traces(ledger.vault, number, plain, find_entities(plain))


def _store(db: sa.orm.Session, number: int, fingerprint: str | None, rows: list[Trace]) -> int:
    text = db.get(Text, number)
    if text is None or fingerprint is None:
        return 0
    taken = db.scalar(sa.select(Text.id).where(Text.fingerprint == fingerprint))
    if taken is None:  # else it came again while the old key was away, and is found by the later one
        text.fingerprint = fingerprint
    if rows:
        replace(db, text, rows)
    return 1
