"""Many files by a page: each with its own end, none on the disk unsealed, nothing lost by a reload."""

import html
import re
import tempfile
from io import BytesIO

import pytest
import sqlalchemy as sa

from serving.desk import extraction, uploads
from serving.desk.cases import open_box, seal
from serving.extract.result import MAX_FILE, PARTLY, WHOLE, Problem, Unreadable
from serving.review import fileforms, uploading
from serving.review.words import LANGUAGES, words_in
from serving.store.desk import Case, Upload, UploadedFile
from tests.serving.test_extract import make_xlsx

SCRIPT = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def no_jobs(monkeypatch):
    """Files are read when a test says so."""
    read = extraction.read_next
    monkeypatch.setattr("serving.jobs.extraction.read_next", lambda *_, **__: False)
    return read


@pytest.fixture
def read_all(app, no_jobs):
    def read() -> None:
        while no_jobs(app.state.ledger, keep_days=30):
            pass

    return read


def _files(*files: tuple[str, bytes]):
    return [("files", (name, data, "application/octet-stream")) for name, data in files]


def _send(browser, *files: tuple[str, bytes], path="/uploads", headers=None, **fields):
    data = {"files_kind": "note", "files_reference": "", **fields} if path == "/uploads" else fields
    sent = _files(*files) or [("files", ("", b"", "application/octet-stream"))]
    return browser.post(path, data=data, files=sent, headers=headers or {}, follow_redirects=False)


def _count(app, table) -> int:
    with app.state.ledger.reading() as db:
        return db.scalar(sa.select(sa.func.count()).select_from(table))


def test_many_files_at_once_each_with_its_end(app, log_in, read_all):
    browser = log_in("analyst")
    files = [(f"notat {i}.txt", f"Notat nummer {i}".encode()) for i in range(5)]
    response = _send(
        browser, *files, ("igen.txt", b"NOTAT nummer 1"), ("billede.png", b"\x89PNG\r\n\x1a\n"), ("tom.txt", b"")
    )
    assert (response.status_code, response.headers["location"]) == (303, "/uploads/1")
    page = browser.get("/uploads/1").text
    assert 'value="0" max="8"' in page
    assert 'data-working="yes"' in page
    assert "<noscript>" in page
    assert browser.get("/uploads/1").text == page  # a reload loses nothing
    read_all()
    page = html.unescape(browser.get("/uploads/1").text)
    assert 'value="8" max="8"' in page
    assert "Behandlede filer" in page  # those that could not be read are among them
    assert 'data-working="no"' in page
    assert page.count("Nye tekster: 1") == 5
    assert page.count("her i forvejen: 1") == 1
    assert "Det er et billede. Skriv teksten af" in page
    assert "Der er ingen tekst." in page
    assert "Nye tekster: 5. Filer, der ikke kunne læses: 2" in page
    assert 'href="/queue"' in page
    assert "2 kunne ikke læses" in browser.get("/submit").text


def test_nothing_sent_reaches_the_disk_but_sealed(app, log_in, read_all, monkeypatch, tmp_path):
    """Far above what Starlette keeps in memory by itself; a temporary file would fail the request."""

    def refuse(*_, **__):
        raise AssertionError("a temporary file was made")

    for name in ("TemporaryFile", "NamedTemporaryFile", "mkstemp", "_mkstemp_inner"):
        monkeypatch.setattr(tempfile, name, refuse)
    canary = b"Kanariefugl-7731 "
    assert _send(log_in("analyst"), (f"{canary.decode()}.txt", canary * 200_000)).status_code == 303
    with app.state.ledger.reading() as db:
        assert len(db.scalar(sa.select(UploadedFile.sealed_data))) > 3_000_000
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"Kanariefugl" not in path.read_bytes(), path


def test_the_proof_would_see_a_temporary_file(log_in, monkeypatch):
    """The same request through a parser that spools as Starlette does by itself."""
    made = []
    monkeypatch.setattr(fileforms._InMemory, "spool_max_size", 1024 * 1024)
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_, **__: made.append(1) or BytesIO())
    _send(log_in("analyst"), ("stor.txt", b"x" * 3_000_000))
    assert made


