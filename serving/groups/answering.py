"""What the model said of ads, as `python -m serving tag` wrote it, kept with the ads of groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from serving.batch.records import UnreadableInput
from serving.desk.answers import dump, load
from serving.desk.cases import seal, unseal_text
from serving.groups.adstore import LOCK, Boxes, find_ads
from serving.store.ledger import SYSTEM, Ledger
from serving.store.vault import UNREADABLE
from triage.assessment import Assessment
from triage.wire import MalformedJSON, parse_json

_LONGEST = 16 * 1024 * 1024
"""Bytes of an answer."""


def read_answers(source: Path, ids: Collection[str], fault: Callable[[str], None]) -> Iterator[Assessment]:
    """The answers of a file that are about these texts, each with what is suggested alone.

    Raises:
        UnreadableInput: it cannot be read.
    """
    try:
        with source.open("rb") as file:
            number = 0
            while raw := file.readline(_LONGEST):
                number += 1
                if not raw.strip():
                    continue
                try:
                    said = parse_json(raw)
                    if said["id"] not in ids:
                        continue
                    said["priority"].setdefault("reasons", [])  # which only the desk keeps
                    answer = load(json.dumps(said))
                except (MalformedJSON, LookupError, TypeError, ValueError, AttributeError):
                    fault(f"{source}, line {number}: is no answer as `tag` writes them")
                    continue
                yield replace(answer, findings=answer.shown())
    except OSError as error:
        raise UnreadableInput(f"{source} cannot be read: {error.strerror}") from None


def keep_answers(ledger: Ledger, answers: Sequence[Assessment], fault: Callable[[str], None]) -> int:
    """Keep answers with their ads; returns how many are new or otherwise than before."""
    by_id = {x.id: dump(x) for x in answers}
    with ledger.reading() as db:
        rows, boxes, differing = find_ads(db, ledger.vault, by_id), Boxes(db, ledger.vault), []
        for id_, row in rows.items():
            try:
                if unseal_text(boxes.of(row.group_id), row, "sealed_answer") != by_id[id_]:
                    differing.append(id_)
            except UNREADABLE as error:
                fault(f"an answer was left out: {error}")
    if not differing:
        return 0
    with ledger.acting(SYSTEM) as act:
        act.alone(LOCK)
        boxes = Boxes(act.db, ledger.vault)
        for id_, row in find_ads(act.db, ledger.vault, differing).items():
            seal(boxes.of(row.group_id), row, "sealed_answer", by_id[id_])
        act.record("ads.answered", ads=len(differing))
    return len(differing)
