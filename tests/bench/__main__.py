"""``python -m tests.bench [PART ...]``: measure parts, print one table, and keep the figures in `docs/bench.json`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench import (
    entities,
    evidence,
    growth,
    linking,
    load,
    machine,
    plot,
    quality,
    results,
    sample,
    soak,
    speed,
    start,
)
from tests.bench.plan import ADS, ENCODER, SHIPPED, Plan
from tests.bench.server import compiled_copy

PARTS: dict[str, Callable[[Plan], dict[str, Any]]] = {
    "speed": speed.measure,
    "evidence": evidence.measure,
    "explain": evidence.explain,
    "quality": quality.measure,
    "entities": entities.measure,
    "start": start.measure,
    "load": load.measure,
    "soak": soak.measure,
    "linking": linking.measure,
    "ads": growth.measure,
}
USUAL = ("speed", "evidence", "explain", "quality", "entities", "start")
"""Without a name; the others take long."""
MINUTES = {"soak": 30.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status: 1 if the soak found something."""
    asked = _parse(arguments)
    with tempfile.TemporaryDirectory(prefix="tegn-bench-") as place:
        model = compiled_copy(
            asked.model, Path(place) / "model", sample.texts("calibration")[: 4 if asked.quick else 40]
        )
        found: dict[str, Any] = {}
        about = {"machine": machine.describe_machine(), "texts": sample.describe(sample.texts("test"), model)}
        for name in asked.parts or USUAL:
            minutes = asked.minutes if asked.minutes is not None else MINUTES.get(name, 5.0)
            busy = machine.load_average()
            print(f"{name} ...", file=sys.stderr, flush=True)
            found = results.merge(found, PARTS[name](Plan(model, asked.encoder, asked.quick, minutes, asked.ads)))
            when = {"when": datetime.now(UTC).isoformat(timespec="seconds"), "load_average_before": busy}
            about = results.merge(about, {"measured": {name: when | {"quick": asked.quick}}})
    lines = results.table(found)
    if asked.out:
        kept = results.write(about | found, asked.out)
        plot.draw(kept, asked.out.with_suffix(".png"))
    print("\n".join(_heading(about) + lines))
    for name in ("latency", "overload", "soak"):
        if name in found:
            print(f"\n{name}: {json.dumps(_short(found[name]), indent=1)}")
    return int(any(isinstance(x, dict) and x.get("findings") for x in found.get("soak", {}).values()))


def _short(found: Any) -> Any:
    """Results without the long rows of figures, which the file has."""
    if isinstance(found, dict):
        return {key: _short(x) for key, x in found.items() if key not in ("over_time", "windows")}
    return found


def _heading(about: dict[str, Any]) -> list[str]:
    said, texts = about["machine"], about["texts"]
    sets = ", ".join(said["instruction_sets"]) or "none that matter"
    return [
        f"{said['processor']}, {said['cores']} cores ({sets}); "
        f"{texts['texts']} test texts of {texts['mean_characters']} characters on average",
        *(f"{name}: load average {x['load_average_before']} before" for name, x in about["measured"].items()),
        "",
    ]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default {', '.join(USUAL)}"
    )
    parser.add_argument("--quick", action="store_true", help="few texts, to see that it works; keeps nothing by itself")
    parser.add_argument("--minutes", type=float, help="of overload (by default 5) or of the soak (30)")
    parser.add_argument(
        "--ads",
        type=int,
        default=ADS,
        help="how many to import and link at most, by default 100000; goes on where it was",
    )
    parser.add_argument("--model", type=Path, default=SHIPPED, help="model folder; a copy is compiled if it is not")
    parser.add_argument(
        "--encoder", type=Path, default=ENCODER, help="for the pipeline, where the model has no encoder"
    )
    parser.add_argument("--out", type=Path, help="file of the results, by default docs/bench.json unless --quick")
    asked = parser.parse_args(arguments)
    if unknown := [x for x in asked.parts if x not in PARTS]:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    if asked.minutes is not None and asked.minutes <= 0:
        parser.error("--minutes takes a number above 0")
    if asked.out is None and not asked.quick:
        asked.out = results.FILE
    return asked


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended too
    sys.exit(main())
