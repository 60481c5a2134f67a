"""What cannot be read is named with its place and its kind and never with its words; everything beside it is taken in."""

import errno
import gzip
import json
import os
import time
import tracemalloc
import zipfile

import pytest
from typer.testing import CliRunner

from serving.ads.importing import import_ads
from serving.ads.reader import Reader
from serving.ads.rules import Rules
from serving.ads.sources.files import read_sources
from serving.cli import app
from tests.serving.ads import made
from tests.serving.ads.made import CANARY, TEXT, ads_of, faults_of, page, record, save

GOOD = json.dumps({"text": TEXT})


def numbered(number: int) -> bytes:
    return page(f"{CANARY} Annonce nummer {number} om rengøring.").encode()


def crawl(*numbers: int, packed: bool = False) -> list[bytes]:
    return [record(f"https://tavle.example/{x}", numbered(x), packed=packed) for x in numbers]


def numbers_of(output) -> list[int]:
    return [int(x["url"].rpartition("/")[2]) for x in ads_of(output)]


def test_a_folder_of_everything_that_goes_wrong(tmp_path, take_in, capsys):
    folder = tmp_path / "in"
    save(folder, "a-good.html", page())
    save(folder, "b-empty.html", " \n")
    save(folder, "c-nothing.html", "<html><head><title>x</title></head><body></body></html>")
    save(folder, "d-noise.html", b"<html>" + bytes(range(1, 9)) * 500)
    save(folder, "e-large.html", page() + "<!-- " + "x" * 5_000_000)
    save(folder, "f-deep.html", page(body="<div>" * 5_000 + CANARY))
    save(folder, "g-bomb.html.gz", gzip.compress(page().encode() + b" " * 30_000_000))
    save(folder, "h-cut.html.gz", gzip.compress(page().encode())[:-20])
    save(folder, "i-long.html", page("Rengøring i byen og på landet. " * 2000))
    with zipfile.ZipFile(folder / "j.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.html", bytes(50_000_000))
    save(folder, "k.html", b"\xff\xd8\xff\xe0 JFIF")
    save(folder, "l-beside.html", page("En anden annonce om hjælp i haven."))
    (folder / "l-beside.html.json").write_text('{"url": "https://tavle.example/1", ', "utf-8")
    save(folder, "m-feed.xml", made.rss("<item>" + CANARY))
    save(folder, "n.csv", "navn;pris\nx;1\n")
    save(folder, "o-again.html", page())
    save(folder, "z-good.html", page("Den sidste annonce, om opvask."))
    os.mkfifo(folder / "p-pipe.html")
    output, summary = take_in(folder)
    assert faults_of(output) == [
        ("b-empty.html", 1, "empty"),
        ("c-nothing.html", 1, "no_text"),
        ("d-noise.html", 1, "not_text"),
        ("e-large.html", 1, "too_large"),
        ("f-deep.html", 1, "too_deep"),
        ("g-bomb.html.gz", 1, "bomb"),
        ("h-cut.html.gz", 1, "truncated"),
        ("i-long.html", 1, "too_long"),
        ("j.zip", 0, "archive"),
        ("k.html", 0, "unknown_kind"),
        ("l-beside.html", 1, "bad_sidecar"),
        ("m-feed.xml", 1, "no_text"),
        ("m-feed.xml", 0, "bad_feed"),
        ("n.csv", 0, "no_columns"),
        ("p-pipe.html", 0, "unknown_kind"),
    ]
    assert len(ads_of(output)) == 3
    assert (summary.ads, summary.bad) == (3, 15)
    written = (output.with_name("ads.jsonl.faults.jsonl")).read_text("utf-8") + "".join(capsys.readouterr())
    assert CANARY not in written


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (page().encode("utf-8"), "iso-8859-1"),
        (page(charset="iso-8859-1").encode("utf-8"), None),
        (page(charset="utf-8").encode("cp1252"), "utf-8"),
        (page(charset="windows-1252").encode("latin-1"), "utf-8"),
        (page(charset="koi8-r").encode("utf-8"), "utf-16"),
        (page().encode("utf-16"), "iso-8859-1"),
        (page().encode("utf-16-le"), None),
        (page().encode("utf-8-sig"), "windows-1252"),
        (page().encode("utf-8") + "<p>æøå</p>".encode("cp1252"), "utf-8"),
        (page(charset="hex").encode("utf-8") + b"\xe6", "zlib"),
    ],
)
def test_lying_encodings_give_the_danish_letters_all_the_same(tmp_path, take_in, data, header):
    kind = "text/html" + (f"; charset={header}" if header else "")
    save(tmp_path, "x.warc", record("https://tavle.example/1", data, headers=(("Content-Type", kind),)))
    output, _ = take_in(tmp_path / "x.warc")
    assert TEXT in ads_of(output)[0]["text"]
    assert faults_of(output) == []


