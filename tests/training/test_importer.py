"""Exports of other tools become labelled documents with the right words marked."""

import json

import pytest
from typer.testing import CliRunner

from training.cli import app
from training.importer import CannotImport, import_file

TEXT = "👩‍👧 Hun skylder 9.000 kr. Ikke slået."
DEBT = (TEXT.index("skylder"), TEXT.index(" kr."))
HIT = (TEXT.index("Ikke"), TEXT.index("slået") + 5)
CANARY = "KANARIEFUGL"


def utf16(place: int) -> int:
    return len(TEXT[:place].encode("utf-16-le")) // 2


def _doccano():
    return json.dumps({"id": 7, "text": TEXT, "label": [[*DEBT, "debt_bondage"], [*HIT, "violence:denied"]]})


def _doccano_relations():
    entities = [
        {"label": "debt_bondage", "start_offset": DEBT[0], "end_offset": DEBT[1]},
        {"label": "violence:denied", "start_offset": HIT[0], "end_offset": HIT[1]},
    ]
    return json.dumps({"id": 7, "text": TEXT, "entities": entities, "relations": []})


def _prodigy():
    spans = [
        {"start": DEBT[0], "end": DEBT[1], "label": "debt_bondage"},
        {"start": HIT[0], "end": HIT[1], "label": "violence:denied"},
    ]
    rejected = {"text": CANARY, "_input_hash": 8, "answer": "reject"}
    return (
        json.dumps({"text": TEXT, "_input_hash": 7, "answer": "accept", "spans": spans}) + "\n" + json.dumps(rejected)
    )


def _label_studio():
    result = [
        {"type": "labels", "value": {"start": utf16(a), "end": utf16(b), "labels": [name]}}
        for (a, b), name in ((DEBT, "debt_bondage"), (HIT, "violence:denied"))
    ] + [{"type": "choices", "value": {"choices": ["x"]}}]
    return json.dumps([{"id": 7, "data": {"text": TEXT}, "annotations": [{"result": result}]}])


def _jsonl():
    labels = [
        {"indicator": "debt_bondage", "spans": [list(DEBT)]},
        {"indicator": "violence", "state": "denied", "spans": [list(HIT)]},
    ]
    return json.dumps({"id": "7", "kind": "note", "text": TEXT, "labels": labels})


def _csv():
    labels = json.dumps(json.loads(_jsonl())["labels"]).replace('"', '""')
    return f'id;text;labels\n7;"{TEXT}";"{labels}"\n'


EXPORTS = {
    "doccano": _doccano, "prodigy": _prodigy, "label-studio": _label_studio, "jsonl": _jsonl, "csv": _csv,
}  # fmt: skip


@pytest.mark.parametrize(("name", "make"), [*EXPORTS.items(), ("doccano", _doccano_relations)])
def test_marks_land_on_their_words(tmp_path, scheme, name, make):
    (tmp_path / "export").write_text(make(), "utf-8")
    found = import_file(tmp_path / "export", name, scheme)
    assert found.problems == []
    (document,) = found.documents
    assert (document.id, document.kind, document.text) == ("7", "note", TEXT)
    marked = {(x.indicator, x.state): TEXT[x.spans[0].start : x.spans[0].end] for x in document.labels}
    assert marked == {("debt_bondage", "stated"): "skylder 9.000", ("violence", "denied"): "Ikke slået"}


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("doccano", json.dumps({"id": 1, "text": CANARY, "label": [[0, 3, "PERSON"]]})),
        ("doccano", json.dumps({"id": 1, "text": CANARY, "label": [[0, 300, "violence"]]})),
        ("doccano", json.dumps({"id": 1, "text": CANARY, "label": [["a", "b", "violence"]]})),
        ("doccano", "{not json " + CANARY),
        ("doccano", json.dumps([CANARY])),
        ("prodigy", json.dumps({"text": CANARY, "spans": [{"start": 0}]})),
        ("label-studio", json.dumps([{"id": 1, "data": {"body": CANARY}}])),
        ("jsonl", json.dumps({"id": "1", "kind": "note", "text": ""})),
        ("jsonl", _jsonl() + "\n" + _jsonl()),
        ("csv", "id,text,labels\n1," + CANARY + ",nonsense\n"),
        ("csv", "id,text\n1,a comma, " + CANARY + "\n"),
        ("csv", "id,text,labels\n1," + CANARY + "\n"),
        ("jsonl", _doccano()),
        ("jsonl", json.dumps({"text": CANARY, "labels": [{"indicator": "violence"}]})),
        ("prodigy", _doccano()),
        ("doccano", _prodigy().splitlines()[0]),
        ("doccano", _jsonl()),
    ],
)
def test_a_bad_record_is_named_by_number_without_its_text(tmp_path, scheme, name, raw):
    (tmp_path / "export").write_text(raw, "utf-8")
    (problem,) = import_file(tmp_path / "export", name, scheme).problems
    assert problem.startswith("record ")
    assert CANARY not in problem


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("label-studio", b"{}"),
        ("label-studio", b"no"),
        ("csv", b"id,text\n1,\xe6"),
        ("csv", b"1,a text without a first line\n"),
        ("csv", b""),
        ("doccano", None),
    ],
)
def test_a_file_that_is_something_else_is_refused(tmp_path, scheme, name, raw):
    if raw is not None:
        (tmp_path / "export").write_bytes(raw)
    with pytest.raises(CannotImport):
        import_file(tmp_path / "export", name, scheme)


def test_nothing_of_a_plain_record_is_lost(tmp_path, scheme):
    (tmp_path / "export").write_text(json.dumps({"text": TEXT, "source": "police", "lang": "en"}), "utf-8-sig")
    (document,) = import_file(tmp_path / "export", "jsonl", scheme).documents
    assert (document.source, document.lang) == ("police", "en")
    (tmp_path / "export").write_text('id,text\n1,"' + "ord " * 100_000 + '"\n', "utf-8")
    (document,) = import_file(tmp_path / "export", "csv", scheme).documents
    assert len(document.text) == 400_000


def test_a_place_that_cannot_be_written_is_named_before_anything_is_read(tmp_path):
    arguments = ["data", "import", str(tmp_path / "export"), "-o", str(tmp_path / "none" / "o"), "--format", "doccano"]
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, f"{tmp_path / 'none'} is no folder" in result.output) == (2, True)


def test_the_command_writes_documents_and_overwrites_nothing(tmp_path):
    (tmp_path / "export").write_text(_doccano() + "\n{bad", "utf-8")
    arguments = ["data", "import", str(tmp_path / "export"), "-o", str(tmp_path / "out.jsonl"), "--format", "doccano"]
    assert CliRunner().invoke(app, arguments).exit_code == 3
    assert json.loads((tmp_path / "out.jsonl").read_text("utf-8"))["text"] == TEXT
    assert CliRunner().invoke(app, arguments).exit_code == 2
    assert CliRunner().invoke(app, [*arguments[:-1], "brat"]).exit_code == 2
