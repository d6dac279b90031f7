"""Jobs that go while their events stay, what their keys still give, and the files that are to go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Made anew, since SQLite cannot take a foreign key away from a table.
    op.rename_table("events", "events_before")
    op.drop_index("events_by_job", "events_before")
    op.create_table(
        "events",
        sa.Column("cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("job", sa.Integer(), nullable=True),
        sa.Column("user", sa.Text(), nullable=True),
        sa.Column("call", sa.String(length=40), nullable=True),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("port", sa.String(length=40), nullable=True),
        sa.Column("device", sa.Integer(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("cursor"),
        sqlite_autoincrement=True,
    )
    op.execute(
        'INSERT INTO events (cursor, at, kind, job, "user", call, page, pages, state, text, port, device, code)'
        " SELECT e.cursor, e.at, e.kind, e.job, j.user, e.call, e.page, e.pages, e.state, e.text, e.port, e.device,"
        " e.code FROM events_before AS e LEFT JOIN jobs AS j ON j.id = e.job ORDER BY e.cursor"
    )
    op.drop_table("events_before")
    op.create_index("events_by_job", "events", ["job", "cursor"], unique=False)

    op.create_table(
        "jobs_gone",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("submission", sa.String(length=32), nullable=False),
        sa.Column("gone", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["submission"], ["submissions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("jobs_gone_by_submission", "jobs_gone", ["submission"], unique=False)
    op.create_index("jobs_gone_by_time", "jobs_gone", ["gone"], unique=False)
    op.create_table(
        "waste",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("waste_by_name", "waste", ["kind", "name"], unique=False)

    # When the jobs of the first databases ended was not written down but in their events.
    op.execute(
        "UPDATE jobs SET ended = COALESCE((SELECT MAX(at) FROM events WHERE events.job = jobs.id), created)"
        " WHERE ended IS NULL AND state IN ('done', 'failed', 'cancelled')"
    )
    op.drop_index("jobs_by_state", "jobs")
    op.create_index("jobs_by_state", "jobs", ["state", "ended"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
