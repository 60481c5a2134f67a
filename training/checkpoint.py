"""Where a long training stands, on disk, so that a stopped one goes on. Weights and numbers only; never a text."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch


class Checkpoint:
    """The state after the last finished epoch of one training, in a folder named after all that decides its result."""

    def __init__(self, home: Path, name: str, about: Mapping[str, Any]) -> None:
        key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
        self.folder = home / f"{name}-{key}"
        self._file = self.folder / "state.pt"

    def part(self, name: str) -> Checkpoint:
        """That of one of several trainings that make one model; `done` of the whole forgets it too."""
        return Checkpoint(self.folder, name, {})

    def save(self, state: Mapping[str, Any], generator: np.random.Generator) -> None:
        """Replace the state; a stop while writing leaves the former one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        draws = {"numpy": json.dumps(generator.bit_generator.state), "torch": torch.get_rng_state()}
        torch.save({**state, "draws": draws}, fresh)
        fresh.replace(self._file)

    def load(self, generator: np.random.Generator, device: torch.device) -> dict[str, Any] | None:
        """The state, with both random generators set to where they were; None if there is none."""
        if not self._file.is_file():
            return None
        state: dict[str, Any] = torch.load(self._file, map_location=device, weights_only=True)
        draws = state.pop("draws")
        generator.bit_generator.state = json.loads(draws["numpy"])
        torch.set_rng_state(draws["torch"].cpu())
        return state

    def done(self) -> None:
        """Forget the state of a training that is finished."""
        shutil.rmtree(self.folder, ignore_errors=True)
