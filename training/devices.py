"""Where tensors live and how precisely they are multiplied."""

from __future__ import annotations

from typing import Any

import torch


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` takes the fastest that is there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32: on GPUs that know it and on processors that multiply in it (AVX-512 BF16, AMX)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_avx512_bf16_supported())


def autocast(device: torch.device) -> torch.autocast:
    """Mixed precision where it pays; elsewhere nothing changes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def fit_for_training(encoder: Any, device: torch.device, dropout: float) -> None:
    """Set an encoder's dropout, and the attention that is fastest in training on short inputs on the device."""
    for module in encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = dropout
    if device.type == "cpu" and has_bfloat16(device):
        encoder.set_attn_implementation("eager")  # twice as fast there as the fused kernel
