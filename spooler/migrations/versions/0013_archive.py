"""The archive's index, and call records that outlive their calls; calls that are known get theirs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive",
        sa.Column("job", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("octets", sa.BigInteger(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("number_key", sa.String(80), nullable=False),
        sa.Column("name_key", sa.String(80), nullable=False),
        sa.Column("number_text", sa.Text(), nullable=False),
        sa.Column("name_text", sa.Text(), nullable=False),
        sa.Column("subject_text", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job"),
    )
    op.create_index("archive_by_time", "archive", ["at", "job", "octets"], unique=False)
    op.create_index("archive_by_number", "archive", ["number_key", "job"], unique=False)
    op.create_index("archive_by_name", "archive", ["name_key", "job"], unique=False)
    op.create_index("archive_by_pages", "archive", ["pages", "job"], unique=False)
    op.create_table(
        "archive_terms",
        sa.Column("term", sa.Text(), nullable=False),
        sa.Column("job", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("term", "job"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "call_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call", sa.String(80), nullable=False),
        sa.Column("direction", sa.String(10), nullable=False),
        sa.Column("port", sa.String(40), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call", name="call_records_by_call"),
        sqlite_autoincrement=True,
    )
    op.create_index("call_records_by_time", "call_records", ["began", "id"], unique=False)
    op.create_table(
        "call_record_users",
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("user", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["record"], ["call_records.id"]),
        sa.PrimaryKeyConstraint("record", "user"),
    )
    _record_known_calls()


def _record_known_calls() -> None:
    """The calls that have ended, as far as the database knows them; those that were never dialled are no calls."""
    connection = op.get_bind()
    records = sa.table("call_records", *map(sa.column, ("id", "call", "direction", "port", "began", "record")))
    users = sa.table("call_record_users", sa.column("record"), sa.column("user"))
    calls = sa.table(
        "calls", *map(sa.column, ("id", "port", "number", "started", "ended", "cause", "text", "line_seconds"))
    )
    jobs = sa.table("jobs", sa.column("id"), sa.column("user"), sa.column("billing_code"))
    call_jobs = sa.table("call_jobs", *map(sa.column, ("call", "job", "position")))
    ended = sa.select(calls).where(calls.c.ended.is_not(None), calls.c.cause.is_not(None))
    ended = ended.where(calls.c.cause != "not-dialled")
    for id, call in enumerate(connection.execute(ended.order_by(calls.c.started, calls.c.id)).all(), 1):
        of_call = (
            sa.select(jobs.c.id, jobs.c.user, jobs.c.billing_code)
            .join(call_jobs, call_jobs.c.job == jobs.c.id)
            .where(call_jobs.c.call == call.id)
            .order_by(call_jobs.c.position, jobs.c.id)
        )
        found = connection.execute(of_call).all()
        record = {
            "call": call.id,
            "direction": "sent",
            "port": call.port,
            "number": call.number,
            "began": _time(call.started),
            "ended": _time(call.ended),
            "cause": call.cause,
            "text": call.text or "",
            "line_seconds": call.line_seconds,
            "jobs": [{"job": job.id, "user": job.user, "billing_code": job.billing_code} for job in found],
        }
        values = {"id": id, "call": call.id, "direction": "sent", "port": call.port, "began": call.started}
        connection.execute(sa.insert(records).values(**values, record=json.dumps(record)))
        for user in sorted({job.user for job in found}):
            connection.execute(sa.insert(users).values(record=id, user=user))


def _time(microseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()


def downgrade() -> None:
    raise NotImplementedError("a spool is never taken back to an older program")
