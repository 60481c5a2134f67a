"""Every source gives its ads: saved pages, WARC, JSON Lines, CSV, RSS and Atom, told apart by what is in them."""

import gzip
import json
import shutil

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from serving.ads.importing import CannotImport, import_ads
from serving.ads.linkable import Linkable
from serving.ads.page import read_page
from serving.ads.rules import Rules
from serving.batch.records import ABOUT_ADS, read_records
from serving.cli import app
from serving.linking.contacts import ties
from tests.serving.ads import made
from tests.serving.ads.made import TEXT, ads_of, faults_of, page, record, save


def test_a_folder_of_saved_pages_with_and_without_what_was_noted_beside_them(tmp_path, take_in):
    folder = tmp_path / "pages"
    save(folder, "a.html", page(), url="https://tavle.example/annonce/1", retrieved="2026-11-20T10:00:00Z")
    save(folder, "deep/b.htm", page("Have passes i Odense. Skriv til have@tavle.example om løn."))
    save(folder, "deep/c", page("Opvask i weekenden i Ribe, god løn og mad."), url="https://tavle.example/annonce/3")
    save(folder, "a_files/style.css", "body { color: red; }")
    save(folder, "a_files/logo.png", b"\x89PNG\r\n\x1a\n")
    output, summary = take_in(folder)
    first, second, third = ads_of(output)
    assert list(first) == ["id", "kind", "text", *ABOUT_ADS]
    assert (first["kind"], first["title"], first["site"]) == ("ad", "Rengøring", "tavle.example")
    assert (first["url"], first["retrieved"]) == ("https://tavle.example/annonce/1", "2026-11-20T10:00:00+00:00")
    assert TEXT in first["text"]
    assert "Alle annoncer" not in first["text"]
    assert (second["url"], second["site"], second["posted"], second["place"], second["contacts"]) == (None,) * 4 + ([],)
    assert third["url"].endswith("/3")
    assert faults_of(output) == []
    assert (summary.ads, summary.bad) == (3, 0)
    assert output.stat().st_mode & 0o777 == 0o600


def test_a_browser_notes_the_address_in_the_page_and_a_page_may_tell_it_itself(tmp_path, take_in):
    saved = "<!-- saved from url=(0031)https://tavle.example/annonce/7 -->\n"
    canonical = '<link rel="canonical" href="https://tavle.example/annonce/8">'
    save(tmp_path / "in", "a.html", page().replace("<html", saved + "<html"))
    save(tmp_path / "in", "b.html", page(head=canonical))
    output, _ = take_in(tmp_path / "in")
    assert [x["url"] for x in ads_of(output)] == ["https://tavle.example/annonce/7", "https://tavle.example/annonce/8"]


def test_the_moment_of_saving_can_be_told_for_sources_that_do_not_tell_it(tmp_path):
    told, folder = "2026-11-20T10:00:00Z", tmp_path / "in"
    save(folder, "a.html", page(body="<p>Oprettet: 3. december</p>"))
    save(folder, "b.html", page("En anden annonce om have.", body="<p>Oprettet: i går</p>"), retrieved=told)
    save(folder, "c.csv", "text;dato\nOpvask i Ribe;i går\n")
    save(folder, "d.rss", made.rss(made.item(1)))
    arguments = ["ads", "import", str(folder), "-o", str(tmp_path / "ads.jsonl"), "--retrieved"]
    result = CliRunner().invoke(app, [*arguments, "2026-11-21"])
    assert result.exit_code == 0, result.output
    assert [(x["posted"], x["retrieved"][:10]) for x in ads_of(tmp_path / "ads.jsonl")] == [
        ("2025-12-03", "2026-11-21"), ("2026-11-19", "2026-11-20"), ("2026-11-20", "2026-11-21"),
        ("2026-05-03", "2026-11-21"),
    ]  # fmt: skip
    result = CliRunner().invoke(app, [*arguments, "i går"])
    assert result.exit_code == 2
    assert "write it as 2026-11-21" in result.output


