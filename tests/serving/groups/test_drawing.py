"""The picture of a group: every ad is in it or counted, always at the same place, and dots can be told apart."""

import math
from collections import Counter

import pytest

from serving.groups.drawing import MOST, draw

STAR = lambda n: [(1, x, "contact") for x in range(2, n + 1)]  # noqa: E731
CHAIN = lambda n: [(x, x + 1, "text") for x in range(1, n)]  # noqa: E731
BUSH = lambda n: [(x // 3 + 1, x + 1, "other") for x in range(1, n)]  # noqa: E731
KINDS = pytest.mark.parametrize("ties", [STAR, CHAIN, BUSH], ids=["star", "chain", "bush"])


@KINDS
@pytest.mark.parametrize("ads", [1, 2, 3, 14, MOST])
def test_each_ad_has_a_dot_and_each_tie_a_line_between_them(ties, ads):
    found = draw(ads, ties(ads))
    assert [x.number for x in sorted(found.dots, key=lambda x: x.number)] == list(range(1, ads + 1))
    assert found.folded == 0
    places = {x.number: (x.x, x.y) for x in found.dots}
    wanted = {frozenset((places[a], places[b])) for a, b, _ in ties(ads)}
    assert {frozenset(((x.x1, x.y1), (x.x2, x.y2))) for x in found.lines} == wanted
    assert all(0 < x.x < 100 and 0 < x.y < 100 for x in found.dots)


@KINDS
@pytest.mark.parametrize("ads", [30, MOST, 2000])
def test_dots_do_not_hide_one_another_on_a_phone(ties, ads):
    found = draw(ads, ties(ads))
    wide, high = 3.4, found.height / 100
    near = [
        (one.number, other.number)
        for at, one in enumerate(found.dots)
        for other in found.dots[:at]
        if math.hypot((one.x - other.x) * wide, (one.y - other.y) * high) < 24
    ]
    assert len(near) <= 3, near


@KINDS
@pytest.mark.parametrize("ads", [MOST + 1, 500, 3000])
def test_of_more_ads_than_fit_the_rest_is_counted_in_dots_with_a_plus(ties, ads):
    found = draw(ads, ties(ads))
    own = [x for x in found.dots if not x.several]
    assert len(found.dots) <= MOST * 4 // 3 + 1
    assert len(own) + sum(x.number for x in found.dots if x.several) == ads
    assert found.folded == ads - len(own)
    most = Counter(y for x in ties(ads) for y in x[:2]).most_common(1)[0][0]
    assert most in {x.number for x in own}
    assert found.height <= 820


def test_parts_without_a_tie_between_them_are_drawn_apart():
    found = draw(6, [(1, 2, "text"), (4, 5, "contact")])
    assert len(found.dots) == 6
    assert [x.sort for x in found.lines] == ["text", "contact"]
    assert len({(x.x, x.y) for x in found.dots}) == 6


def test_the_same_group_gives_the_same_picture():
    assert draw(80, BUSH(80)) == draw(80, BUSH(80))
