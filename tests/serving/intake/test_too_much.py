"""Too much at once: our own page says how much there may be and what to do, once the browser has sent all and looks at it."""

import asyncio
import html

import pytest
import sqlalchemy as sa

from serving.review import fileforms
from serving.store.desk import Text, Upload
from triage.text import MAX_TEXT

PIECE = b"a" * 65_536
FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data; boundary=x"
HEAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
FIELD = b'--x\r\nContent-Disposition: form-data; name="files_reference"\r\n\r\n'
TEXT_LIMIT = {"da": f"{MAX_TEXT:,}".replace(",", "."), "en": f"{MAX_TEXT:,}"}


def send(browser, path: str, kind: str, body: list[bytes], *, declared: bool = False, accept: str = "text/html"):
    """Send a body in pieces, as a browser does; returns status, page, and how many pieces were left when the answer began."""
    cookies = "; ".join(f"{x.name}={x.value}" for x in browser.cookies.jar)
    headers = {"content-type": kind, "cookie": cookies, "accept": accept, "host": "127.0.0.1:3000"}
    if declared:
        headers["content-length"] = str(sum(len(x) for x in body))
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(x.encode(), y.encode()) for x, y in headers.items()],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 3000),
    }  # fmt: skip
    pieces, sent, left = list(body), [], []

    async def receive():
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def answer(message):
        if message["type"] == "http.response.start":
            left.append(len(pieces))
        sent.append(message)

    asyncio.run(browser.app(scope, receive, answer))
    said = b"".join(x.get("body", b"") for x in sent[1:]).decode()
    return sent[0]["status"], html.unescape(said), left[0]


def _nothing_is_stored(app) -> bool:
    with app.state.ledger.reading() as db:
        return not any(db.scalar(sa.select(sa.func.count()).select_from(x)) for x in (Text, Upload))


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "without"])
@pytest.mark.parametrize("path", ["/submit", "/"])
def test_a_text_that_is_too_long_by_far(app, log_in, path, declared, language):
    body = [b"kind=note&text=", *[PIECE] * 20]
    status, page, left = send(log_in("analyst"), f"{path}?lang={language}", FORM, body, declared=declared)
    assert (status, left) == (413, 0)
    assert f'<html lang="{language}">' in page
    assert TEXT_LIMIT[language] in page
    assert {"da": "del teksten, og send delene hver for sig", "en": "split the text, and send the parts"}[
        language
    ] in page
    assert _nothing_is_stored(app)


@pytest.mark.parametrize("language", ["da", "en"])
def test_files_that_are_too_large_together(app, log_in, monkeypatch, language):
    monkeypatch.setattr(fileforms, "MAX_REQUEST", 3 * 1024 * 1024)
    body = [HEAD, *[PIECE] * 80, b"\r\n--x--\r\n"]
    status, page, left = send(log_in("analyst"), f"/uploads?lang={language}", FILES, body)
    assert (status, left) == (413, 0)
    assert 'href="#files"' in page
    assert {"da": "Send færre ad gangen", "en": "Send fewer at a time"}[language] in page


def test_files_that_are_too_large_together_and_are_added_later(app, log_in, monkeypatch):
    browser = log_in("analyst")
    fields = {"files_kind": "note", "files_reference": ""}
    begun = browser.post(
        "/uploads", data=fields, files=[("files", ("a.txt", b"a"))], headers={"Accept": "application/json"}
    )
    assert begun.status_code == 201
    monkeypatch.setattr(fileforms, "MAX_REQUEST", 1024 * 1024)
    body = [HEAD, *[PIECE] * 40, b"\r\n--x--\r\n"]
    status, page, left = send(browser, "/uploads/1/files", FILES, body)
    assert (status, left) == (413, 0)
    assert "100 MB tilsammen" in page
    status, said, left = send(browser, "/uploads/1/files", FILES, body, accept="application/json")
    assert (status, left) == (413, 0)
    assert said.startswith('{"error":"Filerne fylder mere end')


def test_a_field_as_large_as_a_file(app, log_in):
    body = [FIELD, *[PIECE] * 40, b"\r\n--x--\r\n"]
    status, page, left = send(log_in("analyst"), "/uploads", FILES, body)
    assert (status, left) == (413, 0)
    assert "for meget på én gang" in page
    assert _nothing_is_stored(app)


def test_whoever_sends_without_end_is_cut_off(log_in, monkeypatch):
    monkeypatch.setattr("serving.review.forms._DRAINED", 1024 * 1024)
    status, _, left = send(log_in("analyst"), "/submit", FORM, [PIECE] * 200)
    assert status == 413
    assert left > 100