@pytest.mark.parametrize("packed", [False, True])
def test_a_warc_as_crawlers_write_it(tmp_path, take_in, packed):
    body = page().encode()
    html = ("Content-Type", "text/html; charset=utf-8")
    gz, chunks = ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")
    answers = [
        ("annonce/1", body, (html,)),
        ("logo.png", b"\x89PNG", (("Content-Type", "image/png"),)),
        ("annonce/3", made.chunked(body), (html, chunks)),
        ("annonce/4", gzip.compress(body), (html, gz)),
        ("annonce/5", body, (html, gz)),  # unpacked by the crawler, which left the header
        ("annonce/6", made.chunked(gzip.compress(body)), (html, gz, chunks)),
        ("feed", made.rss(made.item(77)).encode(), (("Content-Type", "text/xml"),)),
    ]
    site = "https://tavle.example/"
    records = [record(site + path, sent, headers=headers, packed=packed) for path, sent, headers in answers]
    records += [record(site + "annonce/2", b"", status="302 Found", packed=packed), made.info(packed=packed)]
    save(tmp_path, "crawl", b"".join(records))
    output, summary = take_in(tmp_path / "crawl")
    found = ads_of(output)
    assert [x["url"].rpartition("/")[2] for x in found] == ["1", "3", "4", "5", "6", "77"]
    assert {x["text"] for x in found[:5]} == {found[0]["text"]}
    assert found[0]["retrieved"] == "2026-11-20T10:00:00+00:00"
    assert faults_of(output) == []
    assert (summary.ads, summary.left_out) == (6, 3)


def test_a_warc_packed_as_a_whole_is_read_too(tmp_path, take_in):
    records = [record(f"https://tavle.example/{i}", page(f"Annonce nummer {i} om arbejde.").encode()) for i in range(3)]
    save(tmp_path, "crawl.warc.gz", gzip.compress(made.info() + b"".join(records)))
    output, _ = take_in(tmp_path / "crawl.warc.gz")
    assert len(ads_of(output)) == 3
    assert faults_of(output) == []


def test_json_lines_and_csv_with_names_of_columns_that_are_usual(tmp_path, take_in):
    rows = [
        {"text": TEXT, "url": "https://tavle.example/1", "title": "Rengøring", "posted": "3. maj 2026", "city": "Ribe",
         "phone": "00 00 00 00", "email": "a@tavle.example", "price": 400},
        {"html": "<p>Opvask<br>i Odense</p><p>Løn 150 kr.</p>", "link": "https://tavle.example/2"},
    ]  # fmt: skip
    save(tmp_path, "feed.jsonl", "\n".join(json.dumps(x) for x in rows))
    save(tmp_path, "feed.txt", 'titel;tekst;dato;by\n"Have";"Ukrudt, ""hver"" uge\nog hæk";04-05-2026;Ribe\n')
    output, _ = take_in(tmp_path / "feed.jsonl", tmp_path / "feed.txt")
    first, second, third = ads_of(output)
    assert (first["text"], first["posted"], first["place"]) == (TEXT, "2026-05-03", "Ribe")
    assert first["contacts"] == ["00 00 00 00", "a@tavle.example"]
    assert second["text"] == "Opvask\ni Odense\n\nLøn 150 kr."
    assert (third["text"], third["title"], third["posted"]) == (
        'Have\n\nUkrudt, "hver" uge\nog hæk',
        "Have",
        "2026-05-04",
    )
    assert faults_of(output) == []


def test_names_of_columns_are_known_in_capitals_and_in_windows_letters(tmp_path, take_in):
    head = "Nr;Overskrift ;ANNONCETEKST;Område;Oprettet;E-mail;Tlf.;Link"
    row = f"7;Have;{TEXT};Ærø;04-05-2026;a@b.example;00 00 00 00;https://tavle.example/1"
    save(tmp_path / "in", "a.csv", f"{head}\r\n{row}\r\n".encode("cp1252"))
    row = {"Tekst": TEXT, "TITEL": "Hæk", "Telefon": "00 00 00 01"}
    save(tmp_path / "in", "b.jsonl", json.dumps(row))
    save(tmp_path / "in", "c.jsonl", json.dumps({"Text": "En anden", "text": "Den rigtige om have"}))
    output, _ = take_in(tmp_path / "in")
    first, second, third = ads_of(output)
    assert (first["title"], first["place"], first["posted"]) == ("Have", "Ærø", "2026-05-04")
    assert (first["url"], first["contacts"]) == ("https://tavle.example/1", ["a@b.example", "00 00 00 00"])
    assert (second["title"], second["contacts"]) == ("Hæk", ["00 00 00 01"])
    assert third["text"] == "Den rigtige om have"
    save(tmp_path / "two", "d.csv", "TEXT;Text\nDen ene;Den anden\n")
    output, _ = take_in(tmp_path / "two")
    assert [x[2] for x in faults_of(output)] == ["same_columns"]


