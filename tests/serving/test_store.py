"""Settings, and where the store is."""

import pytest
import sqlalchemy as sa

from serving.settings import InvalidSettings, read_settings
from serving.store.database import UnusableStore, migrate, open_store


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


def test_an_empty_setting_is_one_that_is_not_set(monkeypatch):
    """An empty home would be the folder of the command, whose mode would be changed."""
    monkeypatch.setenv("TEGN_HOME", "")
    monkeypatch.setenv("TEGN_PORT", "")
    settings = read_settings()
    assert (str(settings.home), settings.port) == (".tegn", 3000)


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


PRAGMAS = {"journal_mode": "wal", "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 10_000, "trusted_schema": 0}


def test_every_connection_to_sqlite_is_set_as_it_must_be(tmp_path):
    """Those of one pool at once, those opened anew, and the one that migrated."""
    engine = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    migrate(engine, tmp_path)

    def of(connection: sa.Connection) -> dict[str, object]:
        return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}

    for _ in range(2):
        open_ones = [engine.connect() for _ in range(8)]
        assert len({id(x.connection.dbapi_connection) for x in open_ones}) == 8
        assert [of(x) for x in open_ones] == [PRAGMAS] * 8
        writing = engine.connect().execution_options(tegn_writes=True)
        assert of(writing) == PRAGMAS
        for x in (*open_ones, writing):
            x.close()
        engine.dispose()
