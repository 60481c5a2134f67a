"""Weights in one byte a number come back nearly as they were, and other files are not taken for them."""

import torch
from safetensors.torch import save_file

from triage.weights import is_compact, load_weights, save_weights


def test_a_matrix_loses_at_most_half_a_step_and_a_vector_nothing(tmp_path):
    torch.manual_seed(1)
    state = {"matrix": torch.randn(8, 96), "zeros": torch.zeros(2, 96)}
    state |= {"vector": torch.randn(96), "narrow": torch.randn(4, 3)}
    save_weights(tmp_path / "w", state)
    again = load_weights(tmp_path / "w")
    assert set(again) == set(state)
    step = state["matrix"].abs().amax(dim=1, keepdim=True) / 127
    assert ((again["matrix"] - state["matrix"]).abs() <= step / 2 + 1e-6).all()
    assert torch.equal(again["zeros"], state["zeros"])
    assert torch.equal(again["vector"], state["vector"])
    assert torch.equal(again["narrow"], state["narrow"])
    assert (tmp_path / "w").stat().st_size < 96 * 8 + 96 * 4 * 8


def test_only_files_of_this_format_are_taken_for_it(tmp_path):
    save_weights(tmp_path / "ours", {"m": torch.ones(2, 64)})
    save_file({"m": torch.ones(2, 64)}, tmp_path / "theirs", {"format": "pt"})
    (tmp_path / "text").write_text("no weights")
    assert is_compact(tmp_path / "ours")
    assert not any(is_compact(tmp_path / name) for name in ("theirs", "text", "absent"))
