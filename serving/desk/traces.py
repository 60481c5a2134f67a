"""What texts have in common, as keyed hashes: the same contact, or many of the same words.

Words are compared by bottom-k sketches (Broder, "On the resemblance and containment of documents", 1997): of all runs of four
words, the sixteen with the smallest hashes; the part of them that two texts share estimates how much of the texts is alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction

from serving.store.desk import Trace
from serving.store.vault import Vault, canonical_form
from triage.assessment import Entity
from triage.entities import CONTACTS

RUN = 4
"""Words of a run."""
KEPT = 16
"""Hashes kept of a text."""
ALIKE = 6
"""Shared hashes from which texts are called similar: about a quarter of all runs of both texts."""
_MAX_CONTACTS = 20
_HEX = 16
"""Hexadecimal digits kept of a hash of words: 64 bits."""


@dataclass(frozen=True, slots=True)
class Relative:
    """Another text that has something in common with a text."""

    text_id: int
    contacts: tuple[str, ...]
    """Types of the contacts that both have, such as phone."""
    alike: float
    """Estimated part of all runs of words that both have, 0 to 1."""


def sketch(vault: Vault, text: str) -> list[str]:
    """The hashes kept of a text's words, smallest first."""
    words = canonical_form(text).split()
    runs = {" ".join(words[i : i + RUN]) for i in range(max(1, len(words) - RUN + 1))}
    return sorted(vault.fingerprint(f"words {run}")[:_HEX] for run in runs)[:KEPT]


def replace(db: Transaction, text_id: int, rows: Sequence[Trace]) -> None:
    """Store what is kept of a text, in place of what was."""
    db.execute(sa.delete(Trace).where(Trace.text_id == text_id))
    db.add_all(rows)


def traces(vault: Vault, text_id: int, text: str, entities: Sequence[Entity]) -> list[Trace]:
    """What is kept of a text, not stored yet. Of a person's or firm's register number nothing is."""
    contacts = list(dict.fromkeys((x.type, x.value) for x in entities if x.type in CONTACTS))[:_MAX_CONTACTS]
    kept = [(kind, vault.fingerprint(f"{kind} {value}")) for kind, value in contacts]
    kept += [("words", value) for value in sketch(vault, _without_registers(text, entities))]
    return [Trace(text_id=text_id, place=place, kind=kind, value=value) for place, (kind, value) in enumerate(kept)]


def _without_registers(text: str, entities: Sequence[Entity]) -> str:
    """The text without numbers of persons and firms."""
    for x in reversed(entities):
        if x.type in ("cpr", "cvr"):
            text = f"{text[: x.span.start]} {text[x.span.end :]}"
    return text


def relatives(db: Transaction, text_id: int, *, count: int = 10) -> list[Relative]:
    """Other texts that share a contact or many words, those with most in common first.

    Texts from before a new master key have other hashes: they are found again once they are traced anew.
    """
    mine = sa.select(Trace.kind, Trace.value).where(Trace.text_id == text_id).subquery()
    other = sa.select(Trace.text_id, Trace.kind, sa.func.count().label("shared")).join(
        mine, (Trace.kind == mine.c.kind) & (Trace.value == mine.c.value)
    )
    rows = db.execute(other.where(Trace.text_id != text_id).group_by(Trace.text_id, Trace.kind)).all()
    found: dict[int, tuple[list[str], int]] = {}
    for number, kind, shared in rows:
        contacts, words = found.get(number, ([], 0))
        found[number] = (contacts, shared) if kind == "words" else ([*contacts, kind], words)
    related = [
        Relative(number, tuple(sorted(contacts)), words / KEPT)
        for number, (contacts, words) in found.items()
        if contacts or words >= ALIKE
    ]
    return sorted(related, key=lambda x: (-len(x.contacts), -x.alike, -x.text_id))[:count]
