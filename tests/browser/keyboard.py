"""Pages used by keyboard alone, as somebody does who has no mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

_FOCUSED = "selector => document.activeElement.matches(selector)"


def watch_pointer(context: BrowserContext) -> list[str]:
    """What was done by mouse or finger on any page of a context from now on."""
    seen: list[str] = []
    context.expose_function("pointed", lambda what: seen.append(what))  # noqa: PLW0108 (Playwright marks the function)
    # A key that presses a button makes a click too, but no pointer goes down before it.
    context.add_init_script(
        "for (const kind of ['pointerdown', 'mousedown', 'touchstart'])"
        " addEventListener(kind, event => pointed(`${kind} on ${event.target.outerHTML.slice(0, 60)}`), true);"
    )
    return seen


def go_to(page: Page, selector: str) -> None:
    """Press the tabulator until something that matches has the focus."""
    for _ in range(200):
        if page.evaluate(_FOCUSED, selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {selector}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    """Reach something by keyboard and press a key that loads the next page."""
    go_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press(key)


def tick(page: Page, selector: str) -> None:
    """Tick a box."""
    go_to(page, selector)
    page.keyboard.press("Space")
    assert page.is_checked(selector)


def choose_option(page: Page, selector: str, label: str) -> None:
    """Choose of a list by typing how the option begins."""
    go_to(page, selector)
    page.keyboard.type(label)
    assert page.locator(f"{selector} option:checked").inner_text().startswith(label)


def choose_words(page: Page, text: str, words: str) -> None:
    """Choose words of the text with the arrow keys, once "choose words with the keyboard" has the focus."""
    assert page.evaluate(_FOCUSED, "#pick")
    before, length = len(text[: text.index(words)].split()), len(words.split())
    page.keyboard.press("Enter")
    for _ in text.split():  # it may begin at the words of a sign
        page.keyboard.press("ArrowLeft")
    for _ in range(before):
        page.keyboard.press("ArrowRight")
    for _ in range(length - 1):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    assert page.input_value("#words") == words
