"""Ads as Parquet, written from JSON Lines group by group: the same lines give the same bytes."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import IO, Any

from serving.ondisk import put

_GROUP = 1_000
"""Ads in a row group, held in memory at one time."""


def write_parquet(lines: Path, output: Path) -> None:
    """Write `output` anew, as a whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    text = pa.string()
    names = ("id", "kind", "text", "title", "url", "site", "posted", "retrieved", "place")
    schema = pa.schema([*((name, text) for name in names), ("contacts", pa.list_(text))])

    def write(out: IO[bytes]) -> None:
        with lines.open("rb") as file, pq.ParquetWriter(out, schema) as writer:
            while group := [_row(x) for x in islice(file, _GROUP)]:
                writer.write_table(pa.Table.from_pylist(group, schema))

    put(output, write)


def _row(line: bytes) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    return row
