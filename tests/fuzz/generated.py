"""The parts whose inputs Hypothesis makes, for as long as somebody wants; `tests.fuzz.__main__` runs it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.conftest import save_tiny

Round = Callable[[settings, int], None]
"""Tries as many examples as the settings say, from a seed."""
EXAMPLES = 200
"""Of one round; each round has a seed of its own."""


@contextmanager
def api(scratch: Path, number: int) -> Iterator[Round]:
    """Requests that schemathesis makes of the description of the API."""
    from tests.fuzz.api import rounds
    from tests.fuzz.running import running

    save_tiny(scratch / "model")
    with running(scratch / "model", number) as app:
        yield rounds(app)
        app.finish()


@contextmanager
def pages(scratch: Path, number: int) -> Iterator[Round]:
    """Requests to every other route."""
    from tests.fuzz.pages import rounds
    from tests.fuzz.running import running

    save_tiny(scratch / "model")
    with running(scratch / "model", number) as app:
        yield rounds(app)
        app.finish()


@contextmanager
def texts(scratch: Path, number: int) -> Iterator[Round]:
    """Texts for a tagger of each family."""
    from tests.fuzz.texts import rounds, taggers

    yield rounds(taggers(scratch))


PARTS = {"api": api, "pages": pages, "texts": texts}


def main() -> int:
    """Go on until the time is up or something is found, which is shrunk, printed and kept."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=PARTS)
    for name, kind in (("seconds", int), ("seed", int), ("found", Path), ("corpus", Path)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    given = parser.parse_args()
    chosen = settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=DirectoryBasedExampleDatabase(given.corpus),
        suppress_health_check=list(HealthCheck),
        phases=(Phase.reuse, Phase.generate, Phase.target, Phase.shrink),
        print_blob=True,
    )
    until, number = time.monotonic() + given.seconds, given.seed
    with tempfile.TemporaryDirectory() as scratch:
        try:
            with PARTS[given.part](Path(scratch), given.seed) as run:
                while time.monotonic() < until:
                    run(chosen, number)
                    number += 1
        except Exception:
            said = f"seed {number}\n{traceback.format_exc()}"
            (given.found / f"seed-{number}.txt").write_text(said, "utf-8", errors="backslashreplace")
            print(said.encode("ascii", "backslashreplace").decode())
            return 1
    print(f"{(number - given.seed) * EXAMPLES:,} examples at most, in {number - given.seed} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
