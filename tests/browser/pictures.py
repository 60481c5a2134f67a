"""Pictures of every page in every state: ``python -m tests.browser.pictures [FOLDER]``, by default ``docs/pages``.

The same pages give the same pictures: they are made on the tiny model of the tests, in an empty store, and times and secrets
on them are replaced. A picture whose page did not change keeps its bytes.
"""

from __future__ import annotations

import argparse
import io
import logging
import random
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PIL import Image

from serving.desk import intake
from tests.browser.server import Site, chromium, serve
from tests.browser.states import STATES, State, add_parts_page
from tests.conftest import ROOT, save_tiny

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = {"desktop": 1280, "phone": 360}
TALLEST = 2400
"""Pixels; what is below is cut off."""
COLOURS = 48
"""Enough for the pages' few colours and the edges of letters."""
_NEUTRAL = """() => {
  const change = text => text.replace(/\\d\\d\\.\\d\\d\\.\\d{4}(?= kl\\.)/g, "01.02.2026")
    .replace(/kl\\. \\d\\d\\.\\d\\d/g, "kl. 09.30")
    .replace(/[\\w-]{40,}/g, x => x.includes("filnavn") ? x : "x".repeat(43)).replace(/:\\d{4,5}\\/login/g, ":3000/login");
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = change(walker.currentNode.data);
  document.activeElement.blur();
  scrollTo(0, 0);
}"""


def file_name(state: State, width: str) -> str:
    """What the picture of a state is called."""
    return f"{re.sub('[^a-z]+', '-', state.name.lower())}-{width}.webp"


def take(page: Page, state: State, site: Site, folder: Path) -> None:
    """Both pictures of a state."""
    page.set_viewport_size({"width": WIDTHS["desktop"], "height": 800})
    state.reach(page, site)
    page.wait_for_load_state()
    assert page.locator(state.shows).count(), f"this is not the state {state.name}"
    page.evaluate("document.fonts.ready.then(() => 1)")
    page.evaluate(_NEUTRAL)
    for name, width in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 800})
        height = min(TALLEST, page.evaluate("document.documentElement.scrollHeight"))
        page.set_viewport_size({"width": width, "height": height})  # what keeps to the window is seen in full
        shot = page.screenshot()
        image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        image.convert("RGB").save(folder / file_name(state, name), lossless=True, quality=100, method=4)


def take_all(browser: Browser, site: Site, folder: Path) -> None:
    """The pictures of all states, each role in a browser of its own."""
    pages: dict[str, Page] = {}
    for state in STATES:
        who = state.role if state.logged_in else ""
        if who not in pages:
            pages[who] = browser.new_context(reduced_motion="reduce").new_page()
            if who:
                pages[who].goto(f"{site.url}/login/{site.app.state.access.add_user(f'Anna Berg, {who}', who)}")
                pages[who].click("main button")
        take(pages[who], state, site, folder)


def index() -> str:
    """The page that lists the pictures."""
    rows = (f"| {x.name} | " + " | ".join(f"![]({file_name(x, name)})" for name in WIDTHS) + " |" for x in STATES)
    return "\n".join(
        (
            "# The pages, in every state",
            "",
            "Made by `python -m tests.browser.pictures` from `tests/browser/states.py`, with a small model made for the tests:",
            "what it suggests is no example of what Tegn finds. Very long pages are cut off.",
            "",
            "| state | at 1280 pixels | at 360 pixels |",
            "|---|---|---|",
            *rows,
            "",
        )
    )


def main(folder: Path) -> None:
    """Take all pictures anew, into a folder of their own."""
    logging.getLogger("tegn").addHandler(logging.NullHandler())  # not a line for each request
    intake._chance = random.Random(7)  # which texts are blind or read twice
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as place:
        save_tiny(Path(place) / "tiny")
        with serve(Path(place) / "home", Path(place) / "tiny", more=add_parts_page) as site, chromium() as browser:
            take_all(browser, site, folder)
    kept = {file_name(x, name) for x in STATES for name in WIDTHS}
    for old in folder.glob("*.webp"):
        if old.name not in kept:
            old.unlink()
    (folder / "README.md").write_text(index(), "utf-8")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(prog="python -m tests.browser.pictures", description="Take all pictures anew.")
    arguments.add_argument("folder", nargs="?", type=Path, default=ROOT / "docs" / "pages")
    main(arguments.parse_args().folder)
