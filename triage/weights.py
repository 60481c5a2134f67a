"""Weights on disk in one byte a number: matrices as 8-bit integers with one scale a row, the rest in float32.

A row's largest number becomes 127; rounding moves a number by at most 1/254 of that. What is evaluated is always what was
saved and read back, so the figures of a model include what this costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

_FORMAT = "tegn-int8"
_SCALE = ".scale"


def save_weights(path: Path, state: Mapping[str, torch.Tensor]) -> None:
    """Write a state dictionary."""
    stored: dict[str, torch.Tensor] = {}
    for name, weights in state.items():
        value = weights.detach().float().cpu()
        if value.ndim == 2 and value.shape[1] >= 64:
            scale = value.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            stored[name] = (value / scale).round().to(torch.int8).contiguous()
            stored[name + _SCALE] = scale
        else:
            stored[name] = value.contiguous()
    save_file(stored, path, {"format": _FORMAT})


def is_compact(path: Path) -> bool:
    """Whether a file was written by `save_weights`."""
    try:
        with safe_open(path, "pt") as file:
            return (file.metadata() or {}).get("format") == _FORMAT
    except (OSError, SafetensorError):
        return False


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state dictionary of a file, in float32."""
    with safe_open(path, "pt") as file:
        names = set(file.keys())
        return {
            name: file.get_tensor(name).float() * file.get_tensor(name + _SCALE)
            if name + _SCALE in names
            else file.get_tensor(name)
            for name in names
            if not name.endswith(_SCALE)
        }
