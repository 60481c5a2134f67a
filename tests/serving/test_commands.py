"""Commands for people and keys: what they print, and what they say when something cannot be."""

import re

import pytest
from typer.testing import CliRunner

from serving.cli import app
from serving.settings import read_settings
from serving.store.access import Access
from serving.store.ledger import open_ledger


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    runner = CliRunner()
    return lambda *words: runner.invoke(app, list(words))


@pytest.fixture
def access(run) -> Access:
    settings = read_settings()
    settings.make_home()
    return Access(open_ledger(settings.store_url, settings.home, {}))


def test_a_person_is_added_linked_given_a_role_listed_and_removed(run, access):
    link = re.compile(r"http://127\.0\.0\.1:3000/login/(\S{43})\n")
    first = link.fullmatch(run("user", "add", "Bo Berg", "--role", "analyst").stdout)
    again = link.fullmatch(run("user", "link", "Bo Berg").stdout)
    assert access.use_link(first[1]) is None
    session = access.use_link(again[1])
    assert run("user", "role", "Bo Berg", "lead").exit_code == 0
    assert access.person(session) is None
    assert re.fullmatch(r"Bo Berg\tlead\t\S+\tno password\n", run("user", "list").stdout)
    assert run("user", "unlock", "Bo Berg").exit_code == 0
    assert run("user", "remove", "Bo Berg").exit_code == 0
    assert run("user", "list").stdout.endswith("\tremoved\n")
    assert {x.actor for x in access._ledger.entries() if x.act.startswith("user")} == {"system"}


def test_a_key_is_added_listed_and_removed_and_never_shown_again(run, access):
    said = run("key", "add", "referral").stdout
    key = re.fullmatch(r"(tegn_\S{43})\n", said)[1]
    assert access.system(key).scopes == {"tag"}
    listed = run("key", "list").stdout
    assert re.fullmatch(r"referral\ttag\t\S+\n", listed)
    assert run("key", "remove", "referral").exit_code == 0
    assert access.system(key) is None
    assert run("key", "list").stdout == ""


def test_a_person_is_bound_to_the_provider_of_the_settings(run, access, monkeypatch):
    run("user", "add", "Bo", "--role", "lead")
    assert "TEGN_OIDC_ISSUER" in run("user", "bind", "Bo", "s-1").stderr
    for name, value in (("ISSUER", "https://id.example"), ("CLIENT_ID", "tegn"), ("CLIENT_SECRET", "x")):
        monkeypatch.setenv(f"TEGN_OIDC_{name}", value)
    assert run("user", "bind", "Bo", "s-1").exit_code == 0
    assert access.enter("https://id.example", "s-1", "", None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "add", "Bo", "--role", "king"), "analyst, lead, engineer, admin"),
        (("user", "add", "Bo", "--role", "client"), "key add"),
        (("user", "add", "", "--role", "lead"), "1 to 100"),
        (("user", "link", "nobody"), "no user 'nobody'"),
        (("user", "role", "nobody", "lead"), "no user 'nobody'"),
        (("user", "remove", "nobody"), "no user 'nobody'"),
        (("user", "remove", "Ada"), "last admin"),
        (("user", "role", "Ada", "lead"), "last admin"),
        (("user", "add", "Ada", "--role", "lead"), "already"),
        (("key", "remove", "nothing"), "key list"),
        (("key", "add", "x", "--scope", "everything"), "scopes are tag"),
    ],
)
def test_what_cannot_be_stops_with_what_to_do_and_prints_nothing(run, words, said):
    run("user", "add", "Ada", "--role", "admin")
    result = run(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("user", "link", "Bo"),
        ("user", "role", "Bo", "lead"),
        ("user", "remove", "Bo"),
        ("user", "unlock", "Bo"),
        ("user", "bind", "Bo", "s-1"),
        ("user", "list"),
        ("key", "list"),
        ("key", "remove", "x"),
        ("export-decisions",),
        ("erase", "1", "--reason", "asked", "--yes"),
        ("audit", "verify"),
        ("audit", "anchor"),
        ("rotate-key",),
        ("backup", "no.tar"),
    ],
)
def test_without_a_store_a_command_says_where_it_looked_and_makes_none(run, tmp_path, words):
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    for said in (str(tmp_path / "home" / "tegn.db"), "TEGN_HOME", "TEGN_DATABASE_URL"):
        assert said in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_empty_file_is_no_store_and_a_database_that_cannot_be_read_is_told_without_its_password(
    run, tmp_path, monkeypatch
):
    home = tmp_path / "home"
    home.mkdir()
    (home / "tegn.db").touch()
    assert "there is no store" in run("user", "list").stderr
    assert [x.name for x in home.iterdir()] == ["tegn.db"]
    (home / "tegn.db").write_bytes(b"no database at all" * 100)
    assert "cannot be read" in run("audit", "verify").stderr
    monkeypatch.setenv("TEGN_DATABASE_URL", "postgresql+psycopg://tegn:hemmeligt@127.0.0.1:1/tegn")
    result = run("audit", "verify")
    assert (result.exit_code, "127.0.0.1:1/tegn" in result.stderr, "hemmeligt" in result.stderr) == (2, True, False)


def test_a_home_that_cannot_be_made_says_what_to_set(run, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "file" / "home"))
    result = run("migrate")
    assert result.exit_code == 2
    assert "Not a directory; set TEGN_HOME to a folder" in result.stderr


@pytest.mark.parametrize(
    "words", [("migrate",), ("user", "add", "Bo", "--role", "lead"), ("key", "add", "x", "--scope", "tag")]
)
def test_a_command_that_may_be_the_first_begins_the_store(run, words):
    assert run(*words).exit_code == 0
    assert run("user", "list").exit_code == 0
