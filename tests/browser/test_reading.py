"""The review page as a reader works with it: drafts that are not lost, words that are only named, undoing, and paper."""

import re

import pytest
import sqlalchemy as sa

from serving.review.covering import covered
from serving.store.desk import Draft, Reading
from tests.browser.desk_states import take
from tests.browser.intake import person
from tests.browser.keyboard import choose_words, go_to
from tests.browser.readers import decisions
from tests.browser.states import NOTE, NUMBERED

expect = pytest.importorskip("playwright.sync_api").expect
TYPED = "Ring til søsteren først 😀\nog så til lægen"


@pytest.fixture
def taken(page, site):
    """A text that the reader has; returns its number."""
    number = take(page, site, NOTE)
    page.wait_for_selector("#pick:visible")
    return number


def drafts(site, number: int) -> dict[str, bytes]:
    with site.app.state.ledger.reading() as db:
        return {x.part: x.sealed_fields for x in db.scalars(sa.select(Draft).where(Draft.text_id == number))}


def said(page, part: str) -> str:
    return page.locator(f"#draft-{part}").inner_text()


def wait_until_kept(page, part: str) -> None:
    expect(page.locator(f"#draft-{part}")).to_contain_text("Kladde gemt")


def leave(page, site, number: int) -> None:
    """Leave the page; what it sends while it goes arrives a little later."""
    page.goto(f"{site.url}/queue")
    for _ in range(100):
        if drafts(site, number):
            break
        page.wait_for_timeout(50)


def test_a_note_that_is_typed_is_kept_a_moment_later_and_comes_back(page, site, taken):
    page.goto(f"{site.url}/texts/{taken}/finish")
    assert not page.locator(".without-script").is_visible()
    page.fill("#note", TYPED)
    page.check("input[name=outcome][value=wait]")
    wait_until_kept(page, "finish")
    assert re.fullmatch(r"Kladde gemt kl\. \d\d\.\d\d", said(page, "finish"))
    page.reload()
    assert page.input_value("#note") == TYPED
    assert page.is_checked("input[name=outcome][value=wait]")
    assert said(page, "finish").startswith("Kladde gemt")
    # The browser itself keeps nothing of it, and the store only what is sealed.
    assert "søsteren" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert "søsteren".encode() not in drafts(site, taken)["finish"]
    page.evaluate("document.querySelectorAll('[name=outcome]').forEach(x => { x.checked = false; })")
    page.fill("#note", " ")
    expect(page.locator("#draft-finish")).to_have_text("")
    page.reload()
    assert page.input_value("#note") == ""
    assert page.evaluate("window.violations") == []


def test_what_is_typed_is_kept_when_the_page_is_left_at_once(page, site, taken):
    page.goto(f"{site.url}/texts/{taken}/finish")
    page.fill("#note", TYPED)
    leave(page, site, taken)
    page.goto(f"{site.url}/texts/{taken}/finish")
    assert page.input_value("#note") == TYPED


def test_another_decision_does_not_lose_words_and_reasons_that_wait(page, site, taken):
    first, second = page.eval_on_selector_all("article.item", "all => all.map(x => x.dataset.code)")[:2]
    page.select_option("#code", "violence")
    page.select_option("#state", "stated")
    page.fill("#words", "gemt det")
    page.select_option(f"#reason-{second}", "lawful")
    with page.expect_navigation():
        page.click(f"#sign-{first} [data-key=a]")
    assert page.input_value("#words") == "gemt det"
    assert page.input_value("#code") == "violence"
    assert page.input_value(f"#reason-{second}") == "lawful"
    assert set(decisions(site, taken, "first")) == {first}
    with page.expect_navigation():
        page.click("#mark button.button-secondary")
    assert decisions(site, taken, "first")["violence"].verdict == "add"
    assert page.input_value("#words") == ""
    assert set(drafts(site, taken)) == {f"reject-{second}"}


def test_a_draft_that_cannot_be_kept_says_so_and_the_words_stay(page, site, taken):
    page.goto(f"{site.url}/texts/{taken}/finish")
    with site.app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(Reading).where(Reading.text_id == taken).values(released=act.now))
    page.fill("#note", TYPED)
    expect(page.locator("#draft-finish")).to_contain_text("Kladden er ikke gemt")
    assert page.input_value("#note") == TYPED
    assert drafts(site, taken) == {}


