"""Alembic's entry: runs migrations on the connection that `serving.store.database.migrate` hands over."""

from alembic import context

from serving.store import desk, groups  # noqa: F401 (their tables belong to Base)
from serving.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
