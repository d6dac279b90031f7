"""How long a job's pause was meant to be, since when it is in the queue, and which numbers are left alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("pause_s", sa.Float(), nullable=True))
    op.add_column("jobs", sa.Column("queued", sa.BigInteger(), nullable=True))
    op.add_column("call_jobs", sa.Column("position", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "numbers",
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("in_vain", sa.Integer(), server_default="0", nullable=False),
        sa.Column("barred_until", sa.BigInteger(), nullable=True),
        sa.Column("barred_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("numbers_by_bar", "numbers", ["barred_until"], unique=False)
    op.create_index("calls_by_started", "calls", ["started"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
