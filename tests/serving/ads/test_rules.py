"""What a rules file says of sites, fields, dates and columns, and what it may not say."""

import json

import pytest
from typer.testing import CliRunner

from serving.ads.faults import PageFault
from serving.ads.page import read_page
from serving.ads.rules import Rules, UnusableRules, read_rules
from serving.cli import app
from tests.conftest import ROOT
from tests.serving.ads import made
from tests.serving.ads.made import TEXT, ads_of, faults_of, page, save

RULES = r"""
limit_mb = 2

[columns]
text = "brødtekst"
contacts = ["ring", "skriv"]

[sites.tavle]
hosts = ["tavle.example", "opslag.example"]
ads = ['/annonce/\d+$']
text = ".ad-body"
title = {xpath = "//h1/text()"}
posted = {css = ".meta time", attribute = "data-day"}
place = ".meta .by"
contacts = [".meta a.tel", {css = "a[href^='mailto:']", attribute = "href"}]
dates = {formats = ["%d~%m~%Y"]}

[sites.tavle.columns]
text = "annoncetekst"

[sites."month.example"]
posted = ".d"
dates = {order = "month-first"}
"""
META = """<div class="meta"><time data-day="{}">nu</time> <span class="by">Ribe
 by</span> <a class="tel">00 00 00 00</a> <a href="mailto:a@tavle.example">skriv</a></div>"""


@pytest.fixture
def rules(tmp_path) -> Rules:
    return read_rules(save(tmp_path, "rules.toml", RULES))


def test_each_field_comes_from_where_the_rule_points(rules):
    html = page(body=META.format("03~05~2026"))
    found = read_page(html, "https://www.tavle.example/annonce/17", None, rules, None)
    assert (found.site, found.title, found.text, found.posted) == ("tavle", "Rengøring", TEXT, "2026-05-03")
    assert (found.place, found.contacts) == ("Ribe by", ("00 00 00 00", "a@tavle.example"))
    assert found.faults == ()


@pytest.mark.parametrize(
    ("rule", "shown", "contacts"),
    [
        ("a.tel", "Vis nummer", ("+4500000001",)),
        ("a.tel", "00 00 00 02", ("+4500000001", "00 00 00 02")),
        (".kontakt", "Vis nummer", ("+4500000001",)),
        ({"css": "a.tel", "attribute": "href"}, "Vis nummer", ("+4500000001",)),
        ({"xpath": "//a[@class='tel']/@href"}, "Vis nummer", ("+4500000001",)),
        (".bruger", "Vis nummer", ("Skriv: rosen",)),
    ],
)
def test_a_rule_for_contacts_that_finds_a_link_takes_what_the_link_calls(rule, shown, contacts):
    rules = Rules.model_validate({"sites": {"tavle.example": {"contacts": [rule]}}})
    body = f"""<p class="kontakt"><a class="tel" href="tel:+4500000001">{shown}</a></p>
    <p class="bruger">Skriv: rosen</p>"""
    assert read_page(page(body=body), "https://tavle.example/1", None, rules, None).contacts == contacts


@pytest.mark.parametrize(
    ("href", "shown", "contacts"),
    [
        ("viber://chat?number=%2B4500000001", "Vis nummer", ("viber://chat?number=+4500000001",)),
        ("whatsapp://send?text=Hej&amp;phone=4500000001", "Skriv", ("whatsapp://send?phone=4500000001",)),
        ("whatsapp://send?text=Del", "Tlf: 00 00 00 02", ("Tlf: 00 00 00 02",)),
        ("/kontakt", "Tel: 00 00 00 02? Skriv til @rosen", ("Tel: 00 00 00 02? Skriv til @rosen",)),
    ],
)
def test_a_rule_for_contacts_knows_links_as_a_page_without_rules_does_and_keeps_words_whole(href, shown, contacts):
    rules = Rules.model_validate({"sites": {"tavle.example": {"contacts": ["a.tel"]}}})
    body = f'<p><a class="tel" href="{href}">{shown}</a></p>'
    assert read_page(page(body=body), "https://tavle.example/1", None, rules, None).contacts == contacts


def test_a_date_that_does_not_read_as_the_rule_says_is_told_and_not_guessed(rules):
    for day in ("2026-05-03", "31~02~2026", "i går"):
        found = read_page(page(body=META.format(day)), "https://tavle.example/annonce/17", None, rules, None)
        assert (found.posted, found.faults) == (None, ("bad_date",))


