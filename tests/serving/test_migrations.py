"""Every migration, up and down, with a row in every table: nothing is lost on the way up, and the end is what the models say."""

from datetime import datetime

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from serving.store import desk, groups  # noqa: F401 (their tables belong to Base)
from serving.store.database import MIGRATIONS, migrate, open_store
from serving.store.tables import Base
from tests.serving import postgres

_CONFIG = Config()
_CONFIG.set_main_option("script_location", str(MIGRATIONS))
REVISIONS = [x.revision for x in ScriptDirectory.from_config(_CONFIG).walk_revisions()][::-1]
CHOSEN = {
    ("users", "role"): "lead", ("texts", "kind"): "ad", ("texts", "stage"): "second", ("texts", "outcome"): "wait",
    ("readings", "part"): "second", ("readings", "outcome"): "refer", ("marks", "verdict"): "correct",
    ("marks", "state"): "denied", ("marks", "reason"): "lawful", ("uploaded_files", "state"): "reading",
    ("ad_groups", "outcome"): "wait", ("group_notes", "outcome"): "refer",
}  # fmt: skip
"""Where a check says which values there may be."""


def tables(db: sa.Connection) -> sa.MetaData:
    """The tables as they are, less Alembic's own."""
    found = sa.MetaData()
    found.reflect(db, only=lambda name, _: name != "alembic_version")
    return found


def value(column: sa.Column, number: int) -> object:
    """Something that fits, in every column: one left empty would prove nothing."""
    if column.foreign_keys:
        return 1
    if (column.table.name, column.name) in CHOSEN:
        return CHOSEN[column.table.name, column.name]
    kind = column.type.python_type
    if kind is datetime:
        return datetime(2026, 3, 1, 12, number % 60, 7)
    return {str: f"ord {number}", bytes: b"\x00\xff" + bytes([number]), bool: True, int: number, float: number / 8}[
        kind
    ]


def fill(engine: sa.Engine) -> None:
    """A row in every table that has none, each of its columns with a value."""
    with engine.begin() as db:
        for table in tables(db).sorted_tables:
            if db.scalar(sa.select(sa.func.count()).select_from(table)):
                continue
            row = {x.name: value(x, number) for number, x in enumerate(table.columns, 1)}
            row |= {x.name: 1 for x in table.primary_key.columns if x.type.python_type is int}
            db.execute(table.insert().values(row))


def rows(engine: sa.Engine) -> dict[str, list[dict[str, object]]]:
    with engine.connect() as db:
        return {x.name: [dict(row) for row in db.execute(sa.select(x)).mappings()] for x in tables(db).tables.values()}


def kept(before: dict, after: dict) -> None:
    """Of each table that is still there, the same rows with the same values in the columns that are still there."""
    for name in before.keys() & after.keys():
        assert len(before[name]) == len(after[name]) == 1, name
        for old, new in zip(before[name], after[name], strict=True):
            both = old.keys() & new.keys()
            assert {x: old[x] for x in both} == {x: new[x] for x in both}, name


def described(engine: sa.Engine) -> dict[str, dict[str, object]]:
    """All that the database itself says of its tables."""
    with engine.connect() as db:
        look = sa.inspect(db)
        found = {}
        for name in sorted(set(look.get_table_names()) - {"alembic_version"}):
            found[name] = {
                "columns": {x["name"]: (str(x["type"]), x["nullable"]) for x in look.get_columns(name)},
                "primary key": look.get_pk_constraint(name)["constrained_columns"],
                "foreign keys": sorted(
                    (x["constrained_columns"], x["referred_table"], x["referred_columns"], str(x["options"]))
                    for x in look.get_foreign_keys(name)
                ),
                "unique": sorted(x["column_names"] for x in look.get_unique_constraints(name)),
                "checks": sorted((x["name"], " ".join(x["sqltext"].split())) for x in look.get_check_constraints(name)),
                "indexes": sorted(
                    (x["name"], x["column_names"], bool(x["unique"]), str(_where(x)))
                    for x in look.get_indexes(name)
                    if not x.get("duplicates_constraint")
                ),
            }
        return found


