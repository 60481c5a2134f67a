"""Which group of this run is which group of the last one: a group keeps its id where most of its ads stayed.

"Most" is more than half, so an id goes to one group at most. Where a group has most of several earlier ones they were merged: it
keeps the id of the part with most ads in it, and names the others in `was`, for good.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serving.ads.ads import page_of
from serving.linking.groups import Group, id_of

FILE = "groups.json"


class BrokenLineage(RuntimeError):
    """The file that says which group is which cannot be read."""


@dataclass(frozen=True, slots=True)
class Named:
    """The id of a group, and ids it had before it was merged."""

    id: str
    was: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()


def read_lineage(folder: Path) -> list[Named]:
    """The groups of the last run that finished; none if there was none.

    Raises:
        BrokenLineage: see the class.
    """
    path = folder / FILE
    try:
        kept = json.loads(path.read_bytes())
        return [Named(str(x["id"]), tuple(x["was"]), tuple(x["pages"])) for x in kept["groups"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        raise BrokenLineage(f"{path} cannot be read; restore it, or delete it, and groups get new ids") from None


def to_json(named: Iterable[Named]) -> str:
    """What `read_lineage` reads."""
    return json.dumps({"groups": [{"id": x.id, "was": x.was, "pages": x.pages} for x in named]}, ensure_ascii=False)


def name_groups(groups: Iterable[Group], last: Iterable[Named]) -> list[Named]:
    """A name for each group, in order; the same groups keep theirs."""
    before = {x.id: x for x in last}
    at = {page: x.id for x in before.values() for page in x.pages}
    taken = {y for x in before.values() for y in (x.id, *x.was)}
    named = []
    for group in groups:
        pages = tuple(sorted(map(page_of, group.ads)))
        parts: Counter[str] = Counter(at[page] for page in pages if page in at)
        stayed = sorted((x for x in parts if parts[x] * 2 > len(before[x].pages)), key=lambda x: (-parts[x], x))
        if stayed:
            was = {*stayed[1:], *(y for x in stayed for y in before[x].was)}
            named.append(Named(stayed[0], tuple(sorted(was)), pages))
        else:
            named.append(Named(_fresh(group, taken), (), pages))
    return named


def _fresh(group: Group, taken: set[str]) -> str:
    """An id that no group has or had."""
    number = 0
    while (id_ := id_of(group.ads[0], number)) in taken:
        number += 1
    taken.add(id_)
    return id_
