"""What a measurement was made on, as far as it explains the figures."""

from __future__ import annotations

import os
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_SETS = (
    "avx2",
    "avx512f",
    "avx_vnni",
    "avx512_vnni",
    "avx512_bf16",
    "amx_bf16",
    "amx_int8",
    "amx_tile",
    "asimd",
    "bf16",
)
_PACKAGES = (
    "openvino",
    "torch",
    "transformers",
    "tokenizers",
    "numpy",
    "scikit-learn",
    "bentoml",
    "starlette",
    "shap",
    "lime",
)
BUSY = 0.5
"""A load average above this share of the cores disturbs a measurement."""


def describe_machine() -> dict[str, Any]:
    """Processor, cores, instruction sets for matrices, memory, and the versions of what computes."""
    said = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").is_file() else ""
    name = re.search(r"^model name\s*:\s*(.+)$", said, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", said, re.M)
    present = set(flags[1].split()) if flags else set()
    return {
        "processor": name[1] if name else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "instruction_sets": [x for x in _SETS if x in present],
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": {x: found for x in _PACKAGES if (found := _version(x))},
    }


def load_average() -> float:
    """Of the last minute; warns where others use the machine."""
    found = os.getloadavg()[0]
    if found > BUSY * len(os.sched_getaffinity(0)):
        print(f"WARNING: others use this machine (load average {found:.1f}); ratios are noisy", file=sys.stderr)
    return round(found, 2)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
