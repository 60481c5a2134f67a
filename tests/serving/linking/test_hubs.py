"""A portal's or clinic's number ties nothing; a busy hand's number does."""

import random
from dataclasses import replace

import pytest

from serving.linking.hubs import find_hubs
from serving.linking.linking import link
from serving.linking.signatures import join, sign
from serving.linking.texts import sort_texts
from tests.linkworld.grammar import load_grammar
from tests.serving.linking.conftest import KEY, ad

SHARED = "00 11 22 33"


def text_of(chance: random.Random) -> str:
    draft = load_grammar("development").draft(chance)
    return ". ".join(x.words.replace("{", "").replace("}", "") for x in draft)


def hubs_of(ads) -> int:
    signatures = join([sign(ads, KEY)])
    return len(find_hubs(signatures, sort_texts(signatures)))


def test_a_portals_number_is_a_hub_and_welds_nobody_together():
    chance = random.Random(3)
    ads = [ad(f"a{i:03}", f"{text_of(chance)} {10_000_000 + i}. Klager over portalen: {SHARED}") for i in range(60)]
    elsewhere = [ad(f"b{i:03}", f"{text_of(chance)} {11_000_000 + i}") for i in range(200)]
    links = link([sign([*ads, *elsewhere], KEY)])
    assert len(links.hubs) == 1
    assert max((len(x.ads) for x in links.groups), default=0) <= 3


def test_a_number_with_many_texts_of_one_hand_is_no_hub():
    """Each text is new, but the hand has turns of speech of its own."""
    chance = random.Random(4)
    habits = [f"jeg er {x} som en pelikan der glemte sin gulerod" for x in ("klog", "træt", "glad")]
    ads = [ad(f"a{i:03}", f"{text_of(chance)}. {habits[i % 3]}. {SHARED}") for i in range(40)]
    assert hubs_of(ads) == 0
    assert len(link([sign(ads, KEY)]).groups) == 1


def test_a_number_in_hundreds_of_reposts_is_no_hub():
    text = text_of(random.Random(5))
    assert hubs_of([ad(f"a{i:03}", f"{text} {SHARED}") for i in range(300)]) == 0


def test_a_lasting_address_beside_numbers_that_change_is_no_hub():
    chance = random.Random(6)
    texts = [text_of(chance) for _ in range(4)]
    ads = [ad(f"a{i:03}", f"{texts[i % 4]} {10_000_000 + i} mia@salon.example") for i in range(60)]
    links = link([sign(ads, KEY)])
    assert links.hubs == ()
    assert [len(x.ads) for x in links.groups] == [60]


@pytest.mark.parametrize(("numbers", "hubs"), [(8, 1), (1, 0)])
def test_the_host_of_a_portal_is_a_hub_and_that_of_an_own_site_is_none(numbers, hubs):
    """Ads that were found on a host name it, in texts of their own: few, but with numbers of several hands."""
    chance = random.Random(7)
    ads = [
        replace(
            ad(f"a{i}", f"{text_of(chance)} {10_000_000 + i % numbers} www.torvet.example/{i}"), site="torvet.example"
        )
        for i in range(8)
    ]
    links = link([sign(ads, KEY)])
    assert len(links.hubs) == hubs
    assert len(links.groups) == 1 - hubs
