"""States of the queue and of one text: each puts a text of its own into the store and waits until the model has read it."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING

from serving.desk import intake
from serving.store.desk import Text
from serving.store.ledger import SYSTEM
from serving.store.tables import Switch

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

_NUMBERS = count(1)


def put(site: Site, text: str, **switches: str) -> int:
    """A new text that waits for its first reader; returns its number."""
    ledger = site.app.state.ledger
    with ledger.acting(SYSTEM) as act:
        for name, value in {"blind_share": "0", "second_share": "0", "suggestions": "on", **switches}.items():
            act.db.merge(Switch(name=name, value=value, changed=act.now))
    item = intake.Item(f"{text} Sag nummer {next(_NUMBERS)}.", "notat.docx, række 3")
    receipt = intake.submit(ledger, [item], kind="note", by=1, actor="user#1", reference="J.nr. 5", keep_days=9)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with ledger.reading() as db:
            if db.get(Text, receipt.new[0]).stage != "new":
                return receipt.new[0]
        time.sleep(0.05)
    raise AssertionError("the text was not tagged")


def take(page: Page, site: Site, text: str, **switches: str) -> int:
    """Take a new text on its page; returns its number."""
    number = put(site, text, **switches)
    page.goto(f"{site.url}/texts/{number}")
    with page.expect_navigation():
        page.click("form[action$='/take'] button")
    page.wait_for_selector(".text")
    return number


def outside(text: str) -> Callable[[Page, Site], None]:
    """A text that nobody has."""
    return lambda page, site: page.goto(f"{site.url}/texts/{put(site, text)}") and None


def taken(text: str, *, then: str = "", **switches: str) -> Callable[[Page, Site], None]:
    """A text that one has, and a button pressed on its page."""

    def reach(page: Page, site: Site) -> None:
        take(page, site, text, **switches)
        if then:
            page.click(then)
            page.wait_for_load_state()
            page.goto(page.url.partition("#")[0])  # from the top, not from the sign that was decided

    return reach


def wrong_mark(text: str) -> Callable[[Page, Site], None]:
    """A mark whose words do not stand in the text."""
    taking = taken(text)

    def reach(page: Page, site: Site) -> None:
        taking(page, site)
        page.select_option("#code", "violence")
        page.select_option("#state", "stated")
        page.fill("#words", "står der ikke")
        page.click("#mark button.button-secondary")
        page.wait_for_selector("[role=alert]")

    return reach


def queued(text: str) -> Callable[[Page, Site], None]:
    """The queue with something in it."""

    def reach(page: Page, site: Site) -> None:
        put(site, text)
        page.goto(f"{site.url}/queue")

    return reach


def finish_early(text: str) -> Callable[[Page, Site], None]:
    """A reading handed in without any decision."""
    finishing = taken(text, then="a[href$='/finish']")

    def reach(page: Page, site: Site) -> None:
        finishing(page, site)
        page.click("main form .button-primary")
        page.wait_for_selector("#errors")

    return reach
