"""Equal units are computed once; what is kept is bounded, and is no text."""

import numpy as np

from triage.pieces import Piece
from triage.text import Span
from triage.unitcache import UnitCache


def piece(*ids: int, start: int = 0, first: int = 0) -> Piece:
    own = len(ids) - first
    offsets = np.array([(start + i, start + i + 1) for i in range(own)], np.int64)
    return Piece(Span(start, start + own), list(ids), first, offsets)


def scores(of: Piece):
    value = float(sum(of.ids) + 100 * of.first)
    return (
        np.full((len(of.offsets), 2), value, np.float32),
        np.full(2, value, np.float32),
        np.full((2, 4), value, np.float32),
    )


class Counting:
    def __init__(self):
        self.asked = []

    def __call__(self, pieces):
        self.asked.append(len(pieces))
        return [scores(x) for x in pieces]


def test_what_was_read_before_is_not_computed_again_wherever_it_stands():
    cache, score = UnitCache(), Counting()
    cache.complete([piece(1, 2), piece(3, 4)], score)
    found = cache.complete([piece(3, 4, start=50), piece(5)], score)
    assert score.asked == [2, 1]
    assert (cache.hits, cache.misses) == (1, 3)
    np.testing.assert_array_equal(found[0][1], scores(piece(3, 4))[1])


def test_equal_pieces_that_come_together_are_computed_once_and_answered_in_order():
    cache, score = UnitCache(), Counting()
    found = cache.complete([piece(1), piece(2), piece(1)], score)
    assert score.asked == [2]
    assert [float(x[1][0]) for x in found] == [1, 2, 1]


def test_the_same_tokens_after_another_context_are_another_unit():
    cache, score = UnitCache(), Counting()
    one, other = cache.complete([piece(7, 1, 2, first=1), piece(7, 1, 2, first=2)], score)
    assert score.asked == [2]
    assert one[1][0] != other[1][0]


def test_beyond_its_size_it_forgets_what_was_used_longest_ago():
    each = sum(x.nbytes for x in scores(piece(1)))
    cache, score = UnitCache(2 * each), Counting()
    for number in (1, 2, 1, 3, 1, 2):
        cache.complete([piece(number)], score)
    assert score.asked == [1, 1, 0, 1, 0, 1]


def test_what_is_larger_than_all_of_it_is_answered_and_not_kept():
    cache, score = UnitCache(10), Counting()
    cache.complete([piece(1)], score)
    cache.complete([piece(1)], score)
    assert score.asked == [1, 1]


def test_it_keeps_no_token_and_no_group_alive():
    cache = UnitCache()
    group = np.zeros((50, 40, 2), np.float32)
    cache.complete([piece(11, 12, 13)], lambda _: [(group[0, :3], group[0, 0], np.zeros((2, 4), np.float32))])
    ((key, kept),) = cache._kept.items()
    assert len(key) == 16
    assert all(x.base is None for x in kept)
    assert UnitCache()._mark(piece(11, 12, 13)) != key