def test_rows_that_are_not_rows(tmp_path, take_in):
    lines = [
        GOOD.encode(), b"{" + CANARY.encode(), b"[" * 100_000, b'{"text": ["' + CANARY.encode() + b'"]}', b'"text"',
        b'{"text": 17, "x": NaN}', '{"text": "Kører på tværs af Fyn"}'.encode("cp1252"), b"", b'{"titel": "uden tekst"}',
        b'{"text": "  "}', b'{"text": "' + b"a" * 60_000 + b'"}', b'{"text": "x\\ud800"}',
        b'{"text": "' + b"a" * 5_000_000 + b'"}', b'{"text": "Den sidste", "posted": "en dag", "url": "javascript:x"}',
    ]  # fmt: skip
    save(tmp_path, "feed.jsonl", b"\n".join(lines))
    output, _ = take_in(tmp_path / "feed.jsonl")
    assert [x["text"] for x in ads_of(output)] == [TEXT, "Kører på tværs af Fyn", "Den sidste"]
    assert ads_of(output)[2]["url"] is None
    assert [x[1:] for x in faults_of(output)] == [
        (2, "not_json"), (3, "not_json"), (4, "not_object"), (5, "not_object"), (6, "not_json"), (9, "no_columns"),
        (10, "no_text"), (11, "too_long"), (12, "not_text"), (13, "too_large"), (14, "bad_date"),
    ]  # fmt: skip


def test_csv_with_quotes_and_widths_that_are_wrong(tmp_path, take_in):
    lines = ["text;url", "Den første;https://a.example/1", 'skæv "citat";https://a.example/2', "for;mange;celler",
             f'"{CANARY} lukket" forkert;x', "Den næste;https://a.example/3", '"' + CANARY]  # fmt: skip
    save(tmp_path, "feed.csv", "\r\n".join(lines).encode("cp1252"))
    output, _ = take_in(tmp_path / "feed.csv")
    assert [x["text"] for x in ads_of(output)] == ["Den første", 'skæv "citat"', "Den næste"]
    assert [x[1:] for x in faults_of(output)] == [(4, "row_width"), (5, "bad_csv"), (7, "bad_csv")]


def test_json_that_breaks_gives_what_stands_before_the_break(tmp_path, take_in):
    folder = tmp_path / "in"
    save(folder, "a.json", f'[{GOOD}, {{"text": NaN}}, 7, {{"text": "Den anden"}}, {{"text": "{CANARY}" ')
    save(folder, "b.json", f'[{{"text": "Den tredje"}}] {GOOD}')
    save(folder, "c.json", '[{"text": "Den fjerde"}, {"text": "' + "a" * 9_000_000 + '"}]')
    save(folder, "d.json", "[" * 100_000)
    save(folder, "e.json", '{"name": "et websted", "icons": []}')
    save(folder, "f.json", "")
    output, _ = take_in(folder)
    assert [x["text"] for x in ads_of(output)] == [TEXT, "Den anden", "Den tredje", "Den fjerde"]
    assert faults_of(output) == [
        ("a.json", 2, "not_json"), ("a.json", 3, "not_object"), ("a.json", 5, "bad_json"), ("b.json", 2, "bad_json"),
        ("c.json", 2, "too_large"), ("d.json", 0, "unknown_kind"), ("e.json", 1, "no_columns"), ("f.json", 1, "empty"),
    ]  # fmt: skip


