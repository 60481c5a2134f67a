"""The plot of the README: documents a second side by side."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

STREAMS = (("unique", "texts that are all different"), ("repeating", "ads, half of the sentences recur"))


def draw(results: Mapping[str, Any], file: Path) -> bool:
    """Draw the documents a second that were measured last; whether there were any."""
    measured = results.get("speed", {}).get("documents_per_second", {})
    if not all(name in measured for name, _ in STREAMS):
        return False
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    for axes, (stream, title) in zip(figure.subplots(1, len(STREAMS)), STREAMS, strict=True):
        found = measured[stream]
        bare = max((x for x in found if x.startswith("pipeline")), key=lambda x: found[x]["median"])
        bars = {
            "transformers.pipeline,\nno HTTP, no evidence": found[bare],
            "Tegn: HTTP, evidence,\nstates": found["service"],
            "the same, and flags\nchecked": found["service with check"],
        }
        medians = [x["median"] for x in bars.values()]
        errors = [[x["median"] - x["low"] for x in bars.values()], [x["high"] - x["median"] for x in bars.values()]]
        drawn = axes.barh(list(bars), medians, xerr=errors, color=["#b8bcc2", "#0b5d7a", "#5b9bb5"], height=0.6)
        axes.bar_label(drawn, [f" {x:.0f}" for x in medians], label_type="center", color="#111")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("documents a second", fontsize=9)
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=150)
    return True
