"""Weights in one byte a number come back nearly as they were, and other files are not taken for them."""

import numpy as np
from safetensors.numpy import save_file

from triage.weights import is_compact, load_weights, save_weights


def _numbers(chance, *shape):
    return chance.standard_normal(shape, np.float32)


def test_a_matrix_loses_at_most_half_a_step_and_a_vector_nothing(tmp_path):
    chance = np.random.default_rng(1)
    state = {"matrix": _numbers(chance, 8, 96), "zeros": np.zeros((2, 96), np.float32)}
    state |= {"vector": _numbers(chance, 96), "narrow": _numbers(chance, 4, 3)}
    save_weights(tmp_path / "w", state)
    again = load_weights(tmp_path / "w")
    assert set(again) == set(state)
    step = np.abs(state["matrix"]).max(axis=1, keepdims=True) / 127
    assert (np.abs(again["matrix"] - state["matrix"]) <= step / 2 + 1e-6).all()
    assert np.array_equal(again["zeros"], state["zeros"])
    assert np.array_equal(again["vector"], state["vector"])
    assert np.array_equal(again["narrow"], state["narrow"])
    assert (tmp_path / "w").stat().st_size < 96 * 8 + 96 * 4 * 8


def test_only_files_of_this_format_are_taken_for_it(tmp_path):
    save_weights(tmp_path / "ours", {"m": np.ones((2, 64), np.float32)})
    save_file({"m": np.ones((2, 64), np.float32)}, tmp_path / "theirs", {"format": "pt"})
    (tmp_path / "text").write_text("no weights")
    assert is_compact(tmp_path / "ours")
    assert not any(is_compact(tmp_path / name) for name in ("theirs", "text", "absent"))
