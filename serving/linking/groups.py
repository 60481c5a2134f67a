"""A group: ads that ties hold together, in figures, with the ties. A lead about texts; no score, and nothing of a person."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from serving.linking.contacts import KINDS, kind_of
from serving.linking.evidence import Reason
from serving.linking.signatures import Signatures

STRONG, WEAK = "strong", "weak"


@dataclass(frozen=True, slots=True)
class Tie:
    """What holds two ads together. `strong` alone is enough; `weak` reasons are enough because several agree."""

    first: str
    second: str
    strength: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """What a group has, as numbers of different things."""

    ads: int
    texts: int
    names: int
    places: int
    sites: int
    contacts: dict[str, int]
    """By kind; without those that are hubs."""
    since: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is not known of a group: of so many of its ads."""

    undated: int
    without_contact: int
    without_place: int
    too_short: int
    """To be compared as texts."""
    hubs: dict[str, int]
    """Contacts by kind that were left aside, since they tie what is unrelated."""


@dataclass(frozen=True, slots=True)
class Group:
    """Ads that seem to come from one hand. The id is that of its earliest ad, so a group keeps it as later ads join."""

    id: str
    ads: tuple[str, ...]
    """By day of posting, undated ones last."""
    counts: Counts
    unknown: Unknown
    ties: tuple[Tie, ...] = field(repr=False)
    """Those that hold it together: one fewer than ads."""


def describe_groups(
    signatures: Signatures,
    labels: NDArray[np.int64],
    ties: Iterable[Tie],
    hubs: NDArray[np.uint64],
    text: NDArray[np.int64],
) -> tuple[Group, ...]:
    """Groups of two or more ads, the largest first."""
    rows = {id_: row for row, id_ in enumerate(signatures.ids)}
    held: dict[int, list[Tie]] = defaultdict(list)
    for tie in ties:
        held[int(labels[rows[tie.first]])].append(tie)
    members: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(labels.tolist()):
        members[label].append(row)
    left = set(hubs.tolist())
    groups = [_describe(signatures, ads, held[label], left, text) for label, ads in members.items() if len(ads) > 1]
    return tuple(sorted(groups, key=lambda x: (-len(x.ads), x.id)))


def id_of(ad: str, number: int = 0) -> str:
    """The id of a group whose earliest ad is `ad`; by another number another one."""
    told = f"{ad}\0{number}" if number else ad
    return "g-" + hashlib.blake2b(told.encode("utf-8", "replace"), digest_size=8).hexdigest()


def order_of(signatures: Signatures, row: int) -> tuple[int, str]:
    """Earliest first, undated ones last."""
    return int(signatures.posted[row]) or date.max.toordinal() + 1, signatures.ids[row]


def _describe(
    signatures: Signatures, ads: list[int], ties: list[Tie], hubs: set[int], text: NDArray[np.int64]
) -> Group:
    ads = sorted(ads, key=lambda row: order_of(signatures, row))
    contacts = {x for ad in ads for x in signatures.contacts[ad].tolist()}
    own = contacts - hubs
    dated = [int(signatures.posted[ad]) for ad in ads if signatures.posted[ad]]
    return Group(
        id_of(signatures.ids[ads[0]]),
        tuple(signatures.ids[ad] for ad in ads),
        Counts(
            len(ads),
            len({int(text[ad]) if text[ad] >= 0 else -1 - ad for ad in ads}),
            len({x for ad in ads for x in signatures.names[ad].tolist()}),
            len({x for ad in ads for x in signatures.places[ad].tolist()}),
            len({x for ad in ads for x in signatures.sites[ad].tolist()}),
            _by_kind(own),
            date.fromordinal(min(dated)) if dated else None,
            date.fromordinal(max(dated)) if dated else None,
        ),
        Unknown(
            len(ads) - len(dated),
            sum(not own & set(signatures.contacts[ad].tolist()) for ad in ads),
            sum(not len(signatures.places[ad]) for ad in ads),
            sum(int(text[ad] < 0) for ad in ads),
            _by_kind(contacts & hubs),
        ),
        tuple(sorted(ties, key=lambda x: (x.first, x.second))),
    )


def _by_kind(contacts: Iterable[int]) -> dict[str, int]:
    kinds = [kind_of(x) for x in contacts]
    return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}
