"""Who may go where, and what the navigation offers."""

import pytest

READERS, RESPONSIBLE = {"analyst", "lead"}, {"lead", "admin"}
PAGES = {
    "/submit": READERS,
    "/submit/receipt": READERS,
    "/uploads/999": READERS,
    "/uploads/999/state": READERS,
    "/cases": READERS,
    "/cases/999": READERS,
    "/cases/999/erase": {"lead"},
    "/oversight": RESPONSIBLE,
    "/audit": RESPONSIBLE,
}
FORMS = {
    "/texts/999/draft": READERS,
    "/cases": READERS,
    "/submit": READERS,
    "/uploads": READERS,
    "/uploads/999/files": READERS,
    "/uploads/999/column": READERS,
    "/cases/999/erase": {"lead"},
    "/cases/999/keep": {"lead"},
    "/oversight": RESPONSIBLE,
    "/audit/verify": RESPONSIBLE,
}


@pytest.mark.parametrize("role", ["analyst", "lead", "engineer", "admin"])
def test_only_some_may(log_in, role):
    browser = log_in(role)
    for path, may in PAGES.items():
        assert (browser.get(path).status_code == 403) is (role not in may), path
    for path, may in FORMS.items():
        assert (browser.post(path).status_code == 403) is (role not in may), path
    shown = (
        browser.get("/").text if role == "engineer" else browser.get("/submit" if role in READERS else "/audit").text
    )
    for path in ("/submit", "/oversight", "/audit"):
        if role != "engineer":
            assert (f'<a href="{path}"' in shown) is (role in PAGES[path]), path


def test_strangers_are_sent_to_the_log_in_page(client):
    for method, paths in (("GET", PAGES), ("POST", FORMS)):
        for path in paths:
            response = client.request(method, path, follow_redirects=False)
            assert (response.status_code, response.headers["location"].split("?")[0]) == (303, "/login"), path


@pytest.mark.parametrize("path", ["/cases/x", "/cases/99999999999999999999999", "/uploads/x/state", "/uploads/-1"])
def test_an_address_that_is_none_is_not_found(log_in, path):
    response = log_in("analyst").get(path)
    assert response.status_code == 404
    assert "Siden findes ikke" in response.text
