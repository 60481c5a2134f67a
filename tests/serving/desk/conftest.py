"""A desk with four people, and a model whose answers the tests write themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from serving.desk import holding, intake, queue, tagging
from serving.desk.queue import Filter
from serving.store.ledger import SYSTEM, Ledger, user
from serving.store.tables import Switch, User
from triage.assessment import Assessment, Check, Evidence, Finding, Priority
from triage.indicators import Scheme, load_scheme
from triage.text import Document, Span

MODEL = tagging.Model("toy 1", "0123456789abcdef")
SCHEME: Scheme = load_scheme()


@dataclass
class Desk:
    """The desk as the tests drive it."""

    ledger: Ledger
    people: dict[str, int]

    def set(self, **switches: str) -> None:
        with self.ledger.acting(SYSTEM) as act:
            for name, value in switches.items():
                act.db.merge(Switch(name=name, value=value, changed=act.now))

    def submit(self, *texts: str, reference: str = "", kind: str = "note", by: str = "anna") -> intake.Receipt:
        person = self.people[by]
        items = [intake.Item(text) for text in texts]
        return intake.submit(
            self.ledger, items, kind=kind, by=person, actor=user(person), reference=reference, keep_days=30
        )

    def tag(self, flags: dict[str, str] | None = None, level: str = "medium", model: tagging.Model = MODEL) -> int:
        """Tag what waits: each code is flagged where its words stand in the text."""
        documents = tagging.claim(self.ledger, model, outdated=False, count=1000) or []
        answers = [answer(document, flags or {}, level) for document in documents]
        return tagging.keep(self.ledger, model, documents, answers)

    def ready(self, text: str, flags: dict[str, str] | None = None, **more: str) -> int:
        """A text that waits for its first reader."""
        (number,) = self.submit(text, **more).new
        self.tag(flags)
        return number

    def take(self, who: str, number: int, **more: str) -> int:
        return holding.take(self.ledger, self.people[who], number, may_adjudicate=who == "lis", **more)

    def waiting(self, who: str = "anna", order: str = "priority", **wanted: object) -> list[int]:
        with self.ledger.reading() as db:
            texts, _ = queue.listed(db, self.people[who], Filter(**wanted), order)
        return [x.id for x in texts]


def answer(document: Document, flags: dict[str, str], level: str = "medium") -> Assessment:
    """What a model would say that flags each code on its words."""
    findings = []
    for code, words in flags.items():
        start = document.text.find(words)
        if start < 0:
            continue
        indicator, span = SCHEME[code], Span(start, start + len(words))
        evidence, check = (Evidence(span, words, 0.8),), Check(sufficient=True, necessary=True)
        about = (indicator.element, indicator.strength, indicator.evidence_base)
        findings.append(Finding(code, indicator.da, *about, 0.9, "flag", "stated", evidence, check))
    return Assessment(document.id, "tagged", (), Priority(level, {"act": 0.5}), (), tuple(findings), (), ())


def spans(text: str, *words: str) -> Sequence[Span]:
    return tuple(Span(text.index(x), text.index(x) + len(x)) for x in words)


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    people = {}
    with ledger.acting(SYSTEM) as act:
        for name, role in (("anna", "analyst"), ("bo", "analyst"), ("lis", "lead"), ("mia", "analyst")):
            row = User(name=name, role=role, created=act.now)
            act.db.add(row)
            act.db.flush()
            people[name] = row.id
    found = Desk(ledger, people)
    found.set(blind_share="0", second_share="0")
    return found