def test_json_of_every_form_is_read_whatever_its_name(tmp_path, take_in):
    rows = [{"text": f"Annonce {i} på Ærø", "url": f"https://tavle.example/{i}"} for i in range(3)]
    lines = "".join(json.dumps(x, ensure_ascii=False) + "\n" for x in rows)
    many = [{"text": f"Annonce {i} " + "x" * 40_000} for i in range(10)]
    for name, content in {
        "a.json": lines,
        "b.json": json.dumps(rows),
        "c.jsonl": json.dumps(rows, indent=1),
        "d.json": json.dumps(rows[0], indent=1),
        "e.json": "\n".join(json.dumps(x, indent=1) for x in rows),
        "f.json": json.dumps(rows, ensure_ascii=False).encode("cp1252"),
        "g.json": json.dumps(rows).encode("utf-8-sig"),
        "h.json": gzip.compress(json.dumps(rows).encode("utf-16")),
        "i.json": json.dumps(many, indent=4),
    }.items():
        output, summary = take_in(save(tmp_path / name, name, content).parent)
        assert [x["text"] for x in ads_of(output)] == [
            x["text"] for x in (many if name[0] == "i" else rows[: summary.ads])
        ]
        assert summary.ads == {"d": 1, "i": 10}.get(name[0], 3)
        assert faults_of(output) == []


def test_tables_in_utf_16_are_read(tmp_path, take_in):
    save(tmp_path / "in", "a.txt", f"text\turl\r\n{TEXT}\thttps://a.example/1\r\n".encode("utf-16"))
    save(
        tmp_path / "in", "b.csv", f"text;url\n{TEXT};https://a.example/2\n".encode("utf-16-be").join([b"\xfe\xff", b""])
    )
    rows = "".join(json.dumps({"text": f"Ċ {i} " + "æ" * 9_000}, ensure_ascii=False) + "\n" for i in range(9))
    save(tmp_path / "in", "c.jsonl", rows.encode("utf-16"))
    output, _ = take_in(tmp_path / "in")
    assert [x["text"] for x in ads_of(output)] == [TEXT, TEXT, *(f"Ċ {i} " + "æ" * 9_000 for i in range(9))]
    assert faults_of(output) == []


def test_json_beside_a_page_tells_of_it_and_beside_anything_else_is_read(tmp_path, take_in):
    folder = tmp_path / "in"
    save(folder, "a.html", page(), url="https://a.example/1")
    save(folder, "b.html", page("En anden annonce om have."))
    save(folder, "b.json", '{"url": "https://a.example/2"}')
    save(folder, "c.csv", "text;url\nDen tredje;https://a.example/3\n")
    save(folder, "c.json", json.dumps([{"text": "Den fjerde"}]))
    save(folder, "d.jpg", b"\xff\xd8\xff\xe0")
    save(folder, "d.json", json.dumps({"text": "Den femte"}, indent=1))
    output, _ = take_in(folder)
    assert [x["url"] for x in ads_of(output)][:3] == [f"https://a.example/{i}" for i in (1, 2, 3)]
    assert [x["text"] for x in ads_of(output)][2:] == ["Den tredje", "Den fjerde", "Den femte"]
    assert faults_of(output) == []


def test_a_title_that_begins_the_text_is_not_put_there_again(tmp_path, take_in):
    rows = [{"text": "HAVE\n og hegn i Ribe", "title": "Have og hegn"}, {"text": "Ring", "title": "  "}]
    save(tmp_path, "feed.jsonl", "".join(json.dumps(x) + "\n" for x in rows))
    output, _ = take_in(tmp_path / "feed.jsonl")
    assert [x["text"] for x in ads_of(output)] == ["HAVE\n og hegn i Ribe", "Ring"]