@pytest.mark.parametrize(("status", "body"), [(503, "x"), (429, "x"), (200, "cut of"), (None, "")])
def test_a_draft_that_cannot_be_kept_for_now_goes_with_the_page(page, site, taken, status, body):
    page.goto(f"{site.url}/texts/{taken}/finish")
    page.route("**/draft", lambda x: x.fulfill(status=status, body=body) if status else x.abort())
    page.fill("#note", TYPED)
    expect(page.locator("#draft-finish")).to_contain_text("Kladden er ikke gemt")
    assert drafts(site, taken) == {}
    page.unroute("**/draft")  # and now it could be
    leave(page, site, taken)
    page.goto(f"{site.url}/texts/{taken}/finish")
    assert page.input_value("#note") == TYPED


def test_a_draft_that_cannot_be_kept_for_now_is_sent_again(page, site, taken):
    page.clock.install()
    page.goto(f"{site.url}/texts/{taken}/finish")
    page.route("**/draft", lambda x: x.fulfill(status=503, body="x"))
    page.fill("#note", TYPED)
    page.clock.run_for(1_000)
    expect(page.locator("#draft-finish")).to_contain_text("Kladden er ikke gemt")
    page.unroute("**/draft")
    page.clock.run_for(20_000)
    wait_until_kept(page, "finish")
    assert set(drafts(site, taken)) == {"finish"}


def test_what_is_typed_after_an_error_is_not_lost_to_the_page_being_loaded_anew(page, site, taken):
    """Loading it anew does not send again what was refused, which would replace the draft."""
    for address, field, press in (
        (f"{site.url}/texts/{taken}/finish", "#note", "main form .button-primary"),
        (f"{site.url}/texts/{taken}", "#words", "#mark button.button-secondary"),
    ):
        page.goto(address)
        page.evaluate("document.querySelectorAll('[required]').forEach(x => { x.required = false; })")
        with page.expect_navigation():
            page.click(press)
        page.wait_for_selector("[role=alert]")
        part = page.locator("form[data-unsaved]").get_attribute("data-draft")
        with page.expect_request_finished(lambda x: x.url.endswith("/draft") and "Ring" in (x.post_data or "")):
            page.fill(field, TYPED)
        wait_until_kept(page, part)
        page.reload()
        assert page.url == address
        assert page.input_value(field) == TYPED


def test_a_draft_outlives_the_session(page, site, taken):
    page.goto(f"{site.url}/texts/{taken}/finish")
    page.fill("#note", TYPED)
    wait_until_kept(page, "finish")
    access, who = site.app.state.access, person(page, site)
    page.context.clear_cookies(name="tegn")
    page.goto(f"{site.url}/texts/{taken}/finish")
    assert "/login" in page.url
    page.goto(f"{site.url}/login/{access.new_link(next(x.name for x in access.users() if x.id == who))}")
    page.click("main button")
    page.goto(f"{site.url}/texts/{taken}/finish")
    assert page.input_value("#note") == TYPED


def test_words_that_are_only_named_are_marked_by_keyboard_and_nothing_is_chosen_for_the_reader(page, site, taken):
    link = page.locator("a.mark-this").first
    code, start, end = (link.get_attribute(f"data-{x}") for x in ("mark", "from", "to"))
    go_to(page, "a.mark-this")
    page.keyboard.press("Enter")
    assert page.input_value("#code") == code
    assert page.input_value("#words") == NOTE[int(start) : int(end)]
    assert page.input_value("#state") == ""
    assert page.evaluate("document.activeElement.id") == "state"
    assert "Vælg, hvad" in page.locator("#said").inner_text()
    assert decisions(site, taken, "first") == {}
    page.click("#mark button.button-secondary")  # the browser asks for the state
    assert decisions(site, taken, "first") == {}
    page.select_option("#state", "denied")
    with page.expect_navigation():
        page.click("#mark button.button-secondary")
    kept = decisions(site, taken, "first")[code]
    assert (kept.state, kept.spans[0].start, kept.spans[0].end) == ("denied", int(start), int(end))


