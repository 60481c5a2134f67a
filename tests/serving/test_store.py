"""People, links, keys; migrations; settings."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import IntegrityError

from serving.settings import InvalidSettings, read_settings
from serving.store.access import Access
from serving.store.database import UnusableStore, migrate, open_store
from serving.store.tables import Base


def test_migrations_make_the_tables_of_the_models(store):
    with store.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_migrations_go_down_and_up_with_data_in_it(store, ledger, tmp_path):
    access = Access(ledger)
    access.use_link(access.add_user("Anna", "analyst"))
    access.add_key("k", ["tag"])
    migrate(store, tmp_path, "base")
    migrate(store, tmp_path)
    migrate(store, tmp_path)
    assert not Access(ledger).has_users()


def test_people_their_links_and_sessions_outlive_migrations(store_url, tmp_path):
    engine = open_store(store_url)
    migrate(engine, tmp_path, "0001")
    with engine.begin() as db:
        db.execute(sa.text("INSERT INTO users (name, role, created) VALUES ('Anna', 'analyst', '2026-01-01')"))
        for table, moments in (("login_links", "expires"), ("sessions", "seen, started")):
            marks = ", ".join("'2026-01-01'" for _ in moments.split(", "))
            db.execute(sa.text(f"INSERT INTO {table} (token_hash, user_id, {moments}) VALUES ('x', 1, {marks})"))

    def kept() -> list[int]:
        with engine.connect() as db:
            return [db.scalar(sa.text(f"SELECT count(*) FROM {x}")) for x in ("users", "login_links", "sessions")]

    migrate(engine, tmp_path)
    assert kept() == [1, 1, 1]
    with engine.begin() as db:
        db.execute(sa.text("UPDATE users SET role = 'engineer'"))
    while sa.inspect(engine).has_table("audit"):
        migrate(engine, tmp_path, "-1")
    assert kept() == [1, 1, 1]
    with engine.begin() as db:
        assert db.scalar(sa.text("SELECT role FROM users")) == "analyst"
    with pytest.raises(IntegrityError), engine.begin() as db:
        db.execute(sa.text("UPDATE users SET role = 'king'"))
    engine.dispose()


def test_foreign_keys_are_followed_after_a_migration(store):
    with pytest.raises(IntegrityError), store.begin() as db:
        db.execute(sa.text("INSERT INTO sessions VALUES ('x', 99, '2026-01-01', '2026-01-01', 'link')"))


def test_a_wrong_database_url_says_so_without_repeating_it():
    with pytest.raises(UnusableStore) as caught:
        open_store("nonsense://secret@host")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TEGN_PORT", "0", "TEGN_PORT"),
        ("TEGN_PORT", "abc", "TEGN_PORT"),
        ("TEGN_PROT", "3000", "TEGN_PROT"),
        ("TEGN_PUBLIC_URL", "tegn", "https"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=said):
        read_settings()


def test_the_home_folder_is_its_owners_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("TEGN_HOME", str(tmp_path / "h"))
    settings = read_settings()
    settings.make_home()
    assert (tmp_path / "h").stat().st_mode & 0o777 == 0o700
    open_store(settings.store_url)
    assert (tmp_path / "h" / "tegn.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("sqlite:///tegn.db", "sqlite:///{here}/tegn.db"),
        ("sqlite+pysqlite:///a/../b.db?timeout=3", "sqlite+pysqlite:///{here}/b.db?timeout=3"),
        ("sqlite:////srv/tegn.db", "sqlite:////srv/tegn.db"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://tegn:secret@host/tegn", "postgresql://tegn:secret@host/tegn"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_relative_path_in_the_database_url_is_meant_from_the_folder_of_the_command(tmp_path, monkeypatch, url, meant):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEGN_DATABASE_URL", url)
    settings = read_settings()
    monkeypatch.chdir("/")
    assert settings.store_url == meant.format(here=tmp_path)
