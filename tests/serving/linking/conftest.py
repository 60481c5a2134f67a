"""Ads of a small invented world, and ads written by hand."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest

from serving.linking.records import LinkKey, Record
from tests.linkworld.world import DEVELOPMENT, lose, make_world
from triage.assessment import Entity
from triage.entities import find_entities
from triage.text import Span

KEY = LinkKey(b"a key of the tests, no other use")


def ad(id_: str, text: str, posted: date | None = None, **found: str) -> Record:
    """An ad with plain contacts found, and those words of it that are given as entities: ``ad(..., name="Mia")``."""
    entities = [x for x in find_entities(text) if x.type in ("phone", "email", "url")]
    for kind, words in found.items():
        for word in words.split("|"):
            if (at := text.find(word)) >= 0:
                entities.append(Entity(kind, Span(at, at + len(word)), word, word))
    return Record(id_, posted, text, tuple(sorted(entities, key=lambda x: x.span)))


@pytest.fixture(scope="session")
def world() -> list:
    """Ads with who wrote them."""
    return make_world(DEVELOPMENT, 1200)


@pytest.fixture(scope="session")
def records(world) -> list[Record]:
    """The ads as a good finder sees them."""
    chance = random.Random(1)
    return [replace(x.record, entities=lose(x.record.entities, chance)) for x in world]
