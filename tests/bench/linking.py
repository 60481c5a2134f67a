"""Linking of ads: how right its groups are in a world it was not tuned on.

In the same run beside what is done without it: the same number, and MinHash alone. What more ads cost is measured by `ads`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from serving.linking.linking import link
from serving.linking.records import LinkKey, Record
from serving.linking.signatures import sign
from tests.bench.plan import Plan
from tests.linkworld.baselines import link_by_minhash, link_by_number
from tests.linkworld.measure import bcubed, false_merges
from tests.linkworld.world import HELDOUT, WorldAd, lose, make_world
from triage.assessment import Entity
from triage.entities import find_entities

KEY = LinkKey(b"of the benchmark and nothing else")
SIZE, QUICK = 12_000, 800

Finder = Callable[[Record], tuple[Entity, ...]]


def measure(plan: Plan) -> dict[str, Any]:
    """B-cubed of ours and of the baselines in the held-out world, and what was joined wrongly."""
    world = make_world(HELDOUT, QUICK if plan.quick else SIZE)
    served = judge(world, lambda record: find_entities(record.text))
    chance = random.Random(0)
    good = judge(world, lambda record: lose(record.entities, chance))
    return {
        "linking_bcubed_f1": served["ours"]["f1"],
        "linking_bcubed_f1_exact_number": served["exact_number"]["f1"],
        "linking_bcubed_f1_minhash": served["minhash"]["f1"],
        "linking_bcubed_f1_good_finder": good["ours"]["f1"],
        "linking": {
            "ads": len(world),
            "entities_as_served": served,
            "entities_of_a_good_finder": good,
        },
    }


def judge(world: Sequence[WorldAd], finder: Finder) -> dict[str, Any]:
    """Precision, recall and F1 of the three ways on the same entities, with every false merge of ours."""
    records = [replace(x.record, entities=finder(x.record)) for x in world]
    truth = {x.record.id: x.operator for x in world}
    signatures = sign(records, KEY)
    links = link([signatures])
    ways: dict[str, Iterable[Sequence[str]]] = {
        "ours": [x.ads for x in links.groups],
        "exact_number": link_by_number(records),
        "minhash": link_by_minhash(signatures),
    }
    return {
        **{way: {key: round(x, 4) for key, x in bcubed(groups, truth).items()} for way, groups in ways.items()},
        "groups": len(links.groups),
        "hubs": len(links.hubs),
        "false_merges": false_merges(links.groups, truth),
    }
