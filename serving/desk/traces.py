"""What texts have in common, as keyed hashes: the same contact, or many of the same words.

Words are compared by bottom-k sketches (Broder, "On the resemblance and containment of documents", 1997): of all runs of four
words, the sixteen with the smallest hashes; the part of them that two texts share estimates how much of the texts is alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session as Transaction
from sqlalchemy.orm import aliased

from serving.linking.contacts import ties
from serving.linking.records import FORM
from serving.store.desk import Text, Trace
from serving.store.groups import AdTrace
from serving.store.vault import Vault, canonical_form
from triage.assessment import Entity

RUN = 4
"""Words of a run."""
KEPT = 16
"""Hashes kept of a text."""
ALIKE = 6
"""Shared hashes from which texts are called similar: about a quarter of all runs of both texts."""
LOCK = 4
"""Of the store's locks, taken before any row: whoever adds contacts sees those of all others, or a link would be missed."""
_MOST = 10
"""Relatives of a text that are told."""
_MAX_CONTACTS = 20
_ASKED = 400
"""Contacts asked for at a time: databases take no statement without end."""
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


def replace(db: Transaction, text: Text, rows: Sequence[Trace]) -> None:
    """Store what is kept of a text, in place of what was."""
    db.execute(sa.delete(Trace).where(Trace.text_id == text.id))
    db.add_all(rows)
    text.traced = FORM


def traces(vault: Vault, text_id: int, text: str, entities: Sequence[Entity]) -> list[Trace]:
    """What is kept of a text, not stored yet. Of a person's or firm's register number nothing is."""
    kept = contacts(vault, entities)
    kept += [("words", value) for value in sketch(vault, _without_registers(text, entities))]
    return [Trace(text_id=text_id, place=place, kind=kind, value=value) for place, (kind, value) in enumerate(kept)]


def contacts(vault: Vault, entities: Iterable[Entity]) -> list[tuple[str, str]]:
    """The kinds and keyed hashes of what a text or an ad reaches somebody by, compared as `ads link` compares them."""
    return [(kind, hash_of(vault, kind, value)) for kind, value in ties(entities)[:_MAX_CONTACTS]]


def hash_of(vault: Vault, kind: str, value: str) -> str:
    """What is kept of a contact, whose kind and value are those of `ties`."""
    return vault.fingerprint(f"{kind} {value}")


def mark_shared(db: Transaction, added: Iterable[Trace | AdTrace]) -> None:
    """Mark those of these contacts that texts have in common with another text or an ad: only they can be links.

    Called last in an act that added them. A mark is never taken back: whether it is a link still, a look says.
    """
    other, wanted = aliased(Trace), list(dict.fromkeys(x.value for x in added if x.kind != "words"))
    in_text = sa.select(other.text_id).where(other.value == Trace.value, other.text_id != Trace.text_id)
    in_ad = sa.select(AdTrace.ad_id).where(AdTrace.value == Trace.value)
    fresh = sa.select(Trace.text_id, Trace.place).where(~Trace.shared, sa.or_(in_text.exists(), in_ad.exists()))
    # What is locked is about to be erased, and whoever does that may wait for this act.
    fresh = fresh.with_for_update(of=Trace, skip_locked=True)
    for at in range(0, len(wanted), _ASKED):
        rows = db.execute(fresh.where(Trace.value.in_(wanted[at : at + _ASKED]))).all()
        if rows:
            db.execute(sa.update(Trace), [{"text_id": x.text_id, "place": x.place, "shared": True} for x in rows])


def _without_registers(text: str, entities: Sequence[Entity]) -> str:
    """The text without numbers of persons and firms."""
    for x in reversed(entities):
        if x.type in ("cpr", "cvr"):
            text = f"{text[: x.span.start]} {text[x.span.end :]}"
    return text


def relatives(db: Transaction, text_id: int) -> list[Relative]:
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
    return sorted(related, key=lambda x: (-len(x.contacts), -x.alike, -x.text_id))[:_MOST]
