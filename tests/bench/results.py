"""`docs/bench.json`: what was measured last, part by part. A part that is not measured this time keeps its figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

FILE = ROOT / "docs" / "bench.json"
ROWS = (
    ("service_vs_pipeline_unique", "whole service, unique texts / bare pipeline", "x"),
    ("service_vs_pipeline_repeating", "whole service, half of the sentences recur / bare pipeline", "x"),
    ("service_vs_pipeline_passages", "the same, where those that recur stand together", "x"),
    ("checked_vs_pipeline_unique", "with the check of flags, unique texts / bare pipeline", "x"),
    ("checked_vs_pipeline_repeating", "with the check of flags, half of the sentences recur / bare pipeline", "x"),
    ("service_vs_tfidf", "whole service, unique texts / TF-IDF with logistic regression", "x"),
    ("http_share", "HTTP layer alone (Starlette) / whole service, seconds", "%"),
    ("evidence_cost", "evidence, states and mentions / tags alone, seconds", "%"),
    ("check_cost", "check of the evidence / tags with evidence, seconds", "%"),
    ("shap_ratio", "SHAP / evidence of the same flags, seconds", "x"),
    ("lime_ratio", "LIME / evidence of the same flags, seconds", "x"),
    ("shap_vs_answer", "SHAP / the whole answer with check, seconds", "x"),
    ("lime_vs_answer", "LIME / the whole answer with check, seconds", "x"),
    ("entities_ms_a_text", "entities of a text", "ms"),
    ("disguised_phone_f1", "F1 of disguised phone numbers", ""),
    ("macro_f1_drop", "macro-F1 lost against torch in float32", "points"),
    ("linking_bcubed_f1", "linking of ads, B-cubed F1 in a held-out world", "%"),
    ("linking_bcubed_f1_exact_number", "the same by exact numbers alone", "%"),
    ("linking_bcubed_f1_minhash", "the same by MinHash alone", "%"),
    ("linking_bcubed_f1_good_finder", "ours, with the entities of a good finder", "%"),
    ("ads_docs_per_second", "ads imported, tagged and linked", "a second"),
    ("start_seconds", "start to first answer", "s"),
    ("worker_rss_mb", "resident memory of a reading process", "MB"),
    ("service_rss_mb", "resident memory of all processes", "MB"),
)
"""Keys that are figures by themselves, in the order of the table."""


class UnreadableResults(RuntimeError):
    """The file of results is not what was written; mend or remove it."""


def read(file: Path = FILE) -> dict[str, Any]:
    """What the file holds; nothing if there is none.

    Raises:
        UnreadableResults: see the class.
    """
    if not file.is_file():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise UnreadableResults(f"{file} is not JSON ({error}); mend or remove it") from None
    if not isinstance(found, dict):
        raise UnreadableResults(f"{file} holds no object; mend or remove it")
    return found


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old results with the new ones over them; objects are merged key by key, so that whatever else is there stays."""
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        merged[key] = merge(before, value) if isinstance(value, Mapping) and isinstance(before, Mapping) else value
    return merged


def write(new: Mapping[str, Any], file: Path = FILE) -> dict[str, Any]:
    """Merge results into the file; returns all of it.

    Raises:
        UnreadableResults: see the class; nothing is written.
    """
    merged = merge(read(file), new)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(merged, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
    fresh.replace(file)
    return merged


def table(results: Mapping[str, Any]) -> list[str]:
    """Lines for people: each figure with its spread."""
    lines = [f"{'':<64}{'median':>10}  {'quartiles':<18}n"]
    for key, what, unit in ROWS:
        if key not in results:
            continue
        spread = results.get("spread", {}).get(key)
        scale, suffix = (100, " %") if unit == "%" else (1, f" {unit}")
        line = f"{what:<64}{results[key] * scale:>9.2f}{suffix:<7}"
        if spread:
            line += f" {spread['low'] * scale:.2f} - {spread['high'] * scale:.2f}, {spread['n']}"
        lines.append(line.rstrip())
    return lines


def figures(**found: Mapping[str, float]) -> dict[str, Any]:
    """Spreads as results: the medians by themselves, and all of each under `spread`."""
    rounded = {name: {key: round(x, 5) for key, x in spread.items()} for name, spread in found.items()}
    return {**{name: x["median"] for name, x in rounded.items()}, "spread": rounded}
