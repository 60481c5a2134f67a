"""`ads link` from files to groups: the same in one run or several, whatever the order and the engine."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.ads.linking import link_ads
from serving.cli import app
from tests.linkworld.measure import bcubed
from tests.linkworld.world import DEVELOPMENT, make_world
from tests.serving.ads.linking.made import A, B, an_ad, content, few, read, write


def unnamed(groups):
    return [{k: v for k, v in x.items() if k not in ("id", "was")} for x in groups]


@pytest.fixture(scope="module")
def world():
    """Imported ads, each with who wrote it; enough for a portal's number to be seen as one."""
    return [
        (
            an_ad(
                f"https://{'ab'[i % 2]}.example/{i}",
                x.record.text,
                posted=x.record.posted.isoformat() if x.record.posted else None,
                retrieved="2026-11-01T10:00:00Z",
            ),
            x.operator,
        )
        for i, x in enumerate(make_world(DEVELOPMENT, 500))
    ]


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory):
    """All of them linked at once."""
    folder = tmp_path_factory.mktemp("whole")
    ads = write(folder / "ads.jsonl", [x for x, _ in world])
    summary = link_ads([ads], folder / "groups.jsonl")
    return folder, summary


def key_of(whole):
    """The key that they were linked under: which near copies are compared depends on it."""
    return whole[0] / "groups.jsonl.signatures" / "link.key"


def test_the_command_finds_the_hands_of_a_world_and_says_how_many(world, whole, tmp_path):
    folder, _ = whole
    result = CliRunner().invoke(
        app,
        [
            *("ads", "link", str(folder / "ads.jsonl"), "-o", str(tmp_path / "g.jsonl"), "--workers", "1"),
            *("--signatures", str(folder / "groups.jsonl.signatures")),
        ],
    )
    groups = read(tmp_path / "g.jsonl")
    grouped = sum(len(x["ads"]) for x in groups)
    assert result.exit_code == 0
    assert f"{len(groups)} groups of {grouped} ads; {len(world) - grouped} ads alone" in result.output
    assert (tmp_path / "g.jsonl").read_bytes() == (folder / "groups.jsonl").read_bytes()
    assert (tmp_path / "g.jsonl").stat().st_mode & 0o777 == 0o600
    found = bcubed([tuple(x["ads"]) for x in groups], {ad["id"]: operator for ad, operator in world})
    assert found["precision"] > 0.95
    assert found["f1"] > 0.9


def test_each_tie_is_shown_in_both_ads_by_what_they_share(world, whole):
    texts = {ad["id"]: ad["text"] for ad, _ in world}
    shown = 0
    for group in read(whole[0] / "groups.jsonl"):
        assert len(group["ties"]) == len(group["ads"]) - 1
        for tie in group["ties"]:
            assert any(x["first_spans"] and x["second_spans"] for x in tie["reasons"])
            for reason in tie["reasons"]:
                for ad, spans in ((tie["first"], reason["first_spans"]), (tie["second"], reason["second_spans"])):
                    assert spans or reason["kind"] == "tour" or (tie["strength"], reason["kind"]) == ("weak", "name")
                    for span in spans:
                        assert span["field"] == "text"
                        assert 0 <= span["start"] < span["end"] <= len(texts[ad])
                        shown += 1
    assert shown > 200


def test_later_files_add_with_the_same_result_as_all_at_once(world, whole, tmp_path):
    ads = [x for x, _ in world]
    random.Random(3).shuffle(ads)
    output = tmp_path / "groups.jsonl"
    for number, at in enumerate(range(0, len(ads), 170)):
        link_ads([write(tmp_path / f"{number}.jsonl", ads[at : at + 170])], output, key_file=key_of(whole))
    assert unnamed(read(output)) == unnamed(read(whole[0] / "groups.jsonl"))


def test_several_processes_and_parquet_give_the_same(world, whole, tmp_path):
    pq.write_table(pa.Table.from_pylist([x for x, _ in world]), tmp_path / "ads.parquet")
    signing_folder = tmp_path / "signatures"
    link_ads([tmp_path / "ads.parquet"], tmp_path / "g.jsonl", folder=signing_folder, key_file=key_of(whole), workers=2)
    assert (tmp_path / "g.jsonl").read_bytes() == (whole[0] / "groups.jsonl").read_bytes()
    link_ads([tmp_path / "ads.parquet"], tmp_path / "g.parquet", folder=signing_folder, key_file=key_of(whole))
    assert pq.read_table(tmp_path / "g.parquet").to_pylist() == read(tmp_path / "g.jsonl")


