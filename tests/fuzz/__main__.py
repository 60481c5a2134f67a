"""Fuzzing for as long as somebody wants: ``python -m tests.fuzz [--minutes 10] [--seed N] [PART ...]``; ``make fuzz``.

Each part runs in a process of its own, one after the other. What is found is written to ``.fuzz/found/PART``, what is learnt to
``.fuzz/corpus/PART``, from which the next run goes on. Exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.targets import all_targets

PLACE = Path(".fuzz")
MEMORY = 2048
"""MiB a parser may take: the sandbox gives its child one GiB, and atheris and its corpus lie beside it."""
HANG = 300
"""Seconds after which one input is taken for one that never ends; `tests.fuzz.targets.SECONDS` counts computing alone."""
GENERATED = ("api", "pages", "texts")
"""Parts in which Hypothesis makes the inputs."""


def parts() -> list[str]:
    """All parts, in the order in which they run."""
    return [*GENERATED, *all_targets()]


def command(part: str, seconds: int, seed: int, place: Path) -> list[str]:
    """The command line of one part."""
    found, corpus = place / "found" / part, place / "corpus" / part
    found.mkdir(parents=True, exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)
    if part in GENERATED:
        more = ["--seconds", str(seconds), "--seed", str(seed), "--found", str(found), "--corpus", str(corpus)]
        return [sys.executable, "-m", "tests.fuzz.generated", part, *more]
    more = [f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={HANG}", f"-rss_limit_mb={MEMORY}"]
    more += [f"-artifact_prefix={found}/", "-print_final_stats=1", "-verbosity=1"]
    return [sys.executable, "-m", "tests.fuzz.instrumented", part, *more, str(corpus)]


def run(part: str, seconds: int, seed: int, place: Path) -> int:
    """Run one part; returns its exit status. What it says goes to ``PART.log``."""
    asked = command(part, seconds, seed, place)
    log = place / f"{part}.log"
    # What a part writes while it works is thrown away with it.
    with tempfile.TemporaryDirectory() as scratch, log.open("wb") as said:
        environment = {**os.environ, "TMPDIR": scratch, "PYTHONHASHSEED": "0"}
        return subprocess.run(asked, stdout=said, stderr=subprocess.STDOUT, env=environment, check=False).returncode


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz Tegn.")
    parser.add_argument("--minutes", type=float, default=10, help="for each part (default 10)")
    parser.add_argument("--seed", type=int, default=None, help="of the random numbers; made up and printed by default")
    parser.add_argument("--place", type=Path, default=PLACE, help="folder of corpus and findings (default .fuzz)")
    parser.add_argument("part", nargs="*", help="all by default: " + " ".join(parts()))
    given = parser.parse_args()
    unknown = set(given.part) - set(parts())
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; parts are {' '.join(parts())}")
    seed = given.seed if given.seed is not None else secrets.randbelow(2**31 - 1) + 1
    print(f"seed {seed}", flush=True)
    failed = []
    for part in given.part or parts():
        began = time.monotonic()
        status = run(part, max(1, round(60 * given.minutes)), seed, given.place)
        found = f"FOUND something, status {status}: see {given.place / part}.log and {given.place / 'found' / part}"
        print(f"{part:22} {time.monotonic() - began:6.0f} s  {found if status else 'nothing found'}", flush=True)
        if status:
            failed.append(part)
    if failed:
        print(f"something was found in {', '.join(failed)}; the same again: --seed {seed} {' '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