def test_a_file_that_is_too_large_is_listed_and_the_others_are_kept(app, log_in, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_FILE", 100)
    browser = log_in("analyst")
    assert _send(browser, ("a.txt", b"Et notat"), ("stor.txt", b"x" * 101), ("b.txt", b"Et andet")).status_code == 303
    page = html.unescape(browser.get("/uploads/1").text)
    assert "Den er for stor. Del den i flere." in page
    assert _count(app, UploadedFile) == 3


def test_too_much_at_once_is_told_on_the_form(app, log_in, monkeypatch):
    browser = log_in("analyst")
    monkeypatch.setattr(fileforms, "MAX_REQUEST", 1000)
    response = _send(browser, ("a.txt", b"x" * 5000))
    assert response.status_code == 413
    assert 'href="#files"' in response.text
    assert "tilsammen" in response.text
    monkeypatch.undo()
    response = _send(browser, *((f"{i}.txt", b"x") for i in range(502)))
    assert response.status_code == 413
    assert "Send højst 500" in response.text
    assert _count(app, Upload) == 0


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"files_kind": ""}, "files_kind", "Vælg, hvad det er"),
        ({"files_reference": "x" * 101}, "files_reference", "100 anslag"),
    ],
)
def test_a_mistake_keeps_the_fields_and_says_to_choose_the_files_again(app, log_in, fields, field, said):
    response = _send(log_in("analyst"), ("a.txt", b"a"), **({"files_reference": "J 17"} | fields))
    page = html.unescape(response.text)
    assert response.status_code == 422
    assert f'href="#{field}"' in page
    assert said in page
    assert "Vælg filerne igen" in page
    assert (fields.get("files_reference") or "J 17") in page
    assert _count(app, Upload) == 0


def test_no_file_is_a_mistake_too(app, log_in):
    browser = log_in("analyst")
    for path in ("/uploads", "/uploads"):
        response = _send(browser, path=path)
        assert response.status_code == 422
        assert "ikke valgt nogen fil" in response.text
    assert _count(app, Upload) == 0