def test_a_table_with_two_columns_of_one_name_that_is_asked_for_is_refused(tmp_path, take_in):
    save(tmp_path / "in", "a.csv", f"text;url;text\nDen ene;https://a.example/1;{CANARY}\n")
    save(tmp_path / "in", "b.csv", "text;telefon;telefon\nDen ene;1;2\n")
    save(tmp_path / "in", "c.csv", f"text;;;note;note\n{TEXT};1;2;3;4\n")
    output, _ = take_in(tmp_path / "in")
    assert [x["text"] for x in ads_of(output)] == [TEXT]
    assert faults_of(output) == [("a.csv", 0, "same_columns"), ("b.csv", 0, "same_columns")]


def test_what_is_no_source_is_named_and_what_stands_beside_pages_is_not(tmp_path, take_in):
    folder = tmp_path / "in"
    save(folder, "a.txt", TEXT)
    save(folder, "b.pdf", b"%PDF-1.7\n")
    save(folder, "c.mhtml", "From: <Saved by Blink>\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\n" + page())
    save(folder, "d.parquet", b"PAR1PAR1")
    save(folder, "e.csv", "OTTO;tekst\nx;" + TEXT)
    for name, content in (
        ("p.png", "nothing"), ("p.woff2?v=3", "nothing"), ("saved", b"\xff\xd8\xff\xe0 JFIF"), (".DS_Store", b"\0\0\0\1Bud1"),
    ):  # fmt: skip
        save(folder, f"e_files/{name}", content)
    (folder / "g.html").symlink_to("g.html")
    (folder / "h").symlink_to(".")
    (tmp_path / "elsewhere").mkdir()
    (folder / "i").symlink_to(tmp_path / "elsewhere")
    save(folder, "j.html/k.html", page("Endnu en annonce, om opvask."))
    output, _ = take_in(folder)
    assert len(ads_of(output)) == 2
    assert faults_of(output) == [
        ("i", 0, "link"), ("a.txt", 0, "unknown_kind"), ("b.pdf", 0, "unknown_kind"), ("c.mhtml", 0, "unknown_kind"),
        ("d.parquet", 0, "unknown_kind"), ("g.html", 0, "unreadable"),
    ]  # fmt: skip


@pytest.mark.parametrize("closed", ["in", "in/a", "in/b", "in/b/d"])
def test_a_folder_that_the_system_does_not_open_is_named_wherever_it_lies(tmp_path, take_in, monkeypatch, closed):
    for name in ("a/1.html", "b/c/2.html", "b/d/3.html"):
        save(tmp_path / "in", name, page(f"Annonce {name} om have."))
    scandir = os.scandir

    def refuse(path):
        if path == os.fspath(tmp_path / closed):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    output, _ = take_in(tmp_path / "in")
    assert faults_of(output) == [(closed.rpartition("/")[2], 0, "unreadable")]
    assert len(ads_of(output)) == {"in": 0, "in/b": 1}.get(closed, 2)


def test_a_feed_with_expanding_entities_is_refused_and_a_broken_one_gives_what_stands_before(tmp_path, take_in):
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    bomb = f'<!DOCTYPE rss [<!ENTITY l0 "{CANARY}">{laughs}<!ENTITY file SYSTEM "file:///etc/hostname">]>'
    save(tmp_path, "a.xml", made.rss(made.item(1, "&l11;&file;"), before=bomb))
    save(tmp_path, "b.xml", made.rss(made.item(1), made.item(2), "<item><title>Afbr")[:-30])
    begun = time.monotonic()
    output, _ = take_in(tmp_path / "a.xml", tmp_path / "b.xml")
    assert time.monotonic() - begun < 20
    assert [x["url"] for x in ads_of(output)][:2] == [
        "https://tavle.example/annonce/1",
        "https://tavle.example/annonce/2",
    ]
    assert ("a.xml", 0, "bomb") in faults_of(output)
    assert ("b.xml", 0, "bad_feed") in faults_of(output)


