"""`ads link` from files to groups: the same in one run or several, killed or not; broken lines cost themselves alone."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.ads import signing
from serving.ads.ads import id_of
from serving.ads.linkable import to_linkable
from serving.ads.linking import CannotLink, link_ads
from serving.batch.records import Record as Read
from serving.cli import app
from serving.linking import records
from serving.linking.contacts import normalise
from serving.linking.records import LinkKey
from tests.conftest import ROOT
from tests.linkworld.measure import bcubed
from tests.linkworld.world import DEVELOPMENT, make_world
from triage.text import Document

A = (
    "Velkommen hos mig i den gamle bydel, her er der altid varm te og rolig musik, og jeg tager mig god tid. "
    "Kom til tiden og ring gerne i forvejen, så åbner jeg porten for dig og viser vej op ad trappen. "
)
B = (
    "Ny massage ved havnen. Alle gæster får håndklæde og bad, parkering bag huset, ingen trapper. "
    "Jeg svarer hverdage og lørdag, skjult nummer tager jeg ikke, og vær venlig at sige hvornår du vil komme. "
)


def an_ad(url, text, **about):
    about = {"title": None, "place": None, "contacts": [], "posted": None, "retrieved": None} | about
    id_ = id_of(url, None, title=about["title"], text=text, place=about["place"], contacts=about["contacts"])
    return {"id": id_, "kind": "ad", "text": text, "url": url, "site": url.split("/")[2], **about}


def write(path, ads):
    path.write_text("".join(json.dumps(x, ensure_ascii=False) + "\n" for x in ads), "utf-8")
    return path


def read(path):
    return [json.loads(x) for x in path.read_text("utf-8").splitlines()]


def content(folder):
    """Every file below a folder but the key and the lock, which no run changes."""
    return {x.relative_to(folder): x.read_bytes() for x in sorted(folder.rglob("*")) if x.is_file()}


def unnamed(groups):
    return [{k: v for k, v in x.items() if k not in ("id", "was")} for x in groups]


def few():
    """Some hands with a number each, in ads that begin alike."""
    return [
        an_ad(
            f"https://a.example/{i}",
            f"{(A, B)[i % 2]} Annonce {i} 01 66 {i % 8:02} 90",
            posted=f"2026-03-{i % 28 + 1:02}",
        )
        for i in range(24)
    ]


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


class Stop(Exception):
    pass


def test_stopped_before_and_after_every_file_it_gives_the_same_bytes(tmp_path, monkeypatch):
    """In a run that adds to an earlier one, so that ids follow it; each file gets its name by `Path.replace`."""
    monkeypatch.setattr(signing, "BATCH", 6)
    first, later = few()[:12], few()[12:]
    start = tmp_path / "start"
    start.mkdir()
    link_ads([write(tmp_path / "1.jsonl", first)], start / "g.jsonl")
    ads = write(tmp_path / "2.jsonl", [*later, {"kind": "ad"}])
    shutil.copytree(start, tmp_path / "whole")
    link_ads([ads], tmp_path / "whole" / "g.jsonl")
    steps = 0
    for stop_at in range(1, 100):
        here = tmp_path / "stopped"
        shutil.rmtree(here, ignore_errors=True)
        shutil.copytree(start, here)
        count = 0
        real = Path.replace

        def replace(path, target, stop_at=stop_at, real=real):
            nonlocal count
            count += 1
            if count * 2 - 1 == stop_at:
                raise Stop
            done = real(path, target)
            if count * 2 == stop_at:
                raise Stop
            return done

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", replace)
            try:
                link_ads([ads], here / "g.jsonl")
            except Stop:
                steps += 1
            else:
                break
        link_ads([ads], here / "g.jsonl")
        assert content(here) == content(tmp_path / "whole")
    assert steps == 2 * (2 * 2 + 1 + 2 + 1)  # two batches of two files, lineage, output with .previous, faults


def test_killed_it_goes_on_and_leaves_no_process(tmp_path):
    ads = write(tmp_path / "ads.jsonl", [an_ad(f"https://a.example/{i}", f"{A * 8} {i}") for i in range(600)])
    code = (
        "import sys; from pathlib import Path; from serving.ads import signing, linking; signing.BATCH = 20\n"
        "linking.link_ads([Path(sys.argv[1])], Path(sys.argv[2]), workers=2)"
    )
    (tmp_path / "killed").mkdir()
    output = tmp_path / "killed" / "g.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ads), str(output)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    folder = output.with_name("g.jsonl.signatures")
    try:
        while len(list(folder.glob("*.npz"))) < 3:
            assert process.poll() is None
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert not output.exists()
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("a process that signs still runs")
    finally:
        if process.poll() is None:
            process.kill()
    made = {x: x.stat().st_mtime_ns for x in folder.glob("*.npz")}
    link_ads([ads], output)
    assert all(x.stat().st_mtime_ns == at for x, at in made.items())
    link_ads([ads], tmp_path / "fresh.jsonl", key_file=folder / "link.key")
    assert output.read_bytes() == (tmp_path / "fresh.jsonl").read_bytes()


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


def keys_of(*contacts):
    """What an ad with these contact fields is tied by."""
    record = linkable_of(contacts=list(contacts))[0].to_record(LinkKey(b"a key of the tests, no other use"))
    return [x for _, entity in record.beside for x in normalise(entity.type, entity.value)]


def linkable_of(**about):
    document = Document("a", "ad", A)
    return to_linkable(Read(1, document, (), b"", about))


@pytest.mark.parametrize(
    "field",
    [
        *(
            "01663290",
            "20101985",
            "21061964",
            "01600000",
            "4501663290",
            "45 01 66 32 90",
            "004501663290",
            "2 101 98 55",
        ),
        *("(45) 01663290", "+45 0166 3290", "01.66.32.90", "01-66-32-90", "0166/3290"),
    ],
)
def test_digits_of_a_contact_field_are_a_number_however_they_look(field):
    digits = "".join(x for x in field if x.isdigit())[-8:]
    assert keys_of(field) == [("phone", f"+45{digits}")]


def test_a_number_that_is_no_text_is_its_digits():
    ad, problems = linkable_of(contacts=[1663290 + 20_000_000, True])
    assert ad.contacts == ("21663290",)
    assert [x for x, _ in problems] == ["contacts"]


@pytest.mark.parametrize(
    "field",
    [
        *(
            "n.a.",
            "N.A",
            "-",
            "ukendt",
            "Se annonce",
            "se_annonce",
            "ingen",
            "tlf.nr",
            "ikke.oplyst",
            "...",
            "@",
            "www.",
        ),
        *("00000000", "00 00 00 00", "12345678", "kl.10-22", "500kr.", "0101901234", "010190-1234", "24", "112", "xx"),
        *("noreply@portal.example", "https://www.facebook.com", "tel:", "mailto:"),
    ],
)
def test_a_contact_field_without_a_contact_ties_nothing(field):
    assert keys_of(field) == []
    assert list(linkable_of(contacts=[field])[0].beside()) == []


def test_an_account_in_a_contact_field_ties():
    assert keys_of("mia_x1", "anna.kbh", "mia.2", "n.a.") == [
        ("handle", f"any:{x}") for x in ("mia_x1", "anna.kbh", "mia.2")
    ]


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


def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path):
    ads = write(tmp_path / "ads.jsonl", few()[:2])
    for sources, output, said in (
        ([ads], tmp_path / "g.txt", "end in .jsonl or .parquet"),
        ([ads], ads, "same file"),
        ([ads, tmp_path / "none.jsonl"], tmp_path / "g.jsonl", "none.jsonl cannot be read"),
        ([tmp_path], tmp_path / "g.jsonl", "name a file"),
    ):
        with pytest.raises(CannotLink, match=said):
            link_ads(sources, output)
    with pytest.raises(CannotLink, match="is no folder"):
        link_ads([ads], tmp_path / "g.jsonl", folder=ads)
    assert [x.name for x in tmp_path.iterdir()] == ["ads.jsonl"]


def test_the_key_is_made_once_is_its_owners_alone_and_is_missed_when_it_is_lost(tmp_path):
    ads = write(tmp_path / "ads.jsonl", few())
    folder, output = tmp_path / "s", tmp_path / "g.jsonl"
    link_ads([ads], output, folder=folder)
    key = folder / "link.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    made = key.read_bytes()
    key.chmod(0o640)
    with pytest.raises(CannotLink, match="chmod 600"):
        link_ads([ads], output, folder=folder)
    key.rename(tmp_path / "kept.key")
    with pytest.raises(CannotLink, match="restore it, or delete"):
        link_ads([ads], output, folder=folder)
    (tmp_path / "kept.key").chmod(0o600)
    link_ads([ads], output, folder=folder, key_file=tmp_path / "kept.key")
    assert not key.exists()
    link_ads([ads], tmp_path / "other.jsonl")
    with pytest.raises(CannotLink, match="made under another key"):
        link_ads([ads], output, folder=folder, key_file=tmp_path / "other.jsonl.signatures" / "link.key")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(records, "FORM", records.FORM + 1)
        with pytest.raises(CannotLink, match="by another version"):
            link_ads([ads], tmp_path / "other.jsonl")
    for text in ("", "kort", "A" * 43, "é" * 43):
        (tmp_path / "kept.key").write_text(text, "utf-8")
        with pytest.raises(CannotLink, match="32 random bytes"):
            link_ads([ads], output, folder=folder, key_file=tmp_path / "kept.key")
    assert len(made) == 44


def test_two_at_a_time_in_one_folder_are_refused(tmp_path):
    import fcntl

    ads = write(tmp_path / "ads.jsonl", few()[:2])
    (tmp_path / "s").mkdir()
    with (tmp_path / "s" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CannotLink, match="another `ads link` works"):
            link_ads([ads], tmp_path / "g.jsonl", folder=tmp_path / "s")


def test_two_at_a_time_into_one_output_are_refused_though_their_folders_differ(tmp_path):
    output, said = tmp_path / "g.jsonl", []

    def tell(_: str) -> None:
        with pytest.raises(CannotLink, match="another `ads link` writes") as error:
            link_ads([tmp_path / "ads.jsonl"], output, folder=tmp_path / "other")
        said.append(str(error.value))

    ads = write(tmp_path / "ads.jsonl", [*few(), {"kind": "ad"}])
    link_ads([ads], output, folder=tmp_path / "s", tell=tell)
    assert said == [f"another `ads link` writes {output}; wait for it, or name another file"]
    assert len(read(output)) > 1
    assert sorted(x.name for x in tmp_path.iterdir()) == ["ads.jsonl", "g.jsonl", "g.jsonl.errors.jsonl", "other", "s"]


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


@pytest.mark.parametrize("said", ["Not enough free space to write 8000 bytes", "4000 requested and 3267 written"])
def test_a_full_disk_is_said_also_where_numpy_tells_it_in_words_of_its_own(tmp_path, monkeypatch, said):
    ads = write(tmp_path / "ads.jsonl", few())

    def full(*_):
        raise OSError(said)

    with monkeypatch.context() as patched:
        patched.setattr("numpy.save", full)
        with pytest.raises(CannotLink, match=r"g\.jsonl: the disk is full, make room; what is finished"):
            link_ads([ads], tmp_path / "g.jsonl")
    assert link_ads([ads], tmp_path / "g.jsonl").groups


def test_a_file_with_a_name_that_is_not_utf_8_has_its_faults_told(tmp_path):
    odd = write(tmp_path / os.fsdecode(b"a\xe6.jsonl"), [*few()[:2], {"kind": "ad"}])
    summary = link_ads([odd], tmp_path / "g.jsonl")
    assert (summary.ads, summary.bad) == (2, 1)
    assert read(tmp_path / "g.jsonl.errors.jsonl")[0]["file"].endswith("a\ufffd.jsonl")