@pytest.mark.parametrize(
    "body", [b"", b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--", b"nonsense", b"--y\r\n"]
)
def test_what_is_no_form_is_refused(app, log_in, body):
    browser = log_in("analyst")
    response = browser.post("/uploads", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert response.status_code in (400, 422)
    assert browser.post("/uploads", content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert _count(app, Upload) == 0


def test_files_can_be_added_later_to_the_same_case(app, log_in, read_all):
    browser = log_in("analyst")
    _send(browser, ("a.txt", b"Et notat"), files_reference="J 17")
    assert _send(browser, ("b.txt", b"Et andet"), path="/uploads/1/files").headers["location"] == "/uploads/1"
    read_all()
    page = browser.get("/uploads/1").text
    assert 'max="2"' in page
    case = re.search(r'href="/cases/(\d+)"', page)[1]
    assert browser.get(f"/cases/{case}").text.count('href="/texts/') == 2
    assert _send(browser, path="/uploads/1/files").status_code == 422


def test_what_there_is_no_room_for_is_told(app, log_in, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_FILES", 2)
    browser = log_in("analyst")
    response = _send(browser, *((f"{i}.txt", f"Notat {i}".encode()) for i in range(5)))
    assert response.headers["location"] == "/uploads/1?left=3"
    assert "ikke plads til 3 filer" in browser.get("/uploads/1?left=3").text
    assert "ikke plads til" not in browser.get("/uploads/1?left=<script>").text
    response = _send(browser, ("x.txt", b"x"), path="/uploads/1/files", headers=SCRIPT)
    assert response.status_code == 422
    assert "Der er plads til" in response.json()["error"]


def test_a_script_sends_files_one_by_one(app, log_in, read_all):
    browser = log_in("analyst")
    begun = _send(browser, headers=SCRIPT)
    assert (begun.status_code, begun.json()) == (201, {"upload": 1})
    for name in "ab":
        assert (
            _send(browser, (f"{name}.txt", name.encode()), path="/uploads/1/files", headers=SCRIPT).status_code == 201
        )
    state = browser.get("/uploads/1/state").json()
    assert (state["done"], state["total"], state["working"]) == (0, 2, True)
    assert "0 af 2" in state["said"]
    read_all()
    state = browser.get("/uploads/1/state").json()
    assert (state["done"], state["working"]) == (2, False)
    assert [x["state"] for x in state["files"]] == ["læst", "læst"]
    wrong = _send(browser, headers=SCRIPT, files_kind="")
    assert (wrong.status_code, wrong.json()) == (422, {"error": "Vælg, hvad det er."})


def test_a_table_asks_for_its_column_and_shows_names_of_columns_alone(app, log_in, read_all):
    browser = log_in("analyst")
    _send(browser, ("ark.xlsx", make_xlsx([("nr", "tekst"), ("1", "Første notat"), ("2", "Andet notat")])))
    read_all()
    page = browser.get("/uploads/1").text
    assert '<option value="tekst">tekst (kun korte felter)</option>' in page
    assert "Første notat" not in page
    assert browser.get("/uploads/1/state").json()["files"][0]["choose"]
    assert "venter på dig" in browser.get("/submit").text
    for column in ("", "findes ikke"):
        response = browser.post("/uploads/1/column", data={"file": "1", "column": column})
        assert response.status_code == 422
        assert 'href="#column-1"' in response.text
    for file in ("", "x", "99", "²"):
        assert browser.post("/uploads/1/column", data={"file": file, "column": "tekst"}).status_code == 422
    response = browser.post("/uploads/1/column", data={"file": "1", "column": "tekst"}, follow_redirects=False)
    assert response.headers["location"] == "/uploads/1"
    read_all()
    assert "Nye tekster: 2" in browser.get("/uploads/1").text


def test_no_column_is_chosen_beforehand_and_short_ones_are_told(log_in, read_all):
    browser, note = log_in("analyst"), "Et notat, som er længere end tyve anslag"
    rows = [("nr", "tekst", "dato"), ("1", note, "2026-01-01"), ("2", "Kort", "2026-01-02")]
    _send(browser, ("ark.xlsx", make_xlsx(rows, [("dato", "bem"), ("1" * 19, "2" * 20)])), ("tom.csv", b"a;b\n"))
    read_all()
    page = browser.get("/uploads/1").text
    first, second = re.findall(r"<select.*?</select>", page, re.S)
    assert "selected" not in re.sub(r'<option value="" selected>', "", first + second)
    assert re.search(r'<select[^>]* required="True">\s*<option value="" selected>Vælg</option>', first)
    assert re.findall(r"<option[^>]*>(.*?)</option>", first) == [
        "Vælg", "nr (kun korte felter)", "tekst", "dato (kun korte felter)", "bem",
    ]  # fmt: skip
    assert "korte" not in second  # without rows nobody knows
    assert browser.post("/uploads/1/column", data={"file": "1", "column": "nr"}, follow_redirects=False).is_redirect


def test_a_table_that_waited_for_a_choice_before_still_does(app, log_in, read_all):
    browser = log_in("analyst")
    _send(browser, ("a.csv", b"nr;tekst\n1;Et notat\n"))
    read_all()
    with app.state.ledger.acting("system") as act:
        row = act.db.get(UploadedFile, 1)
        box = open_box(app.state.ledger.vault, act.db.get(Case, 1))
        seal(box, row, "sealed_columns", '["nr", "tekst"]')
    assert '<option value="tekst">tekst</option>' in browser.get("/uploads/1").text
    browser.post("/uploads/1/column", data={"file": "1", "column": "tekst"})
    read_all()
    assert "Nye tekster: 1" in browser.get("/uploads/1").text


def test_sheets_that_were_not_read_stand_in_the_summary_however_much_else_is_wrong(log_in, read_all):
    browser = log_in("analyst")
    rows = [("tekst", "nr"), ("Et notat", 1), *((None, x) for x in range(2, 200))]  # each a problem: there is no text
    _send(browser, ("ark.xlsx", make_xlsx(rows, [("andet",), ("b",)], [("c",), ("d",)])))
    read_all()
    browser.post("/uploads/1/column", data={"file": "1", "column": "tekst"})
    read_all()
    said = html.unescape(re.search(r'<p id="said">(.*?)</p>', browser.get("/uploads/1").text)[1])
    assert "Nye tekster: 1" in said
    assert "ikke er læst, fordi de ikke har kolonnen: ark.xlsx, Ark 2; ark.xlsx, Ark 3." in said
    assert browser.get("/uploads/1/state").json()["said"] == said


@pytest.mark.parametrize(("reference", "said"), [("J 17", "hører til samme sag"), ("", "sin egen sag, for")])
def test_files_sent_later_are_told_which_case_they_come_into(log_in, reference, said):
    browser = log_in("analyst")
    _send(browser, ("a.txt", b"Et notat"), files_reference=reference)
    page = browser.get("/uploads/1").text
    assert said in page
    assert ("samme sag" in page) == bool(reference)


def test_a_row_without_a_name_is_called_by_its_file_once(app, log_in, read_all):
    browser = log_in("analyst")
    _send(browser, ("liste.csv", b"nr;tekst\n1;Et notat\n"), files_reference="J 17")
    read_all()
    browser.post("/uploads/1/column", data={"file": "1", "column": "tekst"})
    read_all()
    page = browser.get("/cases/1").text
    assert page.count("liste.csv") == 1
    assert "liste.csv #2" in page


def test_an_upload_is_its_owners(log_in):
    _send(log_in("analyst"), ("a.txt", b"a"))
    other = log_in("lead")
    assert other.get("/uploads/1").status_code == 404
    assert other.get("/uploads/1/state").status_code == 404
    assert _send(other, ("b.txt", b"b"), path="/uploads/1/files").status_code == 404
    assert other.post("/uploads/1/column", data={"file": "1", "column": "a"}).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted({**WHOLE, **PARTLY}))
def test_every_problem_is_said_in_words(language, code):
    words = words_in(language)
    said = uploading.trouble(words, Problem(code, "attachment 2, sheet 3, page 4, row 5"))
    where = {"da": "Bilag 2, Ark 3, Side 4, Række 5: ", "en": "Attachment 2, Sheet 3, Page 4, Row 5: "}[language]
    assert said.startswith(where)
    assert len(said) > len(where) + 10
    assert uploading.trouble(words, Problem(code, "")) == said.removeprefix(where)


def test_no_more_problems_are_shown_than_anybody_reads():
    problems = tuple(Problem("uneven_row", f"row {i}") for i in range(1, 101))
    file = uploads.FileState(1, "a.csv", "done", 5, 0, (), problems)
    said = uploading.troubles(words_in("da"), file)
    assert len(said) == 21
    assert said[-1] == "og 80 steder mere"


def test_a_file_as_large_as_may_be_fits_into_a_request():
    assert MAX_FILE + 10_000 < fileforms.MAX_REQUEST


def test_a_file_that_waits_to_be_tried_again_says_when_and_a_failed_one_has_a_button(
    app, log_in, read_all, no_jobs, monkeypatch
):
    def slow(*_, **__):
        raise Unreadable("too_slow")

    browser = log_in("analyst")
    _send(browser, ("<b>stor</b>.txt", b"Et notat"))
    with monkeypatch.context() as patched:
        patched.setattr(extraction, "extract", slow)
        read_all()
        page = html.unescape(browser.get("/uploads/1").text)
        assert "prøves igen senere" in page
        assert re.search(r"Tegn prøver selv igen efter \d\d\.\d\d\.\d{4} kl\. \d\d\.\d\d", page)
        assert 'data-working="no"' in page  # nobody's session is kept alive for hours
        assert "/again" not in page
        assert "1 prøves igen senere" in browser.get("/submit").text
        state = browser.get("/uploads/1/state").json()
        assert state["files"][0]["state"] == "prøves igen senere"
        assert "som prøves igen senere: 1" in state["said"]
        assert browser.post("/uploads/1/again", data={"file": "1"}).status_code == 422
        for _ in extraction.PAUSES:
            with app.state.ledger.acting("system") as act:
                act.db.execute(sa.update(UploadedFile).values(again=act.now))
            read_all()
    page = browser.get("/uploads/1").text
    assert "Den tager for lang tid at læse" in page
    button = re.search(r'<form method="post" action="/uploads/1/again">.*?<button(.*?)</button>', page, re.S)[1]
    assert "Prøv igen" in button
    assert "&lt;b&gt;stor" in button  # of several, a screen reader says which
    assert browser.get("/uploads/1/state").json()["files"][0]["again"] is True
    for file in ("", "x", "99", "²"):
        refused = browser.post("/uploads/1/again", data={"file": file})
        assert refused.status_code == 422
        assert "kan ikke læses igen" in refused.text
    assert log_in("lead").post("/uploads/1/again", data={"file": "1"}).status_code == 404
    response = browser.post("/uploads/1/again", data={"file": "1"}, follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/uploads/1")
    read_all()
    assert "Nye tekster: 1" in browser.get("/uploads/1").text
    assert _count(app, UploadedFile) == 1


@pytest.mark.parametrize("column", ["sealed_name", "sealed_columns"])
def test_a_file_that_cannot_be_opened_hides_no_other(app, log_in, read_all, column):
    browser = log_in("analyst")
    _send(
        browser,
        ("ark.xlsx", make_xlsx([("nr", "notat"), ("1", "Han skylder.")])),
        ("notat.txt", b"Et notat"),
        ("tom.txt", b""),
    )
    read_all()
    before = browser.get("/uploads/1").text
    assert 'action="/uploads/1/column"' in before
    assert "kan ikke åbnes" not in before
    with app.state.ledger.acting("system") as act:
        act.db.execute(sa.update(UploadedFile).where(UploadedFile.id == 1).values({column: b"\x01" * 60}))
    answer = browser.get("/uploads/1")
    assert answer.status_code == 200
    assert answer.text.count('<span class="state state-error">kan ikke åbnes</span>') == 1
    assert "at filsamling 1 skal hentes fra en sikkerhedskopi" in answer.text
    assert ("ark.xlsx" in answer.text) is (column != "sealed_name")
    assert "notat.txt" in answer.text
    assert "tom.txt" in answer.text
    assert 'action="/uploads/1/column"' not in answer.text  # the columns to choose from are not known
    state = browser.get("/uploads/1/state")
    assert [(x["id"], x["choose"]) for x in state.json()["files"]] == [(1, False), (2, False), (3, False)]
