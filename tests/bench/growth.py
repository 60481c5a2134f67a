"""Ads at scale: an invented world imported, tagged and linked by the commands themselves, and what more ads cost.

With a million it takes hours, so all of it lies in one folder and the same command goes on where it was: what it measures by
their journals, and their seconds by a note beside them. Tagging is measured on a sample, since it costs each text the same.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from serving.machine import cores
from tests.bench.plan import Plan
from tests.conftest import ROOT
from tests.linkworld.world import DEVELOPMENT, make_world

FOLDER = ROOT / ".bench" / "ads"
SIZES, QUICK = (10_000, 100_000, 1_000_000), (400, 800)
PART = 10_000
"""Ads of a file, each file with operators and numbers of its own."""
TAGGED = (40, 340)
"""Ads that are tagged: fewer, and more; the difference is without the start."""
_EVERY = 2.0
"""Seconds between two looks at a command, and those of a killed run that are not counted."""


def measure(plan: Plan, folder: Path = FOLDER) -> dict[str, Any]:
    """Seconds, processor seconds and memory of each command for each size; a folder that is finished is removed."""
    sizes = QUICK if plan.quick else [x for x in SIZES if x <= max(plan.ads, SIZES[0])]
    folder.mkdir(parents=True, exist_ok=True)
    tagged = _tag(plan, folder)
    growth = {str(size): _grow(folder, size) for size in sizes}
    most = growth[str(sizes[-1])]
    seconds = sum(most[name]["seconds"] for name in ("import", "link")) / sizes[-1] + 1 / tagged["texts_per_second"]
    shutil.rmtree(folder)
    cpu = {name: most[name]["cpu_seconds"] / sizes[-1] for name in ("import", "link")}
    cpu["tag"] = tagged["cpu_seconds"] / tagged["texts"]
    return {
        "ads_docs_per_second": round(1 / seconds, 2),
        "ads": {
            "cores": cores(),
            "largest": sizes[-1],
            # What to size by: others on the machine change the seconds much, and these little.
            "cpu_milliseconds_an_ad": {name: round(1000 * x, 2) for name, x in cpu.items()},
            "tag": tagged,
            "growth": growth,
        },
    }


def _grow(folder: Path, size: int) -> dict[str, Any]:
    """What so many ads cost to import and to link."""
    place = folder / str(size)
    place.mkdir(exist_ok=True)
    files = list(_world(folder / "world", size))
    ads, groups = place / "ads.jsonl", place / "groups.jsonl"
    found = {
        "import": _timed(["ads", "import", *map(str, files), "-o", str(ads)], place / "import.json"),
        "link": _timed(["ads", "link", str(ads), "-o", str(groups)], place / "link.json"),
    }
    about = place / "about.json"
    if not about.exists():
        signatures = groups.with_name("groups.jsonl.signatures")
        kept = sum(x.stat().st_size for x in signatures.iterdir())
        sizes = [len(json.loads(line)["ads"]) for line in groups.open("rb")]
        _note(
            about, {"groups": len(sizes), "grouped": sum(sizes), "largest": max(sizes), "signature_bytes": kept // size}
        )
        shutil.rmtree(signatures)
        ads.unlink()
    return {
        **found,
        **{f"{name}_per_second": round(size / x["seconds"], 1) for name, x in found.items()},
        **json.loads(about.read_text()),
    }


def _tag(plan: Plan, folder: Path) -> dict[str, Any]:
    """Texts a second of one machine, all of its cores."""
    place = folder / "tag"
    place.mkdir(exist_ok=True)
    counts = (4, 12) if plan.quick else TAGGED
    few, more = (_timed_tagging(plan, folder, place, count) for count in counts)
    starts = more["runs"] / few["runs"]  # one that was interrupted started more than once
    seconds = max(more["seconds"] - starts * few["seconds"], 1e-6)
    return {
        "texts": counts[1] - counts[0],
        "seconds": round(seconds, 2),
        "texts_per_second": round((counts[1] - counts[0]) / seconds, 2),
        "cpu_seconds": round(more["cpu_seconds"] - starts * few["cpu_seconds"], 2),
        "memory_mb": more["memory_mb"],
    }


def _timed_tagging(plan: Plan, folder: Path, place: Path, count: int) -> dict[str, float]:
    source = place / f"{count}.jsonl"
    if not source.exists():
        (world,) = _world(folder / "world", min(PART, 2 * TAGGED[1]) if not plan.quick else QUICK[0])
        rows = [json.loads(x) for x in world.read_text("utf-8").splitlines()[:count]]
        rows = [{"id": x["url"], "kind": "ad", "text": x["text"]} for x in rows]
        _put(source, rows)
    output = str(place / f"{count}.out.jsonl")
    command = ["tag", str(source), "-o", output, "--model", str(plan.model), "--workers", str(cores())]
    return _timed(command, place / f"{count}.json")


def _world(folder: Path, size: int) -> Iterator[Path]:
    """Feeds of so many ads; a file that is there is whole."""
    folder.mkdir(exist_ok=True)
    for part in range(-(-size // PART)):
        count = min(PART, size - part * PART)
        file = folder / f"{part:03d}-{count}.jsonl"
        if not file.exists():
            _put(
                file,
                [
                    {
                        "url": f"https://{'abc'[at % 3]}.example/{part}/{at}",
                        "text": x.record.text,
                        "posted": x.record.posted.isoformat() if x.record.posted else None,
                    }
                    for at, x in enumerate(make_world(DEVELOPMENT, count, part))
                ],
            )
        yield file


def _put(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in rows), "utf-8")
    fresh.replace(file)


def _timed(command: Sequence[str], note: Path) -> dict[str, float]:
    """What a command cost, in as many runs as it took.

    Raises:
        CalledProcessError: it went wrong; the same again goes on with it.
    """
    found = {"seconds": 0.0, "cpu_seconds": 0.0, "memory_mb": 0.0, "runs": 0, "done": False}
    if note.exists():
        found = json.loads(note.read_text())
    if found.pop("done"):
        return found
    print(
        f"  {command[0]} {command[1] if command[0] == 'ads' else ''} in {note.parent.name} ...",
        file=sys.stderr,
        flush=True,
    )
    before, began, looked, said = dict(found), time.monotonic(), 0.0, 0.0
    said_there = note.with_suffix(".stderr")
    with said_there.open("w") as file:
        process = psutil.Popen([sys.executable, "-m", "serving", *command], cwd=ROOT, stderr=file)
    try:
        while (status := process.poll()) is None:
            time.sleep(0.05)
            if (now := time.monotonic()) - looked >= 0.25:
                looked = now
                cpu, memory = _usage(process)
                found["cpu_seconds"] = max(found["cpu_seconds"], round(before["cpu_seconds"] + cpu, 2))
                found["memory_mb"] = max(found["memory_mb"], round(memory))
            found |= {"seconds": round(before["seconds"] + now - began, 2), "runs": before["runs"] + 1}
            if now - said >= _EVERY:
                said = now
                _note(note, found | {"done": False})
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if status:
        raise subprocess.CalledProcessError(status, command, stderr=said_there.read_text("utf-8")[-1_000:])
    _note(note, found | {"done": True})
    return found


def _usage(process: psutil.Process) -> tuple[float, float]:
    """Processor seconds and resident MB of a process and those it started; what processes share is counted in each."""
    seconds = memory = 0.0
    with suppress(psutil.Error):
        for x in [process, *process.children(recursive=True)]:
            with suppress(psutil.Error):
                times = x.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
                memory += x.memory_info().rss / 1e6
    return seconds, memory


def _note(file: Path, found: dict[str, Any]) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(found))
    fresh.replace(file)
