"""Drift: whether the texts of late look like those the model was measured on, and whether its answers do.

Kept are counts of the last texts in a few blocks, never a text or a row about one. A block that is full is closed; the oldest is
dropped when there are enough.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from triage.assessment import Assessment
from triage.reference import DECISIONS, Counts, Profile, Reference, stability_index
from triage.text import Document

BLOCK = 100
"""Texts of a block."""
BLOCKS = 10
"""Blocks that are kept: the window is the last 900 to 1,000 texts of a kind."""
LEAST = 200
"""Texts before anything is said. With 5 bins and some 400 texts of reference, chance alone passes 0.1 in one window of about 100
then (see `triage.reference.stability_index`)."""


class _Window:
    """Counts of the last texts of one kind."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._blocks: deque[dict[str, Counts]] = deque(maxlen=BLOCKS)
        self._sizes: deque[int] = deque(maxlen=BLOCKS)

    def _empty(self) -> dict[str, Counts]:
        features = {f"feature {name}": np.zeros_like(bins.counts) for name, bins in self.profile.features.items()}
        return features | {f"indicator {code}": np.zeros_like(x) for code, x in self.profile.indicators.items()}

    def add(self, assessment: Assessment) -> None:
        if not self._sizes or self._sizes[-1] == BLOCK:
            self._blocks.append(self._empty())
            self._sizes.append(0)
        block = self._blocks[-1]
        self._sizes[-1] += 1
        for name, bins in self.profile.features.items():
            block[f"feature {name}"][bins.place(getattr(assessment.measures, name))] += 1
        for finding in assessment.findings:
            if (counts := block.get(f"indicator {finding.code}")) is not None:
                counts[DECISIONS.index(finding.decision)] += 1

    @property
    def size(self) -> int:
        return sum(self._sizes)

    def indices(self) -> Iterator[tuple[str, str, float]]:
        """What (``feature`` or ``indicator``), its name, and its index; nothing of what too few texts tell of."""
        reference = {f"feature {name}": bins.counts for name, bins in self.profile.features.items()}
        reference |= {f"indicator {code}": counts for code, counts in self.profile.indicators.items()}
        for key, expected in reference.items():
            seen = sum((block[key] for block in self._blocks), np.zeros_like(expected))
            if seen.sum() >= LEAST and expected.sum():
                what, _, name = key.partition(" ")
                yield what, name, stability_index(expected, seen)


class Drift(Collector):
    """The windows of all kinds of text, as gauges."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def compare_with(self, reference: Reference | None) -> None:
        """Begin anew with a reference; with none nothing is said."""
        with self._lock:
            self._windows = {kind: _Window(x) for kind, x in reference.kinds.items()} if reference else {}

    def assessed(self, documents: Sequence[Document], assessments: Sequence[Assessment | None]) -> None:
        """Count texts."""
        with self._lock:
            for document, assessment in zip(documents, assessments, strict=True):
                window = self._windows.get(document.kind)
                if window is not None and assessment is not None and assessment.measures is not None:
                    window.add(assessment)

    def collect(self) -> Iterable[Metric]:
        """The gauges, when somebody looks."""
        about = "against the texts the model was measured on: population stability index"
        features = GaugeMetricFamily("tegn_drift_psi", f"Texts of late {about}.", labels=("feature", "kind"))
        decisions = GaugeMetricFamily(
            "tegn_drift_decisions_psi", f"Decisions of late {about}.", labels=("indicator", "kind")
        )
        sizes = GaugeMetricFamily("tegn_drift_window_texts", "Texts that the indices are of.", labels=("kind",))
        with self._lock:
            for kind, window in self._windows.items():
                sizes.add_metric((kind,), window.size)
                for what, name, index in window.indices():
                    (features if what == "feature" else decisions).add_metric((name, kind), index)
        return features, decisions, sizes
