"""All signatures in, groups out: the one place where the parts come together.

What depends on one ad is computed once (`sign`); what depends on the whole collection (which phrase is rare, which number is a
hub) is computed anew each time. So groups are the same whatever the order of the ads, and whatever batches they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serving.linking.groups import Group, describe_groups
from serving.linking.hubs import find_hubs
from serving.linking.joining import join_ads
from serving.linking.signatures import Signatures, join
from serving.linking.texts import sort_texts


@dataclass(frozen=True, slots=True)
class Links:
    """The groups of a collection; ads in none of them stand alone."""

    ads: int
    groups: tuple[Group, ...]
    hubs: tuple[int, ...]
    """Link keys of contacts that tie nothing, because they stand in what is unrelated."""


def link(parts: Sequence[Signatures]) -> Links:
    """The groups of all ads of several batches.

    Raises:
        OtherKey: batches were signed under different keys.
    """
    if not any(len(x) for x in parts):
        return Links(0, (), ())
    return link_joined(join(parts))


def link_joined(signatures: Signatures) -> Links:
    """The groups of ads of which each page is there once (see `join`)."""
    texts = sort_texts(signatures)
    hubs = find_hubs(signatures, texts)
    labels, ties = join_ads(signatures, texts, hubs)
    groups = describe_groups(signatures, labels, ties, hubs, texts.text)
    return Links(len(signatures), groups, tuple(hubs.tolist()))
