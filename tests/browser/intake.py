"""How to reach the states of the pages where texts come in, of cases, oversight and the audit log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING
from unittest.mock import patch

import sqlalchemy as sa

from serving.desk import agreement, casefile, cases, extraction, intake, uploads
from serving.desk.agreement import Agreement, Reliance
from serving.desk.cases import open_box, seal
from serving.review import auditpages
from serving.store.anchors import UnusableAnchor
from serving.store.audit import Break
from serving.store.desk import Case, Text, Upload, UploadedFile
from serving.store.ledger import user
from serving.store.tables import Switch

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

_NUMBERS = count(1)
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
    return f"Manden fortæller, at formanden har taget passet og gemt det. Notat {next(_NUMBERS):08}"


def send_text(text: str) -> Callable[[Page, Site], None]:
    """Send a text that is pasted."""

    def reach(page: Page, site: Site) -> None:
        page.goto(site.url + "/submit")
        page.fill("#text", text)
        page.check("#kind")
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
    page.check("#files_kind")


def see_working(page: Page, site: Site) -> None:
    """An upload of which one file is being read by somebody who takes long."""
    ledger, who = site.app.state.ledger, person(page, site)
    number = uploads.start(ledger, who, kind="note", reference="", keep_days=30)
    file = uploads.add_unread(ledger, who, number, "stor.docx", "too_large")
    with ledger.acting("system") as act:
        values = {"state": "reading", "claimed": act.now, "problems": "[]"}
        act.db.execute(sa.update(UploadedFile).where(UploadedFile.id == file).values(**values))
    page.goto(f"{site.url}/uploads/{number}")


def see_every_state(page: Page, site: Site) -> None:
    """An upload with a file in each state."""
    ledger, who = site.app.state.ledger, person(page, site)
    number = uploads.start(ledger, who, kind="note", reference="J 2026-21", keep_days=30)
    names = ("notater.csv", "igen.txt", "scan.pdf", "stor.docx", "venter.eml", "ark.xlsx", "travlt.docx")
    files = [uploads.add_unread(ledger, who, number, name, "no_text_layer") for name in names]
    page.route(f"**/uploads/{number}/state", lambda _: None)  # never answered: the page stays as it is
    with patch.object(extraction, "read_next", lambda *_, **__: False):  # nor does a worker take what waits
        with ledger.acting("system") as act:
            table, known, failed, large, waiting, sheet, again = (act.db.get(UploadedFile, x) for x in files)
            table.state, table.texts, table.problems = "done", 12, '[["uneven_row", "row 7"], ["too_long", "row 9"]]'
            known.state, known.known, known.problems = "done", 1, "[]"
            large.state, large.claimed, large.problems = "reading", act.now, "[]"
            waiting.state, waiting.problems = "waiting", "[]"
            sheet.state, sheet.problems = "choose", "[]"
            case = act.db.get(Case, act.db.get(Upload, number).case_id)
            again.state, again.problems, again.again = "waiting", "[]", act.now + extraction.PAUSES[-1]
            box = open_box(ledger.vault, case)
            seal(box, sheet, "sealed_columns", json.dumps(["nr", "notat", "bemærkning"]))
            seal(box, failed, "sealed_data", b"%PDF-1.4")  # it can be tried again
        page.goto(f"{site.url}/uploads/{number}")


def see_full(page: Page, site: Site) -> None:
    """An upload that had no room for some files."""
    ledger, who = site.app.state.ledger, person(page, site)
    number = uploads.start(ledger, who, kind="note", reference="", keep_days=30)
    uploads.add_unread(ledger, who, number, "scan.pdf", "encrypted")
    page.goto(f"{site.url}/uploads/{number}?left=3")


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


def see_empty_case(page: Page, site: Site) -> None:
    ledger, who = site.app.state.ledger, person(page, site)
    with ledger.acting("system") as act:
        number = cases.case_for(act, ledger.vault, "", keep_days=30, by=who).id
    page.goto(f"{site.url}/cases/{number}")


def keep_longer(page: Page, site: Site) -> None:
    see_case("")(page, site)
    page.click("form[action$='/keep'] .button-secondary")
    page.wait_for_selector(".alert-success")


def erase_without_reason(page: Page, site: Site) -> None:
    see_case("/erase")(page, site)
    page.click(".button-warning")


@contextmanager
def _without_key(site: Site, case: int) -> Iterator[None]:
    """The key of a case is not what was stored, until the block ends."""
    ledger = site.app.state.ledger
    with ledger.acting("system") as act:
        row = act.db.get_one(Case, case)
        sound, row.wrapped_key = row.wrapped_key, b""
    yield
    with ledger.acting("system") as act:
        act.db.get_one(Case, case).wrapped_key = sound


def see_unreadable(page: Page, site: Site) -> None:
    """A case that cannot be opened."""
    number = _case(page, site)
    with _without_key(site, number):
        page.goto(f"{site.url}/cases/{number}")


def send_to_unreadable(page: Page, site: Site) -> None:
    """A text for a case that cannot be opened."""
    number = _case(page, site)
    with site.app.state.ledger.reading() as db:
        reference = casefile.read(db, site.app.state.ledger, number).reference
    page.goto(site.url + "/submit")
    page.fill("#text", _fresh())
    page.check("#kind")
    page.fill("#reference", reference)
    with _without_key(site, number), page.expect_navigation():
        page.click("form[action='/submit'] .button-primary")


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


def see_no_figures(page: Page, site: Site) -> None:
    with (
        patch.object(agreement, "agreements", lambda *_: ([], [])),
        patch.object(agreement, "reliance", lambda _: Reliance(0, 0, 0, 0, 0, 0, 0)),
    ):
        page.goto(site.url + "/oversight")


def stopped(path: str, text: str = "") -> Callable[[Page, Site], None]:
    """A page while suggestions are stopped."""

    def reach(page: Page, site: Site) -> None:
        with site.app.state.ledger.acting("system") as act:
            act.db.merge(Switch(name="suggestions", value="off", changed=act.now))
        page.goto(site.url + path)
        if text:
            page.fill("#text", text)
            page.click("#text-form .button-primary")
            page.wait_for_selector(".alert-warning")
        with site.app.state.ledger.acting("system") as act:  # other pages show suggestions
            act.db.execute(sa.delete(Switch).where(Switch.name == "suggestions"))

    return reach


def see_stopped(page: Page, site: Site) -> None:
    page.goto(site.url + "/oversight")
    page.click(".stop .button-warning")
    with site.app.state.ledger.acting("system") as act:  # other pages show suggestions
        act.db.execute(sa.delete(Switch).where(Switch.name == "suggestions"))


def set_no_share(page: Page, site: Site) -> None:
    page.goto(site.url + "/oversight")
    page.fill("#blind_share", "mange")
    page.click("form:has(#blind_share) button")


def check_log(page: Page, site: Site) -> None:
    page.goto(site.url + "/audit")
    with page.expect_navigation():
        page.click("form[action='/audit/verify'] button")


def find_broken(reason: str) -> Callable[[Page, Site], None]:
    """A log that somebody changed, as the check of the log would say."""

    def reach(page: Page, site: Site) -> None:
        with patch.object(auditpages, "verify", lambda *_, **__: (120, Break(17, reason))):
            check_log(page, site)

    return reach


def find_no_anchor(page: Page, site: Site) -> None:
    with patch.object(auditpages, "read_anchor", side_effect=UnusableAnchor("no anchor")):
        check_log(page, site)