def test_rss_and_atom(tmp_path, take_in):
    save(tmp_path, "feed", made.rss(made.item(1), made.item(2, "Have &amp;amp; hegn i Ribe")))
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>Værelse</title>
    <link href="https://tavle.example/9"/><published>2026-05-03T23:30:00Z</published>
    <summary>Kort</summary><content type="html">&lt;p&gt;{TEXT}&lt;/p&gt;</content></entry></feed>"""
    save(tmp_path, "other.xml", atom)
    output, _ = take_in(tmp_path / "feed", tmp_path / "other.xml")
    one, two, three = ads_of(output)
    assert (one["text"], one["title"], one["posted"]) == (f"Annonce 1\n\n{TEXT}", "Annonce 1", "2026-05-03")
    assert two["text"] == "Annonce 2\n\nHave & hegn i Ribe"
    assert (three["text"], three["title"], three["posted"]) == (
        f"Værelse\n\n{TEXT}",
        "Værelse",
        "2026-05-04",
    )  # in Denmark it was past midnight
    assert faults_of(output) == []


_SPACES = 'xmlns:georss="http://www.georss.org/georss" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:t="http://purl.org/dc/terms/"'


@pytest.mark.parametrize(
    ("says", "place"),
    [
        ("<location>Ribe</location><georss:featurename>Vejle</georss:featurename>", "Ribe"),
        ("<georss:featureName> Vejle </georss:featureName><category domain='by'>Ribe</category>", "Vejle"),
        ("<category>Have</category><category domain='https://by.example/art'>Hegn</category>", None),
        ("<category domain='https://tavle.example/Sted/'>8000 Aarhus C</category>", "8000 Aarhus C"),
        (
            "<category domain='region'>Jylland</category><category domain='t#city'>Ribe</category>"
            "<category domain='region'>Jylland</category><d:coverage>Vejle</d:coverage>",
            "Jylland, Ribe",
        ),
        ("<t:spatial>Ribe</t:spatial><d:coverage>Vejle</d:coverage>", "Ribe"),
        ("<d:coverage>Lille Mølleby</d:coverage>", "Lille Mølleby"),
        ("<d:coverage>6760 Ribe</d:coverage>", "6760 Ribe"),
        ("<d:coverage>maj 2026</d:coverage>", None),
        ("<d:coverage>name=Ribe; start=2026-05-03</d:coverage>", None),
        ("<d:coverage>https://steder.example/ribe</d:coverage>", None),
        ("<georss:point>55.3 8.7</georss:point><georss:featurename> </georss:featurename>", None),
    ],
)
def test_the_place_of_an_entry_is_what_a_field_georss_a_category_of_places_or_dublin_core_calls_it(
    tmp_path, take_in, says, place
):
    feed = made.rss(made.item(1).replace("</item>", f"{says}</item>")).replace("<rss ", f"<rss {_SPACES} ")
    output, _ = take_in(save(tmp_path, "feed", feed))
    assert [x["place"] for x in ads_of(output)] == [place]
    assert faults_of(output) == []


def test_a_category_of_places_in_atom_is_called_by_its_label(tmp_path, take_in):
    says = '<category term="have"/><category scheme="https://tavle.example/steder" term="ribe" label="Ribe"/>'
    atom = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry><title>Have</title>
    <link href="https://tavle.example/9"/><summary>{TEXT}</summary>{says}</entry></feed>"""
    output, _ = take_in(save(tmp_path, "feed", atom))
    assert [x["place"] for x in ads_of(output)] == ["Ribe"]


