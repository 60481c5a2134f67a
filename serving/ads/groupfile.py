"""Groups as they are written: one object each, in JSON Lines or Parquet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import IO, Any

from serving.linking.contacts import KINDS
from serving.linking.groups import Group, Tie
from serving.linking.showing import Highlight, Place

Show = Callable[[Tie], tuple[Highlight, ...]]
_ROWS = 500
"""Groups in a row group of Parquet."""
_SHOWN_BY = {"text": "phrase", "copy": "phrase"}


def kinds_shown(tie: Tie) -> set[str]:
    """The kinds of highlights that show a tie."""
    return {_SHOWN_BY.get(x.kind, x.kind) for x in tie.reasons}


def to_json(group: Group, id_: str, was: tuple[str, ...], show: Show) -> dict[str, Any]:
    """A group as it stands in the file; neither a number nor a name is in it."""
    counts, unknown = group.counts, group.unknown
    return {
        "id": id_,
        "was": list(was),
        "ads": list(group.ads),
        "counts": {
            "ads": counts.ads,
            "texts": counts.texts,
            "names": counts.names,
            "towns": counts.places,
            "sites": counts.sites,
            "contacts": _all_kinds(counts.contacts),
            "first": counts.since.isoformat() if counts.since else None,
            "last": counts.until.isoformat() if counts.until else None,
        },
        "ties": [_tie(x, show(x)) for x in group.ties],
        "hubs": _all_kinds(unknown.hubs),
        "unknown": {
            "undated": unknown.undated,
            "without_contact": unknown.without_contact,
            "without_place": unknown.without_place,
            "too_short": unknown.too_short,
        },
    }


def _all_kinds(found: dict[str, int]) -> dict[str, int]:
    return {kind: found.get(kind, 0) for kind in KINDS}


def _tie(tie: Tie, highlights: tuple[Highlight, ...]) -> dict[str, Any]:
    shown = {x.kind: x for x in highlights}
    reasons = []
    for reason in tie.reasons:
        found = shown.get(_SHOWN_BY.get(reason.kind, reason.kind), Highlight(reason.kind, (), ()))
        reasons.append(
            {
                "kind": reason.kind,
                "count": reason.count,
                "first_spans": _spans(found.first),
                "second_spans": _spans(found.second),
            }
        )
    return {"first": tie.first, "second": tie.second, "strength": tie.strength, "reasons": reasons}


def _spans(places: tuple[Place, ...]) -> list[dict[str, Any]]:
    return [{"field": x.field, "start": x.start, "end": x.end} for x in places]


def write_parquet(groups: Iterable[dict[str, Any]], file: IO[bytes]) -> None:
    """Write groups as Parquet: the same groups give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number, text = pa.int64(), pa.string()

    def numbers(*names: str) -> list[tuple[str, Any]]:
        return [(x, number) for x in names]

    kinds = pa.struct(numbers(*KINDS))
    spans = pa.list_(pa.struct([("field", text), *numbers("start", "end")]))
    reason = pa.struct([("kind", text), ("count", number), ("first_spans", spans), ("second_spans", spans)])
    tie = pa.struct([("first", text), ("second", text), ("strength", text), ("reasons", pa.list_(reason))])
    counts = [*numbers("ads", "texts", "names", "towns", "sites"), ("contacts", kinds), ("first", text), ("last", text)]
    schema = pa.schema(
        [
            ("id", text),
            ("was", pa.list_(text)),
            ("ads", pa.list_(text)),
            ("counts", pa.struct(counts)),
            ("ties", pa.list_(tie)),
            ("hubs", kinds),
            ("unknown", pa.struct(numbers("undated", "without_contact", "without_place", "too_short"))),
        ]
    )
    left = iter(groups)
    with pq.ParquetWriter(file, schema) as writer:
        while rows := list(islice(left, _ROWS)):
            writer.write_table(pa.Table.from_pylist(rows, schema))
