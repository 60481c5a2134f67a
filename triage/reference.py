"""What texts and answers looked like when a model was measured, to tell later that they look otherwise.

`reference.json` lies beside the model card, outside the files that make the model's version: it decides no answer, and whoever
runs Tegn replaces it by one of their own texts. It holds counts alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.assessment import CLEAR, FLAG, LOOK, Measures
from triage.modelfolder import write_json
from triage.scoring import UnitScores
from triage.text import Document

REFERENCE = "reference.json"
FORMAT = 1
FEATURES = ("length", "not_letters", "novelty", "units")
"""Numbers of a text that are compared; fields of `triage.assessment.Measures`."""
DECISIONS = (FLAG, LOOK, CLEAR)
BINS = 5
"""Bins of a feature, each with as many of the reference's texts."""
_DANISH_LETTER = re.compile("[A-Za-zÆØÅæøå]")
_VISIBLE = re.compile(r"\S")

Counts = npt.NDArray[np.int64]


class UnusableReference(ValueError):
    """The file is damaged or of another model or format; the message says how to make it anew."""


def measure(document: Document, units: Sequence[UnitScores], novelty: float) -> Measures:
    """The numbers of one text."""
    visible = len(_VISIBLE.findall(document.text))
    letters = len(_DANISH_LETTER.findall(document.text))
    return Measures(
        length=len(document.text),
        not_letters=1 - letters / visible if visible else 0.0,
        novelty=novelty,
        units=len(units),
        tokens=sum(len(unit.tokens) for unit in units),
    )


@dataclass(frozen=True)
class Bins:
    """A feature cut at quantiles of the reference's texts."""

    edges: tuple[float, ...]
    counts: Counts
    """(len(edges) + 1,): texts of the reference in each bin."""

    @classmethod
    def of(cls, values: Sequence[float]) -> Bins:
        """Bins with as many of the values in each; fewer where many values are the same."""
        found = np.asarray(values, float)
        edges = tuple(np.unique(np.quantile(found, np.arange(1, BINS) / BINS)).tolist())
        counts = np.bincount(np.searchsorted(edges, found, side="right"), minlength=len(edges) + 1)
        return cls(edges, counts)

    def place(self, value: float) -> int:
        """The bin of a value."""
        return int(np.searchsorted(self.edges, value, side="right"))


@dataclass(frozen=True)
class Profile:
    """The texts of one kind."""

    texts: int
    features: Mapping[str, Bins]
    indicators: Mapping[str, Counts]
    """(3,): texts with each of `DECISIONS`, of those that were not abstained from."""


@dataclass(frozen=True)
class Reference:
    """The texts that a model was measured on, by kind."""

    version: str
    """Of the model."""
    kinds: Mapping[str, Profile]

    def save(self, folder: Path) -> None:
        """Write the file into a model folder."""
        record = {"format": FORMAT, "model": self.version, "kinds": {}}
        record["kinds"] = {
            kind: {
                "texts": profile.texts,
                "features": {
                    name: {"edges": [round(x, 6) for x in bins.edges], "counts": bins.counts.tolist()}
                    for name, bins in profile.features.items()
                },
                "indicators": {
                    code: dict(zip(DECISIONS, counts.tolist(), strict=True))
                    for code, counts in profile.indicators.items()
                },
            }
            for kind, profile in self.kinds.items()
        }
        write_json(folder / REFERENCE, record)

    @classmethod
    def load(cls, folder: Path, version: str) -> Reference | None:
        """The reference of a model folder; None if it has none.

        Raises:
            UnusableReference: see the class.
        """
        path = folder / REFERENCE
        anew = f"make it anew with `python -m training reference {folder} DATA.jsonl`"
        try:
            record = json.loads(path.read_text("utf-8"))
            if record["format"] != FORMAT or record["model"] != version:
                raise UnusableReference(f"{path} is of another model or format; {anew}")
            return cls(version, {kind: _profile(found) for kind, found in record["kinds"].items()})
        except FileNotFoundError:
            return None
        except UnusableReference:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UnusableReference(f"{path} cannot be read; {anew}") from None


def _profile(record: dict[str, Any]) -> Profile:
    features = {}
    for name in FEATURES:
        bins = Bins(tuple(map(float, record["features"][name]["edges"])), _counts(record["features"][name]["counts"]))
        if len(bins.counts) != len(bins.edges) + 1 or list(bins.edges) != sorted(bins.edges):
            raise ValueError(name)
        features[name] = bins
    indicators = {code: _counts([found[x] for x in DECISIONS]) for code, found in record["indicators"].items()}
    return Profile(int(record["texts"]), features, indicators)


def _counts(values: Sequence[int]) -> Counts:
    found = np.array(values, np.int64)
    if found.ndim != 1 or (found < 0).any():
        raise ValueError("counts")
    return found


def stability_index(reference: Counts, seen: Counts) -> float:
    """Population stability index: sum over bins of (q - p) ln(q / p), with half a text added to each bin so that none is empty.

    By custom, up to 0.1 nothing changed much, and from 0.25 on it is another population (N. Siddiqi, Credit Risk Scorecards,
    2006). By chance alone it is about (1/n + 1/m) times a chi-squared number of bins - 1 degrees (B. Yurdakul and J. Naranjo,
    Statistical properties of the population stability index, Journal of Risk Model Validation 14, 2020).
    """
    p = (reference + 0.5) / (reference.sum() + 0.5 * len(reference))
    q = (seen + 0.5) / (seen.sum() + 0.5 * len(seen))
    return float(((q - p) * np.log(q / p)).sum())
