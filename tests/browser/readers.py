"""What readers do on the whole way, each by keyboard alone, and what the store has of it afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from serving.desk import marks
from serving.store.desk import Mark, Reading, Text
from tests.browser.keyboard import choose_option, choose_words, go_to, press, tick
from triage.text import Span

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

NEW = "skal aflevere sin krumpelknag"
"""Words that no training text has: analysts teach that they are a sign."""
FAMILY = "👨\u200d👩\u200d👧\u200d👦"
WIDER = f"{FAMILY} skylder 😀 30.000 kr. for rejsen"
NOTE = (
    f"Manden {WIDER} til den der kørte bilen. Kvinden {NEW} til chefen. "
    "Han fortæller at formanden har taget passet og gemt det. Han har ingen gæld til nogen."
)


def model_of(site: Site, number: int) -> str:
    with site.app.state.ledger.reading() as db:
        return db.get(Text, number).model


def decisions(site: Site, number: int, part: str) -> dict[str, marks.Decision]:
    with site.app.state.ledger.reading() as db:
        row = db.scalar(sa.select(Reading).where(Reading.text_id == number, Reading.part == part))
        return marks.current(db.scalars(sa.select(Mark).where(Mark.reading_id == row.id)))


def take_from_queue(page: Page, number: int, stage: str) -> list[str]:
    """From any page to the text; returns its signs."""
    press(page, "a[href='/queue']")
    if stage != "first":
        press(page, f"nav.choices a[href*='stage={stage}']")
    press(page, f"a[href='/texts/{number}']")
    press(page, "form[action$='/take'] button")
    return page.eval_on_selector_all("article.item", "all => all.map(x => x.dataset.code)")


def hand_in(page: Page, *boxes: str, outcome: int = 0) -> None:
    press(page, "a[href$='/finish']")
    go_to(page, "input[name=outcome]")
    page.keyboard.press("Space")
    for _ in range(outcome):
        page.keyboard.press("ArrowDown")
    for box in boxes:
        tick(page, box)
    press(page, "main form .button-primary")


def read_first(page: Page, site: Site, number: int) -> None:
    """Accepts, rejects and takes back, corrects words, adds a sign that the model passed over, and asks for a second reader."""
    codes = take_from_queue(page, number, "first")
    assert "threats" not in codes
    assert {"debt_bondage", "withheld_documents"} <= set(codes)
    press(page, "#sign-withheld_documents", "a")
    assert decisions(site, number, "first")["withheld_documents"].verdict == "accept"
    # Shortcuts do nothing outside the list of signs: a letter that is typed is a letter.
    go_to(page, "#words")
    page.keyboard.type("arwu")
    assert page.input_value("#words") == "arwu"
    assert set(decisions(site, number, "first")) == {"withheld_documents"}
    for _ in "arwu":
        page.keyboard.press("Backspace")
    go_to(page, "#sign-debt_bondage")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.id") == "reason-debt_bondage"
    page.keyboard.press("ArrowDown")
    press(page, "#sign-debt_bondage .reject button")
    assert decisions(site, number, "first")["debt_bondage"].verdict == "reject"
    go_to(page, "#sign-debt_bondage")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert "debt_bondage" not in decisions(site, number, "first")
    # The words of a sign, made wider across two emoji.
    go_to(page, "#sign-debt_bondage")
    page.keyboard.press("w")
    assert page.input_value("#code") == "debt_bondage"
    go_to(page, "#words")  # the words that were suggested are there: other words are chosen instead
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    go_to(page, "#pick")
    choose_words(page, NOTE, WIDER)
    choose_option(page, "#state", "oplyst")
    press(page, "#mark .button-secondary")
    kept = decisions(site, number, "first")["debt_bondage"]
    assert kept.verdict == "correct"
    assert kept.spans == (Span(len("Manden "), len("Manden ") + len(WIDER)),)
    # The sign that no model knows.
    choose_option(page, "#code", "Trusler")
    go_to(page, "#pick")
    choose_words(page, NOTE, NEW)
    choose_option(page, "#state", "oplyst")
    press(page, "#mark .button-secondary")
    assert decisions(site, number, "first")["threats"].spans == (Span(NOTE.index(NEW), NOTE.index(NEW) + len(NEW)),)
    for code in set(codes) - {"withheld_documents", "debt_bondage"}:
        press(page, f"#sign-{code}", "a")
    hand_in(page, "#ask_second", "#for_training")
    assert page.url.endswith("/queue?done=second")


def read_second(page: Page, number: int) -> None:
    """Sees nothing of the first reader, and rejects all that is suggested."""
    for code in take_from_queue(page, number, "second"):
        assert "Anna" not in page.locator("main").inner_text()
        go_to(page, f"#sign-{code}")
        page.keyboard.press("r")
        page.keyboard.press("ArrowDown")
        press(page, f"#sign-{code} .reject button")
    hand_in(page, "#for_training", outcome=2)
    assert page.url.endswith("/queue?done=adjudication")


def settle(page: Page, site: Site, number: int) -> None:
    """A lead sees what both said, and takes the first reader's side."""
    codes = take_from_queue(page, number, "adjudication")
    said = page.locator("#sign-threats .other").all_inner_texts()
    assert [x.split(" (")[0] for x in said] == ["Anna", "Bo"]
    for code in codes:
        if page.locator(f"#sign-{code} [value=first]").count():
            press(page, f"#sign-{code} form:has([value=first]) button")
    hand_in(page, "#for_training")
    assert page.url.endswith("/queue?done=done")
    with site.app.state.ledger.reading() as db:
        text = db.get(Text, number)
        assert (text.stage, text.outcome, text.for_training) == ("done", "refer", True)
    first, settled = decisions(site, number, "first"), decisions(site, number, "adjudicator")
    for code in ("threats", "debt_bondage"):
        assert settled[code].says == first[code].says
