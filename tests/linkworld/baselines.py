"""What linking is measured beside: the same number, and MinHash alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from serving.linking.copies import distinct, find_copies
from serving.linking.records import Record
from serving.linking.signatures import Signatures
from serving.linking.unions import components


def link_by_number(records: Iterable[Record]) -> list[list[str]]:
    """Ads with a telephone number in common, as it was found."""
    records = list(records)
    first: dict[str, int] = {}
    pairs = [
        (first.setdefault(x.value, at), at)
        for at, record in enumerate(records)
        for x in record.entities
        if x.type == "phone"
    ]
    return _groups([x.id for x in records], pairs)


def link_by_minhash(signatures: Signatures) -> list[list[str]]:
    """Ads whose texts are near copies, by the same shingles and the same threshold as ours."""
    copies = find_copies(distinct(signatures.grams))
    return _groups(signatures.ids, zip(copies.first.tolist(), copies.second.tolist(), strict=True))


def _groups(ids: Sequence[str], pairs: Iterable[tuple[int, int]]) -> list[list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for id_, label in zip(ids, components(len(ids), pairs).tolist(), strict=True):
        found[label].append(id_)
    return list(found.values())