def test_u_undoes_from_anywhere_but_a_field_and_is_announced(page, site, taken):
    code = page.get_attribute("article.item", "data-code")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("u")
    expect(page.locator("#announced")).to_contain_text("Der er ikke noget at fortryde.")
    with page.expect_navigation():
        page.click(f"#sign-{code} [data-key=a]")
    assert set(decisions(site, taken, "first")) == {code}
    page.focus("#words")
    page.keyboard.type("uU")
    page.focus("#state")
    page.keyboard.press("u")
    page.focus("#text")
    page.keyboard.press("Control+u")
    assert page.input_value("#words") == "uU"
    assert set(decisions(site, taken, "first")) == {code}
    page.focus(".brand a")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert decisions(site, taken, "first") == {}
    expect(page.locator("#announced")).to_contain_text("Fortrudt: ")
    assert page.get_attribute("#announced", "role") == "status"
    assert page.input_value("#words") == "uU"  # what was typed is still there


def focused(page) -> str:
    return page.evaluate("document.activeElement.id")


def test_after_u_the_keys_go_on_at_the_sign_that_was_undone(page, site, taken):
    first, second = page.eval_on_selector_all("article.item", "all => all.map(x => x.dataset.code)")[:2]
    page.focus(f"#sign-{second}")
    for key in "au":
        with page.expect_navigation():
            page.keyboard.press(key)
        page.wait_for_selector("#pick:visible")
        assert focused(page) == f"sign-{second}"
    expect(page.locator(f"#sign-{second}")).to_be_in_viewport()
    page.keyboard.press("k")
    assert focused(page) == f"sign-{first}"
    with page.expect_navigation():
        page.keyboard.press("a")
    assert set(decisions(site, taken, "first")) == {first}


def test_after_u_of_a_sign_that_is_gone_the_keys_go_on_in_the_list(page, site, taken):
    first = page.get_attribute("article.item", "data-code")
    page.select_option("#code", "threats")
    page.select_option("#state", "stated")
    page.fill("#words", "gemt det")
    with page.expect_navigation():
        page.click("#mark button.button-secondary")
    page.wait_for_selector("#pick:visible")
    assert focused(page) == "sign-threats"
    with page.expect_navigation():
        page.keyboard.press("u")
    page.wait_for_selector("#pick:visible")
    assert page.locator("article.item[data-code=threats]").count() == 0
    assert focused(page) == "sign-threats"  # it is the list that the address leads to
    page.keyboard.press("j")
    assert focused(page) == f"sign-{first}"


def test_choosing_by_keyboard_begins_at_the_words_of_the_sign_and_without_punctuation(page, taken):
    item = page.locator("article.item:has(.quotes)").first
    said = item.locator(".quotes a").first.inner_text().strip("»«")
    page.select_option("#code", item.get_attribute("data-code"))
    page.focus("#pick")
    page.keyboard.press("Enter")
    assert said.split()[0].strip(".,") in page.evaluate("getSelection().toString()")
    page.keyboard.press("Enter")
    assert said in page.input_value("#words") or page.input_value("#words") in said
    page.select_option("#code", "threats")
    page.fill("#words", "")
    page.focus("#pick")
    page.keyboard.press("Enter")
    assert page.evaluate("getSelection().toString()") == NOTE.split()[0]
    for _ in NOTE.split()[: NOTE.split().index("det.")]:
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.input_value("#words") == "det"


def test_a_number_that_is_hidden_is_marked_by_keyboard_with_the_place_it_has_in_the_text(page, site):
    number = take(page, site, NUMBERED)
    page.select_option("#code", "threats")
    page.select_option("#state", "stated")
    page.focus("#pick")
    choose_words(page, covered(NUMBERED), "CVR 12 34 xx xx")
    page.focus("#mark button.button-secondary")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    (span,) = decisions(site, number, "first")["threats"].spans
    assert NUMBERED[span.start : span.end] == "CVR 12 34 56 78"
    assert "»CVR 12 34 xx xx«" in page.inner_text("#sign-threats")


def test_correcting_begins_with_the_words_that_are_suggested_and_asks_what_the_text_says(page, site, taken):
    assert page.input_value("#state") == ""
    item = page.locator("article.item:has(.quotes)").first
    code = item.get_attribute("data-code")
    suggested = [x.strip("»«") for x in item.locator(".quotes a").all_inner_texts()]
    item.locator("[data-key=w]").click()
    assert page.input_value("#words").split("\n") == suggested
    assert page.input_value("#state") == ""
    page.select_option("#state", "denied")
    with page.expect_navigation():
        page.click("#mark button.button-secondary")
    kept = decisions(site, taken, "first")[code]
    assert kept.state == "denied"
    assert len(kept.spans) == len(suggested)


