"""What every page owes to those who read it: accessible, readable, usable by keyboard, talking to nobody else."""

import re
from collections import Counter
from pathlib import Path

import pytest

from serving.review import rendering
from tests.browser.pictures import file_name
from tests.browser.states import NOTE, PARTS, STATES, paste, see

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERY = pytest.mark.parametrize("state", STATES, ids=lambda x: x.name)
SMALL = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || element.closest(".hidden")) continue;
    const least = element.matches(".number, .badge") ? 14 : 16;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < least) found.push(`${element.outerHTML.slice(0, 80)}: ${size}px`);
  }
  return found;
}"""
WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(x => x.getBoundingClientRect().right > innerWidth + 0.5 && !x.closest("pre, .hidden, .skip"))
  .map(x => x.outerHTML.slice(0, 80))"""
FOCUS = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const drawn = element.matches(".form-radio, .form-checkbox")
    ? getComputedStyle(element.nextElementSibling, "::before") : getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(x => x / 255)
      .map(x => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const two = [light(drawn.outlineColor), light(getComputedStyle(document.body).backgroundColor)].sort((a, b) => a - b);
  element.dataset.reached = "yes";
  return {
    what: element.outerHTML.slice(0, 90),
    skips: element.matches(".skip"),
    outline: drawn.outlineStyle === "none" ? 0 : parseFloat(drawn.outlineWidth),
    contrast: (two[1] + 0.05) / (two[0] + 0.05),
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""
MISSED = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter(x => !x.dataset.reached && x.checkVisibility() && x.type !== "radio").map(x => x.outerHTML.slice(0, 90))"""


def reach(state, language, open_page, site):
    page = open_page(language, state.logged_in, state.role)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light", media="screen")
    page.asked.clear()
    state.reach(page, site)
    assert page.locator(state.shows).count(), f"this is not the state {state.name}"
    return page


@pytest.mark.parametrize(
    ("language", "ways"),
    # Each language in both colour schemes and at both widths; the two together in every combination of these.
    [("da", (("light", 320), ("dark", 1280))), ("en", (("dark", 320), ("light", 1280)))],
)
@EVERY
def test_a_page_is_accessible_readable_and_keeps_to_itself(state, language, ways, open_page, site):
    page = reach(state, language, open_page, site)
    assert page.get_attribute("html", "lang") == language
    page.evaluate(AXE)
    for scheme, width in ways:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        found = page.evaluate(
            "rules => axe.run({runOnly: rules, resultTypes: ['violations']}).then(x => x.violations.map("
            "v => [v.id, v.help, v.nodes.map(n => n.html.slice(0, 150) + ' ' + n.failureSummary)]))",
            RULES,
        )
        assert found == [], (scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(WIDE) == [], width
        assert page.evaluate(SMALL) == []
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 16
    assert [x for x in page.asked if not x.startswith(site.url + "/")] == []
    assert page.evaluate("violations") == []


@EVERY
def test_a_page_is_usable_by_keyboard(state, open_page, site):
    """The skip link comes first, everything that can be used is reached, and where one is can be seen."""
    page = reach(state, "da", open_page, site)
    page.evaluate("document.querySelectorAll('[autofocus]').forEach(x => x.blur())")
    stops = []
    for _ in range(250):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)
    assert stop is None, "the tabulator never leaves the page"
    assert stops[0]["skips"]
    assert [x for x in stops if x["outline"] < 2 or x["contrast"] < 3 or not x["inside"]] == []
    assert page.evaluate(MISSED) == []


def test_the_skip_link_leads_to_the_content(open_page, site):
    page = open_page("da", False)
    see("/login")(page, site)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_the_fonts_are_our_own(open_page, site):
    page = open_page("da", False)
    see("/login")(page, site)
    page.evaluate("document.fonts.ready.then(() => 1)")
    loaded = page.evaluate("[...document.fonts].filter(x => x.status === 'loaded').map(x => x.weight)")
    assert "400" in loaded
    assert "700" in loaded


def test_scripts_and_styles_that_are_not_ours_do_not_run(browser, site):
    """The policy is really enforced: markup that somebody got into a page does nothing."""
    evil = (
        "<script>window.ran = 'inline'</script><img src=x onerror=\"window.ran = 'handler'\">"
        "<style>body { display: none }</style><script src='https://evil.example/x.js'></script></body>"
    )
    context = browser.new_context()
    page = context.new_page()

    def spoil(route):
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("</body>", evil))

    page.route("**/login", spoil)
    page.goto(site.url + "/login")
    assert page.locator("style").count() == 1
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    refused = page.evaluate("(() => { try { document.body.innerHTML = '<b>x</b>'; } catch (e) { return e.name; } })()")
    assert refused == "TypeError"  # Trusted Types
    context.close()


def test_on_paper_the_evidence_stays_and_the_tools_go(open_page, site):
    page = open_page("da", True)
    paste(NOTE)(page, site)
    page.emulate_media(media="print")
    gone = ".skip, .tools, .again, #text-form, .site-footer"
    assert page.eval_on_selector_all(gone, "all => all.filter(x => x.checkVisibility()).length") == 0
    drawn = page.eval_on_selector_all(
        "mark",
        "all => all.map(x => getComputedStyle(x)).map(x => [x.textDecorationLine, x.backgroundColor, x.textDecorationColor])",
    )
    assert drawn
    assert {tuple(x) for x in drawn} == {("underline", "rgba(0, 0, 0, 0)", "rgb(0, 0, 0)")}
    assert page.locator(".number").first.is_visible()
    assert page.eval_on_selector_all("a", "all => all.every(x => getComputedStyle(x, '::after').content === 'none')")
    page.emulate_media(media="screen")


def test_each_element_has_a_line_of_its_own(open_page, site):
    page = open_page("da", True)
    paste(NOTE)(page, site)
    kinds = page.evaluate(
        "['act', 'means', 'purpose', 'sign', 'ad'].map(x => { const m = document.createElement('mark'); m.className = x;"
        "document.body.append(m); const s = getComputedStyle(m).textDecorationStyle; m.remove(); return s; })"
    )
    assert len(set(kinds)) == 5


def test_in_forced_colours_choices_are_the_systems_own_and_patterns_stay(browser, site):
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(site.url + "/parts")
    drawn = page.eval_on_selector(
        "#r", "x => [getComputedStyle(x).opacity, getComputedStyle(x.nextElementSibling, '::before').display]"
    )
    assert drawn == ["1", "none"]
    line, ground = page.evaluate(
        "() => { const m = document.createElement('mark'); m.className = 'act'; document.body.append(m);"
        "const s = getComputedStyle(m); return [s.textDecorationColor, s.backgroundColor]; }"
    )
    assert line != ground
    assert ground == page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()


def test_the_language_that_was_chosen_is_spoken_on_the_next_page_too(browser, site):
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url + "/login")
    page.click(".switch a")
    page.click(".site-footer a")
    assert page.get_attribute("html", "lang") == "en"
    context.close()


def test_every_part_is_shown_to_axe():
    names = [x for x in vars(rendering._templates.get_template("parts.html").make_module({"words": {}})) if x[0] != "_"]
    assert len(names) > 12
    assert [x for x in names if not re.search(rf"parts\.{x}\(", PARTS.read_text("utf-8"))] == []


def test_each_state_has_pictures_of_its_own():
    names = Counter(file_name(x, "phone") for x in STATES)
    assert [x for x, count in names.items() if count > 1] == []