def test_pages_that_are_no_ads_by_their_address_are_left_out(rules):
    assert read_page(page(), "https://tavle.example/kategori/2", None, rules, None) is None
    assert read_page(page(), "https://tavle.example/annonce/2", None, rules, None) is not None
    assert read_page(page(), "https://under.opslag.example/annonce/2", None, rules, None).site == "tavle"
    assert read_page(page(), "https://nottavle.example/kategori/2", None, rules, None).site == "nottavle.example"
    assert read_page(page(), None, None, rules, "tavle").site == "tavle"


def test_a_rule_for_the_text_that_finds_nothing_is_a_fault_and_no_guess(rules):
    with pytest.raises(PageFault, match="no_rule_text"):
        read_page(page().replace("ad-body", "changed"), "https://tavle.example/annonce/17", None, rules, None)


def test_month_first_where_a_rule_says_so(rules):
    html = page(body='<p class="d">05/03/2026</p>')
    assert read_page(html, "https://month.example/1", None, rules, None).posted == "2026-05-03"
    assert read_page(html, "https://other.example/1", None, rules, None).posted is None


def test_columns_of_a_site_and_of_all_others(tmp_path):
    rules = save(tmp_path, "rules.toml", RULES)
    row = {"brødtekst": "Den ene", "annoncetekst": "Den anden", "ring": "1", "skriv": ["2", "1"],
           "url": "https://tavle.example/annonce/1"}  # fmt: skip
    save(tmp_path, "feed.jsonl", json.dumps(row) + "\n" + json.dumps({**row, "url": "https://tavle.example/alle"}))
    for site, text, contacts in ((None, "Den ene", ["1", "2"]), ("tavle", "Den anden", [])):
        arguments = [
            "ads",
            "import",
            str(tmp_path / "feed.jsonl"),
            "-o",
            str(tmp_path / "ads.jsonl"),
            "--rules",
            str(rules),
        ]
        result = CliRunner().invoke(app, arguments + (["--site", site] if site else []))
        assert result.exit_code == 0, result.output
        (ad,) = ads_of(tmp_path / "ads.jsonl")
        assert (ad["text"], ad["contacts"], ad["site"]) == (text, contacts, "tavle")


def test_the_limit_of_a_page_is_the_rules_own(tmp_path, reader):
    from serving.ads.importing import import_ads

    save(tmp_path / "in", "a.html", page() + "<!--" + "x" * 3_000_000)
    for limit, kinds in ((2, ["too_large"]), (4, [])):
        import_ads([tmp_path / "in"], tmp_path / "ads.jsonl", Rules(limit_mb=limit), reader=reader)
        assert [x[2] for x in faults_of(tmp_path / "ads.jsonl")] == kinds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sites.x]\ntext = 'a[['", "cannot be read as CSS or XPath"),
        ("[sites.x]\ntext = {xpath = '//p['}", "cannot be read as CSS or XPath"),
        ("[sites.x]\ntext = {xpath = 'nothing()'}", "cannot be read as CSS or XPath"),
        ("[sites.x]\ntext = {css = 'p', xpath = '//p'}", "needs either css or xpath"),
        ("[sites.x]\nads = ['(']", "no regular expression"),
        ("[sites.x]\ndates = {formats = ['%Q']}", "no format of dates"),
        ("[sites.x]\ncolour = 'red'", "not known"),
        ("limit_mb = 0", "greater than 0"),
        ("limit_mb = ", "not TOML"),
    ],
)
def test_rules_that_cannot_be_used_say_where_and_why(tmp_path, text, said):
    with pytest.raises(UnusableRules, match=said):
        read_rules(save(tmp_path, "rules.toml", text))


def test_a_site_that_the_rules_do_not_have_is_a_mistake(tmp_path):
    save(tmp_path, "feed.jsonl", json.dumps({"text": made.TEXT}))
    arguments = ["ads", "import", str(tmp_path / "feed.jsonl"), "-o", str(tmp_path / "ads.jsonl")]
    rules = ["--rules", str(save(tmp_path, "rules.toml", RULES)), "--site", "tavl"]
    result = CliRunner().invoke(app, arguments + rules)
    assert result.exit_code == 2
    assert "no site named tavl; it has tavle, month.example" in result.output


def test_the_example_in_the_documentation_can_be_used(tmp_path):
    text = (ROOT / "docs" / "ads.md").read_text("utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    rules = read_rules(save(tmp_path, "rules.toml", example))
    assert rules.sites
