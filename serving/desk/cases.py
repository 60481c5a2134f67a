"""Cases: texts that belong together, under one key, kept for a time and then erased for good."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.store.database import overwrite_deleted
from serving.store.desk import Case, Draft, Reading, Suggestion, Text, Upload, UploadedFile
from serving.store.groups import Ad, AdGroup, AdTie, GroupNote
from serving.store.ledger import SYSTEM, Act, Ledger
from serving.store.vault import CaseBox, Place, Tampered, Vault

MAX_REFERENCE = 100
"""Code points of what people call a case."""
ERASED_FOR = ("asked", "expired", "mistake")
"""Why a case is erased: somebody asked for it, its time is over, or it should not be here."""
_LOCK = 2
Sealed = Case | Text | Reading | Draft | Suggestion | Upload | UploadedFile | Ad | AdTie | GroupNote


class NoSuchCase(LookupError):
    """There is no case of that number, or it is erased."""


def seal(box: CaseBox, row: Sealed, column: str, plain: str | bytes | None) -> None:
    """Put something sealed into a column of a stored row."""
    setattr(row, column, None if plain is None else box.seal(plain, Place(row.__tablename__, column, row.id)))


def unseal(box: CaseBox, row: Sealed, column: str) -> bytes | None:
    """What is sealed in a column of a row; None if nothing is.

    Raises:
        Tampered: it was changed or belongs elsewhere.
    """
    sealed = getattr(row, column)
    return None if sealed is None else box.open(sealed, Place(row.__tablename__, column, row.id))


def unseal_text(box: CaseBox, row: Sealed, column: str) -> str:
    """The text that is sealed in a column of a row; empty if there is none.

    Raises:
        Tampered: it was changed or belongs elsewhere.
    """
    found = unseal(box, row, column)
    return "" if found is None else found.decode("utf-8", "surrogatepass")


def open_box(vault: Vault, case: Case) -> CaseBox:
    """The box of a case.

    Raises:
        NoSuchCase: it is erased.
        KeyLost, Tampered: as `Vault.open_case`; or the key is gone, and nobody erased the case.
    """
    place = Place("cases", "wrapped_key", case.id)
    if case.wrapped_key is None and case.erased is None:
        raise Tampered(f"{place} is gone, and the case was not erased: restore it from a copy")
    if case.wrapped_key is None:
        raise NoSuchCase(f"case {case.id} is erased")
    return vault.open_case(case.wrapped_key, place)


def check_opens(db: Transaction, vault: Vault, text: Text) -> None:
    """Open all that a reader of a text is shown first: the text, what it and its case are called, and what the model says.

    Raises:
        KeyLost, Tampered: one of it cannot be opened.
    """
    case = db.get_one(Case, text.case_id)
    box = open_box(vault, case)
    unseal(box, case, "sealed_reference")
    unseal(box, text, "sealed_title")
    unseal(box, text, "sealed_text")
    answer = db.scalar(sa.select(Suggestion).where(Suggestion.text_id == text.id, Suggestion.model == text.model))
    if answer is not None:
        unseal(box, answer, "sealed_answer")
    if text.stage == "adjudication":  # whoever settles differences is shown the notes
        handed_in = sa.select(Reading).where(Reading.text_id == text.id, Reading.submitted.is_not(None))
        for reading in db.scalars(handed_in):
            unseal(box, reading, "sealed_note")


def _tidy(reference: str) -> str:
    return " ".join(reference.split())[:MAX_REFERENCE]


def called(vault: Vault, reference: str) -> sa.Select[Case]:
    """The case that people call so, spaces and capitals aside. Stored is a keyed hash of the whole: a part finds nothing."""
    known = vault.fingerprints(f"case {_tidy(reference)}")
    return sa.select(Case).where(Case.reference.in_(known), Case.erased.is_(None)).order_by(Case.id).limit(1)


def case_for(
    act: Act, vault: Vault, reference: str, *, keep_days: int, by: int | None = None, source: str = "pages"
) -> Case:
    """The case that people call so, or a new one; one that is called nothing is always new.

    It is kept for `keep_days` from now, or longer if it was to be.
    """
    reference = _tidy(reference)
    until = act.now + timedelta(days=keep_days)
    if reference:
        act.alone(_LOCK)  # two people may begin the same case at once
        found = act.db.scalar(called(vault, reference).with_for_update())
        if found is not None:
            found.keep_until = max(found.keep_until, until)
            return found
    case = Case(created=act.now, created_by=by, keep_until=until)
    act.db.add(case)
    act.db.flush()
    case.wrapped_key = vault.new_case_key(Place("cases", "wrapped_key", case.id))
    if reference:
        case.reference = vault.fingerprint(f"case {reference}")
        seal(open_box(vault, case), case, "sealed_reference", reference)
    act.record("case.created", f"case#{case.id}", source=source)
    return case


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure did."""

    texts: int
    """Texts that the case had, ads of a group too."""
    overwritten: bool
    """Whether the database's own log is empty too; if not, `Jobs` tries again until it is."""


