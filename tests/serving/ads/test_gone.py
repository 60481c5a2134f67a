"""A page that says that its ad is gone is no ad: by the site's rule, or where the main text is nothing but such a notice."""

import json

import pytest

from serving.ads.ads import id_of, page_id, page_of
from serving.ads.faults import PageFault
from serving.ads.gone import is_gone, is_notice
from serving.ads.page import read_page
from serving.ads.rules import Rules, UnusableRules, read_rules
from tests.serving.ads import made
from tests.serving.ads.made import TEXT, ads_of, faults_of, page, record, rss, save

NOTICES = [
    "Annoncen er udløbet",
    "Annoncen er udløbet.",
    "Denne annonce er desværre udløbet!",
    "Annoncen er slettet af annoncøren.",
    "Annoncen findes ikke længere",
    "Desværre findes annoncen ikke længere.",
    "Den annonce, du leder efter, findes ikke længere.\nSe andre annoncer",
    "Ups! Siden blev ikke fundet",
    "404 – Siden blev ikke fundet",
    "404\nSiden findes ikke.\nGå til forsiden",
    "Vi kan desværre ikke finde siden, du leder efter. Tilbage til forsiden",
    "Opslaget er fjernet eller udløbet.",
    "Profilen er ikke længere aktiv.",
    "Page not found",
    "404 Not Found",
    "Error 404: Page not found",
    "Sorry, this ad is no longer available. Back to home page",
    "This listing has expired.",
    "The page you are looking for does not exist.",
]
ADS = [
    TEXT,
    "Annoncen er udløbet. Ring på 00 00 00 00.",
    "Annoncen er udløbet, men jeg er her stadig, skriv til mig.",
    "Min gamle profil findes ikke længere, så her er den nye.",
    "Siden findes ikke på dansk, skriv på engelsk.",
    "Massage i Valby. Hvis annoncen er slettet, så ring alligevel.",
    "Ny i byen",
    "Tilbage",
    "Forsiden",
    "404",
    "Se andre annoncer",
    "Desværre",
    "",
    "Annoncen er udløbet. " * 40,
]


@pytest.mark.parametrize("text", NOTICES)
def test_a_text_that_is_nothing_but_a_notice_is_known(text):
    assert is_notice(text)


@pytest.mark.parametrize("text", ADS)
def test_a_text_with_anything_else_in_it_is_none(text):
    assert not is_notice(text)


def test_a_notice_is_reported_as_gone_and_counted_whatever_it_came_in(tmp_path, take_in):
    folder = tmp_path / "in"
    gone = "Annoncen er udløbet. Se andre annoncer"
    save(folder, "a.html", page(gone), url="https://tavle.example/annonce/1")
    save(folder, "b.warc", record("https://tavle.example/annonce/2", page(gone, title="Ikke fundet").encode()))
    save(
        folder,
        "c.jsonl",
        "\n".join(json.dumps(x) for x in ({"text": gone}, {"text": TEXT}, {"html": f"<p>{gone}</p>"})),
    )
    save(folder, "d.xml", rss(made.item(1, gone), made.item(2)))
    output, summary = take_in(folder)
    assert len(ads_of(output)) == 2
    assert faults_of(output) == [
        ("a.html", 1, "gone"),
        ("b.warc", 1, "gone"),
        ("c.jsonl", 1, "gone"),
        ("c.jsonl", 3, "gone"),
        ("d.xml", 1, "gone"),
    ]
    assert "gone 5" in summary.sentence()


def test_a_notice_says_of_which_page_and_when_where_both_are_known_as_the_ids_of_ads_do(tmp_path, take_in):
    folder, notice, at = tmp_path / "in", page("Annoncen er udløbet."), "2026-05-03T10:00:00Z"
    saved = notice.replace("<head>", "<head><!-- saved from url=(0030)https://tavle.example/annonce/2 -->")
    save(folder, "a.html", notice, url="http://tavle.example/annonce/1?utm_source=x", retrieved=at)
    save(folder, "b.html", saved, retrieved=at)
    save(folder, "c.html", notice, retrieved=at)
    save(folder, "d.jsonl", json.dumps({"text": "Annoncen er slettet", "url": "https://tavle.example/3", "hentet": at}))
    output, _ = take_in(folder)
    lines = [json.loads(x) for x in output.with_name("ads.jsonl.faults.jsonl").read_text("utf-8").splitlines()]
    known = [(x["fault"], x.get("page"), x.get("time")) for x in lines]
    one, two, three = (page_id(f"https://tavle.example/{x}") for x in ("annonce/1", "annonce/2", "3"))
    assert known == [
        ("gone", one, "2026-05-03T10:00:00+00:00"),
        ("gone", two, "2026-05-03T10:00:00+00:00"),
        ("gone", None, None),
        ("gone", three, "2026-05-03T10:00:00+00:00"),
    ]
    assert page_of(id_of("https://tavle.example/annonce/1", None, title=None, text="x", place=None, contacts=())) == one


