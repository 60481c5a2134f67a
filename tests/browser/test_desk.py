"""Words chosen by mouse stand in the store to the letter, and a text is shown as it was received."""

from tests.browser.desk_states import take
from tests.browser.readers import decisions
from tests.browser.states import NOTE

EMOJI = "Manden 👩‍👧 skylder 😀 30.000 kr. for rejsen til den der kørte bilen. " + NOTE


def test_words_are_chosen_by_mouse_across_marks_numbers_and_an_emoji(page, site):
    number = take(page, site, EMOJI)
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
    page.select_option("#state", "stated")
    with page.expect_navigation():
        page.click("#mark .button-secondary")
    (span,) = decisions(site, number, "first")["threats"].spans
    assert EMOJI[span.start : span.end] == wanted
    assert page.locator("#sign-threats .quotes").inner_text() == f"»{wanted}«"


def test_words_are_right_where_lines_end_as_browsers_send_them(page, site):
    text = f"A.\r\n\r\n{NOTE}\r\n\r\nHun fik ingen mad.\r\nHun fik ingen mad. Slut"
    number = take(page, site, text)
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
    page.select_option("#state", "stated")
    with page.expect_navigation():
        page.click("#mark .button-secondary")
    (span,) = decisions(site, number, "first")["poor_health"].spans
    assert span.start == text.rindex("ingen mad")
    assert span.end - span.start == 9


def test_text_from_right_to_left_and_markup_are_shown_as_text(page, site):
    evil = '<b onclick="x()">fed</b> \u202egninder\u202c </textarea><script>window.ran=1</script> ' + NOTE
    take(page, site, evil)
    shown = page.evaluate("[...document.querySelectorAll('#text [data-start]')].map(x => x.textContent).join('')")
    assert shown.startswith(evil)
    assert page.locator("#text b").count() == 0
    assert page.evaluate("window.ran") is None
