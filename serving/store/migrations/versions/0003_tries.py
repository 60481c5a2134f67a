"""How often a file or a text was tried, and when a file is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# Columns are added and dropped in place: SQLite would lose the checks of a table that is made anew.


def upgrade() -> None:
    op.add_column("texts", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("texts", sa.Column("tried_by", sa.String(64)))
    op.create_index("ix_texts_tries", "texts", ["stage", "tries", "id"])
    op.add_column("uploaded_files", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("uploaded_files", sa.Column("delays", sa.Integer, nullable=False, server_default="0"))
    op.add_column("uploaded_files", sa.Column("again", sa.DateTime))


def downgrade() -> None:
    for column in ("again", "delays", "tries"):
        op.drop_column("uploaded_files", column)
    op.drop_index("ix_texts_tries", "texts")
    op.drop_column("texts", "tried_by")
    op.drop_column("texts", "tries")
