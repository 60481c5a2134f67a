"""`python -m serving tag`: order, resuming after kill -9, bad lines, formats."""

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.batch import engines
from serving.batch import run as batch_run
from serving.batch.records import MAX_LINE, UnreadableInput, read_records
from serving.batch.run import CannotTag, tag_file
from serving.cli import app
from serving.inference.pool import Pool
from serving.inference.turns import ReaderLost, Unreadable
from tests.conftest import ROOT, make_documents
from training.dataset import to_jsonl

CANARY = "KANARIEFUGL"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text(to_jsonl(make_documents(150)), "utf-8")
    return path


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


def test_results_keep_the_order_of_the_input(texts, tmp_path, model_folder):
    summary = tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
    assert ids(tmp_path / "out.jsonl") == [f"t-{i}" for i in range(150)]
    assert (summary.records, summary.bad) == (150, 0)
    assert sorted(x.name for x in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]
    assert (tmp_path / "out.jsonl").stat().st_mode & 0o777 == 0o600


def test_several_workers_write_the_same_bytes(texts, tmp_path, model_folder):
    tag_file(str(texts), tmp_path / "one.jsonl", model_folder)
    tag_file(str(texts), tmp_path / "two.jsonl", model_folder, workers=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_bad_lines_are_reported_by_number_without_text_and_the_rest_goes_on(tmp_path, model_folder):
    good = to_jsonl(make_documents(3)).splitlines()
    lines = [
        good[0], "{not json " + CANARY, good[1], json.dumps({"id": "x", "kind": "note", "text": ""}), "",
        json.dumps({"id": "y", "kind": CANARY, "text": CANARY}), json.dumps({"id": "z", "kind": "note", "text": "a" * 50_001}),
        good[2],
    ]  # fmt: skip
    (tmp_path / "in.jsonl").write_text("\n".join(lines), "utf-8")
    arguments = ["tag", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert ids(tmp_path / "out.jsonl") == ["t-0", "t-1", "t-2"]
    side = (tmp_path / "out.jsonl.errors.jsonl").read_text("utf-8")
    assert [json.loads(x)["line"] for x in side.splitlines()] == [2, 4, 6, 7]
    assert CANARY not in side + result.output


def test_a_text_that_cannot_be_tagged_stops_nothing(texts, tmp_path, model_folder, monkeypatch):
    read = Pool.read

    def fragile(pool, documents, **how):
        answers = read(pool, documents, **how).result(60)
        broken = {"t-7": Unreadable("RuntimeError"), "t-9": ReaderLost(CANARY)}
        done = Future()
        done.set_result([broken.get(x.id, answer) for x, answer in zip(documents, answers, strict=True)])
        return done

    monkeypatch.setattr(Pool, "read", fragile)
    summary = tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
    assert summary.bad == 2
    side = (tmp_path / "out.jsonl.errors.jsonl").read_text("utf-8")
    told = {(found := json.loads(x))["line"]: found["errors"][0]["problem"] for x in side.splitlines()}
    assert told[8] == "could not be tagged (RuntimeError)"
    assert "perhaps for memory" in told[10]
    assert CANARY not in side


def test_it_survives_kill_9_and_goes_on_where_it_was(tmp_path, model_folder):
    (tmp_path / "in.jsonl").write_text(to_jsonl(make_documents(3000)), "utf-8")
    files = [str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)]
    command = [sys.executable, "-m", "serving", "tag", *files]
    journal = tmp_path / "out.jsonl.progress"
    kills = 0
    for _ in range(3):
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        before = json.loads(journal.read_text())["records"] if journal.exists() else 0
        while process.poll() is None:
            if journal.exists() and json.loads(journal.read_text())["records"] > before + 100:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.01)
        process.wait()
    with (tmp_path / "out.jsonl").open("a") as file:
        file.write('{"half a li')  # as if the disk had been faster than the journal
    last = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert kills == 3
    assert "going on after" in last.stderr
    assert ids(tmp_path / "out.jsonl") == [f"t-{i}" for i in range(3000)]
    assert not journal.exists()
    tag_file(str(tmp_path / "in.jsonl"), tmp_path / "fresh.jsonl", model_folder)
    assert (tmp_path / "fresh.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_when_their_parent_is_killed(tmp_path, model_folder, how):
    (tmp_path / "in.jsonl").write_text(to_jsonl(make_documents(3000)), "utf-8")
    files = [str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "serving", "tag", *files, "--workers", "2"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        while not (tmp_path / "out.jsonl").exists() or not (tmp_path / "out.jsonl").stat().st_size:
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, how)
        process.communicate(timeout=20)  # the workers hold the pipe too: it ends with the last of them
        assert process.returncode == -how
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _interrupt(texts, output, model_folder, monkeypatch, after=2):
    class Stop(Exception):
        pass

    real, count = batch_run._write, 0

    def stop(*arguments):
        nonlocal count
        count += 1
        if count > after:
            raise Stop
        return real(*arguments)

    monkeypatch.setattr(batch_run, "_write", stop)
    with pytest.raises(Stop):
        tag_file(str(texts), output, model_folder)
    monkeypatch.setattr(batch_run, "_write", real)


def test_an_input_that_changed_meanwhile_is_refused(texts, tmp_path, model_folder, monkeypatch):
    _interrupt(texts, tmp_path / "out.jsonl", model_folder, monkeypatch)
    texts.write_text(to_jsonl(make_documents(150, offset=5)), "utf-8")
    with pytest.raises(CannotTag, match="not what"):
        tag_file(str(texts), tmp_path / "out.jsonl", model_folder)


def test_other_options_than_before_are_refused(texts, tmp_path, model_folder, monkeypatch):
    _interrupt(texts, tmp_path / "out.jsonl", model_folder, monkeypatch)
    with pytest.raises(CannotTag, match="--all"):
        tag_file(str(texts), tmp_path / "out.jsonl", model_folder, all_indicators=True)


def test_an_output_that_was_shortened_is_refused(texts, tmp_path, model_folder, monkeypatch):
    _interrupt(texts, tmp_path / "out.jsonl", model_folder, monkeypatch)
    (tmp_path / "out.jsonl").write_text("")
    with pytest.raises(CannotTag, match="shorter"):
        tag_file(str(texts), tmp_path / "out.jsonl", model_folder)


def test_two_commands_do_not_write_one_output(texts, tmp_path, model_folder, monkeypatch):
    real, refused = batch_run._write, []

    def write(*arguments):
        monkeypatch.setattr(batch_run, "_write", real)
        with pytest.raises(CannotTag, match="another `tag` writes"):
            tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
        refused.append(True)
        return real(*arguments)

    monkeypatch.setattr(batch_run, "_write", write)
    tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
    assert refused
    assert ids(tmp_path / "out.jsonl") == [f"t-{i}" for i in range(150)]
    assert sorted(x.name for x in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_finished_output_is_kept_as_previous(texts, tmp_path, model_folder):
    tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
    before = (tmp_path / "out.jsonl").read_bytes()
    tag_file(str(texts), tmp_path / "out.jsonl", model_folder, all_indicators=True)
    assert (tmp_path / "out.jsonl.previous").read_bytes() == before


def _rows():
    return [{"id": x.id, "kind": x.kind, "text": x.text + ' æøå 👩‍👧\r\nny linje; "citat"'} for x in make_documents(5)]


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_csv_as_spreadsheets_write_it(tmp_path, delimiter, encoding):
    path = tmp_path / "in.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, ["id", "kind", "text"], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(_rows())
    records = list(read_records(str(path)))
    assert [x.document.text for x in records] == [x["text"] for x in _rows()]
    assert [x.line for x in records] == [2, 4, 6, 8, 10]


def test_a_csv_line_that_is_not_utf_8_or_too_short_is_bad_alone(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"id,kind,text\na,note,hej med dig\nb,note,\xe6bler\nc,note\nd,note,farvel\n")
    records = list(read_records(str(path)))
    assert [(x.line, x.document is None) for x in records] == [(2, False), (3, True), (4, True), (5, False)]
    assert records[1].problems == (("", "not UTF-8; save the file as CSV UTF-8"),)


@pytest.mark.parametrize(
    ("rows", "line", "last", "after"),
    [
        ('a,note,hej\nb,note,"hej\nc,note,farvel\n', 3, 4, []),
        ('"a\na","note","hej\nd,note,farvel\n\n', 3, 5, []),
        ('"a ""\na",note,5" til "os"\r\n"b\nb",note,"hej\n', 5, 5, []),
        ('"a\na",note,"hej\nb,note,"farvel"\nc,note,hej\n', 3, 4, ["c"]),
        ('a,note,"hej "du" der"\nc,note,hej\n', 2, 2, ["c"]),
        ('"a\na",note,"hej' + "x\n" * 2_200_000 + "c,note,hej\n", 3, 2_097_153, None),
    ],
)
def test_a_csv_quote_that_is_never_closed_is_reported_where_it_was_opened(tmp_path, rows, line, last, after):
    (tmp_path / "in.csv").write_text("id,kind,text\n" + rows, "utf-8", newline="")
    records = list(read_records(str(tmp_path / "in.csv")))
    at, bad = next((n, x) for n, x in enumerate(records) if x.document is None)
    assert bad.line == line
    assert f"a quote opened in this line is not closed by line {last}, or " in bad.problems[0][1]
    if after is not None:
        assert [x.document.id for x in records[at + 1 :]] == after


def test_parquet(tmp_path):
    pq.write_table(
        pa.Table.from_pylist([*_rows(), {"id": "bad", "kind": "note", "text": None}]), tmp_path / "in.parquet"
    )
    records = list(read_records(str(tmp_path / "in.parquet")))
    assert [x.document.text for x in records[:5]] == [x["text"] for x in _rows()]
    assert records[5].problems[0][0] == "text"


def _write_parquet_as_bytes(path, texts):
    """A Parquet file whose text column says that it is UTF-8, whatever the bytes are."""
    columns = {"id": [b"t-%d" % i for i in range(len(texts))], "kind": [b"note"] * len(texts), "text": texts}
    arrays = {name: pa.array(values, pa.binary()) for name, values in columns.items()}
    table = {name: pa.Array.from_buffers(pa.string(), len(x), x.buffers()) for name, x in arrays.items()}
    pq.write_table(pa.table(table), path, row_group_size=400, compression="none", use_dictionary=False)


def test_a_parquet_row_that_is_not_utf_8_is_bad_alone(tmp_path, model_folder):
    texts = [b"hej med dig %d" % i for i in range(600)]
    texts[300] = CANARY.encode() + b" \xe6bler"
    _write_parquet_as_bytes(tmp_path / "in.parquet", texts)
    arguments = ["tag", str(tmp_path / "in.parquet"), "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert ids(tmp_path / "out.jsonl") == [f"t-{i}" for i in range(600) if i != 300]
    side = (tmp_path / "out.jsonl.errors.jsonl").read_text("utf-8")
    assert json.loads(side) == {"line": 301, "errors": [{"path": "text", "problem": "not UTF-8"}]}
    assert CANARY not in result.output


def test_a_parquet_cell_that_python_has_no_value_for_is_bad_alone(tmp_path):
    """A year after 9999, in a column that has to be text anyway."""
    good = ["hej", "farvel"]
    texts = pa.array([b"a", b"b", b"c"], pa.binary()).cast(pa.string())
    languages = pa.array([None, 10**10 * 32, None], pa.timestamp("s"))
    table = pa.table({"id": texts, "kind": ["note"] * 3, "text": ["hej", "skjult", "farvel"], "lang": languages})
    pq.write_table(table, tmp_path / "in.parquet")
    records = list(read_records(str(tmp_path / "in.parquet")))
    assert [x.document.text for x in records if x.document] == good
    assert [(x.line, [path for path, _ in x.problems]) for x in records if x.problems] == [(2, ["lang"])]


def test_two_columns_of_one_name_are_refused(tmp_path):
    (tmp_path / "in.csv").write_text("id,kind,text,text\na,note,hej,farvel\n", "utf-8")
    columns = [pa.array(["a"]), pa.array(["note"]), pa.array(["hej"]), pa.array(["farvel"])]
    pq.write_table(pa.Table.from_arrays(columns, ["id", "kind", "text", "text"]), tmp_path / "in.parquet")
    for name in ("in.csv", "in.parquet"):
        with pytest.raises(UnreadableInput, match="each once"):
            list(read_records(str(tmp_path / name)))


def test_a_damaged_parquet_file_says_so(tmp_path, model_folder):
    _write_parquet_as_bytes(tmp_path / "whole.parquet", [b"hej med dig %04d" % i for i in range(600)])
    whole = (tmp_path / "whole.parquet").read_bytes()
    second = pq.ParquetFile(tmp_path / "whole.parquet").metadata.row_group(1).column(2).data_page_offset
    damaged = {  # 256 rows are read at a time
        "the Parquet file is damaged; write it anew": [whole[:-100], whole[:-100] + b"\xff" * 92 + whole[-8:]],
        "the Parquet file is damaged after row 256; write it anew": [
            whole[:second] + b"\xff" * 64 + whole[second + 64 :]
        ],
    }
    for said, contents in damaged.items():
        for content in contents:
            (tmp_path / "in.parquet").write_bytes(content)
            with pytest.raises(CannotTag) as caught:
                tag_file(str(tmp_path / "in.parquet"), tmp_path / "out.jsonl", model_folder)
            assert str(caught.value) == f"{tmp_path / 'in.parquet'}: {said}"
            (tmp_path / "out.jsonl.progress").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.txt", b"x", "ends in"),
        ("in.csv", b"id,text\n", "must name the columns"),
        ("in.csv", b"", "must name the columns"),
        ("in.csv", b"id,kind,text,name\n", "must name the columns"),
        ("in.parquet", b"not parquet", "not Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path, model_folder, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotTag, match=rf"{name}: .*{said}"):
        tag_file(str(tmp_path / name), tmp_path / "out.jsonl", model_folder)


def test_a_first_line_without_end_is_refused(tmp_path, model_folder):
    """The csv module raises an error of its own for it."""
    (tmp_path / "in.csv").write_bytes(b"id," + b"x" * (MAX_LINE + 1))
    with pytest.raises(CannotTag, match="must name the columns"):
        tag_file(str(tmp_path / "in.csv"), tmp_path / "out.jsonl", model_folder)


@pytest.mark.parametrize("name", ["records", "digest", "output_bytes", "all_indicators"])
@pytest.mark.parametrize("value", [None, "x", -1, 1.5, []])
def test_a_journal_with_something_else_than_belongs_there_says_what_to_do(texts, tmp_path, model_folder, name, value):
    if (name, value) == ("digest", "x"):
        value = 7
    journal = tmp_path / "out.jsonl.progress"
    journal.write_text(json.dumps({"model": "a", "all_indicators": False, "records": 3} | {name: value}))
    with pytest.raises(CannotTag, match="delete it to begin anew"):
        tag_file(str(texts), tmp_path / "out.jsonl", model_folder)
    journal.write_text("[" * 100_000)
    with pytest.raises(CannotTag, match="delete it to begin anew"):
        tag_file(str(texts), tmp_path / "out.jsonl", model_folder)


def test_a_missing_file_and_the_same_file_are_refused(texts, tmp_path, model_folder):
    with pytest.raises(CannotTag, match="cannot be read"):
        tag_file(str(tmp_path / "none.jsonl"), tmp_path / "out.jsonl", model_folder)
    with pytest.raises(CannotTag, match="same file"):
        tag_file(str(texts), texts, model_folder)


@pytest.mark.parametrize("kind", ["folder", "here", "pipe", "/dev/null", "/dev/stdout", "/dev/fd/1"])
def test_an_output_that_is_no_regular_file_is_refused_and_left_alone(texts, tmp_path, model_folder, kind):
    output = {"folder": str(tmp_path / "x"), "here": ".", "pipe": str(tmp_path / "x")}.get(kind, kind)
    if kind == "folder":
        (tmp_path / "x").mkdir()
    if kind == "pipe":
        os.mkfifo(tmp_path / "x")
    before = sorted(x.name for x in tmp_path.iterdir())
    with (tmp_path.parent / f"{tmp_path.name}.stdout").open("w") as stdout:  # /dev/stdout then looks like a file
        result = subprocess.run(
            [sys.executable, "-c", NO_RENAME, "tag", str(texts), "-o", output, "--model", str(model_folder)],
            cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert (result.returncode, result.stderr) == (2, f"{output} is not a regular file; name a file as OUTPUT\n")
    assert sorted(x.name for x in tmp_path.iterdir()) == before


NO_RENAME = """
import sys

def forbid(event, arguments):
    if event in ("os.rename", "os.remove"):
        raise SystemExit(f"{event} was tried")

sys.addaudithook(forbid)
from serving.cli import app
app()
"""
"""`serving` that stops before it renames: a test that fails must not take the machine's /dev/null away."""


@pytest.mark.parametrize("name", ["none.jsonl", "texts.doc", "empty.csv", "bad.parquet"])
def test_an_input_that_cannot_be_read_leaves_the_output_alone(tmp_path, model_folder, name):
    if name != "none.jsonl":
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "out.jsonl").write_text("an earlier result\n")
    before = sorted(x.name for x in tmp_path.iterdir())
    for output in ("out.jsonl", "new.jsonl"):
        with pytest.raises(CannotTag):
            tag_file(str(tmp_path / name), tmp_path / output, model_folder)
    assert sorted(x.name for x in tmp_path.iterdir()) == before
    assert (tmp_path / "out.jsonl").read_text() == "an earlier result\n"


def test_standard_input_is_json_lines(texts, tmp_path, model_folder):
    with texts.open("rb") as file:
        subprocess.run(
            [sys.executable, "-m", "serving", "tag", "-", "-o", str(tmp_path / "out.jsonl"), "--model", str(model_folder)],
            cwd=ROOT, stdin=file, capture_output=True, check=True,
        )  # fmt: skip
    assert len(ids(tmp_path / "out.jsonl")) == 150


def test_a_standard_input_that_is_closed_says_so(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnreadableInput, match="standard input is closed"):
        next(read_records("-"))


def test_a_line_cut_off_is_said_to_end_in_itself(tmp_path):
    (tmp_path / "in.jsonl").write_bytes(b'\r\n{"id": "a"\r\n')
    (record,) = read_records(str(tmp_path / "in.jsonl"))
    assert (record.line, record.problems[0][1]) == (2, "not JSON: Expecting ',' delimiter at line 1, column 11")


def test_a_huge_line_is_bad_and_not_held(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"x" * 9_000_000 + b"\n" + to_jsonl(make_documents(1)).encode())
    first, second = read_records(str(path))
    assert first.document is None
    assert "longer than" in first.problems[0][1]
    assert (second.line, second.document.id) == (2, "t-0")


@pytest.mark.parametrize(("engine", "said"), [("spark", "use --engine local or ray"), ("ray", "Ray is not installed")])
def test_an_engine_that_is_not_there_is_refused_and_nothing_is_made(texts, tmp_path, monkeypatch, engine, said):
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    (tmp_path / "o").write_text("an earlier result\n")
    for command in (["tag", str(texts)], ["ads", "link", str(texts)]):
        result = CliRunner().invoke(app, [*command, "-o", str(tmp_path / "o.jsonl"), "--engine", engine])
        assert result.exit_code == 2
        assert said in result.output
    assert sorted(x.name for x in tmp_path.iterdir()) == ["in.jsonl", "o"]


def test_the_command_computes_as_the_settings_say(texts, tmp_path, model_folder, monkeypatch):
    asked = {}

    def tag(*_, **options):
        asked.update(options)
        raise CannotTag("enough")

    monkeypatch.setattr(batch_run, "tag_file", tag)
    monkeypatch.setenv("TEGN_ENGINE", "torch")
    monkeypatch.setenv("TEGN_PRECISION", "f32")
    result = CliRunner().invoke(app, ["tag", str(texts), "-o", str(tmp_path / "o"), "--model", str(model_folder)])
    assert (result.exit_code, "enough" in result.output) == (2, True)
    assert (asked["inference"].engine, asked["inference"].precision) == ("torch", "f32")


def test_long_texts_make_small_batches(tmp_path, model_folder, monkeypatch):
    """So that an interruption, or a cluster that is watched, waits for no batch of an hour."""
    documents = make_documents(40)
    (tmp_path / "in.jsonl").write_text(to_jsonl(documents), "utf-8")
    sizes = []
    real = batch_run._write

    def note(batch, *rest):
        sizes.append(sum(len(x.document.text) for x in batch))
        return real(batch, *rest)

    monkeypatch.setattr(batch_run, "_write", note)
    tag_file(str(tmp_path / "in.jsonl"), tmp_path / "usual.jsonl", model_folder)
    assert len(sizes) == 2
    monkeypatch.setattr(batch_run, "CHARACTERS", 500)
    sizes.clear()
    tag_file(str(tmp_path / "in.jsonl"), tmp_path / "small.jsonl", model_folder)
    longest = max(len(x.text) for x in documents)
    assert len(sizes) > 10
    assert max(sizes) < 500 + longest
    assert (tmp_path / "small.jsonl").read_bytes() == (tmp_path / "usual.jsonl").read_bytes()
