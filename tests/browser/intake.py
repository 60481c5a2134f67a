"""How to reach the states of the pages where texts come in, of cases, oversight and the audit log."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING
from unittest.mock import patch

import sqlalchemy as sa

from serving.desk import agreement, cases, intake, uploads
from serving.desk.agreement import Agreement, Reliance
from serving.store.desk import Text, UploadedFile
from serving.store.ledger import user

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.states import Site

FILES = [
    ("notat.txt", "text/plain", "Han fortæller, at formanden har taget passet og gemt det."),
    ("et-meget-langt-filnavn-uden-mellemrum-som-ikke-kan-brydes-nogen-steder.png", "image/png", "\x89PNG\r\n\x1a\n"),
    ("ark.csv", "text/csv", "nr;tekst\n1;Et notat\n2;Et andet notat\n"),
]


def person(page: Page, site: Site) -> int:
    """Who is logged in."""
    token = next(x["value"] for x in page.context.cookies() if x["name"] == "tegn")
    return site.app.state.access.person(token).id


def _fresh() -> str:
    return f"Manden fortæller, at formanden har taget passet og gemt det. {secrets.token_hex(8)}"


def send_text(text: str) -> Callable[[Page, Site], None]:
    """Send a text that is pasted."""

    def reach(page: Page, site: Site) -> None:
        page.goto(site.url + "/submit")
        page.fill("#text", text)
        page.fill("#reference", "J 2026-17")
        page.click("form[action='/submit'] .button-primary")

    return reach


def send_new_text(page: Page, site: Site) -> None:
    send_text(_fresh())(page, site)


def send_known_text(page: Page, site: Site) -> None:
    text = _fresh()
    send_text(text)(page, site)
    send_text(text)(page, site)


def _choose_files(page: Page, site: Site) -> None:
    page.goto(site.url + "/submit")
    files = [{"name": x, "mimeType": kind, "buffer": data.encode("latin-1")} for x, kind, data in FILES]
    page.set_input_files("#files", files)


def see_working(page: Page, site: Site) -> None:
    """An upload of which one file is being read by somebody who takes long."""
    ledger, who = site.app.state.ledger, person(page, site)
    number = uploads.start(ledger, who, kind="note", reference="", keep_days=30)
    file = uploads.add_unread(ledger, who, number, "stor.docx", "too_large")
    with ledger.acting("system") as act:
        values = {"state": "reading", "claimed": act.now, "problems": "[]"}
        act.db.execute(sa.update(UploadedFile).where(UploadedFile.id == file).values(**values))
    page.goto(f"{site.url}/uploads/{number}")


def see_read(page: Page, site: Site) -> None:
    """Files sent by the script, read or not, one waiting for a column."""
    _choose_files(page, site)
    page.click("#sending .button-primary")
    page.wait_for_url("**/uploads/*")
    page.wait_for_selector(".state-info, .state-plain", state="detached", timeout=60_000)
    page.reload()


def choose_no_column(page: Page, site: Site) -> None:
    see_read(page, site)
    page.evaluate("document.querySelector('select[name=column] option').value = 'none'")
    page.click("form[action$='/column'] button")


def send_in_vain(page: Page, site: Site) -> None:
    """Files of which none gets through."""
    page.route("**/uploads/*/files", lambda route: route.abort())
    _choose_files(page, site)
    page.click("#sending .button-primary")
    page.wait_for_selector(".sending button")
    page.unroute("**/uploads/*/files")
    # The heading of the list has the focus by then: the tests begin at the top.
    page.evaluate(
        "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    )


def _case(page: Page, site: Site) -> int:
    ledger, who = site.app.state.ledger, person(page, site)
    items = [intake.Item(_fresh(), "brev.docx, attachment 2"), intake.Item(_fresh())]
    receipt = intake.submit(
        ledger, items, kind="note", by=who, actor=user(who), reference=f"J {_fresh()[-8:]}", keep_days=30
    )
    with ledger.acting("system") as act:
        act.db.execute(sa.update(Text).where(Text.id == receipt.new[0]).values(stage="done", outcome="refer"))
        return act.db.scalar(sa.select(Text.case_id).where(Text.id == receipt.new[0]))


def seek_no_case(page: Page, site: Site) -> None:
    page.goto(site.url + "/cases")
    page.fill("#reference", "J 0")
    page.click("main .button-primary")


def see_case(end: str) -> Callable[[Page, Site], None]:
    """A case, or a page below it."""
    return lambda page, site: page.goto(f"{site.url}/cases/{_case(page, site)}{end}") and None


def erase_without_reason(page: Page, site: Site) -> None:
    see_case("/erase")(page, site)
    page.click(".button-warning")


def see_erased(page: Page, site: Site) -> None:
    number = _case(page, site)
    cases.erase(site.app.state.ledger, number, actor="system", reason="asked")
    page.goto(f"{site.url}/cases/{number}")


def see_oversight(page: Page, site: Site) -> None:
    """With figures of readers, some of too few texts."""
    pairs = [Agreement("Anna / Bo", 120, 30, 4, 0.81), Agreement("Anna / Lis", 7, 1, 2, 0.3)]
    codes = [Agreement("debt_bondage", 127, 30, 1, 0.95), Agreement("threats", 127, 0, 0, None)]
    with (
        patch.object(agreement, "agreements", lambda *_: (codes, pairs)),
        patch.object(agreement, "reliance", lambda _: Reliance(12, 40, 30, 7, 300, 500, 480)),
    ):
        page.goto(site.url + "/oversight")


def see_stopped(page: Page, site: Site) -> None:
    page.goto(site.url + "/oversight")
    page.click(".stop .button-warning")
    with site.app.state.ledger.acting("system") as act:  # other pages show suggestions
        act.db.execute(sa.text("DELETE FROM switches"))


def set_no_share(page: Page, site: Site) -> None:
    page.goto(site.url + "/oversight")
    page.fill("#blind_share", "mange")
    page.click("form:has(#blind_share) button")


def check_log(page: Page, site: Site) -> None:
    page.goto(site.url + "/audit")
    page.click("form[action='/audit/verify'] button")
