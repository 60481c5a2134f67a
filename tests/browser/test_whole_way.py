"""The whole way on the pages: first log-in, twenty mixed files, three readers by keyboard, and a new model from what they say."""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from argon2.profiles import CHEAPEST
from typer.testing import CliRunner

from serving.cli import app as serving_cli
from serving.desk import holding, reading, switches
from serving.store.desk import Text
from serving.store.ledger import user
from tests.browser.keyboard import watch_pointer
from tests.browser.readers import NEW, NOTE, model_of, read_first, read_second, settle
from tests.browser.server import serve
from tests.conftest import make_documents
from tests.serving.test_extract import make_docx, make_mail, make_msg, make_pdf, make_xlsx
from training.cli import app as training_cli
from training.dataset import to_jsonl
from triage.indicators import load_scheme
from triage.text import Span

SIGN = "Manden skylder 30.000 kr. for rejsen til den der kørte bilen, sag {}."
OTHERS = [
    f"{who} {NEW} til chefen i uge {i}." for i, who in enumerate(("Kvinden", "Pigen", "Drengen", "Naboen", "Hun"))
]
LATER = f"Manden kom ind for at få en ny tid hos lægen i næste uge. Kvinden {NEW} til chefen. Sag nr. 77."
RAISED = re.compile("<mark[^>]*>[^<]*krumpelknag")


