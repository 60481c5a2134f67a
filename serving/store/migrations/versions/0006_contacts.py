"""Contacts compared as ads are linked: which texts and ads have them in that form, and which contacts may be links."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_SHARED = """
UPDATE traces SET shared = {true} WHERE kind <> 'words' AND (
    EXISTS (SELECT 1 FROM traces AS other WHERE other.value = traces.value AND other.text_id <> traces.text_id)
    OR EXISTS (SELECT 1 FROM ad_traces WHERE ad_traces.value = traces.value)
)
"""


def upgrade() -> None:
    # The contacts themselves are sealed and cannot be found anew here: the service does it beside requests.
    for table in ("texts", "ads"):
        op.add_column(table, sa.Column("traced", sa.Integer, nullable=False, server_default="0"))
    op.add_column("traces", sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()))
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(_SHARED.format(true="1" if sqlite else "true"))
    op.drop_index("ix_traces_value", "traces")
    op.create_index("ix_traces_value", "traces", ["value", "shared"])
    op.create_index(
        "ix_traces_shared",
        "traces",
        ["text_id", "place"],
        sqlite_where=sa.text("shared = 1"),
        postgresql_where=sa.text("shared"),
    )


def downgrade() -> None:
    op.drop_index("ix_traces_shared", "traces")
    op.drop_index("ix_traces_value", "traces")
    op.create_index("ix_traces_value", "traces", ["value"])
    op.drop_column("traces", "shared")
    for table in ("ads", "texts"):
        op.drop_column(table, "traced")
