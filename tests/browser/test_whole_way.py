"""The whole way on the pages: first log-in, twenty mixed files, a first reader, a second, and a lead who settles."""

import re

import pytest
import sqlalchemy as sa

from serving.store.desk import Text
from serving.store.ledger import SYSTEM
from serving.store.tables import Switch
from tests.serving.test_extract import make_docx, make_mail, make_msg, make_pdf, make_xlsx

SIGN = "Manden skylder 30.000 kr. for rejsen til den der kørte bilen, sag {}."


def twenty_files() -> list[dict[str, object]]:
    """Files of every kind that is read, some that cannot be, and one text twice."""
    texts = [(f"notat {i}.txt", SIGN.format(i).encode()) for i in range(8)]
    others = [
        ("brev.docx", make_docx(SIGN.format("docx"), "Andet afsnit.")),
        ("brev to.docx", make_docx("Borgeren har søgt om tilskud til briller.")),
        ("scan.pdf", make_pdf("Kvinden har faaet laege og venter.")),
        ("mail.eml", bytes(make_mail("Hun ringer i morgen om mødet.\n"))),
        ("mail fra outlook.msg", make_msg()),
        ("liste.csv", "nr;tekst\n1;Første række i listen\n2;Anden række i listen\n".encode()),
        ("ark.xlsx", make_xlsx([("nr", "tekst"), ("1", "Et notat i et ark")])),
        ("igen.txt", SIGN.format(0).upper().encode()),
        ("latin.txt", "Hun bor på et værelse i Ærø".encode("latin-1")),
        ("foto.png", b"\x89PNG\r\n\x1a\n"),
        ("program.exe", b"MZ\x00\x00"),
        ("tom.txt", b" \n"),
    ]
    return [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in [*texts, *others]]


@pytest.fixture
def enter(browser, site):
    """Opens a browser of somebody new, who logs in for the first time and chooses a password."""
    contexts = []

    def enter(name: str, role: str):
        context = browser.new_context(reduced_motion="reduce")
        contexts.append(context)
        page = context.new_page()
        page.goto(f"{site.url}/login/{site.app.state.access.add_user(name, role)}")
        page.click("main button")
        page.wait_for_url("**/password**")
        page.fill("#password_new", f"et langt ord til {len(contexts)} personer")
        page.fill("#password_again", f"et langt ord til {len(contexts)} personer")
        page.click("main form button")
        page.wait_for_load_state()
        return page

    yield enter
    for context in contexts:
        context.close()


def decide(page, verdict: str) -> list[str]:
    """Accept or reject every sign that is listed, and hand in."""
    codes = page.eval_on_selector_all("article.item", "all => all.map(x => x.dataset.code)")
    for code in codes:
        with page.expect_navigation():
            if verdict == "accept":
                page.click(f"#sign-{code} [data-key=a]")
            elif verdict == "settle":  # as the first reader said
                page.click(f"#sign-{code} button:has-text('Som Anna')")
            else:
                page.select_option(f"#reason-{code}", "lawful")
                page.click(f"#sign-{code} .reject button")
    page.click("a[href$='/finish']")
    page.check(f"input[name=outcome][value={'wait' if verdict == 'reject' else 'refer'}]")
    page.check("#for_training")
    with page.expect_navigation():
        page.click("main form .button-primary")
    return codes


def test_from_the_first_log_in_to_a_settled_difference(enter, site):
    ledger = site.app.state.ledger
    with ledger.acting(SYSTEM) as act:
        for name, value in {"blind_share": "0", "second_share": "100", "suggestions": "on"}.items():
            act.db.merge(Switch(name=name, value=value, changed=act.now))
    anna = enter("Anna fra starten", "analyst")
    anna.goto(f"{site.url}/submit")
    files = twenty_files()
    assert len(files) == 20
    anna.set_input_files("#files", files)
    anna.click("#sending .button-primary")
    anna.wait_for_url("**/uploads/*", timeout=120_000)
    anna.wait_for_selector(".state-info, .state-plain", state="detached", timeout=180_000)
    anna.reload()
    for _ in range(2):  # two tables wait for their column
        form = anna.locator("form[action$='/column']").first
        form.locator("select[name=column]").select_option("tekst")
        with anna.expect_navigation():
            form.locator("button").click()
        anna.wait_for_selector(".state-info, .state-plain", state="detached", timeout=60_000)
        anna.reload()
    rows = {x.split("\n")[0].strip(): x for x in anna.locator("tbody tr").all_inner_texts()}
    assert len(rows) == 20
    states = [re.search(r"(ikke læst|læst|vælg kolonne)", x)[1] for x in rows.values()]
    assert (states.count("læst"), states.count("ikke læst")) == (17, 3)
    with ledger.reading() as db:
        number = db.scalar(sa.select(Text.id).where(Text.length == len(SIGN.format(0))).order_by(Text.id.desc()))
    anna.wait_for_timeout(500)
    for _ in range(200):  # until the model has read it
        anna.goto(f"{site.url}/texts/{number}")
        if anna.locator("form[action$='/take']").count():
            break
        anna.wait_for_timeout(250)
    anna.click("form[action$='/take'] button")
    codes = decide(anna, "accept")
    assert codes
    assert "done=second" in anna.url
    bo = enter("Bo fra starten", "analyst")
    bo.goto(f"{site.url}/texts/{number}")
    bo.click("form[action$='/take'] button")
    assert "Anna" not in bo.locator("main").inner_text()
    decide(bo, "reject")
    assert "done=adjudication" in bo.url
    lis = enter("Lis fra starten", "lead")
    lis.goto(f"{site.url}/queue?stage=adjudication")
    lis.click(f"a[href='/texts/{number}']")
    lis.click("form[action$='/take'] button")
    said = lis.locator(f"#sign-{codes[0]} .other").all_inner_texts()
    assert [x.split(" (")[0] for x in said] == ["Anna fra starten", "Bo fra starten"]
    decide(lis, "settle")
    assert "done=done" in lis.url
    with ledger.reading() as db:
        text = db.get(Text, number)
        assert (text.stage, text.outcome, text.for_training) == ("done", "refer", True)
    assert ledger.verify()[1] is None
