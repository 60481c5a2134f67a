"""Requests to every route that is not in the description of the API, made by Hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from serving.desk.holding import LOOKS
from serving.desk.queue import ORDERS
from serving.store.desk import OUTCOMES, REASONS, STAGES, VERDICTS
from serving.store.tables import ROLES
from tests.fuzz.running import HOME, Running
from tests.fuzz.targets import Finding
from tests.serving.test_routes import routes
from triage.indicators import load_scheme
from triage.text import KINDS, STATES

MARK = "\ue000"
"""Stands in a generated string where the canary will: the token itself is chosen when the app runs."""
METHODS = ("GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE")
ECHOING = frozenset({200, 401, 409, 413, 422})
"""Answers that may show what somebody typed, so that it is not lost."""
VALUES: dict[str, tuple[str, ...]] = {
    "kind": KINDS, "files_kind": KINDS, "role": ROLES, "stage": STAGES, "order": ORDERS, "outcome": OUTCOMES,
    "verdict": (*VERDICTS, "first", "second"), "reason": (*REASONS, "asked"), "state": STATES, "emergency": LOOKS,
    "code": load_scheme().codes, "part": ("mark", "finish", "item", "first", "second"), "lang": ("da", "en"),
    "language": ("da", "en"), "words": ("passet", "skylder 30.000 kr.", "kr. kr."), "spans": ("0-6", "0-6,10-20", "3-3", "9-1"),
    "text": ("Manden skylder 30.000 kr. for rejsen og bor i huset.",), "column": ("tekst", "nr"), "to": ("/queue", "//x", "/\\x"),
    "number": ("1", "2"), "file": ("1", "2"), "page": ("1", "2", "2001"), "version": ("current", "0"), "mine": ("1",),
    "password_new": ("tre grå katte på taget",), "password_again": ("tre grå katte på taget",),
    "act": ("document.read", "login.refused"), "actor": ("user#1",), "about": ("text#1",), "undo": ("1",), "ask": ("show",),
    "sure": ("1",), "for_training": ("1",), "ask_second": ("1",), "reference": ("J 0",), "days": ("30",), "note": ("En note.",),
}  # fmt: skip
"""Fields of forms and of addresses with values that mean something."""
_NAMES = (
    *VALUES,
    "name",
    "password",
    "password_old",
    "files_reference",
    "least",
    "new",
    "done",
    "left",
    "code_",
    "x",
    "",
)
_STRANGE = (
    "0",
    "-1",
    "99999999999999999999",
    "１",
    "1e3",
    "\x00",
    "\u202e\u2066",
    "👩‍👧",
    "e\u0301" * 30,
    "\r\n\r\n",
    "%00",
    "../..",
    "a" * 3000,
)


def strings() -> st.SearchStrategy[str]:
    """Text that carries the canary, in every place and also as markup."""
    free = st.text(st.characters(codec="utf-8"), max_size=40)
    return st.one_of(
        st.builds("{0}{1}".format, free, st.just(MARK)),
        st.builds("<{1}>\"'{{{{7*7}}}}&{0}".format, free, st.just(MARK)),
        st.builds("{1}{0}".format, st.sampled_from(_STRANGE), st.just(MARK)),
    )


def fields() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Fields of a form, most with values that mean something."""

    def of(name: str) -> st.SearchStrategy[tuple[str, str]]:
        known = st.sampled_from(VALUES.get(name, ("1",)))
        return st.tuples(st.just(name), st.one_of(known, known, known, st.sampled_from(_STRANGE), strings()))

    return st.lists(st.sampled_from(_NAMES).flatmap(of), max_size=8)


