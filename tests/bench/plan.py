"""What is measured, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from triage.loading import Inference

SHIPPED = ROOT / "models" / "tegn-da"
ENCODER = ROOT / "models" / "tegn-encoder-da"
ADS = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; `quick` proves that it works, and its figures say little."""

    model: Path
    """Compiled, if it is an encoder."""
    encoder: Path = ENCODER
    """What the pipeline reads with where the model has no encoder."""
    quick: bool = False
    minutes: float = 5
    """Of overload, or of the soak."""
    ads: int = ADS
    """How many are imported and linked, at most."""

    @property
    def rounds(self) -> int:
        """Into which the texts are dealt."""
        return 2 if self.quick else 6

    @property
    def passes(self) -> int:
        """Over all texts, each with a service that has read nothing yet."""
        return 1 if self.quick else 3

    @property
    def per_round(self) -> int:
        """Texts of a round, where as many can be made as are wanted."""
        return 8 if self.quick else 86

    @property
    def inference(self) -> Inference:
        """As the service computes by default, in one process with all cores, and without what it keeps of earlier texts."""
        return Inference("auto")
