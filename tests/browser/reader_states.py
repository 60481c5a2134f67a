"""States of texts that somebody else reads, took, changed or handed in; what others did is put into the store."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa

from serving.desk import drafts, holding, intake, reading, views
from serving.store.desk import Text
from serving.store.ledger import SYSTEM, user
from tests.browser.desk_states import put, take
from tests.browser.intake import person
from triage.indicators import load_scheme

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

FIRST, SECOND, LEAD = "Bo Holm", "Karen Lund", "Lis Dam"
_MANY = 60


def somebody(site: Site, name: str, role: str = "analyst") -> int:
    """The number of a person of that name."""
    access = site.app.state.access
    if name not in {x.name for x in access.users()}:
        access.add_user(name, role)
    return next(x.id for x in access.users() if x.name == name)


def read_by(site: Site, number: int, who: int, *, rejects: str = "", note: str = "", outcome: str = "refer") -> None:
    """Somebody reads a text and hands it in: accepts what is suggested but what they reject."""
    ledger, scheme = site.app.state.ledger, load_scheme()
    holding.take(ledger, who, number, may_adjudicate=True)
    version, view = 0, views.open_text(ledger, who, number)
    decide = partial(reading.mark, ledger, scheme, who, number)
    for finding in view.assessment.findings if view.assessment else ():
        if finding.decision == "flag":
            rejected = finding.code == rejects
            verdict, reason = ("reject", "lawful") if rejected else ("accept", "")
            version = decide(version=version, code=finding.code, verdict=verdict, reason=reason)
    if view.part == "adjudicator":
        for code in view.differing:
            version = reading.settle(ledger, scheme, who, number, version=version, code=code, part="first")
    reading.submit(ledger, who, number, version=version, outcome=outcome, note=note)


def disputed(site: Site, text: str) -> int:
    """A text whose two readers differ in one sign and the outcome."""
    number = put(site, text, second_share="100")
    read_by(site, number, somebody(site, FIRST), note="Ringet til politiet.")
    rejecting = {"rejects": "debt_bondage", "outcome": "more_information"}
    read_by(site, number, somebody(site, SECOND), note="Gælden er et almindeligt lån.", **rejecting)
    return number


def see_dispute(text: str) -> Callable[[Page, Site], None]:
    """A lead settles what two readers differ in."""

    def reach(page: Page, site: Site) -> None:
        page.goto(f"{site.url}/texts/{disputed(site, text)}")
        page.click("form[action$='/take'] button")
        page.wait_for_selector(".other")

    return reach


def see_settled(text: str) -> Callable[[Page, Site], None]:
    """A text that is done, with the words of all who read it."""

    def reach(page: Page, site: Site) -> None:
        number = disputed(site, text)
        read_by(site, number, somebody(site, LEAD, "lead"), note="Talt med begge.")
        page.goto(f"{site.url}/texts/{number}")

    return reach


def see_own(text: str) -> Callable[[Page, Site], None]:
    """A text that one handed in oneself."""

    def reach(page: Page, site: Site) -> None:
        number = put(site, text)
        read_by(site, number, person(page, site), note="Aftalt møde.")
        page.goto(f"{site.url}/texts/{number}")

    return reach


def look(text: str, reason: str) -> Callable[[Page, Site], None]:
    """A text that is not one's own, looked at with a reason or without."""

    def reach(page: Page, site: Site) -> None:
        page.goto(f"{site.url}/texts/{put(site, text)}")
        page.select_option("#emergency", reason)
        with page.expect_navigation():
            page.click("form[action$='/look'] button")

    return reach


def held(text: str, *, press: str = "") -> Callable[[Page, Site], None]:
    """A text that somebody else has, and a button pressed there."""

    def reach(page: Page, site: Site) -> None:
        number = put(site, text)
        holding.take(site.app.state.ledger, somebody(site, FIRST), number, may_adjudicate=False)
        page.goto(f"{site.url}/texts/{number}")
        if press:
            with page.expect_navigation():
                page.click(press)

    return reach


def taken_before(text: str) -> Callable[[Page, Site], None]:
    """A text that somebody took while one looked at its page."""

    def reach(page: Page, site: Site) -> None:
        number = put(site, text)
        page.goto(f"{site.url}/texts/{number}")
        holding.take(site.app.state.ledger, somebody(site, FIRST), number, may_adjudicate=False)
        with page.expect_navigation():
            page.click("form[action$='/take'] button")

    return reach


