"""Linking of ads: how right its groups are in a world it was not tuned on, and what more ads cost.

Both in the same run beside what is done without it: the same number, and MinHash alone. ``python -m tests.bench.linking SIZE``
measures one size in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from serving.linking.linking import link
from serving.linking.records import LinkKey, Record
from serving.linking.signatures import sign
from tests.bench.plan import Plan
from tests.conftest import ROOT
from tests.linkworld.baselines import link_by_minhash, link_by_number
from tests.linkworld.measure import bcubed, false_merges
from tests.linkworld.world import DEVELOPMENT, HELDOUT, WorldAd, lose, make_world
from triage.assessment import Entity
from triage.entities import find_entities

KEY = LinkKey(b"of the benchmark and nothing else")
SIZE, QUICK = 12_000, 800
SIZES = (10_000, 100_000)
MILLION = 1_000_000
PART = 10_000
"""Ads that are made and signed at a time."""

Finder = Callable[[Record], tuple[Entity, ...]]


def measure(plan: Plan) -> dict[str, Any]:
    """B-cubed of ours and of the baselines in the held-out world, what was joined wrongly, and growth."""
    world = make_world(HELDOUT, QUICK if plan.quick else SIZE)
    served = judge(world, lambda record: find_entities(record.text))
    chance = random.Random(0)
    good = judge(world, lambda record: lose(record.entities, chance))
    sizes = (QUICK,) if plan.quick else (*SIZES, MILLION) if plan.million else SIZES
    growth = {str(size): _apart(size) for size in sizes}
    return {
        "linking_bcubed_f1": served["ours"]["f1"],
        "linking_bcubed_f1_exact_number": served["exact_number"]["f1"],
        "linking_bcubed_f1_minhash": served["minhash"]["f1"],
        "linking_bcubed_f1_good_finder": good["ours"]["f1"],
        "linking": {
            "ads": len(world),
            "entities_as_served": served,
            "entities_of_a_good_finder": good,
            "growth": growth,
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


def grow(size: int) -> dict[str, float]:
    """What so many ads cost to sign and to link; the making of the world is left out of the time."""
    parts, signing, before = [], 0.0, 0.0
    for part in range(-(-size // PART)):
        records = [x.record for x in make_world(DEVELOPMENT, min(PART, size - part * PART), part)]
        before = before or _peak_mb()
        began = time.process_time()
        parts.append(sign(records, KEY))
        signing += time.process_time() - began
    began, clock = time.process_time(), time.perf_counter()
    links = link(parts)
    linking = time.process_time() - began
    return {
        "sign_cpu_seconds": round(signing, 2),
        "link_cpu_seconds": round(linking, 2),
        "link_wall_seconds": round(time.perf_counter() - clock, 2),
        "ads_per_cpu_second": round(size / (signing + linking)),
        "memory_mb": round(_peak_mb() - before),
        "groups": len(links.groups),
        "largest": max((len(x.ads) for x in links.groups), default=0),
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _apart(size: int) -> dict[str, Any]:
    done = subprocess.run(  # the arguments are ours
        [sys.executable, "-m", "tests.bench.linking", str(size)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(grow(int(sys.argv[1]))))
