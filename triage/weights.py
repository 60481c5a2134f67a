"""Weights on disk in one byte a number: matrices as 8-bit integers with one scale a row, the rest in float32.

A row's largest number becomes 127; rounding moves a number by at most 1/254 of that. What is evaluated is always what was
saved and read back, so the figures of a model include what this costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from triage.scoring import Array

ENCODER = "encoder"
"""Folder of the encoder in a model folder, in the layout of the Hub."""
WEIGHTS = "model.safetensors"
"""Of the encoder, in its folder."""
HEAD = "head.safetensors"
_FORMAT = "tegn-int8"
_SCALE = ".scale"


def weight_files(folder: Path) -> list[str]:
    """Names of the files of a model folder that hold encoder, tokenizer and head."""
    return [*sorted(path.relative_to(folder).as_posix() for path in (folder / ENCODER).iterdir()), HEAD]


def save_weights(path: Path, state: Mapping[str, Array]) -> None:
    """Write a state dictionary."""
    stored: dict[str, Any] = {}
    for name, weights in state.items():
        value = np.asarray(weights, np.float32)
        if value.ndim == 2 and value.shape[1] >= 64:
            scale = np.abs(value).max(axis=1, keepdims=True).clip(min=np.float32(1e-12)) / np.float32(127)
            stored[name] = np.rint(value / scale).astype(np.int8)
            stored[name + _SCALE] = scale
        else:
            stored[name] = np.ascontiguousarray(value)
    save_file(stored, path, {"format": _FORMAT})


def is_compact(path: Path) -> bool:
    """Whether a file was written by `save_weights`."""
    try:
        with safe_open(path, "np") as file:
            return (file.metadata() or {}).get("format") == _FORMAT
    except (OSError, SafetensorError):
        return False


def load_weights(path: Path) -> dict[str, Array]:
    """The state dictionary of a file, in float32."""
    with safe_open(path, "np") as file:
        return {name: _read(file, name) for name in file.keys() if not name.endswith(_SCALE)}  # noqa: SIM118 - no mapping


def _read(file: Any, name: str) -> Array:
    value = file.get_tensor(name)
    if name + _SCALE in set(file.keys()):
        value = value.astype(np.float32) * file.get_tensor(name + _SCALE)
    return np.asarray(value)


class Rows:
    """A matrix of a file of weights of which only some rows are ever needed: kept as it is on disk."""

    def __init__(self, path: Path, name: str) -> None:
        with safe_open(path, "np") as file:
            self._rows = file.get_tensor(name)
            self._scale = file.get_tensor(name + _SCALE) if name + _SCALE in set(file.keys()) else None

    def mean(self, rows: Sequence[int]) -> Array:
        """(H,): mean of some rows, at least one."""
        found = self._rows[list(rows)].astype(np.float32)
        if self._scale is not None:
            found *= self._scale[list(rows)]
        return np.asarray(found.mean(axis=0))