@pytest.mark.parametrize("height", [720, 900])
def test_on_a_wide_screen_words_can_be_saved_wherever_one_reads_a_long_text(page, site, height):
    page.set_viewport_size({"width": 1280, "height": height})
    take(page, site, " ".join([NOTE] * 12))
    page.wait_for_selector("#pick:visible")
    for item in (page.locator("article.item").first, page.locator("#end-heading")):
        item.evaluate("x => x.scrollIntoView()")
        expect(page.locator("#mark button.button-secondary")).to_be_in_viewport(ratio=1)
        assert page.locator("#text").bounding_box()["height"] > 100
    assert page.evaluate("document.querySelector('#text').scrollHeight > document.querySelector('#text').clientHeight")


def test_on_a_wide_screen_what_one_can_do_with_a_sign_stands_on_one_line(page, taken):
    for item in page.locator("article.item:has(.reject)").all():
        tops = {round(item.locator(f"[data-key={x}]").bounding_box()["y"]) for x in "arw"}
        assert max(tops) - min(tops) < 5, tops


def test_on_a_narrow_screen_the_form_is_folded_until_it_is_used(page, site):
    page.set_viewport_size({"width": 360, "height": 740})
    take(page, site, NOTE)
    page.wait_for_selector(".keys:visible")
    assert not page.locator("#words").is_visible()
    page.click("#mark-fold summary")
    assert page.locator("#words").is_visible()
    page.click("#mark-fold summary")
    page.locator("article.item [data-key=w]").first.click()
    assert page.locator("#words").is_visible()
    assert page.input_value("#words")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_u_can_be_kept_to_the_list(page, site, taken):
    code = page.get_attribute("article.item", "data-code")
    with page.expect_navigation():
        page.click(f"#sign-{code} [data-key=a]")
    page.evaluate("document.getElementById('anywhere').click()")
    page.reload()
    page.focus(".brand a")
    page.keyboard.press("u")
    page.wait_for_timeout(300)
    assert set(decisions(site, taken, "first")) == {code}
    page.focus(f"#sign-{code}")
    with page.expect_navigation():
        page.keyboard.press("u")
    assert decisions(site, taken, "first") == {}
    page.evaluate("document.getElementById('anywhere').click()")
    assert page.evaluate("localStorage.getItem('tegn-u')") == "page"


def test_on_paper_stand_text_evidence_and_decisions_and_nothing_to_press(page, site, taken):
    code = page.get_attribute("article.item", "data-code")
    with page.expect_navigation():
        page.click(f"#sign-{code} [data-key=a]")
    for scheme in ("light", "dark"):
        page.emulate_media(media="print", color_scheme=scheme)
        for shown in (
            "#text",
            "mark",
            "#text .number",
            f"#sign-{code} .yours",
            f"#sign-{code} .quotes",
            "#history li",
            "h1",
        ):
            assert page.locator(shown).first.is_visible(), shown
        pressed = (
            "button, select, textarea, input, nav, form, .item summary, .keys, .skip, .tools, .site-footer, .mark-this"
        )
        left = page.eval_on_selector_all(pressed, "all => all.filter(x => x.checkVisibility()).map(x => x.outerHTML)")
        assert left == []
        # Black or nearly so on white: at least 7 to 1 wherever words stand.
        pale = page.evaluate(
            """() => {
              const light = colour => {
                const [r, g, b] = colour.match(/[0-9.]+/g).map(x => x / 255)
                  .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b;
              };
              const ground = element => {
                for (let x = element; x; x = x.parentElement) {
                  const colour = getComputedStyle(x).backgroundColor;
                  if (!/, 0\\)$/.test(colour)) return colour;
                }
                return "rgb(255, 255, 255)";
              };
              const found = [], walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
              while (walker.nextNode()) {
                const element = walker.currentNode.parentElement;
                if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest(".hidden")) continue;
                const two = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
                if ((two[1] + 0.05) / (two[0] + 0.05) < 7) found.push(element.outerHTML.slice(0, 90));
              }
              return found;
            }"""
        )
        assert pale == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") in (
            "rgba(0, 0, 0, 0)",
            "rgb(255, 255, 255)",
        )
    page.emulate_media(media="screen", color_scheme="light")
