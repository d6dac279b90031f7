"""The outgoing mail box, and what was asked of reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("report_together", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("announced", sa.Boolean(), server_default="0", nullable=False))
    # What waits for its number already was waiting before there were notices.
    op.execute("UPDATE jobs SET announced = 1 WHERE state = 'address'")
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("job", sa.Integer(), nullable=True),
        sa.Column("submission", sa.String(length=32), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("mails_by_state", "mails", ["state", "until"], unique=False)
    op.create_index("mails_by_user", "mails", ["user", "id"], unique=False)
    op.create_index("mails_by_created", "mails", ["created"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
