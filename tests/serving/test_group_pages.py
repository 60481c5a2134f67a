"""The pages of groups of ads and of links between cases, as forms without script send them."""

import re
from dataclasses import replace

import pytest

from serving.ads.linking import link_ads
from serving.desk import cases
from serving.groups import view
from serving.groups.loading import load_groups
from serving.review import groupads
from serving.store.groups import AdGroup
from tests.serving.groups.made import PHONE, a_change, a_group, a_reason, a_tie, an_ad, an_answer, write
from triage.entities import find_entities

ODD = "<script>alert(1)</script>"
SHARED = "altid varm te og rolig musik"


@pytest.fixture
def bring(app, client, tmp_path):
    """Brings groups of ads to the desk."""

    def run(groups, ads, answers=(), reports=()):
        tagged = [write(tmp_path / "t.jsonl", answers)] if answers else []
        told = [write(tmp_path / "r.jsonl", reports)] if reports else []
        paths = write(tmp_path / "g.jsonl", groups), [write(tmp_path / "a.jsonl", ads)], tagged, told
        return load_groups(app.state.ledger, *paths, keep_days=30)

    return run


@pytest.fixture
def ads():
    """Two ads with shared words, one of which names a person's number."""
    return [
        an_ad(
            1,
            f"😀 Her er {SHARED} {ODD}. CPR 010190-1234. Ring {PHONE}.",
            posted="2026-03-02",
            title="Velkommen",
            place="Odense",
        ),
        an_ad(2, f"Hos mig er {SHARED}, CVR 12 34 56 78. Ring {PHONE}.", posted="2026-03-09", place="Aarhus"),
        an_ad(3, f"Ring {PHONE}.", contacts=[PHONE]),
    ]


@pytest.fixture
def group(bring, ads):
    phrase = a_reason("phrase", SHARED, ads[0], ads[1], count=2)
    ties = [a_tie(ads[0], ads[1], a_reason("phone", PHONE, *ads[:2]), phrase), a_tie(ads[1], ads[2])]
    signs = [an_answer(ads[0], obscured_contact=PHONE, city_rotation=PHONE), an_answer(ads[1], city_rotation=PHONE)]
    counts = {"names": 6, "towns": 9, "texts": 3}
    bring([a_group("g-1", ads, ties=ties, counts=counts, hubs={"phone": 2, "site": 1})], ads, signs)


