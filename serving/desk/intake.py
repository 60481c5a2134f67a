"""Texts come in: exactly as received, sealed, each once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from serving.desk.cases import case_for, open_box, seal
from serving.desk.switches import read_switches
from serving.store.desk import Case, Text
from serving.store.ledger import Act, Ledger
from triage.text import MAX_TEXT, has_bad_characters

_chance = secrets.SystemRandom()
_LOCK = 1


class NotAText(ValueError):
    """What was sent cannot be a text: it is empty, too long, or holds NUL or half characters. `code` says which."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Item:
    """A text on its way in."""

    text: str
    title: str = ""
    """What people know it by, such as a file's name and a row."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of texts that were sent."""

    new: tuple[int, ...]
    known: tuple[int, ...]
    """Texts that were there already; nothing was stored again."""


def check_text(text: str) -> None:
    """Refuse what cannot be a text.

    Raises:
        NotAText: see the class.
    """
    if not text.strip():
        raise NotAText("empty")
    if len(text) > MAX_TEXT:
        raise NotAText("too_long")
    if has_bad_characters(text):
        raise NotAText("bad_characters")


def submit(
    ledger: Ledger, items: Iterable[Item], *, kind: str, by: int, actor: str, reference: str, keep_days: int
) -> Receipt:
    """Store texts for review in one transaction. With a reference they are one case, else each is a case of its own.

    Raises:
        NotAText: one of them is none; nothing is stored.
    """
    new: list[int] = []
    known: list[int] = []
    with ledger.acting(actor) as act:
        case: Case | None = None
        for item in items:
            if case is None and reference.strip() and _known(act, ledger, item.text) is None:  # else it would be empty
                case = case_for(act, ledger.vault, reference, keep_days=keep_days, by=by)
            number, is_new = take_in(act, ledger, item, kind=kind, by=by, case=case, keep_days=keep_days)
            (new if is_new else known).append(number)
    return Receipt(tuple(new), tuple(known))


def take_in(
    act: Act,
    ledger: Ledger,
    item: Item,
    *,
    kind: str,
    by: int,
    case: Case | None,
    keep_days: int,
    source: str = "pages",
) -> tuple[int, bool]:
    """Store one text in an act, in a case or in a new one of its own; returns its number, and whether it is new.

    Raises:
        NotAText: it is none.
    """
    check_text(item.text)
    vault = ledger.vault
    act.alone(_LOCK)  # two people may send the same text at once
    if (number := _known(act, ledger, item.text)) is not None:
        act.record("document.added", f"text#{number}", duplicate=True)
        return number, False
    switches = read_switches(act.db)
    home = case or case_for(act, vault, "", keep_days=keep_days, by=by, source=source)
    row = Text(
        case_id=home.id,
        kind=kind,
        sealed_text=b"",
        length=len(item.text),
        fingerprint=vault.fingerprint(item.text),
        received=act.now,
        submitted_by=by,
        draw=_chance.random(),
        blind=_chance.random() * 100 < switches.blind_share,
        twice=_chance.random() * 100 < switches.second_share,
    )
    act.db.add(row)
    act.db.flush()
    box = open_box(vault, home)
    seal(box, row, "sealed_text", item.text)
    if item.title:
        seal(box, row, "sealed_title", item.title)
    act.db.flush()
    act.record("document.added", f"text#{row.id}", kind=kind, code_points=len(item.text), source=source)
    return row.id, True


def _known(act: Act, ledger: Ledger, text: str) -> int | None:
    """The number of the same text, if it is there: spaces, line ends and case aside."""
    known = act.db.scalars(sa.select(Text.id).where(Text.fingerprint.in_(ledger.vault.fingerprints(text))))
    return known.first()
