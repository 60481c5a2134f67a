"""Where tensors live and how precisely they are multiplied."""

from __future__ import annotations

import torch


def choose_device(name: str) -> torch.device:
    """The device of a name; `auto` takes the fastest that is there."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster than float32 here: on GPUs that know it and on processors with AMX."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return bool(torch.cpu._is_amx_tile_supported())


def autocast(device: torch.device) -> torch.autocast:
    """Mixed precision where it pays; elsewhere nothing changes."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))