def plain(page: str) -> str:
    """What is read of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def test_the_list_says_what_each_group_is(logged_in, group):
    page = logged_in.get("/groups").text
    assert 'href="/groups/1"' in page
    assert re.search(r"3 annoncer, 6 navne, ét nummer, (i|fra) marts[^<]*, 9 byer", page)
    assert "09.03.2026" in page
    assert "er ingen vurdering af et menneske" in page
    assert "3 ads, 6 names, one number, " in logged_in.get("/groups?lang=en").text


def test_a_group_that_a_chat_name_ties_is_called_so(logged_in, tmp_path, app):
    texts = ("Skriv på Telegram: @rosa_kbh", "Ny i Odense, skriv til t.me/rosa_kbh", "tg://resolve?domain=rosa_kbh")
    ads = write(tmp_path / "a.jsonl", [an_ad(at, f"{text}, varm te.") for at, text in enumerate(texts)])
    link_ads([ads], groups := tmp_path / "g.jsonl", workers=1)
    load_groups(app.state.ledger, groups, [ads], keep_days=30)
    for address in ("/groups", "/groups/1"):
        assert "3 annoncer, ét chatnavn, én by" in logged_in.get(f"{address}?lang=da").text
        assert "3 ads, one chat name, one town" in logged_in.get(f"{address}?lang=en").text


def test_mail_addresses_and_mobilepay_of_a_group_are_counted_beside_its_numbers(logged_in, bring, ads):
    contacts = {"phone": 2, "handle": 2, "email": 1, "mobilepay": 1, "url": 3, "site": 3}
    bring([a_group("g-1", ads, counts={"contacts": contacts, "towns": 0})], ads)
    said = "3 annoncer, 2 navne, 2 numre, 2 chatnavne, én e-mailadresse, ét MobilePay, "
    assert said in logged_in.get("/groups").text


def test_ads_that_are_gone_are_counted_and_each_says_since_when(logged_in, bring, ads, group):
    assert "væk" not in plain(logged_in.get("/groups/1").text)
    bring([a_group("g-1", ads)], ads, reports=[a_change(2, "removed", "2026-05-03T22:30:00Z")])
    page = plain(logged_in.get("/groups/1").text)
    assert "Så vidt vi ved, er én af dem væk fra sin side." in page
    assert re.findall(r"Annoncen er væk fra sin side\. Det har vi vidst siden (\S+) \.", page) == ["04.05.2026"]
    bring([a_group("g-1", ads)], ads, reports=[a_change(x, "removed", "2026-05-04T22:30:00Z") for x in (1, 2)])
    page = plain(logged_in.get("/groups/1?lang=en").text)
    assert "As far as we know, 2 of them are gone from their pages." in page
    said = re.findall(r"The ad is gone from its page\. We have known since ([^.]*) \.", page)
    assert said == ["5 May 2026", "4 May 2026"]


def test_the_list_says_how_many_ads_of_a_group_are_gone(logged_in, bring, ads, group):
    assert "væk" not in plain(logged_in.get("/groups").text)
    bring([a_group("g-1", ads)], ads, reports=[a_change(x, "removed", "2026-05-03T10:00:00Z") for x in (1, 3)])
    assert "Væk, så vidt vi ved: 2 af 3" in plain(logged_in.get("/groups").text)
    assert "Gone, as far as we know: 2 of 3" in plain(logged_in.get("/groups?lang=en").text)


def test_the_picture_and_the_timeline_tell_gone_ads_apart_in_form_and_words(logged_in, bring, ads, group):
    page = logged_in.get("/groups/1").text
    assert "hule" not in page
    assert 'class="bar gone"' not in page
    assert "Heraf væk" not in page
    bring([a_group("g-1", ads)], ads, reports=[a_change(x, "removed", "2026-05-03T10:00:00Z") for x in (2, 3)])
    page = logged_in.get("/groups/1").text
    dots = re.findall(r'<circle class="(\w+)" cx="[^"]*%"[^>]*/><text[^>]*>(\d)</text>', page)
    assert sorted(dots) == [("gone", "2"), ("gone", "3"), ("one", "1")]
    assert re.search(r'aria-label="Billedet viser[^"]* 2 annoncer er tegnet hule: de er væk fra deres sider\."', page)
    assert re.search(r'aria-label="2 annoncer fordelt[^"]* Én annonce er væk fra sin side\."', page)
    bars = re.findall(r'<rect class="(bar[^"]*)" x="[^"]*%" y="([^"]*)" width="[^"]*" height="([^"]*)"', page)
    assert bars == [("bar", "0.0", "120.0"), ("bar gone", "0.0", "120.0")]
    said = plain(page)
    assert said.count("fyldt: vides ikke at være væk") == said.count("hul: væk fra sin side") == 2
    assert re.search(r"Heraf væk Uge 10 \( ?02\.03\.2026 ?\) 1 0 Uge 11 \( ?09\.03\.2026 ?\) 1 1", said)
    assert re.search(r"Annonce 1 Annonce 2 \(væk\) ", said)
    said = plain(logged_in.get("/groups/1?lang=en").text)
    assert "2 ads are drawn hollow: they are gone from their pages." in said
    assert "Ad 1 Ad 2 (gone) " in said
    assert "Of these gone" in said


def test_a_bar_of_ads_that_are_gone_in_part_has_a_part_for_them(logged_in, bring):
    ads = [an_ad(i, posted="2026-03-02") for i in range(4)]
    bring([a_group("g-1", ads)], ads, reports=[a_change(0, "removed", "2026-05-03T10:00:00Z")])
    page = logged_in.get("/groups/1").text
    bars = re.findall(r'<rect class="(bar[^"]*)" x="[^"]*%" y="([^"]*)" width="[^"]*" height="([^"]*)"', page)
    assert bars == [("bar", "30.0", "90.0"), ("bar gone", "0.0", "30.0")]


@pytest.mark.parametrize(
    "query", ["", "?order=newest", "?least=100", "?days=30&outcome=refer", "?page=7", "?order=x&least=-1"]
)
def test_the_list_takes_any_question(logged_in, group, query):
    assert logged_in.get(f"/groups{query}").status_code == 200


def test_without_groups_the_list_says_where_they_come_from(logged_in):
    assert "Der er ingen grupper endnu" in logged_in.get("/groups").text
    assert "Ingen grupper passer" in logged_in.get("/groups?least=5").text


def test_shared_words_are_marked_and_say_in_which_ad_they_stand_too(logged_in, group):
    page = logged_in.get("/groups/1").text
    marked = re.findall(r'<mark class="ad">([^<]*)</mark><a class="number" href="#ad-(\d)">', page)
    assert marked == [
        (SHARED, "2"), (PHONE, "2"), (SHARED, "1"), (PHONE, "1"), (PHONE, "2"),
    ] or marked == [(SHARED, "2"), (PHONE, "2"), (SHARED, "1"), (PHONE, "1")]  # fmt: skip
    assert "samme telefonnummer: »01 66 12 34«; samme usædvanlige vending (2): »altid varm te og rolig musik«" in page


def test_numbers_of_persons_and_firms_are_masked_and_markup_is_text(logged_in, group):
    page = logged_in.get("/groups/1").text
    assert "010190-xxxx" in page
    assert "010190-1234" not in page
    assert "12 34 xx xx" in page
    assert "12 34 56 78" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page


def test_a_number_is_masked_where_shared_words_cut_it(logged_in, bring):
    first = an_ad(1, "ring om CPR 010190-1234 nu")
    second = an_ad(2, "ring om CPR 010190-1234 nu")
    tie = a_tie(first, second, a_reason("phrase", "ring om CPR 010190-12", first, second, count=1))
    bring([a_group("g-1", [first, second], ties=[tie])], [first, second])
    page = logged_in.get("/groups/1").text
    assert '<mark class="ad">ring om CPR 010190-xx</mark>' in page
    assert "»ring om CPR 010190-xx«" in page
    assert "010190-1" not in page


def test_words_are_cut_by_code_points_and_spans_beyond_a_text_hurt_nobody():
    found = groupads.parts("😀 åben dør", [groupads._Shared(2, 6, 5), groupads._Shared(7, 99, 9)], 1)
    assert [(x.text, x.marked, x.ends) for x in found] == [
        ("😀 ", False, ()), ("åben", True, ((5, "#ad-5"),)), (" ", False, ()), ("dør", True, ((9, "#ad-9"),)),
    ]  # fmt: skip


def test_of_a_long_ad_the_beginning_is_shown_until_somebody_asks_for_the_rest(logged_in, bring):
    long = "Her er altid varm te. " * 181 + f"CPR 010190-1234 {'x' * 40_000} Ring {PHONE}."
    ads = [an_ad(1, long), an_ad(2), an_ad(3, "y" * 9_000)]
    bring([a_group("g-1", ads, ties=[a_tie(*ads[:2])])], ads)
    page = logged_in.get("/groups/1").text
    assert len(page) < 60_000
    assert "xxxxxxxx" not in page
    assert "010190-1" not in page
    count = f"{len(long):,}"
    assert f"Her er begyndelsen af annoncen, som er på {count.replace(',', '.')} anslag." in page
    assert f"of the ad, which has {count} characters" in logged_in.get("/groups/1?lang=en").text
    assert "?page=1&amp;ad=1#ad-1" in page
    assert "y" * 3_900 in page
    whole = logged_in.get("/groups/1?page=1&ad=1").text
    assert "x" * 40_000 in whole
    assert "010190-xxxx" in whole
    assert "010190-1234" not in whole
    assert "?page=1&amp;ad=1#" not in whole
    assert "y" * 9_000 not in whole


@pytest.mark.parametrize("before", range(12))
def test_where_a_long_ad_is_cut_a_number_of_a_person_is_still_covered(before):
    text = f"{'x' * (groupads._LONGEST - before)} 010190-1234 og mere {'z' * 200}"
    assert not re.search(r"010190-\d", groupads._beginning(text))


def test_the_page_tells_what_is_not_known(logged_in, group):
    page = plain(logged_in.get("/groups/1").text)
    assert "Det ved vi ikke" in page
    assert "Én annonce har ingen kendt dato." in page
    assert "3 annoncer nævner intet sted" in page
    assert "Én annonce er ikke læst af modellen." in page
    assert "Et bånd er mellem tekster, ikke mellem mennesker." in page
    assert "Det er ikke bevist, at den samme har skrevet annoncerne" in page


def test_ads_of_one_day_tell_it_once(logged_in, bring):
    first, second = (an_ad(x, f"Ring {PHONE}.", posted="2026-03-02") for x in (1, 2))
    bring([a_group("g-1", [first, second], ties=[a_tie(first, second)])], [first, second])
    page = plain(logged_in.get("/groups/1").text)
    assert "Annoncer oprettet 02.03.2026" in page
    assert "til 02.03.2026" not in page


def test_signs_are_counted_and_contested_ones_are_called_so(logged_in, group):
    page = logged_in.get("/groups/1").text
    rows = [plain(x) for x in re.findall(r"<tr.*?</tr>", page, re.DOTALL)]
    contested = next(x for x in rows if "Rotation mellem byer" in x)
    assert "omstridt" in contested
    assert " 2 " in contested
    assert "omstridt" not in next(x for x in rows if "Sløret kontakt" in x)
    assert "Modellen har læst 2 af 3 annoncer" in page
    assert page.index("Sløret kontakt") < page.index("Rotation mellem byer")
    assert f"<li>Sløret kontakt: »{PHONE}«</li>" in page


def test_the_words_of_a_sign_are_quoted_and_why_it_is_not_suggested_is_said(logged_in, bring):
    ad, other = an_ad(1, f"Ring {PHONE}. Ikke Ribe, CPR 010190-1234."), an_ad(2, f"Ring {PHONE}")
    answer = an_answer(ad, obscured_contact=PHONE, city_rotation="Ikke Ribe", isolation="CPR 010190-1234")
    for sign, decision, state in zip(
        answer["indicators"], ("look", "flag", "flag"), ("stated", "denied", "stated"), strict=True
    ):
        sign.update(decision=decision, state=state)
    bring([a_group("g-1", [ad, other], ties=[a_tie(ad, other)])], [ad, other], [answer])
    page = plain(logged_in.get("/groups/1").text)
    assert f"Sløret kontakt: »{PHONE}« (usikkert)" in page
    assert "Rotation mellem byer: »Ikke Ribe« (benægtet eller udelukket)" in page
    assert "»CPR 010190-xxxx«" in page


def test_time_towns_hubs_and_the_picture_stand_in_words_too(logged_in, group):
    page = logged_in.get("/groups/1").text
    assert 'aria-label="2 annoncer fordelt på 2 søjler. Flest er der i Uge 10 (02.03.2026): 1."' in page
    assert "2 telefonnumre, én anden hjemmeside" in page
    assert (
        "Billedet viser 3 annoncer og 2 bånd mellem dem. Annonce 2 har flest: 2 bånd. 2 bånd bygger på en fælles kontakt."
        in page
    )
    towns = plain(page[page.index('id="towns-heading"') :])
    assert re.search(r"Odense 1 02\.03\.2026 02\.03\.2026 Aarhus 1 09\.03\.2026 09\.03\.2026", towns)
    assert "Stederne efter hinanden (2)" in towns
    assert page.count("<circle") == 3


@pytest.mark.parametrize("path", ["/groups", "/groups/1", "/groups?lang=en", "/groups/1?lang=en"])
def test_no_page_has_a_score_or_a_style_or_a_script_of_its_own(logged_in, group, path):
    page = logged_in.get(path).text
    assert not re.search(
        r"score|risiko|risk\b|sandsynlighed|probab|mistænk|suspect|victim|offer\b", plain(page), re.IGNORECASE
    )
    assert " style=" not in page
    assert "<script" not in page
    assert not re.search(r"<[^>]*\son\w+=", page)


def test_with_the_stop_switch_no_sign_is_shown(logged_in, group, app):
    from serving.store.tables import Switch

    with app.state.ledger.acting("system") as act:
        act.db.merge(Switch(name="suggestions", value="off", changed=act.now))
    page = logged_in.get("/groups/1").text
    assert "Rotation mellem byer" not in page
    assert "Forslag er slået fra" in page
    assert "ikke læst af modellen" not in page


def test_a_decision_and_a_note_are_kept_and_shown(logged_in, group):
    sent = logged_in.post("/groups/1/notes", data={"outcome": "wait", "note": f"Se igen {ODD}"}, follow_redirects=False)
    assert (sent.status_code, sent.headers["location"]) == (303, "/groups/1?noted#notes")
    page = logged_in.get("/groups/1?noted").text
    assert "Det er gemt." in page
    assert "Vent og se igen" in plain(page)
    assert "Se igen &lt;script&gt;" in page
    assert "Vent og se igen" in logged_in.get("/groups?outcome=wait").text
    assert "Ingen grupper passer" in logged_in.get("/groups?outcome=undecided").text


def test_nothing_typed_is_lost_where_it_cannot_be_kept(logged_in, group, bring, ads):
    sent = logged_in.post("/groups/1/notes", data={"outcome": "", "note": "x" * 5001})
    assert sent.status_code == 422
    assert "x" * 5001 in sent.text
    assert "Noten er for lang: der er plads til 5.000 anslag." in sent.text
    sent = logged_in.post("/groups/1/notes", data={"note": " "})
    assert "Vælg, hvad der skal ske, eller skriv en note." in sent.text
    bring([a_group("g-2", [*ads, an_ad(9)], was=["g-1"])], [*ads, an_ad(9)])
    sent = logged_in.post("/groups/1/notes", data={"note": "Skrevet imens"})
    assert sent.status_code == 422
    assert "lagt sammen med gruppe 2" in sent.text
    assert "Skrevet imens" in sent.text
    assert 'action="/groups/2/notes"' in sent.text


def test_a_group_that_was_merged_or_erased_leads_to_where_it_is(logged_in, group, bring, ads, app):
    bring([a_group("g-2", [*ads, an_ad(9)], was=["g-1"])], [*ads, an_ad(9)])
    moved = logged_in.get("/groups/1", follow_redirects=False)
    assert moved.headers["location"] == "/groups/2?was=1"
    assert "Gruppe 1 er lagt sammen med denne." in logged_in.get("/groups/1").text
    assert "lagt sammen" not in logged_in.get("/groups/2?was=7").text
    case = re.search(r"/cases/(\d+)", logged_in.get("/groups/2").text)[1]
    assert "Sagen holder en gruppe af annoncer" in logged_in.get(f"/cases/{case}").text
    assert "af ukendt" not in plain(logged_in.get(f"/cases/{case}").text)
    cases.erase(app.state.ledger, int(case), actor="system", reason="asked")
    assert "slettet" in logged_in.get("/groups/2").text.lower()
    assert logged_in.get("/groups/99").status_code == 404


def test_a_lead_erases_a_group_on_the_page_of_its_case(app, group, client):
    client.post(f"/login/{app.state.access.add_user('Lis', 'lead')}")
    case = re.search(r"/cases/(\d+)", client.get("/groups/1").text)[1]
    page = plain(client.get(f"/cases/{case}/erase").text)
    assert "Annoncer i gruppen med bånd, forslag, beslutninger og noter: 3" in page
    assert "Tekster med alt" not in page
    client.post(f"/cases/{case}/erase", data={"reason": "asked"})
    assert "Der er ingen grupper endnu" in client.get("/groups").text
    assert client.get("/groups/1", follow_redirects=False).headers["location"] == f"/cases/{case}"


def test_looks_stand_in_the_audit_log_in_words(app, logged_in, group, client):
    logged_in.get("/groups")
    logged_in.get("/groups/1")
    client.post(f"/login/{app.state.access.add_user('Lis', 'lead')}")
    page = plain(client.get("/audit").text)
    assert re.search(r"Anna Så en gruppe Gruppe 1 side: 1", page)
    assert re.search(r"Anna Så grupperne", page)
    assert "group.read" not in page


def test_a_group_that_cannot_be_opened_says_so(app, logged_in, group):
    import sqlalchemy as sa

    from serving.store.groups import Ad

    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Ad).where(Ad.id == 1).values(sealed_about=b"\x01" * 60))
    page = logged_in.get("/groups/1")
    assert page.status_code == 409
    assert "gruppe 1" in page.text


def test_links_between_cases_have_a_page_each_without_the_contact(app, logged_in, group, monkeypatch):
    from serving.desk import intake, traces
    from serving.store.desk import Text, Trace
    from serving.store.ledger import user

    ledger = app.state.ledger
    for case in ("J 1", "J 2"):
        item = intake.Item(f"{case}: Chefen ringer fra {PHONE} hver aften.")
        intake.submit(ledger, [item], kind="note", by=1, actor=user(1), reference=case, keep_days=9)
    with ledger.acting("system") as act:
        value = ledger.vault.fingerprint("phone +4501661234")
        for number in (1, 2):
            text = act.db.get(Text, number)
            text.stage = "first"
            traces.replace(act.db, text, rows := [Trace(text_id=number, place=0, kind="phone", value=value)])
            traces.mark_shared(act.db, rows)
    page = logged_in.get("/links").text
    assert 'href="/links/1/0"' in page
    assert "Tegn ved ikke, hvilken myndighed en sag hører til." in page
    assert "Først i tekst 1" in page
    assert "Ingen kontakt af den valgte slags" in logged_in.get("/links?kind=email").text
    linked = logged_in.get("/links/1/0").text
    assert "Tekster: 2. Sager: 2." in linked
    assert "J 1" in linked
    assert 'href="/groups/1"' in linked
    assert PHONE not in page + linked
    assert value not in page + linked
    assert "Samme kontakt i tekster fra sager" in logged_in.get("/groups/1").text
    assert "tekster mere" not in logged_in.get("/groups/1").text
    monkeypatch.setattr(view, "_TEXTS", 1)
    assert "Og i så mange tekster mere: 1." in logged_in.get("/groups/1").text
    assert logged_in.get("/links/1/7").status_code == 404
    assert logged_in.get("/links?kind=email&before=2-0").status_code == 200
    assert 'href="/links/1/0"' not in logged_in.get("/links?kind=phone&before=2-0").text
    for odd in ("2", "x-1", "0-0", "2--1", "9" * 30 + "-1"):
        assert 'href="/links/1/0"' in logged_in.get(f"/links?before={odd}").text
    assert 'href="/groups/1"' in logged_in.get("/links/1").text
    assert logged_in.get("/links/99").status_code == 404


def test_a_text_with_many_groups_beside_it_says_so_and_leads_to_all(app, logged_in, bring):
    from serving.desk import intake, tagging
    from serving.store.ledger import user
    from tests.serving.desk.conftest import MODEL, answer

    ledger = app.state.ledger
    item = intake.Item(f"Chefen ringer fra {PHONE} hver aften og vil have pengene med det samme.")
    intake.submit(ledger, [item], kind="note", by=1, actor=user(1), reference="J 1", keep_days=9)
    documents = tagging.claim(ledger, MODEL, outdated=False)
    answers = [replace(answer(x, {}), entities=find_entities(x.text)) for x in documents]
    tagging.keep(ledger, MODEL, documents, answers)
    ads = [an_ad(x) for x in range(54)]
    bring([a_group(f"g-{x}", ads[2 * x : 2 * x + 2]) for x in range(10)], ads)
    look = {"data": {"emergency": "linked"}}
    assert "Der er flere grupper" not in logged_in.post("/texts/1/look", **look).text
    bring([a_group(f"g-{x}", ads[2 * x : 2 * x + 2]) for x in range(27)], ads)
    page = logged_in.post("/texts/1/look", **look).text
    assert "Der er flere grupper af annoncer med samme kontakt." in page
    assert 'href="/links/1"' in page
    first, second = (logged_in.get(f"/links/1?page={x}").text for x in (1, 2))
    assert len(re.findall(r'<li><a href="/groups/\d+">', first)) == 25
    assert 'href="?page=2"' in first
    assert len(re.findall(r'<li><a href="/groups/\d+">', second)) == 2
    assert "Ingen gruppe" in logged_in.get("/links/1?page=3").text


@pytest.mark.parametrize(
    "said", [PHONE, "+45 0166 1234", "nul et 6 6 en 2 3 4", "wa.me/4501661234", "MobilePay 01661234"]
)
def test_a_contact_that_somebody_looks_for_is_found_however_it_is_written(app, logged_in, group, said):
    page = logged_in.post("/links", data={"contact": said})
    assert page.status_code == 200
    assert '<a href="/groups/1">Gruppe 1</a>: i 3 annoncer' in page.text
    entry = app.state.ledger.entries()[0]
    assert (entry.act, dict(entry.details)) == ("contact.sought", {"texts": 0, "groups": 1})


def test_a_name_on_a_chat_service_is_found_without_the_service_and_in_texts_too(app, logged_in, bring):
    from serving.desk import intake
    from serving.store.desk import Trace
    from serving.store.ledger import user

    first, second = (an_ad(x, "Skriv på Telegram @rosen_kbh", title=str(x)) for x in (1, 2))
    bring([a_group("g-1", [first, second], ties=[a_tie(first, second)])], [first, second])
    item = intake.Item("Hun skriver med @rosen_kbh.")
    intake.submit(app.state.ledger, [item], kind="note", by=1, actor=user(1), reference="J 1", keep_days=9)
    with app.state.ledger.acting("system") as act:
        value = app.state.ledger.vault.fingerprint("handle any:rosen_kbh")
        act.db.merge(Trace(text_id=1, place=0, kind="handle", value=value))
    page = logged_in.post("/links", data={"contact": "@Rosen_kbh"}).text
    assert 'href="/groups/1"' in page
    assert 'href="/texts/1"' in page
    page = logged_in.post("/links", data={"contact": "snapchat: rosen_kbh"}).text
    assert 'href="/texts/1"' in page
    assert 'href="/groups/1"' not in page


def test_all_of_what_has_a_contact_is_found_page_by_page_and_the_contact_is_in_no_address(app, logged_in, bring):
    ads = [an_ad(x) for x in range(54)]
    bring([a_group(f"g-{x}", ads[2 * x : 2 * x + 2]) for x in range(27)], ads)
    first, second, beyond = (logged_in.post("/links", data={"contact": PHONE, "page": x}).text for x in ("", "2", "3"))
    groups = [re.findall(r'<li><a href="/groups/(\d+)">', x) for x in (first, second, beyond)]
    assert [len(x) for x in groups] == [25, 2, 0]
    assert len({*groups[0], *groups[1]}) == 27
    assert "Side 1 af 2" in first
    assert f'<input type="hidden" name="contact" value="{PHONE}">' in first
    assert '<button class="button button-secondary" name="page" value="2">' in first
    assert 'name="page" value="1">' in second
    assert 'name="page" value="3">' not in second
    assert "Ingen tekst og ingen gruppe" not in beyond
    assert [dict(x.details) for x in app.state.ledger.entries()[:3]] == [{"texts": 0, "groups": 27}] * 3


def test_a_link_is_found_as_any_text_with_it_is_and_the_list_beside_an_error_leads_on(app, logged_in, monkeypatch):
    from serving.desk import intake, tagging
    from serving.review import linkpages
    from serving.store.ledger import user
    from tests.serving.desk.conftest import MODEL, answer

    ledger = app.state.ledger
    for case in ("J 1", "J 2"):
        item = intake.Item(f"{case}: Skriv på https://telegram.dog/rosen_kbh eller se www.salon.example {PHONE}.")
        intake.submit(ledger, [item], kind="note", by=1, actor=user(1), reference=case, keep_days=9)
    documents = tagging.claim(ledger, MODEL, outdated=False)
    tagging.keep(ledger, MODEL, documents, [replace(answer(x, {}), entities=find_entities(x.text)) for x in documents])
    for said in ("tg://resolve?domain=rosen_kbh", "Rosen_kbh", "salon.example", "viber://chat?number=%2B4501661234"):
        page = logged_in.post("/links", data={"contact": said}).text
        assert "Tekster: 2. Sager: 2." in page, said
    monkeypatch.setattr(linkpages, "_SIZE", 1)
    page = logged_in.post("/links", data={"contact": "en mand i Odense"}).text
    (older,) = re.findall(r'href="([^"]*before=[^"]*)" rel="next"', page)
    assert older.startswith("?kind=&amp;before=")
    assert 'href="/links/1/' in logged_in.get("/links" + older.replace("&amp;", "&")).text


def test_a_search_that_finds_nothing_says_what_it_means(logged_in, group):
    page = logged_in.post("/links", data={"contact": "01 77 00 00"})
    assert page.status_code == 200
    assert "Annoncer, som ikke er i en gruppe, er ikke gemt her" in page.text
    page = logged_in.post("/links", data={"contact": "en mand i Odense"})
    assert page.status_code == 422
    assert "Det ligner ikke en kontakt." in page.text
    assert 'value="en mand i Odense"' in page.text
    assert "Skriv den kontakt" in logged_in.post("/links", data={"contact": " "}).text
    assert logged_in.post("/links", data={"contact": "x" * 5_000}).status_code == 422
    assert "Forbindelser mellem sager«" in logged_in.post("/cases", data={"reference": PHONE}).text


@pytest.mark.parametrize("role", ["engineer", "admin"])
def test_whoever_reads_no_cases_sees_no_group_and_no_link_and_changes_none(app, client, group, role):
    ledger = app.state.ledger
    client.post(f"/login/{app.state.access.add_user('Eva', role)}")
    last = ledger.entries()[0].seq
    for path in (
        "/groups",
        "/groups/1",
        "/groups/1?page=1&ad=1",
        "/groups/99",
        "/links",
        "/links/1",
        "/links/1/0",
        "/cases/1",
    ):
        page = client.get(path)
        assert page.status_code == 403, path
        assert SHARED not in page.text
        assert PHONE not in page.text
    assert client.post("/groups/1/notes", data={"outcome": "wait", "note": "x"}).status_code == 403
    assert client.post("/links", data={"contact": PHONE}).status_code == 403
    assert 'href="/groups"' not in client.get("/").text
    with ledger.reading() as db:
        assert db.get(AdGroup, 1).outcome is None
    acts = {x.act for x in ledger.entries() if x.seq > last}
    assert not acts & {
        "group.read",
        "groups.read",
        "links.read",
        "link.read",
        "contact.sought",
        "group.noted",
        "case.read",
    }


def test_without_a_log_in_a_group_is_not_told_from_one_that_is_not_there(client, group):
    for path in ("/groups", "/groups/1", "/groups/99", "/links", "/links/1", "/links/1/0", "/links/9/9"):
        sent = client.get(path, follow_redirects=False)
        assert SHARED not in sent.text
        assert (sent.status_code, sent.headers.get("location", "").partition("?")[0]) == (303, "/login"), path


def test_each_look_at_links_stands_in_the_audit_log(app, logged_in, group):
    logged_in.get("/links")
    entry = app.state.ledger.entries()[0]
    assert (entry.actor, entry.act) == ("user#1", "links.read")
