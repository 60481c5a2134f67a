"""Passwords of people; the audit log; cases, texts, readings and what people decided."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_BEFORE = "role IN ('analyst', 'lead', 'admin')"
_AFTER = "role IN ('analyst', 'lead', 'engineer', 'admin')"


def _roles(known: str) -> None:
    # On SQLite a table is made anew, and a check that is not named again is gone.
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint("role_is_known", "users", type_="check")
    with op.batch_alter_table("users") as users:
        users.create_check_constraint("role_is_known", known)


def upgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("password_hash", sa.String(200)))
        users.add_column(sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
        users.add_column(sa.Column("locked_until", sa.DateTime))
        users.add_column(sa.Column("removed", sa.DateTime))
        users.add_column(sa.Column("subject", sa.String(255)))
        users.add_column(sa.Column("seen", sa.DateTime))
        users.create_unique_constraint("uq_users_subject", ["subject"])
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("way", sa.String(10), nullable=False, server_default="link"))
    _roles(_AFTER)
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("actor", sa.String(length=120), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=60), nullable=False),
        sa.Column("details", sa.String(length=2000), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    for column in ("actor", "act", "subject"):
        op.create_index(f"ix_audit_{column}", "audit", [column, "seq"])
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary()),
        sa.Column("sealed_reference", sa.LargeBinary()),
        sa.Column("reference", sa.String(length=64)),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("created_by", sa.Integer()),
        sa.Column("keep_until", sa.DateTime(), nullable=False),
        sa.Column("erased", sa.DateTime()),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_cases_keep_until", "cases", ["keep_until"])
    op.create_index("ix_cases_reference", "cases", ["reference"])
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("changed", sa.DateTime(), nullable=False),
        sa.Column("changed_by", sa.Integer()),
        sa.ForeignKeyConstraint(["changed_by"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("sealed_text", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_title", sa.LargeBinary()),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("received", sa.DateTime(), nullable=False),
        sa.Column("submitted_by", sa.Integer()),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("uncertainty", sa.Float(), nullable=False),
        sa.Column("draw", sa.Float(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("twice", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=120)),
        sa.Column("claimed", sa.DateTime()),
        sa.Column("for_training", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=20)),
        sa.CheckConstraint("kind IN ('note', 'ad')", name="kind_is_known"),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('refer', 'not_relevant', 'wait', 'more_information')",
            name="outcome_is_known",
        ),
        sa.CheckConstraint("stage IN ('new', 'first', 'second', 'adjudication', 'done')", name="stage_is_known"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["submitted_by"], ["users.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("fingerprint"),
    )
    op.create_index("ix_texts_age", "texts", ["stage", "id"])
    op.create_index("ix_texts_case_id", "texts", ["case_id"])
    op.create_index("ix_texts_priority", "texts", ["stage", "priority", "id"])
    op.create_index("ix_texts_sample", "texts", ["stage", "draw", "id"])
    op.create_index("ix_texts_outcome", "texts", ["stage", "outcome"])
    op.create_index("ix_texts_uncertainty", "texts", ["stage", "uncertainty", "id"])
    op.create_table(
        "uploads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_uploads_case_id", "uploads", ["case_id"])
    op.create_index("ix_uploads_user_id", "uploads", ["user_id"])
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("taken", sa.DateTime(), nullable=False),
        sa.Column("touched", sa.DateTime(), nullable=False),
        sa.Column("shown", sa.DateTime()),
        sa.Column("submitted", sa.DateTime()),
        sa.Column("released", sa.DateTime()),
        sa.Column("emergency", sa.String(length=20)),
        sa.Column("flagged", sa.Integer()),
        sa.Column("found", sa.Integer()),
        sa.Column("outcome", sa.String(length=20)),
        sa.Column("sealed_note", sa.LargeBinary()),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('refer', 'not_relevant', 'wait', 'more_information')",
            name="outcome_is_known",
        ),
        sa.CheckConstraint("part IN ('first', 'second', 'adjudicator')", name="part_is_known"),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_readings_text_id", "readings", ["text_id"])
    op.create_index("ix_readings_user_id", "readings", ["user_id"])
    op.create_index(
        "ux_readings_held",
        "readings",
        ["text_id", "part"],
        unique=True,
        sqlite_where=sa.text("released IS NULL"),
        postgresql_where=sa.text("released IS NULL"),
    )
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(length=120), nullable=False),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.Column("sealed_answer", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("text_id", "model"),
    )
    op.create_table(
        "traces",
        sa.Column("text_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("text_id", "place"),
    )
    op.create_index("ix_traces_value", "traces", ["value"])
    op.create_table(
        "uploaded_files",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("sealed_name", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_data", sa.LargeBinary()),
        sa.Column("sealed_columns", sa.LargeBinary()),
        sa.Column("sealed_column", sa.LargeBinary()),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("claimed", sa.DateTime()),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("problems", sa.String(length=4000), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'choose', 'reading', 'done', 'failed')", name="state_is_known"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_uploaded_files_state", "uploaded_files", ["state", "id"])
    op.create_index("ix_uploaded_files_upload_id", "uploaded_files", ["upload_id"])
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.Integer(), nullable=False),
        sa.Column("indicator", sa.String(length=60), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20)),
        sa.Column("reason", sa.String(length=20)),
        sa.Column("spans", sa.String(length=2000)),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("undoes", sa.Integer()),
        sa.Column("made", sa.DateTime(), nullable=False),
        sa.CheckConstraint(
            "reason IS NULL OR reason IN "
            "('denied', 'other_person', 'hypothetical', 'lawful', 'wrong_words', 'not_in_text', 'other')",
            name="reason_is_known",
        ),
        sa.CheckConstraint(
            "state IS NULL OR state IN ('stated', 'denied', 'other_person', 'hypothetical')", name="state_is_known"
        ),
        sa.CheckConstraint("verdict IN ('accept', 'reject', 'correct', 'add', 'undo')", name="verdict_is_known"),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["undoes"], ["marks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_marks_undoes", "marks", ["undoes"])
    op.create_index("ix_marks_reading", "marks", ["reading_id", "indicator", "id"])


def downgrade() -> None:
    for table in (
        "marks",
        "uploaded_files",
        "traces",
        "suggestions",
        "readings",
        "uploads",
        "texts",
        "switches",
        "cases",
        "audit",
    ):
        op.drop_table(table)
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("way")
    with op.batch_alter_table("users") as users:
        users.drop_constraint("uq_users_subject", type_="unique")
        for column in ("seen", "subject", "removed", "locked_until", "failures", "password_hash"):
            users.drop_column(column)
    op.execute("UPDATE users SET role = 'analyst' WHERE role = 'engineer'")
    _roles(_BEFORE)
