"""Words of a text are nowhere but sealed in the store and on pages for those who may read them."""

import time

from serving.desk import extraction
from tests.serving.test_extract import make_docx, make_xlsx

CANARY = "Kanariefugl-7731"
SENT = [
    (f"{CANARY}.txt", f"{CANARY} et".encode()),
    (f"{CANARY}.csv", f"nr;tekst\n1;{CANARY} to\n2;{CANARY} \x00\n".encode()),
    (f"{CANARY}.xlsx", make_xlsx([("tekst",), (f"{CANARY} tre",)])),
    (f"{CANARY}.docx", make_docx(f"{CANARY} fire")),
    (f"{CANARY}.eml", f"Subject: {CANARY}\n\n{CANARY} fem".encode()),
    (f"{CANARY}.pdf", f"%PDF-1.4 {CANARY}".encode()),
    (f"{CANARY}.png", b"\x89PNG\r\n\x1a\n" + CANARY.encode()),
]


def _read_all(ledger) -> None:
    while extraction.read_next(ledger, keep_days=30):
        pass


def _finished(browser) -> str:
    """The state of the first upload once the app's own work is done with it too."""
    until = time.monotonic() + 120
    while browser.get("/uploads/1/state").json()["working"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    return browser.get("/uploads/1/state").text


def test_no_word_leaks(app, log_in, heard, capfd, tmp_path):
    browser, said, addresses = log_in("lead"), [], []

    def ask(method, path, **more):
        response = browser.request(method, path, follow_redirects=False, **more)
        addresses.append(response.headers.get("location", ""))
        return response

    ask("POST", "/submit", data={"text": f"{CANARY} nul", "kind": "note", "reference": f"{CANARY} J"})
    ask("POST", "/submit", data={"text": f"{CANARY} nul", "kind": "note"})  # again: known
    # Not read: what a page says of these comes back to whoever typed it alone.
    said.append(ask("POST", "/submit", content=f"text={CANARY}\xff".encode("latin-1")))
    said.append(ask("POST", "/submit", data={"text": CANARY, "kind": "note"}, headers={"Sec-Fetch-Site": "cross-site"}))
    said.append(ask("POST", "/submit", data={"text": CANARY * 50_000}))
    ask("POST", "/cases", data={"reference": f"{CANARY} J"})
    ask("POST", "/cases", data={"reference": f"{CANARY} none"})  # not found: the page gives it back to who typed it
    said.append(ask("GET", f"/cases/{CANARY}"))
    said.append(ask("GET", f"/audit?act={CANARY}&actor={CANARY}&about={CANARY}"))
    files = [("files", (name, data, "application/octet-stream")) for name, data in SENT]
    ask("POST", "/uploads", data={"files_kind": "note"}, files=files)
    broken = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{CANARY}"\r\n\r\n{CANARY}'
    said.append(ask("POST", "/uploads", content=broken, headers={"Content-Type": "multipart/form-data; boundary=y"}))
    _read_all(app.state.ledger)
    _finished(browser)
    for file in (2, 3):
        ask("POST", "/uploads/1/column", data={"file": file, "column": "tekst"})
    said.append(ask("POST", "/uploads/2/column", data={"file": "2", "column": CANARY}))
    _read_all(app.state.ledger)
    state = _finished(browser)
    assert state.count('"success"') >= 5  # they were really read
    assert CANARY not in state
    said += [ask("GET", x) for x in ("/submit", "/oversight", "/audit", "/metrics", "/readyz", "/submit/receipt?new=1")]
    said.append(ask("POST", "/audit/verify"))
    ask("POST", "/cases/1/erase", data={"reason": "asked"})
    said.append(ask("GET", "/cases/1"))
    for response in said:
        assert CANARY not in response.text, response.url
        assert CANARY not in str(response.headers)
    assert not any(CANARY in x for x in addresses)
    ours = [x for x in heard.records if not x.name.startswith("httpx")]  # what the test itself asks
    assert ours
    assert not any(CANARY in x.getMessage() + str(x.exc_text) for x in ours)
    out, err = capfd.readouterr()
    assert CANARY not in out + err
    for path in tmp_path.rglob("*"):
        assert CANARY not in path.name
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    with app.state.ledger.reading() as db:
        for row in db.connection().exec_driver_sql("SELECT actor, act, subject, details FROM audit"):
            assert CANARY not in "".join(row)