def erase(ledger: Ledger, number: int, *, actor: str, reason: str) -> Erasure:
    """Erase a case for good: its key, its texts, all that was decided.

    What remains is a row that says when, and entries without words in the audit log. Copies of the store from before still hold
    key and texts.

    Raises:
        NoSuchCase: see the class.
    """
    with ledger.acting(actor) as act:
        texts = erase_in(act, number, reason)
    return Erasure(texts, overwrite_deleted(ledger.engine))


def standing(act: Act, number: int) -> Case:
    """A case that is not erased, locked.

    Raises:
        NoSuchCase: see the class.
    """
    case = act.db.get(Case, number, with_for_update=True)
    if case is None or case.erased is not None:
        raise NoSuchCase(f"there is no case {number}, or it is erased already")
    return case


def erase_in(act: Act, number: int, reason: str) -> int:
    """As `erase`, within an act; returns how many texts it had, ads too. Afterwards `overwrite_deleted` is to be called."""
    # Whoever adds to the case locks its row too: no text can come in that the erasure does not see.
    case = standing(act, number)
    texts = act.db.scalar(sa.select(sa.func.count()).select_from(Text).where(Text.case_id == number)) or 0
    act.db.execute(sa.delete(Text).where(Text.case_id == number))
    act.db.execute(sa.delete(Upload).where(Upload.case_id == number))
    texts += _empty_group(act.db, number)
    case.wrapped_key = case.sealed_reference = case.reference = None
    case.erased = act.now
    act.record("case.erased", f"case#{number}", documents=texts, reason=reason)
    return texts


def _empty_group(db: Transaction, case: int) -> int:
    """Take all away that a case holds of a group of ads; returns how many ads. That there was a group stays."""
    groups = sa.select(AdGroup.id).where(AdGroup.case_id == case)
    ads = db.scalar(sa.select(sa.func.count()).select_from(Ad).where(Ad.group_id.in_(groups))) or 0
    db.execute(sa.delete(AdTie).where(AdTie.group_id.in_(groups)))
    db.execute(sa.delete(GroupNote).where(GroupNote.group_id.in_(groups)))
    db.execute(sa.delete(Ad).where(Ad.group_id.in_(groups)))
    nothing = {"ads": 0, "names": 0, "phones": 0, "towns": 0, "figures": "{}"}
    empty = dict.fromkeys(("first", "last", "digest", "outcome", "loaded"))
    db.execute(sa.update(AdGroup).where(AdGroup.case_id == case).values({**nothing, **empty}))
    return ads


def erase_expired(ledger: Ledger) -> int:
    """Erase the cases whose time is over; returns how many."""
    late = sa.select(Case.id).where(Case.keep_until < datetime.now(UTC), Case.erased.is_(None))
    with ledger.reading() as db:
        over = list(db.scalars(late))
    erased = 0
    for number in over:  # an act each: others wait for the store meanwhile
        with suppress(NoSuchCase), ledger.acting(SYSTEM) as act:
            erase_in(act, number, "expired")
            erased += 1
    if erased:
        overwrite_deleted(ledger.engine)
    return erased