@pytest.mark.parametrize(
    ("text", "title", "gone"),
    [
        ("Rengøring i Ribe\nAnnoncen er udløbet", "Rengøring i  Ribe", True),
        ("Annoncen er udløbet", "Rengøring i Ribe", True),
        ("Annoncen er udløbet", "Annoncen er udløbet", True),
        ("Annoncen er udløbet", None, True),
        ("Rengøring i Ribe\nAnnoncen er udløbet", "Opvask", False),
        ("Annoncen er udløbet", "Rengøring, ring 01 66 12 34", False),
        ("", "Rengøring i Ribe", False),
        ("", None, False),
    ],
)
def test_the_title_of_an_ad_that_is_gone_is_no_ad_unless_it_reaches_somebody(text, title, gone):
    assert is_gone(text, title, ()) is gone


def test_a_notice_beside_a_contact_stays_an_ad(tmp_path, take_in):
    html = page("Annoncen er udløbet", body='<a href="tel:+4501661234">Ring alligevel</a>')
    output, summary = take_in(save(tmp_path, "a.html", html))
    assert (len(ads_of(output)), summary.bad) == (1, 0)


def test_a_notice_beside_a_link_that_calls_stays_an_ad_in_a_table_and_a_feed_too(tmp_path, take_in):
    html = '<p>Annoncen er udløbet</p><a href="tel:+4501661234">Ring alligevel</a>'
    rows = {"html": html}, {"Tekst": "Annoncen er udløbet", "Telefon": "01 66 12 34"}
    save(tmp_path, "rows.jsonl", "\n".join(json.dumps(x) for x in rows))
    save(tmp_path, "feed.xml", rss(made.item(1, html.replace("<", "&lt;").replace(">", "&gt;"))))
    output, summary = take_in(tmp_path / "rows.jsonl", tmp_path / "feed.xml")
    assert [x["contacts"] for x in ads_of(output)] == [["+4501661234"], ["01 66 12 34"], ["+4501661234"]]
    assert summary.bad == 0


RULES = """
[sites."tavle.example"]
text = ".ad-body"
gone = [
    ".expired",
    {xpath = "//h1[contains(., 'solgt')]"},
    {xpath = "boolean(//meta[@name='gone'])"},
    {css = "body", attribute = "data-gone"},
]
"""


@pytest.fixture
def rules(tmp_path) -> Rules:
    return read_rules(save(tmp_path, "rules.toml", RULES))


@pytest.mark.parametrize(
    "html",
    [
        page(body='<p class="expired">Ikke mere</p>'),
        page(body='<p class="expired"></p>'),
        page(title="Cykel er solgt"),
        page(head='<meta name="gone" content="1">'),
        page().replace("<body>", '<body data-gone="1">'),
    ],
)
def test_a_rule_of_the_site_says_what_a_page_of_a_gone_ad_has(rules, html):
    with pytest.raises(PageFault, match="gone"):
        read_page(html, "https://tavle.example/annonce/1", None, rules, None)


def test_a_page_without_it_and_one_of_another_site_are_ads(rules):
    assert read_page(page(), "https://tavle.example/annonce/1", None, rules, None).text == TEXT
    html = page(body='<p class="expired">Ikke mere</p>')
    assert read_page(html, "https://other.example/annonce/1", None, rules, None) is not None


def test_where_the_rule_for_the_text_finds_nothing_a_notice_is_told_from_a_site_that_changed(rules):
    for text, kind in (("Annoncen findes ikke længere", "gone"), (TEXT, "no_rule_text")):
        with pytest.raises(PageFault, match=kind):
            read_page(page(text).replace("ad-body", "x"), "https://tavle.example/annonce/1", None, rules, None)


def test_a_rule_that_cannot_be_used_says_so(tmp_path):
    with pytest.raises(UnusableRules, match="cannot be read as CSS or XPath"):
        read_rules(save(tmp_path, "rules.toml", "[sites.x]\ngone = 'a[['"))
