"""Files of the pages, HEAD, the language somebody chose, the statement."""

import re

import pytest

from serving.review import pages, rendering
from serving.review.assets import _read, address
from serving.review.words import words_in

FOREVER = "public, max-age=31536000, immutable"


def test_a_file_is_kept_for_a_year_under_its_version_and_asked_for_again_elsewhere(client):
    assert re.fullmatch(r"/static/[0-9a-f]{16}/tegn.css", address("tegn.css"))
    response = client.get(address("tegn.css"))
    assert response.headers["cache-control"] == FOREVER
    assert response.headers["content-type"].startswith("text/css")
    for path in ("/static/tegn.css", "/static/0123456789abcdef/tegn.css"):  # the second: a page of another version
        assert client.get(path).content == response.content
        assert client.get(path).headers["cache-control"] == "no-cache"


def test_a_page_names_files_that_are_there(client):
    page = client.get("/login").text
    named = re.findall(r'"(/static/[^"]+)"', page)
    assert len(named) == 3
    for path in named:
        assert client.get(path).headers["cache-control"] == FOREVER
        for inside in re.findall(r'url\("?([^")]+)"?\)', client.get(path).text if path.endswith(".css") else ""):
            assert client.get(path.rsplit("/", 1)[0] + "/" + inside).status_code == 200, inside


def test_style_sheets_name_no_other_host_and_no_embedded_data():
    for name, content in _read()[1].items():
        if name.endswith(".css"):
            assert not re.search(rb"url\(\s*[\"']?(https?:|//|data:)|@import", content), name


def test_every_file_has_a_media_type_and_licences_come_along(client):
    content = _read()[1]
    assert {"fonts/LICENSE.txt", "LICENSE.dkfds.md"} <= set(content)
    for name in content:
        assert client.get(address(name)).status_code == 200, name
    assert client.get(address("fonts/IBMPlexSans-Regular.woff2")).headers["content-type"] == "font/woff2"
    assert sum(map(len, content.values())) < 1_500_000


@pytest.mark.parametrize(
    "path",
    ["../words.toml", "..%2fwords.toml", "fonts/../../words.toml", "fonts", "", "/etc/passwd", "fonts/%00", "x.css"],
)
def test_nothing_else_is_a_file(client, path):
    assert client.get(f"/static/{path}").status_code == 404
    assert client.get(f"/static/{_read()[0]}/{path}").status_code == 404


def test_a_file_that_is_not_there_stops_the_template_that_names_it():
    with pytest.raises(KeyError):
        address("none.css")


@pytest.mark.parametrize("path", ["/", "/login", "/login/any", "/none", "/accessibility", "/static/tegn.css", "/livez"])
def test_head_is_get_without_the_body(logged_in, path):
    get, head = logged_in.get(path), logged_in.head(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert get.content != b""
    assert {k: v for k, v in head.headers.items() if k != "date"} == {
        k: v for k, v in get.headers.items() if k != "date"
    }


def test_head_is_logged_as_head_and_goes_nowhere_that_get_does_not(client, caplog):
    with caplog.at_level("INFO", "tegn"):
        assert client.head("/", follow_redirects=False).status_code == 303
        assert client.head("/v1/tag").status_code == 405
    lines = {x.getMessage().rsplit(" ", 2)[0] for x in caplog.records if x.name == "tegn"}
    assert lines == {"HEAD / 303", "HEAD /v1/tag 405"}


def test_a_language_in_the_address_is_kept(client):
    assert '<html lang="en">' in client.get("/login?lang=en").text
    assert '<html lang="en">' in client.get("/login").text
    assert '<html lang="da">' in client.get("/login?lang=da").text
    cookie = client.get("/login?lang=en").headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


@pytest.mark.parametrize(
    "path", ["/login?lang=xx", "/login?lang=en%0d%0aX:1", "/login?lang=", "/v1/openapi.json?lang=en"]
)
def test_no_other_language_is_kept(client, path):
    response = client.get(path)
    assert response.status_code == 200
    assert "set-cookie" not in response.headers


def test_the_statement_is_open_and_linked_from_every_page(client):
    assert 'href="/accessibility"' in client.get("/login").text
    assert client.get("/was", follow_redirects=False).headers["location"] == "/accessibility"
    page = client.get("/accessibility").text
    assert "EN 301 549" in page
    assert page.count('class="fill"') == sum(words_in("da")[x].count("[[") for x in words_in("da"))
    assert "[[" not in page
    assert "]]" not in page


def test_the_statement_says_that_it_is_a_template_until_it_is_filled_in(client, monkeypatch):
    said = words_in("da")["access_template"]
    assert said in client.get("/accessibility").text
    words = words_in("da")
    filled = {x: re.sub(r"\[\[.*?\]\]", "Kommunen", words[x]) for x in words}
    monkeypatch.setattr(pages, "words_of", lambda _: type(words)("da", filled))
    page = client.get("/accessibility").text
    assert said not in page
    assert 'class="fill"' not in page
    assert "Kommunen" in page


def test_navigation_is_there_where_a_page_gives_it():
    words = words_in("da")
    page = rendering.show("error.html", words, message="x", nav=[("/a?b=1&c=2", "A & B", True), ("/d", "D", False)])
    body = page.body.decode()
    assert '<a href="/a?b=1&amp;c=2" aria-current="page">A &amp; B</a>' in body
    assert '<a href="/d">D</a>' in body
    assert "<nav" not in rendering.show("error.html", words, message="x").body.decode()
