"""After a soak: is every acknowledged text there, once, read once, and is the audit log whole?"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from serving.desk.cases import open_box, unseal_text
from serving.store.desk import Case, Suggestion, Text
from serving.store.ledger import Ledger, open_ledger
from serving.store.tables import AuditEntry
from tests.bench.server import Service


@dataclass
class Verdict:
    """What was counted, and what is not as it should be."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def ledger_of(service: Service) -> Ledger:
    """The store of a service, with its keys."""
    home = service.home / "tegn"
    return open_ledger(service.settings.get("TEGN_DATABASE_URL", f"sqlite:///{home / 'tegn.db'}"), home, {})


def wait_until_tagged(service: Service, timeout: float) -> float:
    """Wait until no text waits for the model, or for so long none was read; returns the seconds that took.

    A text whose claim could not be taken back is claimed anew after a quarter of an hour.
    """
    ledger, began = ledger_of(service), time.monotonic()
    before, last = -1, began
    try:
        while time.monotonic() < last + timeout:
            with ledger.reading() as db:
                waiting = db.scalar(sa.select(sa.func.count()).where(Text.stage == "new")) or 0
            if not waiting:
                break
            if waiting != before:
                before, last = waiting, time.monotonic()
            time.sleep(1)
    finally:
        ledger.engine.dispose()
    return time.monotonic() - began


def judge(service: Service, acknowledged: Collection[str], unsure: Collection[str], canary: str) -> Verdict:
    """Count everything in the store, the log and the home of a service.

    Args:
        acknowledged: marks that begin the texts which were said to be stored.
        unsure: of texts that were sent without being acknowledged: they may be there, but once.
    """
    ledger = ledger_of(service)
    try:
        verdict = judge_store(ledger, acknowledged, unsure)
    finally:
        ledger.engine.dispose()
    said = service.run("audit", "verify")
    if said.returncode:
        verdict.findings.append(f"audit verify exits {said.returncode}: {said.stdout.strip() or said.stderr.strip()}")
    for path in service.home.rglob("*"):
        if path.is_file() and canary.encode() in path.read_bytes():
            verdict.findings.append(f"text of a document stands in {path.relative_to(service.home)}")
    errors = Counter(re.findall(r" ERROR (.+)$", service.log.read_text("utf-8"), re.M))
    verdict.counts["errors_in_the_log"] = sum(errors.values())
    return verdict


def judge_store(ledger: Ledger, acknowledged: Collection[str], unsure: Collection[str]) -> Verdict:
    """Each acknowledged text stands in the store once, and was added and tagged once by the audit log."""
    with ledger.reading() as db:
        stored: dict[str, list[int]] = {}
        waiting = 0
        for text, case in db.execute(sa.select(Text, Case).join(Case).execution_options(yield_per=500)):
            mark = unseal_text(open_box(ledger.vault, case), text, "sealed_text").split()[0]
            stored.setdefault(mark, []).append(text.id)
            waiting += text.stage == "new"
        suggested = Counter(db.scalars(sa.select(Suggestion.text_id)))
        entries = db.execute(
            sa.select(AuditEntry.act, AuditEntry.subject, AuditEntry.details).where(
                AuditEntry.act.in_(["document.added", "document.tagged"])
            )
        ).all()
    added = Counter(
        x.subject for x in entries if x.act == "document.added" and not json.loads(x.details).get("duplicate")
    )
    tagged = Counter(x.subject for x in entries if x.act == "document.tagged")
    numbers = {number: mark for mark, found in stored.items() for number in found}
    findings = {
        "acknowledged texts are lost": [x for x in acknowledged if x not in stored],
        "texts are stored twice": [x for x, found in stored.items() if len(found) > 1],
        "texts are stored that nobody sent": [x for x in stored if x not in acknowledged and x not in unsure],
        "texts wait for the model": [""] * waiting,
        "texts are not added once in the audit log": [x for x in numbers if added[f"text#{x}"] != 1],
        "texts are not tagged once in the audit log": [x for x in numbers if tagged[f"text#{x}"] != 1],
        "texts do not have one suggestion": [x for x in numbers if suggested[x] != 1],
    }
    counts = {"stored": len(numbers), "tagged": sum(tagged.values()), "suggestions": sum(suggested.values())}
    return Verdict(counts, [f"{len(found)} {what}" for what, found in findings.items() if found])