def test_what_links_in_a_feed_or_in_a_column_of_html_call_is_a_contact(tmp_path, take_in):
    html = f'<p>{TEXT}</p><a href="tel:+4500000001">Ring</a> <a href="https://wa.me/4500000002">skriv</a>'
    html += ' <a href="viber://chat?number=%2B4500000003">Viber</a> <a href="whatsapp://send?text=Del">del</a>'
    save(
        tmp_path, "feed", made.rss(made.item(1, html.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")))
    )
    save(tmp_path, "rows.jsonl", json.dumps({"html": html, "telefon": "00 00 00 00"}))
    output, _ = take_in(tmp_path / "feed", tmp_path / "rows.jsonl")
    calls = ["+4500000001", "wa.me/4500000002", "viber://chat?number=+4500000003"]
    assert [x["contacts"] for x in ads_of(output)] == [calls, ["00 00 00 00", *calls]]


def test_what_is_written_is_read_by_tag_as_it_is_from_both_formats(tmp_path, reader):
    save(
        tmp_path, "feed.csv", "text,url,phone\n" + "".join(f"Annonce {i},https://a.example/{i},1\n" for i in range(40))
    )
    for output in (tmp_path / "ads.jsonl", tmp_path / "ads.parquet"):
        summary = import_ads([tmp_path / "feed.csv"], output, Rules(), reader=reader)
        assert summary.ads == 40
        documents = [x.document for x in read_records(str(output))]
        assert [x.text for x in documents] == [f"Annonce {i}" for i in range(40)]
        assert {x.kind for x in documents} == {"ad"}
    assert sorted(x.name for x in tmp_path.iterdir()) == ["ads.jsonl", "ads.parquet", "feed.csv"]
    rows = pq.read_table(tmp_path / "ads.parquet").to_pylist()
    assert rows == ads_of(tmp_path / "ads.jsonl")


def test_the_same_page_twice_is_one_ad_an_edited_one_a_new_version_and_a_repost_another(tmp_path, take_in):
    where = "https://Tavle.example:443/annonce/1?utm_source=mail#top"
    rows = [(where, TEXT), ("http://tavle.example/annonce/1", TEXT), (where, TEXT + " Nu også i Ribe."),
            ("https://tavle.example/annonce/2", TEXT), ("", TEXT), ("", TEXT)]  # fmt: skip
    save(tmp_path, "feed.jsonl", "\n".join(json.dumps({"url": url, "text": text}) for url, text in rows))
    output, summary = take_in(tmp_path / "feed.jsonl")
    first, edited, repost, nowhere = (x["id"].split("-") for x in ads_of(output))
    assert first[0] == edited[0]
    assert len({x[0] for x in (first, repost, nowhere)}) == 3
    assert first[1] == repost[1] == nowhere[1] != edited[1]
    assert summary.left_out == 2


def test_the_command_says_what_it_did_and_how_it_ended(tmp_path):
    save(tmp_path, "feed.jsonl", json.dumps({"text": made.CANARY}) + "\n{" + made.CANARY + "\n")
    arguments = ["ads", "import", str(tmp_path / "feed.jsonl"), "-o", str(tmp_path / "ads.jsonl")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3
    assert "feed.jsonl, record 2: not JSON" in result.output
    assert "1 ad taken in, 1 without a date, 1 without a place, 1 without a contact; 1 fault, see" in result.output
    assert made.CANARY not in result.output
    save(tmp_path, "feed.jsonl", json.dumps({"text": made.CANARY}))
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (tmp_path / "ads.jsonl.previous").exists()
    assert not (tmp_path / "ads.jsonl.faults.jsonl").exists()


def test_what_cannot_begin_says_what_to_do_and_writes_nothing(tmp_path):
    save(tmp_path / "in", "feed.jsonl", json.dumps({"text": TEXT}))
    for sources, output, said in (
        ([tmp_path / "none"], tmp_path / "ads.jsonl", "is not there"),
        ([tmp_path / "in"], tmp_path / "in" / "ads.jsonl", "place outside"),
        ([tmp_path / "in"], tmp_path / "ads.csv", "ends in .jsonl or .parquet"),
        ([tmp_path / "in"], tmp_path / "in", "ends in .jsonl or .parquet"),
    ):
        with pytest.raises(CannotImport, match=said):
            import_ads(sources, output, Rules())
    assert [x.name for x in tmp_path.rglob("*")] == ["in", "feed.jsonl"]
    shutil.rmtree(tmp_path / "in")


def test_a_table_with_a_column_of_html_is_a_table(tmp_path, take_in):
    rows = [f'{i},"<div><p>Annonce {i} om have</p></div>",Ribe' for i in range(3)]
    output, _ = take_in(save(tmp_path, "feed.csv", "\n".join(["id,html,place", *rows])))
    assert [(x["text"], x["place"]) for x in ads_of(output)] == [(f"Annonce {i} om have", "Ribe") for i in range(3)]


def test_scripts_and_drawings_with_html_in_them_are_no_pages(tmp_path, take_in):
    script = 'document.write("<div><p>Denne side bruger cookies, klik her for at sige ja.</p></div>");'
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><title>Tegning af et hus</title></svg>'
    save(tmp_path / "in", "a.html", page())
    for name in ("x.js", "x.min.js.download", "x.mjs", "x.svg"):
        save(tmp_path / "in", f"a_files/{name}", drawing if name.endswith("svg") else script)
    kinds = ("application/javascript", "text/javascript; charset=utf-8", "application/json")
    crawl = [
        record(f"https://c.example/{i}", script.encode(), headers=(("Content-Type", x),)) for i, x in enumerate(kinds)
    ]
    save(tmp_path / "in", "b.warc", b"".join(crawl))
    output, _ = take_in(tmp_path / "in")
    assert [x["title"] for x in ads_of(output)] == ["Rengøring"]
    assert faults_of(output) == []


def test_of_columns_the_first_that_is_filled_counts(tmp_path, take_in):
    output, _ = take_in(save(tmp_path, "a.jsonl", json.dumps({"text": " ", "body": TEXT, "place": "\t", "by": "Ribe"})))
    assert [(x["text"], x["place"]) for x in ads_of(output)] == [(TEXT, "Ribe")]


CHATS = [
    ("viber://chat?number=%2B4501661234", "viber://chat?number=+4501661234"),
    ("whatsapp://send?text=Hej%20du&amp;phone=4501661234", "whatsapp://send?phone=4501661234"),
    ("https://api.whatsapp.com/send?text=Hej&amp;phone=4501661234", "api.whatsapp.com/send?phone=4501661234"),
    ("https://web.whatsapp.com/send?phone=4501661234", "web.whatsapp.com/send?phone=4501661234"),
    ("https://chats.viber.com/chat?number=%2B4501661234", "chats.viber.com/chat?number=+4501661234"),
    ("tg://resolve?phone=4501661234&amp;text=Hej", "tg://resolve?phone=4501661234"),
    ("https://signal.me/#p/+4501661234", "signal.me/#p/+4501661234"),
    ("sgnl://signal.me/#p/+4501661234", "sgnl://signal.me/#p/+4501661234"),
    ("https://wa.me/4501661234", "wa.me/4501661234"),
    ("viber:+4501661234", "+4501661234"),
    ("tel:%2B45%2001661234", "+45 01661234"),
    ("tel://01661234", "01661234"),
    ("sms:01661234?body=Hej", "01661234"),
    ("smsto:+4501661234", "+4501661234"),
]


@pytest.mark.parametrize(("href", "contact"), CHATS)
def test_a_link_that_calls_writes_or_opens_a_chat_gives_the_number_in_it(href, contact):
    html = page(body=f'<p>Hej</p><a href="{href}">Skriv her</a>')
    found = read_page(html, "https://tavle.example/annonce/1", None, Rules(), None)
    assert found.contacts == (contact,)
    ad = Linkable("a", TEXT.replace("00 00 00 00", ""), "", "", found.contacts, "", "", "")
    assert ties(x for _, x in ad.beside()) == [("phone", "+4501661234")]


@pytest.mark.parametrize(
    ("href", "contact", "handle"),
    [
        ("tg://resolve?domain=anna_kbh", "tg://resolve?domain=anna_kbh", "telegram:anna_kbh"),
        ("https://telegram.me/anna_kbh", "telegram.me/anna_kbh", "telegram:anna_kbh"),
        ("https://line.me/ti/p/~anna", "line.me/ti/p/~anna", "line:anna"),
        ("https://m.me/anna.kbh?ref=x", "m.me/anna.kbh", "messenger:anna.kbh"),
        ("snapchat://add/anna_kbh", "snapchat://add/anna_kbh", "snapchat:anna_kbh"),
    ],
)
def test_a_link_that_opens_a_chat_gives_the_name_in_it(href, contact, handle):
    found = read_page(page(body=f'<a href="{href}">Skriv</a>'), "https://tavle.example/annonce/1", None, Rules(), None)
    assert found.contacts == (contact,)
    ad = Linkable("a", TEXT, "", "", found.contacts, "", "", "")
    assert ties(x for _, x in ad.beside()) == [("handle", handle)]


@pytest.mark.parametrize(
    "href",
    [
        "whatsapp://send?text=Del",
        "viber://forward?text=Del",
        "tg://msg_url?url=x",
        "https://api.whatsapp.com/send?text=Del",
    ],
)
def test_a_link_that_shares_the_page_with_anybody_is_no_contact(href):
    html = page(body=f'<a href="{href}">Del</a>')
    assert read_page(html, "https://tavle.example/annonce/1", None, Rules(), None).contacts == ()
