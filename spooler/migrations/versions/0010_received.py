"""Faxes that came in, and how they are routed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "received",
        sa.Column("call", sa.String(length=80), nullable=False),
        sa.Column("port", sa.String(length=40), nullable=False),
        sa.Column("job", sa.Integer(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("call"),
    )
    op.create_index("received_by_job", "received", ["job"], unique=False)
    op.create_index("received_by_ended", "received", ["ended"], unique=False)
    op.create_table(
        "received_users",
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job", "user"),
    )
    op.create_index("received_users_by_user", "received_users", ["user", "job"], unique=False)
    op.create_table(
        "received_files",
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job", "number"),
    )
    op.create_table(
        "routing_methods",
        sa.Column("guid", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("friendly_name", sa.Text(), nullable=False),
        sa.Column("function_name", sa.Text(), nullable=False),
        sa.Column("extension_image", sa.Text(), nullable=False),
        sa.Column("extension_name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("guid"),
    )
    op.create_table(
        "port_methods",
        sa.Column("guid", sa.String(length=40), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["guid"], ["routing_methods.guid"]),
        sa.ForeignKeyConstraint(["port"], ["ports.id"]),
        sa.PrimaryKeyConstraint("guid", "port"),
    )
    op.create_table(
        "routing_rules",
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "deliveries",
        sa.Column("job", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("retry_data", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("ended", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["job"], ["jobs.id"]),
        sa.PrimaryKeyConstraint("job", "number"),
    )
    op.create_index("deliveries_by_state", "deliveries", ["state", "until"], unique=False)
    op.add_column("people", sa.Column("email", sa.Text(), server_default="", nullable=False))
    op.add_column("people", sa.Column("user", sa.Text(), server_default="", nullable=False))
    op.add_column("job_pages", sa.Column("bad_rows", sa.Integer(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
