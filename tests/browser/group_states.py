"""How to reach the states of the pages of groups of ads and of links between cases. All ads are invented."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from serving.desk import intake
from serving.groups.loading import load_groups
from serving.store.desk import Text
from serving.store.groups import AdGroup
from serving.store.ledger import SYSTEM, user
from serving.store.tables import Switch
from tests.browser.intake import person
from tests.serving.groups.made import a_change, a_group, a_reason, a_tie, an_ad, an_answer, write

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.server import Site

_NUMBERS = count(1)
PHONE = "01 66 12 34"
PHRASE = "her er der altid varm te og rolig musik, og jeg tager mig god tid"
NAMES = ("Lina", "Mia", "Sofia", "Nana", "Vera", "Alma")
TOWNS = ("Aarhus", "Odense", "Vejle", "Esbjerg", "Aalborg", "Kolding", "Horsens", "Randers", "Herning")


def _ad(number: int, own: int) -> dict[str, Any]:
    """One of the ads of a tour: another name and town every few days."""
    name, town = NAMES[own % len(NAMES)], TOWNS[own // 2 % len(TOWNS)]
    text = (
        f"Hej, jeg hedder {name} og er ny i {town}. Velkommen, {PHRASE}.\nRing eller skriv på {PHONE} 😀, åbent 10-22."
    )
    if own % 5 == 4:
        text = f"{name}, {town}. CPR 010190-1234 er ikke mit. Ring {PHONE}."
    posted = (date(2026, 8, 3) + timedelta(days=4 * own)).isoformat() if own % 7 != 6 else None
    return an_ad(number, text, title=f"Velkommen hos {name}", place=town, contacts=[PHONE], posted=posted)


def put_group(site: Site, ads: int, *, answered: bool = True, gone: int = 0) -> int:
    """A group of so many ads that no other has, the first of them gone from their pages; returns its number."""
    first = next(_NUMBERS) * 10_000
    made = [_ad(first + own, own) for own in range(ads)]
    ties = []
    for own in range(1, ads):
        one, other = made[(own - 1) // 3 if own % 2 else 0], made[own]
        reasons = [a_reason("phone", PHONE, one, other)]
        if own % 5 != 4:
            reasons.append(a_reason("phrase", PHRASE, one, other, count=2))
        ties.append(a_tie(one, other, *(reasons if own % 4 else reasons[1:] or reasons)))
    counts = {"names": min(ads, 6), "towns": min(9, -(-ads // 2)), "texts": ads}
    name, undated = f"g-{first}", sum(x["posted"] is None for x in made)
    unknown = {"undated": undated, "without_contact": 0, "without_place": 0, "too_short": 1}
    group = a_group(name, made, ties=ties, counts=counts, hubs={"phone": 1, "site": 2}, unknown=unknown)
    answers = [an_answer(x, obscured_contact="Ring", city_rotation=PHONE) for x in made[::2]]
    reports = [a_change(first + own, "removed", f"2026-11-{own + 3:02}T10:00:00Z") for own in range(gone)]
    return _bring(site, group, made, answers if answered else (), reports)


def _bring(
    site: Site,
    group: dict[str, Any],
    ads: list[dict[str, Any]],
    answers: Sequence[dict[str, Any]] = (),
    reports: Sequence[dict[str, Any]] = (),
) -> int:
    """Bring a group in; returns its number."""
    ledger = site.app.state.ledger
    with TemporaryDirectory() as folder:
        files = Path(folder)
        tagged = [write(files / "tagged.jsonl", answers)] if answers else []
        told = [write(files / "r.jsonl", reports)] if reports else []
        paths = write(files / "g.jsonl", [group]), [write(files / "a.jsonl", ads)], tagged, told
        load_groups(ledger, *paths, keep_days=365)
    with ledger.reading() as db:
        number = db.scalar(sa.select(AdGroup.id).where(AdGroup.name == group["id"]))
    assert number is not None
    return number


def see_bare(page: Page, site: Site) -> None:
    """A group of ads without day, name, town or contact, that the model did not read."""
    first = next(_NUMBERS) * 10_000
    ads = [an_ad(first + x, f"Velkommen, {PHRASE}. Nummer {x} af tre.") for x in range(3)]
    ties = [a_tie(ads[0], x, a_reason("phrase", PHRASE, ads[0], x, count=2)) for x in ads[1:]]
    group = a_group(f"g-{first}", ads, ties=ties, counts={"names": 0, "towns": 0, "contacts": {}})
    group["unknown"] |= {"without_contact": 3}
    page.goto(f"{site.url}/groups/{_bring(site, group, ads)}")


def see_long(page: Page, site: Site) -> None:
    """A group where words, names and an ad are long."""
    first = next(_NUMBERS) * 10_000
    text = f"Ring {PHONE} eller se https://{'et-langt-navn-' * 4}paa-en-side.example/{'a' * 90} for mere. {PHRASE}. "
    title = "Velkommen" + "hosmigidengamlebydel" * 5
    about = {
        "title": title,
        "place": "Nykøbing Falster",
        "posted": "2026-05-04",
        "contacts": ["x" * 90 + "@post.example"],
    }
    ads = [an_ad(first, text * 100, **about), an_ad(first + 1, text)]
    page.goto(f"{site.url}/groups/{_bring(site, a_group(f'g-{first}', ads), ads)}")


def _switch(site: Site, value: str) -> None:
    with site.app.state.ledger.acting(SYSTEM) as act:
        act.db.merge(Switch(name="suggestions", value=value, changed=act.now))


def see_gone(page: Page, site: Site) -> None:
    """A group with ads that are gone from their pages."""
    page.goto(f"{site.url}/groups/{put_group(site, 5, gone=2)}")


def see_list(page: Page, site: Site) -> None:
    """The list, with groups of several sizes."""
    for ads, gone in ((14, 3), (5, 0), (2, 0)):
        put_group(site, ads, gone=gone)
    page.goto(site.url + "/groups")


def see_group(
    ads: int, query: str = "", *, answered: bool = True, suggestions: str = "on"
) -> Callable[[Page, Site], None]:
    """A group of so many ads."""

    def reach(page: Page, site: Site) -> None:
        number = put_group(site, ads, answered=answered)
        _switch(site, suggestions)
        page.goto(f"{site.url}/groups/{number}{query}")
        _switch(site, "on")

    return reach


def unfolded(page: Page, site: Site) -> None:
    """A group with all its tables open."""
    see_group(14)(page, site)
    page.evaluate("document.querySelectorAll('main details').forEach(x => { x.open = true; })")


def write_note(note: str, outcome: str = "") -> Callable[[Page, Site], None]:
    """A group of which somebody writes or decides something."""

    def reach(page: Page, site: Site) -> None:
        see_group(5)(page, site)
        page.select_option("#outcome", outcome)
        page.fill("#note", note)
        with page.expect_navigation():
            page.click("form[action$='/notes'] button")
        if "#" in page.url:
            page.goto(page.url.partition("#")[0])  # the tests begin at the top

    return reach


def see_merged(page: Page, site: Site) -> None:
    """A group that took another in, reached by the number of that one."""
    one, other = put_group(site, 5), put_group(site, 2)
    with site.app.state.ledger.acting(SYSTEM) as act:
        act.db.get(AdGroup, other).merged_into = one
    page.goto(f"{site.url}/groups/{other}")


def _link(page: Page, site: Site) -> int:
    """A number that stands in two cases, both read by the model; returns the first text."""
    ledger, who, own = site.app.state.ledger, person(page, site), next(_NUMBERS)
    texts = []
    for case in ("A", "B"):
        item = intake.Item(
            f"Chefen ringer fra 01 55 {own // 100:02} {own % 100:02} hver aften og vil vide, hvor han er. {case}"
        )
        sent = {"kind": "note", "by": who, "actor": user(who), "reference": f"J {own} {case}", "keep_days": 9}
        texts += intake.submit(ledger, [item], **sent).new
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with ledger.reading() as db:
            if all(db.get(Text, x).stage != "new" for x in texts):
                return texts[0]
        time.sleep(0.05)
    raise AssertionError("the texts were not tagged")


def see_links(page: Page, site: Site) -> None:
    _link(page, site)
    page.goto(site.url + "/links")


def see_link(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/links/{_link(page, site)}/0")


def seek_contact(contact: str) -> Callable[[Page, Site], None]:
    """What is found of a contact; some is in groups."""

    def reach(page: Page, site: Site) -> None:
        put_group(site, 3)
        page.goto(site.url + "/links")
        page.fill("#contact", contact)
        page.click("main .button-primary")

    return reach


def see_group_case(page: Page, site: Site) -> None:
    """The case of a group, where it is kept longer or erased."""
    see_group(5)(page, site)
    page.click("a[href^='/cases/']")
