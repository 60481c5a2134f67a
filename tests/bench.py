"""`make bench`: speed measured side by side in one run. Ratios are what counts: machines are noisy."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from serving.batch.run import tag_file
from training.dataset import DATA_CARDS, folders, read_folder, to_jsonl
from triage import language
from triage.loading import load
from triage.scoring import unit_hazards
from triage.text import Document
from triage.units import split_units

ROUNDS = 5


def best(act: Callable[[], object]) -> float:
    """Seconds of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> None:
    """Print a table of seconds per text and ratios to the bare score."""
    root = Path(__file__).resolve().parent.parent
    model = root / "models" / "tegn-da"
    began = time.perf_counter()
    tagger = load(model)
    language.warm_up()
    print(f"loading the model: {time.perf_counter() - began:.2f} s")
    documents = [x for folder in folders(root / DATA_CARDS) for x in read_folder(folder).documents("test")][:200]
    notes = [Document(x.id, x.kind, x.text) for x in documents]
    stages: dict[str, Callable[[], object]] = {
        "cut into units": lambda: [split_units(x) for x in notes],
        "scores": lambda: [unit_hazards(units, len(tagger.scheme)) for units in tagger.scorer.score(notes)],
        "abstention": lambda: [tagger.abstentions(x) for x in notes],
        "whole answer": lambda: tagger(notes),
    }
    seconds = {name: best(act) for name, act in stages.items()}
    print(f"{len(notes)} texts of {sum(len(x.text) for x in notes) / len(notes):.0f} characters on average\n")
    print(f"{'stage':<28}{'ms a text':>10}{'ratio':>8}")
    for name, value in seconds.items():
        print(f"{name:<28}{1000 * value / len(notes):>10.2f}{value / seconds['scores']:>8.2f}")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jsonl"
        source.write_text(to_jsonl(notes * 5), "utf-8")
        one = best(lambda: tag_file(str(source), Path(folder) / "out.jsonl", model))
        two = best(lambda: tag_file(str(source), Path(folder) / "out.jsonl", model, workers=2))
    print(f"{'file, 1 worker':<28}{1000 * one / len(notes) / 5:>10.2f}{one / seconds['scores'] / 5:>8.2f}")
    print(f"{'file, 2 workers':<28}{1000 * two / len(notes) / 5:>10.2f}{two / seconds['scores'] / 5:>8.2f}")


if __name__ == "__main__":
    sys.exit(main())
