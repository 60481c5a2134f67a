"""What the file of groups says, checked line by line; `serving.ads.groupfile` writes it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from serving.batch.records import UnreadableInput
from serving.linking.contacts import KINDS as CONTACTS
from triage.wire import MalformedJSON, parse_json

KINDS = (*CONTACTS, "text", "copy", "phrase", "name", "details", "tour")
"""What two ads can have in common."""
_LONGEST = 256 * 1024 * 1024
"""Bytes of a line: a group of a million ads has less."""
Number = Annotated[int, Field(ge=0, lt=2**31)]
Id = Annotated[str, Field(min_length=1, max_length=300)]


def _day(value: str) -> str:
    return date.fromisoformat(value).isoformat()


Day = Annotated[str, AfterValidator(_day)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Span(_Strict):
    """A piece of a field of an ad, in code points."""

    field: Annotated[str, Field(pattern=r"^(text|title|place|contacts\.[0-9]{1,3})$")]
    start: Number
    end: Number


class Reason(_Strict):
    """One thing that two ads share."""

    kind: Literal[KINDS]  # type: ignore[valid-type]
    count: Number
    first_spans: list[Span]
    second_spans: list[Span]


class Tie(_Strict):
    """What holds two ads together."""

    first: Id
    second: Id
    strength: Literal["strong", "weak"]
    reasons: list[Reason]


class Counts(_Strict):
    """Numbers of different things in a group."""

    ads: Number
    texts: Number
    names: Number
    towns: Number
    sites: Number
    contacts: dict[str, NonNegativeInt]
    first: Day | None
    last: Day | None


class Unknown(_Strict):
    """Of how many ads something is not known."""

    undated: Number
    without_contact: Number
    without_place: Number
    too_short: Number


class GroupLine(_Strict):
    """A group as the file has it."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]
    was: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]]
    ads: Annotated[list[Id], Field(min_length=1)]
    counts: Counts
    ties: list[Tie]
    hubs: dict[str, NonNegativeInt]
    unknown: Unknown


_FIELDS = frozenset(x for kind in (GroupLine, Counts, Unknown, Tie, Reason, Span) for x in kind.model_fields)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file, or what is wrong with it."""

    number: int
    group: GroupLine | None
    problem: str
    """Quotes nothing."""
    digest: str
    """Of the group: the same in both kinds of files."""


def read_groups(path: Path) -> Iterator[Line]:
    """The groups of a file, JSON Lines or Parquet, one at a time.

    Raises:
        UnreadableInput: it is missing, of another kind, or damaged.
    """
    kinds = {".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_lines, ".parquet": _parquet}
    reader = kinds.get(path.suffix.lower())
    if reader is None:
        raise UnreadableInput(f"{path}: name the GROUPS that `ads link` wrote, which end in .jsonl or .parquet")
    try:
        yield from reader(path)
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror}") from None


def _json_lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(_LONGEST):
            number += 1
            if not raw.strip():
                continue
            try:
                yield _line(number, parse_json(raw))
            except MalformedJSON as error:
                yield Line(number, None, str(error), "")


def _parquet(path: Path) -> Iterator[Line]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=64):
            for row in batch.to_pylist():
                number += 1
                yield _line(number, row)
    except pa.ArrowException:
        raise UnreadableInput(f"{path} is no Parquet file, or a damaged one; write it anew with `ads link`") from None


def _line(number: int, value: Any) -> Line:
    try:
        group = GroupLine.model_validate(value)
    except ValidationError as error:
        place = error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]
        where = ".".join(str(x) for x in place if isinstance(x, int) or x in _FIELDS)  # other names are the file's own
        return Line(number, None, f"is no group as `ads link` writes them; see {where or 'its fields'}", "")
    return Line(number, group, "", digest_of(group.model_dump()))


def digest_of(value: Mapping[str, Any]) -> str:
    """SHA-256 of what JSON can say, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()