def _mark_elsewhere(page: Page, site: Site, number: int) -> None:
    """The same person accepts a sign in another window."""
    accepting = {"version": 0, "code": "debt_bondage", "verdict": "accept"}
    reading.mark(site.app.state.ledger, load_scheme(), person(page, site), number, **accepting)


def _type_words(page: Page) -> None:
    page.select_option("#code", "violence")
    page.select_option("#state", "stated")
    page.fill("#words", "30.000 kr. for rejsen")
    with page.expect_navigation():
        page.click("#mark .button-secondary")


def changed_elsewhere(text: str) -> Callable[[Page, Site], None]:
    """A mark sent from a page that is older than the last decision."""

    def reach(page: Page, site: Site) -> None:
        _mark_elsewhere(page, site, take(page, site, text))
        _type_words(page)

    return reach


def finish_changed(text: str) -> Callable[[Page, Site], None]:
    """A reading handed in from a page that is older than the last decision."""

    def reach(page: Page, site: Site) -> None:
        number = take(page, site, text)
        page.goto(f"{site.url}/texts/{number}/finish")
        _mark_elsewhere(page, site, number)
        page.check("#outcome")
        page.fill("#note", "Aftalt møde i morgen.")
        with page.expect_navigation():
            page.click("main form .button-primary")

    return reach


def lose(text: str) -> Callable[[Page, Site], None]:
    """A text that somebody took over while one typed."""

    def reach(page: Page, site: Site) -> None:
        number, bo = take(page, site, text), somebody(site, FIRST)
        holding.take(site.app.state.ledger, bo, number, may_adjudicate=False, emergency="danger")
        _type_words(page)

    return reach


def spoilt(text: str) -> Callable[[Page, Site], None]:
    """A text that cannot be opened any more, when whoever has it comes back to it."""

    def reach(page: Page, site: Site) -> None:
        number, ledger = take(page, site, text), site.app.state.ledger
        with ledger.acting(SYSTEM) as act:
            row = act.db.get_one(Text, number)
            sound, row.sealed_text = row.sealed_text, b""
        page.goto(f"{site.url}/texts/{number}")
        with ledger.acting(SYSTEM) as act:  # others shall not meet it
            act.db.get_one(Text, number).sealed_text = sound

    return reach


def drafted(text: str, part: str, end: str = "", **fields: str) -> Callable[[Page, Site], None]:
    """What one typed and did not send, when one comes back to it."""

    def reach(page: Page, site: Site) -> None:
        number = take(page, site, text)
        drafts.save(site.app.state.ledger, load_scheme(), person(page, site), number, part, fields)
        page.goto(f"{site.url}/texts/{number}{end}")

    return reach


def unread(text: str, **values: object) -> Callable[[Page, Site], None]:
    """A text that the model has not read yet, or could not."""

    def reach(page: Page, site: Site) -> None:
        number = put(site, text)
        with site.app.state.ledger.acting(SYSTEM) as act:
            changes = {"claimed": act.now, **values}  # claimed: no worker takes it
            act.db.execute(sa.update(Text).where(Text.id == number).values(**changes))
        page.goto(f"{site.url}/texts/{number}")

    return reach


def see_many(address: str) -> Callable[[Page, Site], None]:
    """The queue with several pages of texts that are done."""

    def reach(page: Page, site: Site) -> None:
        ledger, who = site.app.state.ledger, somebody(site, FIRST)
        with ledger.reading() as db:
            done = db.scalar(sa.select(sa.func.count()).where(Text.stage == "done", Text.kind == "ad")) or 0
        if done < _MANY:
            items = [intake.Item(f"Annonce nummer {i} med en tekst om et ledigt job.") for i in range(_MANY)]
            sent = intake.submit(ledger, items, kind="ad", by=who, actor=user(who), reference="Annoncer", keep_days=9)
            with ledger.acting(SYSTEM) as act:
                changes = {"stage": "done", "outcome": "not_relevant"}
                act.db.execute(sa.update(Text).where(Text.id.in_(sent.new)).values(**changes))
        page.goto(site.url + address)

    return reach


def see_mine(text: str) -> Callable[[Page, Site], None]:
    """The list of texts that one has."""

    def reach(page: Page, site: Site) -> None:
        take(page, site, text)
        page.goto(f"{site.url}/queue?mine=1")

    return reach
