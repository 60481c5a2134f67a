"""Contacts as link keys: two ads share a contact if they share its keyed hash. The contact itself is not kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from serving.linking.records import LinkKey
from triage.assessment import Entity

KINDS = ("phone", "email", "url", "site", "handle", "mobilepay")
"""Kinds of link keys. A CPR or CVR number is none: the first is a person's, the second is found without us."""

_BITS = 3
_MASK = (1 << _BITS) - 1


def link_keys(entities: Iterable[Entity], key: LinkKey) -> list[int]:
    """The link keys of an ad, sorted, each once: 61 bits of the hash with the number of its kind below them."""
    found = {pair for entity in entities for pair in normalise(entity.type, entity.value)}
    return sorted(key.digest(kind, value) & ~_MASK | KINDS.index(kind) for kind, value in found)


def kind_of(link_key: int) -> str:
    """What sort of contact a link key stands for."""
    return KINDS[link_key & _MASK]


def normalise(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """What a contact is compared by. A number is the same number on the telephone, in a chat and for payment."""
    value = value.strip().lower()
    service, _, account = value.rpartition(":") if kind == "handle" else ("", "", value)
    digits = re.sub(r"\D", "", account)
    if kind in ("phone", "mobilepay", "handle") and len(digits) >= 8 and not re.search(r"[^\W\d_]", account):
        yield "phone", digits if "+" in account or len(digits) > 8 else f"45{digits}"
    elif kind == "email" and re.fullmatch(r"[^@]+@[^@]+", value):
        name, domain = value.rsplit("@", 1)
        yield "email", f"{name.split('+', 1)[0]}@{domain}"
    elif kind == "url":
        host, _, path = re.sub(r"^(?:https?://)?(?:www\.)?", "", value).partition("/")
        if "." not in host:
            return
        yield "site", host
        if path := re.split("[?#]", path)[0].strip("/"):
            yield "url", f"{host}/{path}"
    elif kind == "handle" and re.search(r"\w", account):
        yield kind, f"{service}:{account.strip('@ ')}"
    elif kind == "mobilepay" and digits:
        yield kind, digits
