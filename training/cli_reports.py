"""Reports as the commands print them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer


def print_report(report: dict[str, Any]) -> None:
    """What `evaluate` measured, for the terminal."""
    typer.echo(f"{'indicator':<26}{'n':>5}{'flagged':>9}{'F1':>7}  {'95 % interval':<14}{'AP':>6}")
    for code, row in report["indicators"].items():
        if row["n"] or row["flagged"]:
            low, high = row["interval"]
            typer.echo(
                f"{code:<26}{row['n']:>5}{row['flagged']:>9}{row['f1']:>7.2f}  {low:.2f} to {high:.2f}  "
                f"{row['average_precision']:>6.2f}"
            )
    for name, entry in report["overall"].items():
        low, high = entry["interval"]
        typer.echo(f"{name}: {entry['value']:.3f} ({low:.3f} to {high:.3f})")
    rest = {
        key: report[key]
        for key in (
            "n",
            "brier_skill",
            "calibration_error",
            "recall_at_budget",
            "look",
            "abstained",
            "evidence",
            "false_alarms_on_other_states",
        )
    }
    for key, value in rest.items():
        typer.echo(f"{key}: {json.dumps(value) if isinstance(value, dict) else value}")
    _print_faithfulness(report["faithfulness"])
    _print_swaps(report["swaps"])


def _print_faithfulness(found: dict[str, Any]) -> None:
    typer.echo(f"faithfulness of {found['examples']} flags (own ranking of words, random, occlusion):")
    for name in ("comprehensiveness", "sufficiency"):
        typer.echo(f"  {name}: " + ", ".join(f"{ranking} {value:.2f}" for ranking, value in found[name].items()))
    typer.echo(f"  share of occlusion: {found['share_of_occlusion']:.2f}")


def _print_swaps(found: dict[str, Any]) -> None:
    typer.echo(f"changes of probability by swaps (largest mean {found['largest']:.4f}):")
    for kind, row in found.items():
        if isinstance(row, dict):
            typer.echo(
                f"  {kind}, {row['texts']} texts: mean {row['mean']:.4f}, 99th percentile {row['percentile_99']:.3f}, largest "
                f"{row['largest']:.3f}, decisions changed {row['decisions_changed']:.1%}, abstentions "
                f"{row['abstentions_changed']:.1%}"
            )


def print_behaviour(model: Path) -> dict[str, Any]:
    """Run the functional suite, print it, and give its report."""
    from training.behaviour import BEHAVIOUR, behaviour_report, read_cases
    from triage.loading import load

    tagger = load(model)
    report = behaviour_report(tagger, read_cases(BEHAVIOUR, tagger.scheme))
    typer.echo(f"{'function':<28}{'cases':>6}{'F1':>7}{'pairs right':>13}{'look recall':>13}")
    for name, row in [*report["functions"].items(), ("overall", report["overall"])]:
        typer.echo(
            f"{name:<28}{row['cases']:>6}{row['f1']:>7.2f}{row['pairs_right']:>13.2f}{row['look_recall']:>13.2f}"
        )
    return report
