"""A text from the queue to the end by keyboard alone, and words chosen across an emoji by keyboard and by mouse."""

import pytest
import sqlalchemy as sa

from serving.desk import marks
from serving.store.desk import Mark, Reading, Text
from tests.browser.desk_states import put
from tests.browser.states import NOTE

EMOJI = "Manden 👩‍👧 skylder 😀 30.000 kr. for rejsen til den der kørte bilen. " + NOTE


@pytest.fixture
def page(open_page, site):
    page = open_page("da", True)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light", media="screen")
    return page


def go_to(page, selector: str) -> None:
    """Press the tabulator until something that matches has the focus."""
    for _ in range(200):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {selector}")


def press(page, selector: str, key: str = "Enter") -> None:
    """Reach something by keyboard and press a key that loads the next page."""
    go_to(page, selector)
    with page.expect_navigation():
        page.keyboard.press(key)


def decisions(site, number: int) -> dict[str, marks.Decision]:
    with site.app.state.ledger.reading() as db:
        reading = db.scalar(sa.select(Reading).where(Reading.text_id == number))
        return marks.current(db.scalars(sa.select(Mark).where(Mark.reading_id == reading.id)))


def test_a_text_is_read_and_handed_in_by_keyboard_alone(page, site):
    number = put(site, EMOJI)
    text = site.app.state.ledger
    page.goto(f"{site.url}/texts/{number}")
    press(page, "form[action$='/take'] button")
    codes = page.eval_on_selector_all("article.item", "all => all.map(x => x.dataset.code)")
    assert len(codes) >= 2
    first, second = codes[:2]
    press(page, f"#sign-{first}", "a")
    assert decisions(site, number)[first].verdict == "accept"
    # Shortcuts do nothing outside the list of signs: a letter that is typed is a letter.
    go_to(page, "#words")
    page.keyboard.type("arwu")
    assert page.input_value("#words") == "arwu"
    assert set(decisions(site, number)) == {first}
    page.fill("#words", "")
    go_to(page, f"#sign-{second}")
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.id") == f"reason-{second}"
    page.keyboard.press("ArrowDown")
    press(page, f"#sign-{second} .reject button")
    assert decisions(site, number)[second].verdict == "reject"
    # Words by keyboard, across an emoji: Manden 👩‍👧 skylder 😀
    go_to(page, f"#sign-{second}")
    page.keyboard.press("w")
    assert page.input_value("#code") == second
    page.keyboard.press("Enter")  # "choose words with the keyboard" has the focus
    page.keyboard.press("ArrowRight")
    page.keyboard.down("Shift")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.up("Shift")
    page.keyboard.press("Enter")
    assert page.input_value("#words") == "👩‍👧 skylder 😀"
    press(page, "#mark .button-secondary")
    kept = decisions(site, number)[second]
    assert kept.verdict == "correct"
    assert [EMOJI[x.start : x.end] for x in kept.spans] == ["👩‍👧 skylder 😀"]
    go_to(page, f"#sign-{second}")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert decisions(site, number)[second].verdict == "reject"
    for code in codes[2:]:
        press(page, f"#sign-{code}", "a")
    press(page, "a[href$='/finish']")
    go_to(page, "#outcome")
    page.keyboard.press("Space")
    press(page, "main form .button-primary")
    assert page.url.endswith("/queue?done=done")
    with text.reading() as db:
        assert db.get(Text, number).outcome == "refer"


def test_words_are_chosen_by_mouse_across_marks_numbers_and_an_emoji(page, site):
    number = put(site, EMOJI)
    page.goto(f"{site.url}/texts/{number}")
    page.click("form[action$='/take'] button")
    page.wait_for_selector("#pick:visible")
    wanted = EMOJI[EMOJI.index("👩") : EMOJI.index("rejsen") + 6]
    # Select by the browser's own selection, as a mouse does, from within one piece to within another.
    page.evaluate(
        """([from, to]) => {
          const text = document.getElementById("text");
          const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT, n =>
            n.parentElement.closest("[data-start]") ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT);
          let first, last;
          while (walker.nextNode()) {
            const node = walker.currentNode, a = node.data.indexOf(from), b = node.data.indexOf(to);
            if (!first && a >= 0) first = [node, a];
            if (!last && b >= 0) last = [node, b + to.length];
          }
          document.getSelection().setBaseAndExtent(...first, ...last);
          text.dispatchEvent(new MouseEvent("mouseup", {bubbles: true}));
        }""",
        ["👩", "rejsen"],
    )
    assert page.input_value("#words") == wanted
    page.select_option("#code", "threats")
    with page.expect_navigation():
        page.click("#mark .button-secondary")
    (span,) = decisions(site, number)["threats"].spans
    assert EMOJI[span.start : span.end] == wanted
    assert page.locator("#sign-threats .quotes").inner_text() == f"»{wanted}«"


def test_words_are_right_where_lines_end_as_browsers_send_them(page, site):
    text = f"A.\r\n\r\n{NOTE}\r\n\r\nHun fik ingen mad.\r\nHun fik ingen mad. Slut"
    number = put(site, text)
    page.goto(f"{site.url}/texts/{number}")
    page.click("form[action$='/take'] button")
    page.wait_for_selector("#pick:visible")
    page.evaluate(
        """() => {
          const pieces = [...document.querySelectorAll("#text [data-start]")], node = pieces.at(-1).firstChild;
          const at = node.data.lastIndexOf("ingen mad");
          document.getSelection().setBaseAndExtent(node, at, node, at + 9);
          document.getElementById("text").dispatchEvent(new MouseEvent("mouseup", {bubbles: true}));
        }"""
    )
    assert page.input_value("#words") == "ingen mad"
    page.select_option("#code", "poor_health")
    with page.expect_navigation():
        page.click("#mark .button-secondary")
    (span,) = decisions(site, number)["poor_health"].spans
    assert span.start == text.rindex("ingen mad")
    assert span.end - span.start == 9


def test_text_from_right_to_left_and_markup_are_shown_as_text(page, site):
    evil = '<b onclick="x()">fed</b> \u202egninder\u202c </textarea><script>window.ran=1</script> ' + NOTE
    number = put(site, evil)
    page.goto(f"{site.url}/texts/{number}")
    page.click("form[action$='/take'] button")
    page.wait_for_selector(".text")
    shown = page.evaluate("[...document.querySelectorAll('#text [data-start]')].map(x => x.textContent).join('')")
    assert shown.startswith(evil)
    assert page.locator("#text b").count() == 0
    assert page.evaluate("window.ran") is None
