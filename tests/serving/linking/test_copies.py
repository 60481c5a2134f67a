"""Near copies are found as comparing each with each finds them, and a full bucket costs no square."""

import time
import tracemalloc

import numpy as np

from serving.linking import copies
from serving.linking.copies import JACCARD, WINDOW, _verify, distinct, find_copies
from serving.linking.ragged import Ragged
from serving.linking.signatures import sign
from tests.serving.linking.conftest import KEY


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


def test_what_is_found_is_a_copy_and_hardly_any_near_copy_is_missed(records):
    grams = sign(records[:500], KEY).grams
    sets = [set(grams[i].tolist()) for i in range(len(grams))]
    copies = find_copies(distinct(grams))
    found = set(zip(copies.first.tolist(), copies.second.tolist(), strict=True))
    real = {
        (i, j)
        for i in range(500)
        for j in range(i + 1, 500)
        if sets[i] and sets[j] and jaccard(sets[i], sets[j]) >= JACCARD
    }
    contained = {(i, j) for i, j in found - real if len(sets[i] & sets[j]) >= 0.8 * min(len(sets[i]), len(sets[j]))}
    near = {(i, j) for i, j in real if jaccard(sets[i], sets[j]) >= 0.7}
    assert len(near) > 100
    assert found - real == contained
    assert len(near - found) <= 0.01 * len(near)
    assert len(real - found) <= 0.15 * len(real)


def test_a_text_within_a_longer_one_is_a_copy():
    rng = np.random.default_rng(1)
    long = rng.integers(0, 1 << 62, 60, np.uint64)
    copies = find_copies(distinct(Ragged.of([long, long[:25], rng.integers(0, 1 << 62, 40, np.uint64)], np.uint64)))
    pairs = set(zip(copies.first.tolist(), copies.second.tolist(), strict=True))
    assert pairs == {(0, 1)}


def test_a_template_that_thousands_share_is_compared_with_few_neighbours():
    rng = np.random.default_rng(2)
    template = rng.integers(0, 1 << 62, 50, np.uint64)
    rows = [np.concatenate([template, rng.integers(0, 1 << 62, 2, np.uint64)]) for _ in range(3000)]
    began = time.process_time()
    copies = find_copies(distinct(Ragged.of(rows, np.uint64)))
    assert len(copies.first) < 3000 * WINDOW * 20
    assert time.process_time() - began < 20


def test_long_texts_are_compared_in_little_memory_and_exactly(monkeypatch):
    """Versions of a long text, and their parts: the same whether they fit into what is compared at a time or not."""
    rng = np.random.default_rng(3)
    base = np.unique(rng.integers(0, 1 << 62, 60_000, np.uint64))
    rows = [np.concatenate([base, rng.integers(0, 1 << 62, 5 + i, np.uint64)]) for i in range(12)]
    rows += [base[:30_000], base[::7], rng.integers(0, 1 << 62, 40_000, np.uint64)]
    texts = distinct(Ragged.of(rows, np.uint64))
    one, other = np.triu_indices(len(rows), 1)
    pairs = one.astype(np.int64) << 32 | other
    at_once = _verify(texts, pairs)
    monkeypatch.setattr(copies, "_BLOCK", 1 << 14)
    tracemalloc.start()
    in_parts = _verify(texts, pairs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert all(np.array_equal(x, y) for x, y in zip(at_once, in_parts, strict=True))
    assert len(in_parts[0]) == 12 * 11 // 2 + 12 * 2
    assert peak < 2_000_000


def test_no_texts_have_no_copies():
    assert len(find_copies(distinct(Ragged.of([[], []], np.uint64))).first) == 0
