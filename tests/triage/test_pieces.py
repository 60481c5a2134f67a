"""How sequences are put into groups that are read together."""

import numpy as np
import pytest

from triage.pieces import GROUP_COST, Piece, by_length, padded_length
from triage.text import Span


def pieces(lengths) -> list[Piece]:
    return [Piece(Span(0, 1), [1] * int(n), 0, np.zeros((int(n), 2), np.int64)) for n in lengths]


def cost(groups, lengths) -> int:
    return sum(len(rows) * padded_length(max(lengths[i] for i in rows)) + GROUP_COST for rows in groups)


def one_by_one(lengths, tokens):
    """As full as they get, from the shortest on."""
    group = []
    for row in np.argsort(lengths, kind="stable").tolist():
        if group and lengths[row] * (len(group) + 1) > tokens:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tokens", [160, 1024, 6144])
def test_each_row_is_in_one_group_and_none_is_too_large(seed, tokens):
    draw = np.random.default_rng(seed)
    lengths = draw.integers(3, 161, int(draw.integers(1, 120))).tolist()
    groups = list(by_length(pieces(lengths), tokens))
    assert sorted(x for rows in groups for x in rows) == list(range(len(lengths)))
    for rows in groups:
        assert len(rows) == 1 or len(rows) * padded_length(max(lengths[i] for i in rows)) <= tokens
    if tokens == 1024:  # smaller ones hold less when padded, larger ones are of few sizes
        assert cost(groups, lengths) <= cost(one_by_one(lengths, tokens), lengths)


def test_short_sequences_are_not_read_at_the_length_of_a_long_one():
    lengths = [10] * 16 + [150]
    assert [len(rows) for rows in by_length(pieces(lengths), 6144)] == [16, 1]


def test_a_sequence_longer_than_a_group_is_read_alone():
    assert list(by_length(pieces([500, 20]), 100)) == [[1], [0]]
    assert list(by_length([], 100)) == []


def test_shapes_are_few():
    draw = np.random.default_rng(1)
    shapes = set()
    for _ in range(300):
        lengths = draw.integers(3, 161, int(draw.integers(1, 60))).tolist()
        for rows in by_length(pieces(lengths), 1024):
            shapes.add((len(rows), padded_length(max(lengths[i] for i in rows))))
    assert len(shapes) <= 90
