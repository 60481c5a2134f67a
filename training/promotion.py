"""Promotion: a run's model takes the champion's place if it is better on the held-out texts and worse on no gate.

The champion is the version of the MLflow model registry with the alias `champion`, or the shipped folder while there is
none. The aliases tell the rest: `previous` is what one can go back to, `challenger` the last model that was turned away.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import gates, metrics, tracking
from training.behaviour import BEHAVIOUR, behaviour_report, read_cases
from training.compile import NotAlike, compile_folder
from training.compile import as_table as agreement_table
from training.dataset import checksum, held_out
from training.evaluation import Evaluation, evaluate
from training.experiment import EvaluationConfig
from training.gates import Verdict
from training.pipeline import refuse_other, replace_folder
from triage.loading import load
from triage.modelfolder import read_manifest
from triage.text import Document

SHIPPED = Path("models/tegn-da")
CHAMPION, PREVIOUS, CHALLENGER = "champion", "previous", "challenger"


class NotPromotable(ValueError):
    """The two models cannot be compared fairly, or the output is no place for a model; the message says what to do."""


@dataclass(frozen=True)
class Champion:
    """The model to beat."""

    name: str
    folder: Path
    version: str | None
    """In the registry; None for the shipped folder."""


@dataclass(frozen=True)
class Decision:
    """What came of a promotion."""

    champion: str
    documents: int
    comparison: dict[str, Any]
    """As `metrics.compare` gives it; one: champion, other: challenger."""
    verdicts: list[Verdict]
    gains: list[str]
    """Measures that are better beyond their interval."""
    failed: list[str]
    """Names of the gates that the challenger failed."""
    promoted: bool
    """Whether the challenger is the champion now."""
    version: str
    """Of the challenger in the registry."""
    compiled: list[str]
    """Lines for people: how the folder that was put out agrees, compiled, with torch, or why torch has to serve it."""


def current_champion() -> Champion:
    """The registry's champion, or the shipped folder if the registry has none.

    Raises:
        UnknownRun: the registry has one, but its files are gone.
    """
    found = tracking.registered(CHAMPION)
    if found is None:
        return Champion(str(SHIPPED), SHIPPED, None)
    return Champion(f"version {found.version} of {tracking.MODEL}", found.folder, found.version)


def measure(folder: Path, documents: Sequence[Document]) -> Evaluation:
    """The evaluation of a model folder; its report also has ``behaviour`` and ``size_mb``.

    Raises:
        BrokenModel, InvalidDataset, ValueError: the folder, the behaviour suite or the documents are wrong.
    """
    tagger = load(folder)
    found = evaluate(tagger, documents, EvaluationConfig(bootstrap=100))
    found.report["behaviour"] = behaviour_report(tagger, read_cases(BEHAVIOUR, tagger.scheme))
    found.report["size_mb"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    return found


def promote(run_id: str, *, data: Path | None = None, output: Path | None = None) -> Decision:
    """Compare a run's model with the champion and put it in its place if it has earned that.

    Either way the model is a version of the registry afterwards. Promoted, it has the alias `champion` and its files are in
    `output` too, if that is given; the former champion has the alias `previous`, if it is in the registry. Turned away,
    it has the alias `challenger`, and nothing else changes.

    Args:
        run_id: MLflow run of ``python -m training run``.
        data: labelled documents to compare on; the shipped test texts if not given.
        output: model folder to replace, or one that is not there yet.

    Raises:
        UnknownRun: there is no such run, it kept no model, or the champion's files are gone.
        NotPromotable, BrokenModel, InvalidDataset, ValueError: input is wrong, or `output` is something else than a model.
            Nothing was changed.
    """
    refuse_other(output)
    folder = tracking.model_folder_of(run_id)
    champion = current_champion()
    texts = held_out(data)
    _refuse_unfair(champion, folder, texts)
    documents = [document for found in texts.values() for document in found]
    first, second = measure(champion.folder, documents), measure(folder, documents)
    comparison = metrics.compare(first.predictions, second.predictions, resamples=1000, seed=1)
    verdicts = gates.check_all(first.report, second.report, comparison)
    gained = gates.gains(comparison)
    failed = gates.failures(verdicts)
    promoted = bool(gained) and not failed
    version = tracking.register(
        run_id,
        {
            "compared_with": champion.name,
            "compared_on": ", ".join(f"{name} {checksum(found)}" for name, found in texts.items()),
            "better": ", ".join(gained) or "nothing",
            "failed_gates": ", ".join(failed) or "none",
        },
    )
    compiled: list[str] = []
    if promoted:
        if output is not None:
            compiled = _put(folder, output, documents)
        if champion.version is not None:
            tracking.set_alias(PREVIOUS, champion.version)
        tracking.set_alias(CHAMPION, version)
        tracking.drop_alias(CHALLENGER, version)
    else:
        tracking.set_alias(CHALLENGER, version)
    return Decision(champion.name, len(documents), comparison, verdicts, gained, failed, promoted, version, compiled)


def _put(folder: Path, output: Path, documents: Sequence[Document]) -> list[str]:
    """Put a model folder where it is served from, compiled where that says the same; lines that say what came of it."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "model"
        shutil.copytree(folder, made)
        lines: list[str] = []
        if read_manifest(made)["family"] == "encoder":
            try:
                lines = agreement_table(compile_folder(made, documents))
            except NotAlike as error:
                lines = [f"not compiled: {error}"]
        replace_folder(made, output)
    return lines


def _refuse_unfair(champion: Champion, challenger: Path, texts: Mapping[str, Sequence[Document]]) -> None:
    """Stop where there is nothing to compare, or where a model has learnt from the texts that are to judge it."""
    ours, theirs = read_manifest(challenger), read_manifest(champion.folder)
    if ours["version"] == theirs["version"]:
        raise NotPromotable(f"the run's model is the champion itself ({champion.name})")
    for name, manifest in (("the run's model", ours), ("the champion", theirs)):
        used = manifest.get("about", {}).get("data", {})
        learnt = {value for split, value in used.items() if not split.endswith(".test")}
        for source, found in texts.items():
            if checksum(found) in learnt:
                raise NotPromotable(f"{name} has learnt from {source}; compare on texts that neither model knows")


def as_table(decision: Decision) -> list[str]:
    """Lines for people: every gate with both figures, what it allows, and what it says."""
    lines = [f"{'gate':<28}{'champion':>10}{'challenger':>12}  {'allowed':<30}"]
    for row in decision.verdicts:
        theirs, mine = ("-" if x is None else f"{x:.4g}" for x in (row.champion, row.challenger))
        lines.append(f"{row.gate:<28}{theirs:>10}{mine:>12}  {row.allowed:<30}{row.outcome}")
    return lines + decision.compiled
