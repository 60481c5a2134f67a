"""What the service and its reading processes say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triage.assessment import Assessment
from triage.loading import Inference
from triage.text import Document


@dataclass(frozen=True, slots=True)
class Orders:
    """What a process is to load."""

    folder: Path
    inference: Inference


@dataclass(frozen=True, slots=True)
class Question:
    """A text, and whether its flags are to be checked."""

    document: Document
    check: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The process has loaded its model."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The model cannot be loaded: what to do."""

    message: str


@dataclass(frozen=True, slots=True)
class Read:
    """Answers to texts, in their order; for a text that the model failed on, the kind of error."""

    answers: list[Assessment | str]
    seconds: float
    tokens: int = 0
    """Own tokens of all units of the texts."""
    hits: int = 0
    misses: int = 0
    """Units that were known, and that were computed, since the last answer."""
