"""Groups of ads: the ads, what ties them, and what people say of a group."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OUTCOMES = "outcome IS NULL OR outcome IN ('refer', 'not_relevant', 'wait', 'more_information')"


def _refers(column: str, table: str, ondelete: str | None = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "ad_groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.Integer()),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("loaded", sa.DateTime()),
        sa.Column("changing", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.String(length=64)),
        sa.Column("ads", sa.Integer(), nullable=False),
        sa.Column("names", sa.Integer(), nullable=False),
        sa.Column("phones", sa.Integer(), nullable=False),
        sa.Column("towns", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=10)),
        sa.Column("last", sa.String(length=10)),
        sa.Column("figures", sa.String(length=4000), nullable=False),
        sa.Column("outcome", sa.String(length=20)),
        sa.CheckConstraint(_OUTCOMES, name="outcome_is_known"),
        _refers("case_id", "cases"),
        _refers("merged_into", "ad_groups", "SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("ix_ad_groups_case_id", "ad_groups", ["case_id"])
    op.create_index("ix_ad_groups_merged_into", "ad_groups", ["merged_into"])
    op.create_index("ix_ad_groups_size", "ad_groups", ["ads", "id"])
    op.create_index("ix_ad_groups_last", "ad_groups", ["last", "id"])
    op.create_table(
        "ads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("known", sa.String(length=64), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_about", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary()),
        sa.Column("added", sa.DateTime(), nullable=False),
        _refers("group_id", "ad_groups"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("known"),
    )
    op.create_index("ix_ads_group", "ads", ["group_id", "place"])
    op.create_table(
        "ad_traces",
        sa.Column("ad_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        _refers("ad_id", "ads"),
        sa.PrimaryKeyConstraint("ad_id", "place"),
    )
    op.create_index("ix_ad_traces_value", "ad_traces", ["value"])
    op.create_table(
        "ad_ties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("strength", sa.String(length=10), nullable=False),
        sa.Column("sealed_reasons", sa.LargeBinary(), nullable=False),
        _refers("group_id", "ad_groups"),
        _refers("first_id", "ads"),
        _refers("second_id", "ads"),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("group_id", "first_id", "second_id"):
        op.create_index(f"ix_ad_ties_{column}", "ad_ties", [column])
    op.create_table(
        "group_notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=20)),
        sa.Column("sealed_note", sa.LargeBinary()),
        sa.CheckConstraint(_OUTCOMES, name="outcome_is_known"),
        _refers("group_id", "ad_groups"),
        _refers("about", "ad_groups"),
        _refers("user_id", "users", None),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_group_notes_group_id", "group_notes", ["group_id"])
    op.create_index("ix_group_notes_user_id", "group_notes", ["user_id"])


def downgrade() -> None:
    for table in ("group_notes", "ad_ties", "ad_traces", "ads", "ad_groups"):
        op.drop_table(table)