FORMS: dict[str, tuple[str, ...]] = {
    "/texts/{number}/marks": ("version", "code", "verdict", "state", "reason", "words", "spans"),
    "/texts/{number}/finish": ("version", "outcome", "note", "for_training", "ask_second"),
    "/texts/{number}/draft": ("part", "note", "words", "code", "state"),
    "/texts/{number}/undo": ("version", "code"),
    "/submit": ("text", "kind", "reference"),
    "/uploads/{number}/column": ("file", "column"),
    "/cases/{number}/erase": ("reason",),
    "/groups/{number}/notes": ("outcome", "note"),
    "/users": ("name", "role"),
    "/password": ("password_old", "password_new", "password_again"),
    "/login": ("name", "password", "to"),
}
"""What the longer forms of our own pages send."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    role: str | None
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, bytes], ...]
    cookies: tuple[tuple[str, str], ...]
    body: tuple[str, Any] | None
    """What it is (form, files or the content type of raw bytes), and of what."""

    def send(self, app: Running) -> Any:
        """The answer to it."""
        version = app.version()

        def filled(text: str) -> str:
            return text.replace(MARK, app.canary).replace("current", version)

        cookies = [(name, filled(value)) for name, value in self.cookies]
        if self.role is not None:
            cookies.append(("tegn", app.session(self.role)))
        headers = [(name.encode(), value.replace(b"KANARIE", app.canary.encode())) for name, value in self.headers]
        if cookies:
            said = "; ".join(f"{name}={value}" for name, value in cookies)
            headers.append((b"cookie", said.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"")))
        more: dict[str, Any] = {}
        match self.body:
            case ("form", pairs):
                more["content"] = urlencode([(filled(a), filled(b)) for a, b in pairs], errors="surrogatepass").encode()
                headers.append((b"content-type", b"application/x-www-form-urlencoded"))
            case ("files", (pairs, files)):
                more["data"] = {filled(a): filled(b) for a, b in pairs}
                more["files"] = [
                    ("files", (filled(name), data.replace(b"KANARIE", app.canary.encode()))) for name, data in files
                ]
            case (kind, data):
                more["content"] = data.replace(b"KANARIE", app.canary.encode())
                headers.append((b"content-type", kind.replace(MARK, app.canary).encode("latin-1", "replace")))
            case _:
                pass
        app.client.cookies.clear()
        address = f"{HOME}{quote(filled(self.path), safe='/%')}"
        if self.query:
            address += f"?{filled(self.query) if self.query.isascii() else quote(filled(self.query), safe='=&%+')}"
        return app.client.request(self.method, address, headers=headers, follow_redirects=False, **more)


def _paths(template: str) -> st.SearchStrategy[str]:
    number = st.sampled_from(("1", "1", "1", "2", "2", "3", "4", "999", "0", "-1", "x", "１", "9" * 30, MARK))
    path: st.SearchStrategy[str] = st.just(template)
    for name, values in (
        ("{number}", number),
        ("{token}", st.one_of(strings(), st.just("a"))),
        ("{path:path}", st.one_of(strings(), st.sampled_from(("tegn.css", "../app.py", "a//b")))),
    ):
        if name in template:
            path = st.builds(str.replace, path, st.just(name), values)
    return path


def _bodies(template: str) -> st.SearchStrategy[tuple[str, Any] | None]:
    known = FORMS.get(template, ())

    def of(name: str) -> st.SearchStrategy[tuple[str, str]]:
        sampled = st.sampled_from(VALUES.get(name, ("1",)))
        return st.tuples(st.just(name), st.one_of(sampled, sampled, sampled, sampled, strings()))

    form = st.tuples(*(of(name) for name in known)).map(list) if known else fields()
    name = st.one_of(strings(), st.sampled_from(("a.txt", "a.csv", "a.pdf", "a.eml", "")))
    data = st.one_of(
        st.binary(max_size=60).map(lambda x: b"KANARIE" + x),
        st.sampled_from(
            (b"nr;tekst\n1;KANARIE\n", b"Subject: KANARIE\n\nKANARIE", b"%PDF-1.4 KANARIE", b"PK\x03\x04KANARIE", b"")
        ),
    )
    files = st.lists(st.tuples(name, data), max_size=3)
    kinds = st.sampled_from(
        (
            "application/json", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x",
            f"multipart/form-data; boundary={MARK}", "text/plain", "", f"{MARK}/x",
        )
    )  # fmt: skip
    raw = st.tuples(kinds, st.binary(max_size=80).map(lambda x: b"--x\r\nKANARIE" + x))
    forms = st.tuples(st.just("form"), st.one_of(form, form, fields()))
    if template.startswith("/uploads"):
        return st.one_of(st.none(), forms, st.tuples(st.just("files"), st.tuples(form, files)), raw)
    return st.one_of(st.none(), forms, forms, forms, st.tuples(st.just("files"), st.tuples(form, files)), raw)


_HEADERS = (
    ("accept", (b"application/json", b"text/html", b"KANARIE")),
    ("sec-fetch-site", (b"same-origin", b"cross-site", b"none", b"KANARIE")),
    ("origin", (b"http://127.0.0.1:3000", b"null", b"https://KANARIE.example")),
    ("authorization", (b"Bearer KANARIE", b"Basic KANARIE", b"Bearer \xff")),
    ("accept-language", (b"en", b"KANARIE")),
    ("x-forwarded-for", (b"KANARIE",)),
    ("host", (b"KANARIE.example", b"127.0.0.1:3000", b"[")),
    ("content-length", (b"9" * 5000,)),
    ("referer", (b"http://KANARIE",)),
)


def templates(app: Any) -> dict[str, list[str]]:
    """The paths of all routes of an app that the description of the API does not have, each with its methods."""
    found: dict[str, set[str]] = {}
    for route in routes(app.router):
        if not route.path.startswith("/v1"):
            found.setdefault(route.path, set()).update(route.methods)
    return {path: sorted(found[path]) for path in sorted(found)}


def requests(app: Any) -> st.SearchStrategy[Asked]:
    """Requests to every route of an app, by everybody, with every method, and to addresses that are none."""
    role = st.one_of(st.none(), *(st.just(x) for x in ROLES), st.just("analyst"), st.just("lead"), st.just("lead"))
    header = st.sampled_from(_HEADERS).flatmap(lambda x: st.tuples(st.just(x[0]), st.sampled_from(x[1])))
    headers = st.one_of(st.just(()), st.lists(header, max_size=3, unique_by=lambda x: x[0]).map(tuple))
    queries = st.one_of(
        st.just(""),
        fields().map(lambda x: urlencode(x, errors="surrogatepass")),
        st.binary(max_size=20).map(lambda x: "lang=" + quote_from_bytes(x)),
    )
    cookies = st.one_of(
        st.just(()),
        st.lists(st.tuples(st.sampled_from(("tegn", "tegn_lang", "tegn_oidc", "x")), strings()), max_size=2).map(tuple),
    )

    def to(template: str, own: list[str]) -> st.SearchStrategy[Asked]:
        methods = st.sampled_from([*own * 6, *METHODS])
        return st.builds(Asked, role, methods, _paths(template), queries, headers, cookies, _bodies(template))

    unknown = st.builds("/{0}".format, strings())
    elsewhere = st.builds(Asked, role, st.sampled_from(METHODS), unknown, queries, headers, cookies, _bodies(""))
    return st.one_of(*(to(*x) for x in templates(app).items()), elsewhere)


def check(app: Running, asked: Asked) -> Any:
    """Send a request, look at the answer and give it back.

    Raises:
        Finding: the answer, or what was logged, is none that a request may get.
    """
    response = asked.send(app)
    echoes = response.status_code in ECHOING or (asked.method == "GET" and "token" in asked.path)
    app.check(response, echoes=echoes)
    kind = response.headers.get("content-type", "")
    known = (
        "text/html; charset=utf-8",
        "text/plain; charset=utf-8",
        "application/json",
        "text/css",
        "text/javascript",
        "image/",
        "font/",
    )
    if response.content and not kind.startswith(known):
        raise Finding(f"{response.status_code} as {kind}")
    return response


def rounds(app: Running) -> Any:
    """Rounds of requests to an app."""
    made = requests(app.app)

    def run(chosen: settings, number: int) -> None:
        app.fill()

        @seed(number)
        @chosen
        @given(made)
        def every_answer_is_one_that_may_be(asked: Asked) -> None:
            check(app, asked)

        every_answer_is_one_that_may_be()

    return run
