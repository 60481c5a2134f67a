"""Every page in every state that looks different. A new page gets a line in `STATES`; every test of pages then sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from serving.api.auth import Open
from serving.review import rendering
from tests.browser import account_states as accounts
from tests.browser import group_states as groups
from tests.browser import intake
from tests.browser import reader_states as readers
from tests.browser.desk_states import finish_early, outside, queued, taken, wrong_mark
from tests.browser.server import Site

if TYPE_CHECKING:
    from playwright.sync_api import Page

PARTS = Path(__file__).with_name("parts.html")
NOTE = (
    "Manden kom ind for at få en ny tid hos lægen i næste uge. Han skylder 30.000 kr. for rejsen til den der kørte bilen. "
    "Han fortæller at formanden har taget passet og gemt det. Han har ingen gæld til nogen. Ring 20 00 00 00."
)
NUMBERED = (
    "Manden, cpr. 01.01.90-1234, skylder 30.000 kr. for rejsen til den der kørte bilen. Firmaet har CVR 12 34 56 78. "
    "Han fortæller at formanden (født 020280 4321) har taget passet og gemt det. Ring 20 00 00 00."
)
PLAIN = (
    "Kvinden skal flytte til en større lejlighed tæt på skolen. Hun har søgt om tilskud til briller og venter på svar."
)
FOREIGN = "The man said that he owes money to his boss and cannot leave the house at night."


@dataclass(frozen=True, slots=True)
class State:
    """A page in a state."""

    name: str
    reach: Callable[[Page, Site], None]
    logged_in: bool = True
    role: str = "analyst"
    """Of whoever is logged in."""
    shows: str = ""
    """A selector of what makes it this state; the tests fail where it is not there."""


def see(path: str) -> Callable[[Page, Site], None]:
    """Go to a page."""
    return lambda page, site: page.goto(site.url + path) and None


def paste(text: str) -> Callable[[Page, Site], None]:
    """Have a text read."""

    def reach(page: Page, site: Site) -> None:
        page.goto(site.url)
        page.fill("#text", text)
        with page.expect_navigation():
            page.click(".button-primary")

    return reach


def add_parts_page(app: FastAPI) -> None:
    """A page with every macro of `parts.html`, for the tests alone."""

    async def parts(request: Request) -> HTMLResponse:
        words = rendering.words_of(request)
        nav = (("/", words["paste_heading"], False), ("/parts", "Parts", True), ("/accessibility", "Statement", False))
        return HTMLResponse(rendering._templates.from_string(PARTS.read_text("utf-8")).render(words=words, nav=nav))

    app.add_api_route("/parts", parts, dependencies=[Depends(Open())])


STATES = [
    State("log-in", see("/login"), logged_in=False, shows="pre"),
    State("log-in, bad link", see("/login?bad"), logged_in=False, shows="[role=alert]"),
    State("log-in, logged out", see("/login?out"), logged_in=False, shows="[role=status]"),
    State("log-in, wrong password", accounts.log_in_wrongly, logged_in=False, shows="[role=alert]"),
    State("log-in, provider", accounts.see_provider, logged_in=False, shows="a[href='/oidc/start']"),
    State("provider, done", accounts.come_from_provider(), logged_in=False, shows="main a[href='/']:not(.button)"),
    State("provider, no role", accounts.come_from_provider(claims={"groups": []}), logged_in=False, shows="h1"),
    State("provider, failed", accounts.come_unasked, logged_in=False, shows="h1"),
    State("provider, down", accounts.find_provider_down, logged_in=False, shows="h1"),
    State("link", see("/login/any"), logged_in=False, shows="form .button"),
    State("paste", see("/"), shows="#text:not([aria-invalid])"),
    State("paste, error", paste("  "), shows="#text[aria-invalid]"),
    State("reading, signs", paste(NOTE), shows="mark"),
    State("reading, none", paste(PLAIN), shows=".text:not(:has(mark))"),
    State("reading, abstained", paste(FOREIGN), shows=".alert-warning"),
    State("reading, stopped", intake.stopped("/", NOTE), shows=".alert-warning"),
    State("error", see("/none"), shows="h1"),
    State("error, no such text", see("/texts/999999"), shows="h1"),
    State("error, wrong role", see("/users"), shows="h1"),
    State("error, too often", accounts.try_too_often, logged_in=False, shows="h1"),
    State("error, too much", accounts.send_too_much, shows="h1"),
    State("error, starting", accounts.start_too_early, shows="h1"),
    State("session ended", accounts.end_session, role="lead", shows="form[action='/submit']"),
    State("error, not logged in", see("/none"), logged_in=False, shows="h1"),
    State("accessibility", see("/accessibility"), logged_in=False, shows="mark.fill"),
    State("queue", queued(NOTE), shows="table"),
    State("queue, empty", see("/queue?stage=adjudication&kind=ad&empty=1"), shows=".empty"),
    State("queue, several pages", readers.see_many("/queue?stage=done&kind=ad&page=2"), shows="[rel=prev]"),
    State("queue, done", readers.see_many("/queue?stage=done&done=done"), shows=".alert-success"),
    State("queue, mine", readers.see_mine(NOTE), shows=".state-success"),
    State("queue, nothing free", see("/queue?empty=1"), shows=".alert-info"),
    State("queue, stopped", intake.stopped("/queue"), shows=".alert-warning"),
    State("text, free", outside(NOTE), shows="form[action$='/take']"),
    State("text, taken", taken(NOTE), shows="article.item"),
    State("text, decided", taken(NOTE, then="article.item [data-key=a]"), shows="article.decided"),
    State("text, wrong mark", wrong_mark(NOTE), shows="[role=alert]"),
    State("text, blind", taken(NOTE, blind_share="100"), shows="form[action$='/show']"),
    State("text, suggestions stopped", taken(NOTE, suggestions="off"), shows=".alert-warning"),
    State("text, nothing found", taken(PLAIN), shows=".text:not(:has(mark))"),
    State("text, abstained", taken(FOREIGN), shows=".alert-warning"),
    State("text, new", readers.unread(NOTE, stage="new"), shows="main:not(:has(form[action$='/take']))"),
    State("text, held", readers.held(NOTE), shows="form[action$='/take'] .button-warning"),
    State("text, held, no reason", readers.held(NOTE, press=".button-warning"), shows="[role=alert]"),
    State("text, taken before", readers.taken_before(NOTE), shows="[role=alert]"),
    State("text, looked at", readers.look(NOTE, "linked"), shows="main:not(:has(#mark)) .text"),
    State("text, looked at, no reason", readers.look(NOTE, ""), shows="[role=alert]"),
    State("text, changed elsewhere", readers.changed_elsewhere(NOTE), shows="[role=alert]"),
    State("text, lost", readers.lose(NOTE), shows="#typed"),
    State("text, cannot be opened", readers.spoilt(NOTE), shows="form[action='/queue/next']"),
    State(
        "text, draft", readers.drafted(NOTE, "mark", code="violence", words="gemt det"), shows="#draft-mark:not(:empty)"
    ),
    State("text, differing", readers.see_dispute(NOTE), role="lead", shows=".other"),
    State("text, done", readers.see_settled(NOTE), role="lead", shows="#earlier-heading"),
    State("text, handed in", readers.see_own(NOTE), shows="#outcome-heading"),
    State("finish", taken(NOTE, then="a[href$='/finish']"), shows="#outcome"),
    State("finish, unfinished", finish_early(NOTE), shows="#errors"),
    State("finish, changed elsewhere", readers.finish_changed(NOTE), shows="#errors"),
    State(
        "finish, draft",
        readers.drafted(NOTE, "finish", "/finish", note="Ring i morgen."),
        shows="#draft-finish:not(:empty)",
    ),
    State("parts", see("/parts"), logged_in=False, shows=".table"),
    State("submit", see("/submit"), role="lead", shows="#text:not([aria-invalid])"),
    State("submit, error", intake.send_text(" "), role="lead", shows="#text[aria-invalid]"),
    State("submit, case cannot be opened", intake.send_to_unreadable, role="lead", shows="#typed1"),
    State("receipt, new", intake.send_new_text, role="lead", shows=".alert-success"),
    State("receipt, known", intake.send_known_text, role="lead", shows=".alert-info"),
    State("upload, working", intake.see_working, role="lead", shows="[data-working=yes]"),
    State("upload, read", intake.see_read, role="lead", shows=".state-error"),
    State("upload, column missing", intake.choose_no_column, role="lead", shows="select[aria-invalid]"),
    State("upload, every state", intake.see_every_state, role="lead", shows="form[action$='/again']"),
    State("upload, full", intake.see_full, role="lead", shows=".alert-warning"),
    State("sending, failed", intake.send_in_vain, role="lead", shows=".sending button"),
    State("cases", see("/cases"), role="lead", shows="#reference:not([aria-invalid])"),
    State("cases, none", intake.seek_no_case, role="lead", shows="#reference[aria-invalid]"),
    State("case", intake.see_case(""), role="lead", shows=".table a"),
    State("case, empty", intake.see_empty_case, role="lead", shows=".empty"),
    State("case, kept longer", intake.keep_longer, role="lead", shows=".alert-success"),
    State("case, erase", intake.see_case("/erase"), role="lead", shows=".button-warning"),
    State("case, erase, error", intake.erase_without_reason, role="lead", shows="[role=alert]"),
    State("case, cannot be opened", intake.see_unreadable, role="lead", shows=".alert-error"),
    State("case, erased", intake.see_erased, role="lead", shows="h1"),
    State("case, of a group", groups.see_group_case, role="lead", shows="main a[href^='/groups/']"),
    State("groups", groups.see_list, shows=".table a"),
    State("groups, none", see("/groups?outcome=more_information&least=100"), shows=".empty"),
    State("group", groups.see_group(14), shows=".graph circle"),
    State("group, tables", groups.unfolded, shows="details[open] .table"),
    State("group, second page", groups.see_group(26, "?page=2"), shows="#ad-26"),
    State("group, large", groups.see_group(300, answered=False), shows=".graph .several"),
    State("group, two ads", groups.see_group(2), shows=".graph circle"),
    State("group, little known", groups.see_bare, shows=".graph circle"),
    State("group, long ad", groups.see_long, shows="article a[href*='ad=']"),
    State("group, suggestions stopped", groups.see_group(5, suggestions="off"), shows=".alert-warning"),
    State("group, decided", groups.write_note("Ses igen i næste uge.", "wait"), shows=".alert-success"),
    State("group, nothing written", groups.write_note(" "), shows="#note[aria-invalid]"),
    State("group, merged", groups.see_merged, shows=".alert-info"),
    State("links", groups.see_links, shows=".table a"),
    State("links, none", see("/links?kind=mobilepay"), shows=".empty"),
    State("links, one contact", groups.see_link, shows=".table a"),
    State("links, contact found", groups.seek_contact("01 66 12 34"), shows="main a[href^='/groups/']"),
    State("links, contact nowhere", groups.seek_contact("01 77 99 00"), shows=".alert-info"),
    State("links, no contact", groups.seek_contact("en mand i Odense"), shows="#contact[aria-invalid]"),
    State("oversight", intake.see_oversight, role="lead", shows=".stop .button-warning"),
    State("oversight, no figures", intake.see_no_figures, role="lead", shows=".empty"),
    State("oversight, stopped", intake.see_stopped, role="lead", shows=".stop .button-primary"),
    State("oversight, error", intake.set_no_share, role="lead", shows="#blind_share[aria-invalid]"),
    State("audit", see("/audit"), role="lead", shows=".table"),
    State("audit, none", see("/audit?act=masterkey.rotated"), role="lead", shows=".empty"),
    State("audit, error", see("/audit?number=1"), role="lead", shows="#number[aria-invalid]"),
    State("audit, verified", intake.check_log, role="lead", shows="pre"),
    State("audit, broken", intake.find_broken("changed"), role="lead", shows=".alert-error"),
    State("audit, cut off", intake.find_broken("cut off"), role="lead", shows=".alert-error"),
    State("audit, no anchor", intake.find_no_anchor, role="lead", shows=".alert-warning"),
    State("account", see("/account"), shows=".table"),
    State("account, password changed", see("/account?changed"), shows="[role=status]"),
    State("password", accounts.see_password, shows="#password_new"),
    State("password, too short", accounts.choose_password("kort", "kort"), shows="#password_new[aria-invalid]"),
    State("password, differs", accounts.choose_password("et langt", "et kort"), shows="#password_again[aria-invalid]"),
    State("users", see("/users"), role="admin", shows=".table"),
    State("users, change", accounts.change_person, role="admin", shows="details[open]"),
    State("users, remove", accounts.ask_to_remove, role="admin", shows=".button-warning"),
    State("users, link", accounts.add_person("Nikoline {}"), role="admin", shows="pre"),
    State("users, name taken", accounts.add_person(""), role="admin", shows="[role=alert]"),
    State("group, ads gone", groups.see_gone, shows="#ad-1 > .hint + .hint"),
    State("text, numbers hidden", taken(NUMBERED), shows=".text:has-text('12 34 xx xx')"),
    State("reading, numbers hidden", paste(NUMBERED), shows=".text:has-text('12 34 xx xx')"),
]
