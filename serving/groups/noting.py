"""What people decide of a group, or write of it: rows that are only added."""

from __future__ import annotations

from serving.desk.cases import open_box, seal
from serving.desk.reading import MAX_NOTE
from serving.groups.view import find
from serving.store.desk import OUTCOMES, Case
from serving.store.groups import GroupNote
from serving.store.ledger import Ledger, user


class NotANote(ValueError):
    """Nothing is said, too much is, or the outcome is none; `code` says which: nothing, note or outcome."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def add_note(ledger: Ledger, person: int, number: int, *, outcome: str, note: str) -> None:
    """Add what somebody decided or wrote.

    Raises:
        NotANote: see the class; nothing is kept.
        NoSuchGroup, Elsewhere: as `find`.
        KeyLost, Tampered: the key of the group cannot be used.
    """
    if outcome and outcome not in OUTCOMES:
        raise NotANote("outcome")
    if len(note) > MAX_NOTE:
        raise NotANote("note")
    if not outcome and not note.strip():
        raise NotANote("nothing")
    with ledger.acting(user(person)) as act:
        group = find(act.db, number)
        case = act.db.get_one(Case, group.case_id, with_for_update=True)  # nobody erases it meanwhile
        row = GroupNote(group_id=number, about=number, user_id=person, made=act.now, outcome=outcome or None)
        act.db.add(row)
        act.db.flush()
        if note.strip():
            seal(open_box(ledger.vault, case), row, "sealed_note", note)
        if outcome:
            group.outcome = outcome
        act.record("group.noted", f"group#{number}", outcome=outcome or None)