def test_no_number_and_no_word_of_an_ad_stands_in_any_file(tmp_path):
    number, mail = "01 66 32 90", "kanariefugl@post.example"
    ads = [
        an_ad(
            f"https://a.example/{i}", f"{A} Kanariefugl{i} {number}", contacts=[f"mailto:{mail}"], title="Kanariefugl"
        )
        for i in range(3)
    ]
    bad = {"id": "x", "kind": "ad", "text": "", "title": f"kanariefugl {number}", "kanariefugl": 1}
    told = []
    source = write(tmp_path / "ads.jsonl", [*ads, bad])
    (tmp_path / "out").mkdir()
    link_ads([source], tmp_path / "out" / "g.jsonl", tell=told.append)
    kept = content(tmp_path / "out")
    assert len(kept) == 7
    everything = b"\n".join([*kept.values(), "\n".join(told).encode()]).lower()
    for secret in ("kanarie", "01663290", "4501663290", "01 66 32 90", "velkommen", "post.example"):
        assert secret.encode() not in everything
        assert secret.encode("utf-16-le") not in everything
    assert read(tmp_path / "out" / "g.jsonl")[0]["counts"]["contacts"]["phone"] == 1


def test_of_an_edited_page_the_newest_version_counts(tmp_path):
    """By when it was retrieved, whatever came last; where nothing tells, by what came last."""
    other = an_ad("https://b.example/1", f"{B} ring 01 66 32 90")
    old = an_ad("https://a.example/1", f"{A} ring 01 66 32 90", retrieved="2026-01-01T10:00:00Z")
    new = an_ad("https://a.example/1", f"{A} ring 01 00 00 11", retrieved="2026-01-02T10:00:00+02:00")
    link_ads([write(tmp_path / "1.jsonl", [other, new, old])], tmp_path / "a.jsonl")
    assert read(tmp_path / "a.jsonl") == []
    late, later = (x | {"retrieved": None} for x in (new, old))
    link_ads([write(tmp_path / "2.jsonl", [other, late])], tmp_path / "b.jsonl")
    summary = link_ads([write(tmp_path / "3.jsonl", [later])], tmp_path / "b.jsonl")
    assert summary.sentence() == "1 groups of 2 ads; 0 ads alone"
    assert set(read(tmp_path / "b.jsonl")[0]["ads"]) == {other["id"], old["id"]}


def test_title_place_and_contact_fields_count(tmp_path):
    ads = [
        an_ad(
            "https://a.example/1",
            A,
            title="Mia ringes på 01 66 32 90",
            place="Valby",
            posted="2026-03-01",
            contacts=["mia_x1"],
        ),
        an_ad("https://b.example/1", B, place="Greve", contacts=["tel:+4501663290", "mia_x1"], posted="2026-02-01"),
    ]
    link_ads([write(tmp_path / "ads.jsonl", ads)], tmp_path / "g.jsonl")
    (group,) = read(tmp_path / "g.jsonl")
    counts = group["counts"]
    assert (counts["ads"], counts["texts"], counts["towns"], counts["sites"]) == (2, 2, 2, 2)
    assert (counts["first"], counts["last"]) == ("2026-02-01", "2026-03-01")
    assert {k: v for k, v in counts["contacts"].items() if v} == {"phone": 1, "handle": 1}
    (tie,) = group["ties"]
    shown = {x["kind"]: (x["first_spans"], x["second_spans"]) for x in tie["reasons"]}
    at = [0, 1] if tie["first"] == ads[0]["id"] else [1, 0]
    assert shown["phone"][at[0]] == [{"field": "title", "start": 14, "end": 25}]
    assert [x["field"] for x in shown["phone"][at[1]]] == ["contacts.0"]
    assert [x["field"] for side in at for x in shown["handle"][side]] == ["contacts.0", "contacts.1"]


def test_nothing_linked_is_an_empty_file_and_an_earlier_other_one_is_kept(tmp_path):
    output = tmp_path / "g.jsonl"
    assert link_ads([write(tmp_path / "no.jsonl", [])], output).sentence() == "0 groups of 0 ads; 0 ads alone"
    assert output.read_bytes() == b""
    link_ads([write(tmp_path / "ads.jsonl", few())], output)
    assert (tmp_path / "g.jsonl.previous").read_bytes() == b""
    before = output.read_bytes()
    link_ads([tmp_path / "ads.jsonl"], output)
    assert (tmp_path / "g.jsonl.previous").read_bytes() == b""
    assert output.read_bytes() == before
