"""Who may do what, and the audit of changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What everybody could do before there were rights: send, and look at settings and lines (READ_CONTROL included).
EVERYBODY = 0x00020015


def upgrade() -> None:
    grants = op.create_table(
        "grants",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("mask", sa.Integer(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.bulk_insert(grants, [{"subject": "everybody", "mask": EVERYBODY, "changed": None, "by": ""}])
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_by_at", "audit", ["at"], unique=False)


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