def _where(index: dict) -> str:
    options = index.get("dialect_options", {})
    return str(options.get("sqlite_where", options.get("postgresql_where", ""))).strip("()")


@pytest.fixture
def empty(store_url):
    """An empty store."""
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def modelled(store, tmp_path, request):
    """A second store of the same kind, whose tables the models made without any migration."""
    sqlite = store.dialect.name == "sqlite"
    url = (
        f"sqlite:///{tmp_path / 'models.db'}"
        if sqlite
        else postgres.new_database(request.getfixturevalue("postgres_url"))
    )
    engine = open_store(url)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_there_is_one_line_of_revisions_and_this_is_it():
    assert [int(x) for x in REVISIONS] == list(range(1, len(REVISIONS) + 1))


def test_migrations_make_the_tables_of_the_models(store, modelled):
    with store.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), Base.metadata) == []
    # Alembic does not compare checks, nor what a foreign key does when its row goes.
    assert described(store) == described(modelled)


def test_up_with_a_row_in_every_table_keeps_each_value(empty, tmp_path):
    """From each revision to the next: what was stored at any time is there at the head."""
    stored = {}
    for revision in REVISIONS:
        migrate(empty, tmp_path, revision)
        now = rows(empty)
        assert stored.keys() <= now.keys()
        assert all(stored[name][0].keys() <= now[name][0].keys() for name in stored)
        kept(stored, now)
        fill(empty)
        stored = rows(empty)
        assert all(len(x) == 1 for x in stored.values())
    assert stored.keys() == Base.metadata.tables.keys()


def test_straight_from_the_first_revision_to_the_head_keeps_each_value(empty, tmp_path):
    migrate(empty, tmp_path, REVISIONS[0])
    fill(empty)
    before = rows(empty)
    assert before.keys() == {"users", "login_links", "sessions", "api_keys"}
    migrate(empty, tmp_path)
    kept(before, rows(empty))
    fill(empty)


def test_down_and_up_again_with_a_row_in_every_table(store, modelled, tmp_path):
    """Each step down keeps what its tables still hold, the last leaves nothing, and up again makes the same tables."""
    fill(store)
    for _ in REVISIONS[1:]:
        before = rows(store)
        migrate(store, tmp_path, "-1")
        kept(before, rows(store))
    migrate(store, tmp_path, "base")
    assert rows(store) == {}
    migrate(store, tmp_path)
    assert described(store) == described(modelled)
    fill(store)
    migrate(store, tmp_path, "base")
    assert rows(store) == {}


def test_each_step_down_leaves_the_tables_of_that_revision(empty, tmp_path):
    made = []
    for revision in REVISIONS:
        migrate(empty, tmp_path, revision)
        made.append(described(empty))
    for before in made[-2::-1]:
        migrate(empty, tmp_path, "-1")
        assert described(empty) == before


def test_a_role_that_an_earlier_revision_does_not_know_becomes_one_it_does(store, tmp_path):
    fill(store)
    with store.begin() as db:
        db.execute(sa.text("UPDATE users SET role = 'engineer'"))
    for _ in REVISIONS[1:]:
        migrate(store, tmp_path, "-1")
    with store.begin() as db:
        assert db.scalar(sa.text("SELECT role FROM users")) == "analyst"
    with pytest.raises(IntegrityError), store.begin() as db:
        db.execute(sa.text("UPDATE users SET role = 'king'"))


def test_foreign_keys_are_followed_after_a_migration(store):
    with pytest.raises(IntegrityError), store.begin() as db:
        db.execute(sa.text("INSERT INTO sessions VALUES ('x', 99, '2026-01-01', '2026-01-01', 'link')"))
