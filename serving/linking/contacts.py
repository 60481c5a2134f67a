"""Contacts as link keys: two ads share a contact if they share its keyed hash. The contact itself is not kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from serving.linking.addresses import compare
from serving.linking.records import LinkKey
from triage.assessment import Entity
from triage.entities import find_entities
from triage.entities.givennames import is_given
from triage.entities.handles import SERVICES
from triage.entities.phonevalues import DANISH, international

KINDS = ("phone", "email", "url", "site", "handle", "mobilepay")
"""Kinds of link keys. A CPR or CVR number is none: the first is a person's, the second is found without us."""

_BY_NUMBER = ("whatsapp", "telegram", "signal", "viber", "any")
"""Services whose accounts may be telephone numbers; elsewhere a number is a name like any other."""
_NOTHING = frozenset(
    "n a na none no not null nil nan ingen intet ikke oplyst oplyses angivet udfyldt ukendt unknown se see annonce annoncen "  # noqa: SIM905
    "ad tekst teksten text skjult hemmelig hemmeligt hidden privat private anonym anonymous tlf tel telefon telefonnummer "
    "phone mobil mobilnummer mobile mob nr nummer number kontakt contact via på mail email sms ring skriv call "
    "www http https gmail hotmail outlook yahoo icloud".split()
)
"""Words of which a contact consists that is none."""
_UNREAD = re.compile(r"(?:do[._-]?not|no)[._-]?reply|ingen|none|null|ukendt|unknown")
"""Names of mail addresses that nobody reads."""
_BITS = 3
_MASK = (1 << _BITS) - 1


def link_keys(entities: Iterable[Entity], key: LinkKey) -> list[int]:
    """The link keys of an ad, sorted, each once: 61 bits of the hash with the number of its kind below them."""
    found = {pair for entity in entities for pair in normalise(entity.type, entity.value)}
    return sorted(key.digest(kind, value) & ~_MASK | KINDS.index(kind) for kind, value in found)


def ties(entities: Iterable[Entity]) -> list[tuple[str, str]]:
    """What two texts by themselves share a contact by, each once, in the order of the text; kinds are those of `KINDS`.

    As `link_keys`, but a page does not stand for its site: whether that is a portal, only many ads tell (`hubs.py`).
    """
    found: dict[tuple[str, str], None] = {}
    for entity in entities:
        pairs = list(normalise(entity.type, entity.value))
        found |= dict.fromkeys(pairs if len(pairs) < 2 else [x for x in pairs if x[0] != "site"])
    return list(found)


def sought(entities: Iterable[Entity]) -> list[tuple[str, str]]:
    """What texts share with somebody who looks for these contacts: as `ties`, but the service of a name may be left out.

    A name without its service is looked for on all of them, and one with it also where a text names none.
    """
    found: dict[tuple[str, str], None] = {}
    for kind, value in ties(entities):
        service, _, account = value.rpartition(":") if kind == "handle" else ("", "", value)
        others = SERVICES if service == "any" else ("any",) if service else ()
        found |= dict.fromkeys([(kind, value), *((kind, f"{x}:{account}") for x in others)])
    return list(found)


def kind_of(link_key: int) -> str:
    """What sort of contact a link key stands for."""
    return KINDS[link_key & _MASK]


def of_kind(kind: str, hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Hashes of values of one kind as link keys."""
    return hashes & ~np.uint64(_MASK) | np.uint64(KINDS.index(kind))


def normalise(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """What a contact is compared by. A number is the same number on the telephone, in a chat and for payment.

    What says only that there is no contact ("n.a.", "00000000") is compared by nothing.
    """
    value = value.strip().lower()
    if kind == "email" and re.fullmatch(r"[^@]+@[^@]+", value):
        name, domain = value.rsplit("@", 1)
        if not _UNREAD.fullmatch(name):
            yield "email", f"{name.split('+', 1)[0] or name}@{domain}"
    elif kind == "url":
        for told, what in compare(value):
            yield from normalise(told, what) if told == "handle" else ((told, what),)
    elif kind == "handle":
        service, _, account = value.rpartition(":")
        account = account.strip("@ ")
        if service in _BY_NUMBER and _is_number(account):
            yield from _number(account)
        elif re.search(r"\w", account) and not _is_nobody(service, account):
            yield kind, f"{service}:{account}"
    elif kind in ("phone", "mobilepay") and _is_number(value):
        yield from _number(value)
    elif kind == "mobilepay" and re.search(r"\d", value):
        yield kind, re.sub(r"[\W_]", "", value)


def _is_number(value: str) -> bool:
    return len(re.sub(r"\D", "", value)) >= DANISH and not re.search(r"[^\W\d_]", value)


def _number(value: str) -> Iterator[tuple[str, str]]:
    number = international(re.sub(r"\D", "", value), has_plus="+" in value)
    own = number.removeprefix("+45")
    if len(set(own)) > 1 and own != "12345678" and not _is_list(own):
        yield "phone", number


def _is_list(digits: str) -> bool:
    """Whether eight digits are durations, sizes or hours: "30 45 60 90", "36 38 40 42", "10 22 10 22"."""
    if len(digits) != DANISH:
        return False
    parts = [int(digits[i : i + 2]) for i in range(0, DANISH, 2)]
    steps = [b - a for a, b in pairwise(parts)]
    are_durations = parts[0] >= 10 and min(steps) > 0 and not any(x % 5 for x in parts)
    are_hours = parts[:2] == parts[2:] and parts[0] < parts[1] <= 24
    return are_durations or are_hours or steps in ([1, 1, 1], [2, 2, 2])


def _is_nobody(service: str, account: str) -> bool:
    """Whether an account is no name: words that nothing stands behind, or after a mere "@" a place or a given name ("@valby")."""
    words = re.findall(r"[^\W\d_]+", account)
    if words and _NOTHING.issuperset(words) and not re.search(r"\d", account):
        return True
    if service != "any":
        return False
    is_place = any(x.type == "place" and x.quote == account for x in find_entities(account))
    return is_place or (account.isalpha() and is_given(account))
