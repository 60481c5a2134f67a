"""The script of the upload pages: it loses no file, shows what happens, and is not needed."""

import re

import sqlalchemy as sa

from serving.store.desk import UploadedFile
from tests.browser import intake

LIST = ".sending li"


def _lead(open_page, site):
    page = open_page("da", True, "lead")
    page.set_viewport_size({"width": 1280, "height": 800})
    return page


def test_a_file_that_failed_is_sent_again_without_the_others(open_page, site):
    page, asked = _lead(open_page, site), []

    def fail_once(route):
        asked.append(1)
        if len(asked) in (2, 3):
            route.abort()
        else:
            route.fallback()

    page.route("**/uploads/*/files", fail_once)
    intake._choose_files(page, site)
    page.click("#sending .button-primary")
    page.wait_for_selector(".sending button")
    assert page.locator(f"{LIST} > span").all_text_contents() == ["sendt", "kunne ikke sendes", "kunne ikke sendes"]
    assert "Nogle filer er ikke sendt" in page.locator("[role=status]").first.text_content()
    page.click(".sending button")
    # Of two that failed one is sent: the other still waits here.
    page.wait_for_selector(f"{LIST}:nth-child(2) > span:has-text('sendt')")
    assert page.url.endswith("/submit")
    assert page.locator(".sending button").count() == 1
    page.click(".sending button")
    page.wait_for_url("**/uploads/*")
    page.unroute("**/uploads/*/files")
    assert len(asked) == 5
    assert page.locator("tbody tr").count() == 3
    assert page.evaluate("violations") == []


def test_a_file_that_is_too_large_is_not_sent_and_the_others_are(open_page, site):
    page = _lead(open_page, site)
    intake._choose_files(page, site)
    page.evaluate("document.querySelector('#sending').dataset.largest = '20'")
    page.click("#sending .button-primary")
    page.wait_for_selector("a:visible:has-text('Se de sendte filer')")
    said = page.locator(f"{LIST} > span").all_text_contents()
    assert said == ["er for stor; del den", "sendt", "er for stor; del den"]
    assert page.locator(".sending button").count() == 0
    page.click("a:has-text('Se de sendte filer')")
    assert page.locator("tbody tr").count() == 1


def test_what_cannot_begin_is_told_and_everything_stays(open_page, site):
    page = _lead(open_page, site)
    page.route("**/uploads", lambda route: route.abort())
    intake._choose_files(page, site)
    page.fill("#files_reference", "J 17")
    page.click("#sending .button-primary")
    page.wait_for_selector("#sending [role=alert]")
    page.unroute("**/uploads")
    assert page.input_value("#files_reference") == "J 17"
    assert page.evaluate("document.querySelector('#files').files.length") == 3
    page.click("#sending .button-primary")
    page.wait_for_url("**/uploads/*")


def test_the_page_shows_and_says_what_happens_without_being_loaded_again(open_page, site):
    page = _lead(open_page, site)
    intake.see_working(page, site)
    page.evaluate("window.same = true")
    file = int(re.search(r"state-(\d+)", page.content())[1])
    with site.app.state.ledger.acting("system") as act:
        values = {"state": "done", "texts": 3, "problems": '[["uneven_row", "row 7"]]'}
        act.db.execute(sa.update(UploadedFile).where(UploadedFile.id == file).values(**values))
    page.wait_for_selector("#upload progress[value='1']")
    assert page.text_content(f"#state-{file}").strip() == "læst"
    assert page.text_content(f"#counted-{file}") == "Nye tekster: 3"
    assert page.text_content(f"#problems-{file}").startswith("Række 7: Rækken har flere")
    assert page.text_content("#aloud").startswith("Færdig. Nye tekster: 3")
    assert page.evaluate("window.same")
    assert page.evaluate("violations") == []


def test_a_page_that_cannot_ask_says_so(open_page, site):
    page = _lead(open_page, site)
    page.route("**/uploads/*/state", lambda route: route.abort())
    intake.see_working(page, site)
    page.wait_for_selector("#said:has-text('kan ikke hente')")
    page.unroute("**/uploads/*/state")


def test_without_scripts_everything_is_sent_at_once(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/login/{site.app.state.access.add_user('Anna uden script', 'analyst')}")
    page.click("main button")
    intake._choose_files(page, site)
    page.click("#sending .button-primary")
    assert re.search(r"/uploads/\d+$", page.url)
    assert page.locator("tbody tr").count() == 3
    context.close()