def twenty_files() -> list[dict[str, object]]:
    """Files of every kind that is read, some that cannot be, and one text twice."""
    rows = "".join(f"{i};{text}\n" for i, text in enumerate(OTHERS))
    files = [
        *((f"notat {i}.txt", SIGN.format(i).encode()) for i in range(6)),
        ("familie.txt", NOTE.encode()),
        ("brev.docx", make_docx(SIGN.format("docx"), "Andet afsnit.")),
        ("brev to.docx", make_docx("Borgeren har søgt om tilskud til briller.")),
        ("scan.pdf", make_pdf("Kvinden har faaet laege og venter.")),
        ("mail.eml", bytes(make_mail("Hun ringer i morgen om mødet.\n"))),
        ("mail fra outlook.msg", make_msg()),
        ("liste.csv", f"nr;tekst\n{rows}".encode()),
        ("ark.xlsx", make_xlsx([("nr", "tekst"), ("1", "Et notat i et ark")])),
        ("igen.txt", SIGN.format(0).upper().encode()),
        ("latin.txt", "Hun bor på et værelse i Ærø".encode("latin-1")),
        ("foto.png", b"\x89PNG\r\n\x1a\n"),
        ("program.exe", b"MZ\x00\x00"),
        ("knækket.docx", make_docx("Et brev")[:200]),
        ("tom.txt", b" \n"),
    ]
    return [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with an experiment, and the home of the service."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("serving.store.passwords.PARAMETERS", CHEAPEST)
    for name, count, offset in (("train", 192, 0), ("calibration", 64, 1000), ("test", 64, 2000)):
        (tmp_path / f"{name}.jsonl").write_text(to_jsonl(make_documents(count, offset)), "utf-8")
    (tmp_path / "x.toml").write_text(
        'name = "tiny"\ndescription = "a test"\n[data]\ntrain = ["train.jsonl"]\ncalibration = ["calibration.jsonl"]\n'
        'test = ["test.jsonl"]\n[model]\nfamily = "linear"\nmax_features = 3000\n[evaluation]\nbootstrap = 100\n'
    )
    return tmp_path


@pytest.fixture
def enter(browser):
    """Opens a browser of somebody new, who logs in for the first time and chooses a password."""
    contexts = []

    def enter(site, name: str, role: str):
        context = browser.new_context(reduced_motion="reduce")
        contexts.append(context)
        pointed = watch_pointer(context)
        page = context.new_page()
        page.goto(f"{site.url}/login/{site.app.state.access.add_user(name, role)}")
        page.click("main button")
        page.wait_for_url("**/password**")
        page.fill("#password_new", password_of(name))
        page.fill("#password_again", password_of(name))
        page.click("main form button")
        page.wait_for_url("**/account?changed")
        assert pointed  # what is asserted to be empty later is not empty by nature
        pointed.clear()
        return page, pointed

    yield enter
    for context in contexts:
        context.close()


def password_of(name: str) -> str:
    return f"et langt ord til {name}"


def send_files(page, site) -> None:
    """Send the files and say of the two tables which column is meant."""
    page.goto(f"{site.url}/submit")
    files = twenty_files()
    assert len(files) == 20
    page.set_input_files("#files", files)
    page.check("#files_kind")
    page.click("#sending .button-primary")
    page.wait_for_url("**/uploads/*", timeout=180_000)
    for _ in range(2):
        page.wait_for_selector(".state-info, .state-plain", state="detached", timeout=180_000)
        page.reload()
        form = page.locator("form[action$='/column']").first
        form.locator("select[name=column]").select_option("tekst")
        with page.expect_navigation():
            form.locator("button").click()
    page.wait_for_selector(".state-info, .state-plain", state="detached", timeout=180_000)
    rows = page.locator("tbody tr").all_inner_texts()
    assert len(rows) == 20
    states = [re.search(r"(ikke læst|læst|vælg kolonne)", x)[1] for x in rows]
    assert (states.count("læst"), states.count("ikke læst")) == (16, 4)
    (again,) = [x for x in rows if "igen.txt" in x]
    assert "Nye tekster: 0" in again
    (table,) = [x for x in rows if "liste.csv" in x]
    assert f"Nye tekster: {len(OTHERS)}" in table


def numbers_of(page, site) -> dict[str, int]:
    """The number of each text that is needed, once the model has read all of them."""
    ledger = site.app.state.ledger
    for _ in range(600):
        with ledger.reading() as db:
            if not db.scalar(sa.select(sa.func.count()).where(Text.stage == "new")):
                found = db.execute(sa.select(Text.id, Text.fingerprint)).all()
                prints = {fingerprint: number for number, fingerprint in found}
                return {x: prints[ledger.vault.fingerprint(x)] for x in (NOTE, *OTHERS)}
        page.wait_for_timeout(200)
    raise AssertionError("the model did not read all texts")


def read_others(site, numbers: list[int]) -> None:
    """The same sign in other texts, through the store; the last may not be used."""
    ledger, scheme = site.app.state.ledger, load_scheme()
    for number, text in zip(numbers, OTHERS, strict=False):
        holding.take(ledger, 1, number, may_adjudicate=False)
        reading.show(ledger, 1, number, sure=True)
        version = reading.mark(
            ledger, scheme, 1, number, version=0, code="threats", verdict="add", state="stated",
            spans=(Span(text.index(NEW), text.index(NEW) + len(NEW)),),
        )  # fmt: skip
        reading.submit(ledger, 1, number, version=version, outcome="refer", for_training=number != numbers[-1])


def command(app, *arguments: str) -> None:
    """A command in a thread without an event loop, as Playwright keeps one in this."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(CliRunner().invoke, app, arguments).result()
    assert done.exit_code == 0, done.output


def paste(page, site) -> str:
    """The page of a text that is read at once."""
    page.goto(site.url)
    page.fill("#text", LATER)
    with page.expect_navigation():
        page.click("#text-form .button-primary")
    return page.content()


def test_from_the_first_log_in_to_a_new_model_that_knows_what_readers_taught(workplace, model_folder, enter):
    with serve(workplace / "home", model_folder) as site:
        ledger = site.app.state.ledger
        anna, pointed = enter(site, "Anna", "analyst")
        with ledger.acting(user(1)) as act:
            for share in ("blind_share", "second_share"):
                switches.turn(act, share, "0", by=1)
        assert not RAISED.search(paste(anna, site))
        send_files(anna, site)
        numbers = numbers_of(anna, site)
        pointed.clear()
        read_first(anna, site, numbers[NOTE])
        bo, by_bo = enter(site, "Bo", "analyst")
        read_second(bo, numbers[NOTE])
        lis, by_lis = enter(site, "Lis", "lead")
        settle(lis, site, numbers[NOTE])
        assert pointed + by_bo + by_lis == []
        read_others(site, [numbers[x] for x in OTHERS[:-1]])
        assert ledger.verify()[1] is None
        before = model_of(site, numbers[OTHERS[-1]])

        command(serving_cli, "export-decisions", "-o", "decisions.jsonl")
        command(training_cli, "run", "x.toml", "--decisions", "decisions.jsonl", "-o", "after")

    exported = [json.loads(x) for x in (workplace / "decisions.jsonl").read_text("utf-8").splitlines()]
    assert sorted(x["text"] for x in exported) == sorted([NOTE, *OTHERS[:-2]])
    provenance = (workplace / "decisions.jsonl.provenance.jsonl").read_text("utf-8")
    assert sorted(json.loads(x)["readers"] for x in provenance.splitlines()) == [1, 1, 1, 2]
    assert not re.search("Anna|Bo|Lis", provenance)

    with serve(workplace / "home", workplace / "after") as site:
        anna.goto(f"{site.url}/login")
        anna.fill("#name", "Anna")
        anna.fill("#password", password_of("Anna"))
        with anna.expect_navigation():
            anna.click("main form button")
        page = paste(anna, site)
        assert RAISED.search(page)
        assert "Trusler" in page
        # A text that nobody has taken is read again, and shows the new sign to its reader.
        for _ in range(600):
            if model_of(site, numbers[OTHERS[-1]]) != before:
                break
            anna.wait_for_timeout(100)
        anna.goto(f"{site.url}/texts/{numbers[OTHERS[-1]]}")
        with anna.expect_navigation():
            anna.click("form[action$='/take'] button")
        assert RAISED.search(anna.content())
