"""The set of entities: built, counted and checked like the other sets; what is shipped is as large as the figures need."""

import json
import re
import shutil
from collections import Counter

import pytest
from typer.testing import CliRunner

from tests.conftest import ROOT
from training import entityset
from training.card import read_card
from training.cli import app
from training.datacheck import check_folders
from training.dataset import DATA_CARDS, InvalidDataset

SHIPPED = ROOT / DATA_CARDS / "entities-da"
FIRST = """### x-1
kind: ad
source: service_ad
---
Klip hos [[name|Lone]] i [[place|Ringe]], [[price|200 kr.]] Ring [[phone!:01203040|nul en tyve tredive fyrre]].

### x-2
kind: note
source: police
---
Han er [[age|31]] og kom [[date:2026-03-14|14/3-2026]].
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "set-da"
    (folder / "texts").mkdir(parents=True)
    (folder / "texts" / "a.md").write_text(FIRST, "utf-8")
    for name in ("README.md", "types.toml"):
        shutil.copy(SHIPPED / name, folder / name)
    assert CliRunner().invoke(app, ["data", "build", str(folder)]).exit_code == 0
    return folder


def test_lines_hold_the_text_and_its_marks(folder, scheme):
    lines = [json.loads(x) for x in (folder / "data" / "test.jsonl").read_text("utf-8").splitlines()]
    assert [set(x) for x in lines] == [{"id", "kind", "text", "entities"}] * 2
    assert lines[0]["entities"][3] == {
        "type": "phone", "start": 36, "end": 61, "value": "+4501203040", "disguised": True,
    }  # fmt: skip
    assert lines[0]["text"][36:61] == "nul en tyve tredive fyrre"
    assert check_folders([folder], scheme) == []


def test_statistics_count_marks_of_each_type(folder):
    result = CliRunner().invoke(app, ["data", "stats", str(folder)])
    assert result.exit_code == 0, result.output
    assert "2 texts: 1 ads, 1 case notes; 0 without a mark." in result.output
    assert "| `phone` | 1 | 1 | 1 | 1 |" in result.output
    assert "| `url` | 0 | 0 | 0 | 0 |" in result.output


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("texts/a.md", "[[name|", "[[nam|", "no type"),
        ("texts/a.md", "### x-2", "### x-1", "stands twice"),
        ("texts/a.md", "kind: note\n", "", "kind must be"),
        ("texts/a.md", "Han er", "{threats|Han} er", "indicators are not marked"),
        ("texts/a.md", "Han er", "Manden er", "data/test.jsonl is not built"),
        ("texts/a.md", "Han er", "Ring 21 23 45 67. Han er", "live Danish range"),
        ("texts/a.md", "Han er", "Cpr 010203-1234. Han er", "CPR"),
        ("types.toml", "[phone]", "[fax]", "must give mark and value"),
        ("types.toml", "[phone]", "[phone", "cannot be read"),
        ("README.md", "## Motivation", "## Why", "Motivation"),
        ("README.md", "texts: 0", "texts: 9", "the agreement is not that"),
        ("README.md", "  checksum:\n", "  checksum:\n    more: a\n", "the checksums are not those"),
        ("croissant.json", "test.jsonl", "other.jsonl", "croissant.json"),
    ],
)
def test_a_planted_error_is_found(folder, scheme, file, old, new, said):
    path = folder / file
    raw = path.read_text("utf-8")
    assert old in raw
    path.write_text(raw.replace(old, new, 1), "utf-8")
    problems = check_folders([folder], scheme)
    assert any(said in x for x in problems), problems


def test_a_text_twice_is_found(folder, scheme):
    again = FIRST.replace("x-1", "y-1").replace("x-2", "y-2").replace("Lone", "Lena")
    (folder / "texts" / "b.md").write_text(again, "utf-8")
    assert any("near-duplicates" in x for x in check_folders([folder], scheme))


def test_agreement_is_that_of_the_two_annotations(folder):
    place = folder / "agreement"
    place.mkdir()
    (place / "first.md").write_text(FIRST, "utf-8")
    # Same value on fewer words, one mark less, one more: 5 of 6 and 6 values are shared, 4 of 6 and 6 spans.
    second = FIRST.replace("[[price|200 kr.]]", "[[price|200 kr]].").replace("[[age|31]]", "31")
    (place / "second.md").write_text(second.replace("Klip", "[[name|Klip]]"), "utf-8")
    found = entityset.agreement_of(folder)
    assert (found.texts, found.label_f1, found.span_f1, found.kappa) == (2, round(10 / 12, 3), round(8 / 12, 3), None)
    (place / "second.md").write_text(FIRST.replace("Klip", "Klap"), "utf-8")
    with pytest.raises(InvalidDataset, match="the same texts"):
        entityset.agreement_of(folder)
    (place / "second.md").unlink()
    with pytest.raises(InvalidDataset, match=re.escape("second.md")):
        entityset.agreement_of(folder)


def test_the_shipped_set_is_large_enough_to_measure_each_type():
    texts = entityset.read_folder(SHIPPED)
    assert sum(x.document.kind == "ad" for x in texts) >= 320
    assert sum(x.document.kind == "note" for x in texts) >= 40
    assert sum(not x.entities for x in texts) >= 10
    marks = Counter(e.type for x in texts for e in x.entities)
    least = {"phone": 290, "price": 60, "hours": 60, "place": 60, "name": 60, "cpr": 15, "cvr": 15}
    for name in entityset.read_types(SHIPPED):
        assert marks[name] >= least.get(name, 30), name
    assert sum(e.disguised for x in texts for e in x.entities if e.type == "phone") >= 170


def test_marks_of_the_shipped_set_stand_one_after_another_and_its_cvr_numbers_have_the_right_check_digit():
    for text in entityset.read_folder(SHIPPED):
        ends = 0
        for entity in text.entities:
            assert ends <= entity.span.start < entity.span.end
            ends = entity.span.end
            if entity.type == "cvr":
                digits = [int(x) for x in entity.value]
                assert sum(a * b for a, b in zip((2, 7, 6, 5, 4, 3, 2, 1), digits, strict=True)) % 11 == 0


def test_the_shipped_set_was_annotated_twice():
    agreed = read_card(SHIPPED).tegn.agreement
    texts = len(entityset.read_folder(SHIPPED))
    assert agreed.texts >= texts / 3 - 1
    assert agreed.label_f1 is not None
