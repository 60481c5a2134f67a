"""Broken lines cost themselves alone and are told by their place."""

import csv
import json
import os
import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.ads.linking import link_ads
from serving.cli import app
from tests.serving.ads.linking.made import A, few, read, write


def test_broken_lines_are_told_by_their_place_and_the_rest_is_linked(tmp_path):
    good = few()[:9]
    lines = [json.dumps(x) for x in good]
    lines[3:3] = ["{", json.dumps({"id": "n", "kind": "note", "text": "x"}), "[]"]
    lines.append(json.dumps(few()[9] | {"posted": "forleden", "contacts": [7.5], "title": 7}))
    (tmp_path / "ads.jsonl").write_text("\n".join(lines), "utf-8")
    with (tmp_path / "ads.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerows([["id", "kind", "text", "contacts"], ["c1", "ad", A, "01 66 00 90"], ["c2", "ad"]])
    output = tmp_path / "g.jsonl"
    args = ["ads", "link", str(tmp_path / "ads.jsonl"), str(tmp_path / "ads.csv"), "-o", str(output), "--workers", "1"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 3
    faults = read(tmp_path / "g.jsonl.errors.jsonl")
    assert [(Path(x["file"]).name, x["line"]) for x in faults] == [
        *(("ads.jsonl", x) for x in (4, 5, 6, 13)),
        ("ads.csv", 3),
    ]
    assert [x["path"] for x in faults[3]["errors"]] == ["title", "contacts", "posted"]
    assert any("c1" in x["ads"] for x in read(output))
    assert "5 lines with faults" in result.output
    write(tmp_path / "ads.jsonl", good)
    (tmp_path / "ads.csv").write_text("id,kind,text\n", "utf-8")
    assert CliRunner().invoke(app, args).exit_code == 0
    assert not (tmp_path / "g.jsonl.errors.jsonl").exists()


@pytest.mark.parametrize("how", ["standard input", "pipe"])
def test_what_can_be_read_only_once_is_read_from_its_first_ad(tmp_path, how):
    lines = write(tmp_path / "ads.jsonl", few()[:9]).read_bytes()
    source = "-"
    if how == "pipe":
        source = str(tmp_path / "pipe.jsonl")
        os.mkfifo(source)
        threading.Thread(target=lambda: Path(source).write_bytes(lines), daemon=True).start()
    result = CliRunner().invoke(
        app, ["ads", "link", source, "-o", str(tmp_path / "g.jsonl"), "--workers", "1"], input=lines
    )
    assert result.exit_code == 0
    summary = link_ads([tmp_path / "ads.jsonl"], tmp_path / "h.jsonl")
    assert summary.sentence() in result.output
    assert summary.ads == 9


def test_days_and_moments_of_parquet_that_cannot_be_are_reported_and_the_ad_is_linked_without(tmp_path):
    """A year after 9999 or before 1, and a time zone that is not known; nanoseconds are cut off."""
    ads, seconds = few()[:4], pa.timestamp("s")
    last, first = 10**10 * 32, -(10**11)
    columns = {
        **{name: pa.array([x[name] for x in ads], pa.string()) for name in ("id", "kind", "text")},
        "posted": pa.array([1_772_000_000, last, first, 1_772_000_000], seconds),
        "retrieved": pa.array([1_772_000_000_123_456_789] * 4, pa.timestamp("ns", "UTC")),
    }
    pq.write_table(pa.table(columns), tmp_path / "years.parquet")
    zone = pa.array([1_772_000_000] * 4, pa.timestamp("s", "Mars/Phobos"))
    pq.write_table(pa.table(columns | {"retrieved": zone, "title": zone}), tmp_path / "zone.parquet")
    told = []
    summary = link_ads([tmp_path / "years.parquet", tmp_path / "zone.parquet"], tmp_path / "g.jsonl", tell=told.append)
    assert (summary.ads, summary.bad) == (4, 2 + 4)
    faults = [(x["line"], [y["path"] for y in x["errors"]]) for x in read(tmp_path / "g.jsonl.errors.jsonl")]
    assert faults == [
        *((line, ["posted"]) for line in (2, 3)),
        (1, ["title", "retrieved"]),
        (2, ["title", "posted", "retrieved"]),
        (3, ["title", "posted", "retrieved"]),
        (4, ["title", "retrieved"]),
    ]
    assert told[0].endswith("years.parquet, line 2: posted is no day as 2026-05-03; linked without it")


def test_a_file_with_a_name_that_is_not_utf_8_has_its_faults_told(tmp_path):
    odd = write(tmp_path / os.fsdecode(b"a\xe6.jsonl"), [*few()[:2], {"kind": "ad"}])
    summary = link_ads([odd], tmp_path / "g.jsonl")
    assert (summary.ads, summary.bad) == (2, 1)
    assert read(tmp_path / "g.jsonl.errors.jsonl")[0]["file"].endswith("a\ufffd.jsonl")
