"""CSV and Parquet hold what JSON Lines hold, for `run` and `evaluate` too."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.dataset import InvalidDataset, read_labelled, to_jsonl
from triage.text import Document, Label, Span

CANARY = "kanariefuglen"
TEXT = '👩‍👧\r\ne\u0301; "hun" skylder 9.000 kr.'
LABELS = (Label("debt_bondage", "stated", (Span(16, 32),)), Label("violence", "denied"))
DOCUMENTS = [Document("1", "note", TEXT, "police", "da", LABELS), Document("2", "ad", "Ring 01 23 45 67")]
AS_JSON = [{"indicator": "debt_bondage", "spans": [[16, 32]]}, {"indicator": "violence", "state": "denied"}]


def write_csv(path: Path, rows: list[list[str]], **form: str) -> Path:
    with path.open("w", encoding=form.pop("encoding", "utf-8"), newline="") as file:
        csv.writer(file, **form).writerows(rows)
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(InvalidDataset) as caught:
        read_labelled(path)
    assert CANARY not in str(caught.value)
    return caught.value.problems


@pytest.mark.parametrize(
    "form", [{}, {"delimiter": ";", "encoding": "utf-8-sig"}, {"delimiter": "\t", "lineterminator": "\n"}]
)
def test_csv_is_read_as_its_json_lines(tmp_path, form):
    rows = [
        ["id", "kind", "text", "source", "lang", "labels"],
        ["1", "note", TEXT, "police", "da", json.dumps(AS_JSON)],
        ["2", "ad", "Ring 01 23 45 67", "", "", ""],
    ]
    assert read_labelled(write_csv(tmp_path / "x.CSV", rows, **form)) == DOCUMENTS


@pytest.mark.parametrize("labels", [AS_JSON, json.dumps(AS_JSON)])
def test_parquet_is_read_as_its_json_lines(tmp_path, labels):
    columns = {
        "id": ["1", "2"],
        "kind": ["note", "ad"],
        "text": [TEXT, "Ring 01 23 45 67"],
        "source": ["police", None],
        "lang": ["da", None],
        "labels": [labels, None],
    }
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert read_labelled(tmp_path / "x.parquet") == DOCUMENTS


def test_json_lines_of_windows_are_read(tmp_path):
    raw = to_jsonl(DOCUMENTS).replace("\n", "\r\n\r\n")
    (tmp_path / "x.jsonl").write_bytes(b"\xef\xbb\xbf" + raw.encode())
    assert read_labelled(tmp_path / "x.jsonl") == DOCUMENTS


def test_every_bad_row_of_csv_is_named_by_its_line(tmp_path):
    rows = [
        ["id", "kind", "text", "labels"],
        ["1", "note", f"{CANARY}\n{CANARY}", ""],
        ["2", CANARY, CANARY, ""],
        ["3", "note", CANARY, f"[{CANARY}"],
        ["4", "note", CANARY],
        ["1", "note", CANARY, ""],
        ["5", "note", CANARY, '[{"indicator": "violence", "spans": [[0, 99]]}]'],
    ]
    found = problems(write_csv(tmp_path / "x.csv", rows))
    assert [x.partition(":")[0] for x in found] == [f"x.csv line {n}" for n in (4, 5, 6, 7, 8)]
    assert "labels" in found[1]
    assert "3 columns where the first line has 4" in found[2]


def test_every_bad_row_of_parquet_is_named_by_its_number(tmp_path):
    columns = {"id": ["1", "2", "3"], "kind": ["note", "note", CANARY], "text": [CANARY, None, CANARY]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    assert [x.partition(":")[0] for x in problems(tmp_path / "x.parquet")] == [
        "x.parquet line 2",
        "x.parquet line 3",
    ]


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("x.csv", b"", "must have the columns id, kind and text"),
        ("x.csv", b"id,kind\n", "must have the columns"),
        ("x.csv", b"id,kind,text,text\n", "each once"),
        ("x.csv", b"id,kind,text," + CANARY.encode() + b"\n", "must have the columns"),
        ("x.csv", "id,kind,text\n1,note,kørt\n".encode("latin-1"), "save it as CSV UTF-8"),
        ("x.csv", b'id,kind,text\n1,note,a\n2,note,"' + CANARY.encode(), "is not CSV from line 3 on"),
        ("x.parquet", CANARY.encode(), "is damaged or no Parquet"),
        ("x.parquet", b"", "is damaged or no Parquet"),
    ],
)
def test_a_table_that_cannot_be_read_says_what_to_do(tmp_path, name, raw, said):
    (tmp_path / name).write_bytes(raw)
    (found,) = problems(tmp_path / name)
    assert said in found


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.parquet"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    (found,) = problems(tmp_path / name)
    assert f"{name} cannot be read: No such file" in found