@pytest.mark.parametrize("packed", [False, True])
def test_a_warc_cut_off_gives_every_record_before_the_cut(tmp_path, take_in, packed):
    save(tmp_path, "x.warc", b"".join(crawl(1, 2, 3, packed=packed))[:-100])
    output, _ = take_in(tmp_path / "x.warc")
    assert numbers_of(output) == [1, 2]
    assert faults_of(output) == [("x.warc", 3, "truncated")]


@pytest.mark.parametrize("packing", ["no", "each", "whole"])
@pytest.mark.parametrize("wrong", [-300, -1, 5, 300, 2_000, 10_000_000, 10**14])
def test_a_wrong_length_costs_its_own_record_alone(tmp_path, take_in, packing, wrong):
    first, second, *others = crawl(1, 2, 3, 4, 5, 6)
    told = int(second.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    second = second.replace(b"Content-Length: %d" % told, b"Content-Length: %d" % (told + wrong), 1)
    records = [first, second, *others]
    if packing == "each":
        records = [gzip.compress(x) for x in records]
    data = b"".join(records)
    save(tmp_path, "x.warc", gzip.compress(data) if packing == "whole" else data)
    output, _ = take_in(tmp_path / "x.warc")
    if packing == "whole" and wrong > 5_000_000:  # what is too large to hold cannot be looked through again
        assert numbers_of(output) == [1]
    else:
        assert numbers_of(output) == [1, 3, 4, 5, 6]
    assert faults_of(output) == [("x.warc", 2, "wrong_length")]


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_no_record_is_passed_over(tmp_path, take_in, packed):
    one, two, three = crawl(1, 2, 3, packed=packed)
    junk = [b"\x1f\x8b\x08 no record at all\r\n"] * 50
    save(tmp_path, "x.warc", b"".join([one, *junk, two, b"WARC/0\r\n" * 3, three]))
    output, _ = take_in(tmp_path / "x.warc")
    # In a file that is not packed, the length of a record is believed only where another record or the end comes after it.
    assert numbers_of(output) == ([1, 2, 3] if packed else [2, 3])
    assert len(faults_of(output)) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_large_records_bombs_and_unknown_packings_in_a_warc(tmp_path, take_in, packed):
    html = ("Content-Type", "text/html")
    records = [
        *crawl(1, packed=packed),
        record("https://tavle.example/2", os.urandom(9_000_000), headers=(html,), packed=packed),
        record("https://tavle.example/3", made.zeros(40), headers=(html, ("Content-Encoding", "gzip")), packed=packed),
        record("https://tavle.example/4", b"\x00\x01", headers=(html, ("Content-Encoding", "br")), packed=packed),
        record("https://tavle.example/5", b"", headers=(html,), packed=packed),
        *crawl(6, packed=packed),
    ]
    save(tmp_path, "x.warc", b"".join(records))
    tracemalloc.start()
    pieces = list(read_sources([tmp_path / "x.warc"], Rules(), None))
    assert tracemalloc.get_traced_memory()[1] < 25_000_000
    tracemalloc.stop()
    assert [x.faults for x in pieces] == [(), ("too_large",), ("bomb",), ("content_encoding",), ("empty",), ()]
    output, _ = take_in(tmp_path / "x.warc")
    assert numbers_of(output) == [1, 6]


def test_a_large_page_is_skipped_without_being_read(tmp_path):
    path = save(tmp_path, "large.html", page())
    with path.open("ab") as file:
        file.truncate(3_000_000_000)  # takes no room on disk
    begun = time.monotonic()
    (piece,) = read_sources([path], Rules(), None)
    assert piece.faults == ("too_large",)
    assert time.monotonic() - begun < 2


def test_a_gzip_bomb_of_rows_is_given_up_early(tmp_path, take_in):
    save(tmp_path, "x.jsonl.gz", gzip.compress((GOOD + "\n").encode()) + made.zeros(400))
    begun = time.monotonic()
    output, _ = take_in(tmp_path / "x.jsonl.gz")
    assert time.monotonic() - begun < 10
    assert len(ads_of(output)) == 1
    assert faults_of(output) == [("x.jsonl.gz", 2, "bomb")]


def test_a_page_that_eats_time_or_memory_ends_alone(tmp_path):
    """XPath over every pair of elements takes minutes; a string of four hundred copies takes all memory."""
    rules = Rules.model_validate(
        {"sites": {
            "slow.example": {"text": {"xpath": "count(//i[count(preceding::i[count(preceding::i) > 5]) > 5])"}},
            "large.example": {"text": {"xpath": "concat(" + ",".join(["string(//body)"] * 400) + ")"}},
        }}
    )  # fmt: skip
    slow = page(body="<i>x</i>" * 3_000)
    large = page("Meget lang tekst. " * 200_000)
    for number, (host, content) in enumerate(
        [("a.example", page()), ("slow.example", slow), ("large.example", large), ("b.example", page())]
    ):
        save(tmp_path / "in", f"{number}.html", content, url=f"https://{host}/1")
    begun = time.monotonic()
    output = tmp_path / "ads.jsonl"
    import_ads([tmp_path / "in"], output, rules, reader=Reader(rules, seconds=12, memory=700_000_000))
    assert [x["site"] for x in ads_of(output)] == ["a.example", "b.example"]
    assert faults_of(output) == [("1.html", 1, "too_slow"), ("2.html", 1, "too_much")]
    assert time.monotonic() - begun < 120


def test_what_no_text_holds_costs_a_field_its_characters_and_nobody_else_anything(tmp_path, take_in):
    """Half a pair of surrogates, which JSON may hold and no file in UTF-8, and dates no day can be counted from."""
    rows = [
        {"text": "Annonce et", "place": "Ri\ud800be", "contacts": ["\udfff", "a\x00@b.example"], "site": "\ud800"},
        {"text": "Annonce to", "posted": "9999-12-31T23:59:59Z"},
        {"text": "Annonce tre", "posted": "i går", "retrieved": "0001-01-01T00:00:00Z"},
        {"text": "Annonce \ud800 fire"},
        {"text": "Annonce fem"},
    ]
    output, _ = take_in(save(tmp_path, "a.jsonl", "".join(json.dumps(x) + "\n" for x in rows)))
    ads = ads_of(output)
    assert [x["text"] for x in ads] == ["Annonce et", "Annonce to", "Annonce tre", "Annonce fem"]
    assert (ads[0]["place"], ads[0]["contacts"], ads[0]["site"]) == ("Ribe", ["a@b.example"], None)
    assert [x[1:] for x in faults_of(output)] == [(2, "bad_date"), (3, "bad_date"), (4, "not_text")]


def test_many_beginnings_of_records_without_an_end_cost_no_square(tmp_path, take_in):
    """A page cut off in a crawl may hold anything."""
    data = b"WARC/1.0\n" * 8_000 + record("https://c.example/1", page().encode())
    begun = time.process_time()
    output, _ = take_in(save(tmp_path, "a.warc", data))
    assert len(ads_of(output)) == 1
    assert time.process_time() - begun < 8


def test_names_that_would_steer_the_terminal_are_shown_as_escapes(tmp_path):
    name = "a\x1b[2J\n\u202elmth.\x9b31m.html"
    save(tmp_path / "in", name, "")
    result = CliRunner().invoke(app, ["ads", "import", str(tmp_path / "in"), "-o", str(tmp_path / "ads.jsonl")])
    assert result.exit_code == 3
    assert r"in/a\x1b[2J\n\u202elmth.\x9b31m.html, record 1: there is nothing in it (empty)" in result.output
    save(tmp_path, "x\x1bn.jsonl", "{")
    odd = str(tmp_path / "x\x1bn.jsonl")
    for command in (
        ["ads", "link", odd, "-o", str(tmp_path / "g.jsonl")],
        ["ads", "link", odd, "-o", str(tmp_path / "g\x1b[2J.txt")],
        ["ads", "import", "no\x1b[2J", "-o", str(tmp_path / "b.jsonl")],
        ["tag", "no\x1b[2J.jsonl", "-o", str(tmp_path / "t.jsonl")],
    ):
        result = CliRunner().invoke(app, command)
        assert result.exit_code in (2, 3)
        assert r"\x1b" in result.output
        assert "\x1b" not in result.output
