"""What a job of the Windows fax service says: type, schedule, priority, report, billing; events of ports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("meta")
    op.add_column("events", sa.Column("port", sa.String(length=40), nullable=True))
    op.add_column("events", sa.Column("device", sa.Integer(), nullable=True))
    op.add_column("events", sa.Column("code", sa.Integer(), nullable=True))

    op.add_column("jobs", sa.Column("type", sa.String(length=20), server_default="send", nullable=False))
    op.add_column("jobs", sa.Column("priority", sa.Integer(), server_default="1", nullable=False))
    op.add_column("jobs", sa.Column("schedule", sa.String(length=20), server_default="now", nullable=False))
    op.add_column("jobs", sa.Column("schedule_at", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("give_up_at", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("retries", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("retry_delay_s", sa.Float(), nullable=True))
    op.add_column("jobs", sa.Column("billing_code", sa.Text(), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("tsid", sa.String(length=20), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("report", sa.String(length=20), server_default="none", nullable=False))
    op.add_column("jobs", sa.Column("report_address", sa.Text(), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("port_group", sa.String(length=40), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("poll", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("octets", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("claimed", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("submitter", sa.Text(), server_default="", nullable=False))
    op.add_column("jobs", sa.Column("ended", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
