"""From any earlier version to this one: data survive, a step that fails changes nothing, and nobody goes back by mistake."""

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from serving.cli import app
from serving.store.database import NewerStore, check_revision, migrate, open_store, revision_of, revisions
from tests.serving.test_migrations import fill, kept, rows

EARLIER = revisions()[:-1]


@pytest.fixture
def empty(store_url):
    """An empty database."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def home(tmp_path, store_url, monkeypatch):
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TEGN_DATABASE_URL", store_url)
    return tmp_path / "home"


def test_the_revisions_are_those_of_the_migrations():
    assert revisions() == ["0001", "0002", "0003", "0004", "0005", "0006"]


@pytest.mark.parametrize("revision", EARLIER)
def test_a_store_of_each_earlier_version_comes_up_with_all_that_is_in_it(empty, tmp_path, revision):
    migrate(empty, tmp_path, revision)
    fill(empty)
    before = rows(empty)
    assert all(len(x) == 1 for x in before.values())
    migrate(empty, tmp_path)
    kept(before, rows(empty))
    with empty.connect() as db:
        assert revision_of(db) == revisions()[-1]
    fill(empty)  # and takes new rows


@pytest.mark.parametrize("revision", EARLIER)
def test_a_migration_that_fails_leaves_the_store_as_it_was(empty, tmp_path, monkeypatch, revision):
    """All steps are one transaction, on both kinds of database: also those that went well before the one that did not."""
    migrate(empty, tmp_path, revision)
    fill(empty)
    before = rows(empty)
    done = []

    def fail(name, *_, **__):
        done.append(name)
        raise OSError(28, "No space left on device")

    # The last thing that the last step does; those before it have made tables and columns by then.
    monkeypatch.setattr(
        "alembic.runtime.migration.HeadMaintainer.update_to_step",
        _last_time(fail, len(EARLIER) - EARLIER.index(revision)),
    )
    with pytest.raises(OSError, match="No space"):
        migrate(empty, tmp_path)
    assert done
    monkeypatch.undo()
    assert rows(empty) == before
    with empty.connect() as db:
        assert revision_of(db) == revision
    migrate(empty, tmp_path)
    kept(before, rows(empty))


def _last_time(fail, times):
    """As it is, until it is called for the last of so many times."""
    from alembic.runtime.migration import HeadMaintainer

    plain, called = HeadMaintainer.update_to_step, []

    def step(self, revision):
        called.append(revision)
        return fail(revision) if len(called) == times else plain(self, revision)

    return step


@pytest.mark.parametrize(
    "words", [("start",), ("migrate",), ("user", "list"), ("key", "add", "x"), ("audit", "verify")]
)
def test_a_store_of_a_newer_version_is_refused_with_what_to_do_and_left_alone(empty, home, monkeypatch, words):
    home.mkdir()
    migrate(empty, home)
    with empty.begin() as db:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    before = rows(empty)
    empty.dispose()
    monkeypatch.setattr("serving.cli._try_to_listen", lambda *_: None)
    found = CliRunner().invoke(app, list(words))
    assert found.exit_code == 2
    for said in ("0999", revisions()[-1], "newer version", "docs/operations.md"):
        assert said in found.stderr
    assert rows(empty) == before
    with empty.connect() as db:
        assert revision_of(db) == "0999"


def test_a_form_that_is_known_or_none_yet_is_taken():
    for revision in ("", *revisions()):
        check_revision(revision)
    with pytest.raises(NewerStore):
        check_revision(f"{int(revisions()[-1]) + 1:04}")
