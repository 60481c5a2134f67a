"""The world is what it says: the same each time, two that are apart, no real number, a quarter reposts, texts that differ."""

import re
from collections import Counter, defaultdict

import pytest

from serving.linking.records import LinkKey
from serving.linking.signatures import sign
from serving.linking.texts import sort_texts
from tests.linkworld.grammar import load_grammar
from tests.linkworld.measure import bcubed
from tests.linkworld.world import DEVELOPMENT, HELDOUT, make_world
from tests.linkworld.writing import disguise


@pytest.fixture(scope="module", params=[DEVELOPMENT, HELDOUT], ids=lambda x: x.grammar)
def world(request):
    return make_world(request.param, 1500)


def test_a_world_is_the_same_each_time_and_has_no_order(world):
    mixture = DEVELOPMENT if world[0].record == make_world(DEVELOPMENT, 1500)[0].record else HELDOUT
    assert make_world(mixture, 1500) == world
    assert len({x.record.id for x in world}) == 1500
    assert [x.operator for x in world] != sorted(x.operator for x in world)


def test_offsets_quote_the_text_and_numbers_are_no_real_ones(world):
    for x in world:
        for entity in x.record.entities:
            assert x.record.text[entity.span.start : entity.span.end] == entity.quote
            if entity.type == "phone":
                assert re.fullmatch(r"\+45[01]\d{7}", entity.value)
        assert "{" not in x.record.text
        assert "[" not in x.record.text


def test_a_quarter_or_more_are_reposts_or_near_copies_and_new_texts_differ(world):
    texts = sort_texts(sign([x.record for x in world], LinkKey(b"k" * 32)))
    sizes = Counter(texts.family.tolist())
    again = sum(n - 1 for family, n in sizes.items() if family >= 0)
    assert 0.25 <= again / len(world) <= 0.65
    assert len(sizes) > 0.35 * len(world)


def test_operators_change_numbers_and_names_and_strangers_do_not(world):
    numbers, names, ads = defaultdict(set), defaultdict(set), Counter()
    for x in world:
        ads[x.operator] += 1
        numbers[x.operator] |= {e.value for e in x.record.entities if e.type == "phone"}
        names[x.operator] |= {e.value for e in x.record.entities if e.type == "name"}
    large = [x for x, n in ads.items() if n >= 8]
    assert sum(len(numbers[x]) > 2 for x in large) > 0.25 * len(large)
    assert sum(len(names[x]) > 2 for x in large) > 0.25 * len(large)
    assert sum(n for x, n in ads.items() if n <= 3) > 0.2 * len(world)


def test_the_worlds_share_neither_templates_nor_names_nor_places():
    one, other = load_grammar("development"), load_grammar("heldout")
    for part in ("names", "places", "agency", "portal_head", "portal_foot", "clinic"):
        assert not set(getattr(one, part)) & set(getattr(other, part))
    flat = [{t for ts in x.sections.values() for t in ts} for x in (one, other)]
    assert not flat[0] & flat[1]


def test_disguises_hide_the_number(monkeypatch):
    import random

    chance = random.Random(1)
    assert not [x for x in (disguise("01663290", chance) for _ in range(200)) if "01663290" in x or "01 66 32 90" in x]


def test_bcubed_is_as_in_the_paper():
    """Two groups of operator a split, one of b whole, one ad wrongly in it."""
    truth = {"1": "a", "2": "a", "3": "a", "4": "b", "5": "b"}
    found = bcubed([["1", "2"], ["3", "4", "5"]], truth)
    assert found["precision"] == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    assert found["recall"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert bcubed([], truth)["precision"] == 1
