"""Figures that can be checked by hand."""

import math
import warnings

import numpy as np
import pytest

from training.metrics import Predictions, brier_skill, compare, interval, macro_f1, recall_at_budget


def made(probability, truth) -> Predictions:
    p, y = np.array(probability, np.float32), np.array(truth, bool)
    n, k = p.shape
    return Predictions(tuple(map(str, range(n))), tuple("abc"[:k]), ("note",) * n, ("police",) * n, p, p >= 0.5, y)


def test_macro_f1_is_the_mean_over_indicators_that_are_stated():
    # a: one hit, one false alarm, one miss: F1 = 0.5. b: never stated, flagged once: left out.
    predictions = made([[0.9, 0.9], [0.8, 0.1], [0.1, 0.1]], [[1, 0], [0, 0], [1, 0]])
    assert macro_f1(predictions) == pytest.approx(0.5)


def test_brier_skill_is_one_when_right_and_zero_when_it_says_the_rate():
    assert brier_skill(made([[1.0], [0.0]], [[1], [0]])) == pytest.approx(1)
    assert brier_skill(made([[0.5], [0.5]], [[1], [0]])) == pytest.approx(0)


def test_recall_at_budget_reads_the_most_probable_first():
    predictions = made([[0.9], [0.1], [0.8], [0.2]], [[1], [1], [0], [0]])
    assert recall_at_budget(predictions, 0.25) == pytest.approx(0.5)


def test_the_interval_holds_the_value_and_is_the_same_again():
    generator = np.random.default_rng(0)
    truth = generator.random((80, 1)) < 0.4
    predictions = made(np.clip(truth * 0.5 + generator.random((80, 1)) * 0.6, 0, 1), truth)
    low, high = interval(predictions, macro_f1, resamples=200, seed=1)
    assert low < macro_f1(predictions) < high
    assert (low, high) == interval(predictions, macro_f1, resamples=200, seed=1)


def test_a_model_compared_with_itself_differs_by_nothing():
    predictions = made([[0.9], [0.1], [0.8]], [[1], [0], [0]])
    for row in compare(predictions, predictions, resamples=50, seed=1).values():
        assert row["difference"] == 0
        assert tuple(row["interval"]) == (0, 0)


def test_where_nothing_is_stated_or_flagged_an_interval_is_no_number_and_nobody_is_warned():
    predictions = made([[0.1], [0.2]], [[0], [0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [interval(predictions, macro_f1, resamples=5, seed=1)]
        found += [row["interval"] for row in compare(predictions, predictions, resamples=5, seed=1).values()]
    assert all(math.isnan(x) for limits in found for x in limits)
