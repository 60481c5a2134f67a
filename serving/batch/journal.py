"""How far a file has been tagged, or ads imported: survives `kill -9`, because output is on disk before the journal says so."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from pydantic import ConfigDict, NonNegativeInt
from pydantic.dataclasses import dataclass

from serving.ondisk import sync_folder
from triage.modelfolder import write_json
from triage.wire import parse_json


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True))
class Progress:
    """What is finished, and of what."""

    model: str
    """Version of the model; of ads, what was imported by which rules."""
    all_indicators: bool = False
    check: bool = True
    records: NonNegativeInt = 0
    """Records consumed, bad ones included."""
    digest: str = ""
    """Chained hash of these records."""
    output_bytes: NonNegativeInt = 0
    error_bytes: NonNegativeInt = 0
    bad: NonNegativeInt = 0
    left_out: NonNegativeInt = 0
    """Of ads: pages that are none, and ads that were there already."""


class BrokenJournal(RuntimeError):
    """The journal cannot be read."""


class Journal:
    """The file that holds a `Progress`, replaced as a whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Progress | None:
        """The progress of an interrupted run; None if there is none.

        Raises:
            BrokenJournal: see the class.
        """
        try:
            return Progress(**parse_json(self.path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):
            raise BrokenJournal(
                f"{self.path} cannot be read; delete it to begin anew (the output so far is kept as .previous)"
            ) from None

    def write(self, progress: Progress) -> None:
        """Replace the progress, on disk when this returns."""
        new = self.path.with_name(self.path.name + ".new")
        write_json(new, asdict(progress))
        with new.open("rb") as file:
            os.fsync(file.fileno())
        new.replace(self.path)
        sync_folder(self.path.parent)

    def remove(self) -> None:
        """The run is finished."""
        self.path.unlink(missing_ok=True)
