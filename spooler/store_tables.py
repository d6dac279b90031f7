"""The tables of the database, in portable SQL (SQLite now, PostgreSQL must stay possible).

What always holds: job ids are never used twice (AUTOINCREMENT, a sequence elsewhere); times are microseconds since 1970
in UTC; values that only we read whole (recipient, sender, cover) are JSON text; files are named relative to the spool;
what stands here is what ``migrations/`` makes, revision by revision (a test compares).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(microseconds=value)


metadata = MetaData()

documents = Table(
    "documents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("type", String(100), nullable=False),
    Column("pages", Integer),
    Column("octets", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("touched", Instant, nullable=False),  # last uploaded; unreferenced ones go an hour later
)

masters = Table(
    "masters",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("resolution", String(20), nullable=False),
    Column("state", String(20), nullable=False),  # wanted, ready, failed; copying: archive_send
    Column("tries", Integer, nullable=False, default=0),  # that failed through our own fault
    Column("retry_at", Instant),
    Column("cause", String(40)),
    Column("text", Text),
    Index("masters_by_state", "state"),
)

master_documents = Table(
    "master_documents",
    metadata,
    Column("master", ForeignKey("masters.key"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("document", ForeignKey("documents.id"), nullable=False),
    Index("master_documents_by_document", "document"),
)

master_pages = Table(
    "master_pages",
    metadata,
    Column("master", ForeignKey("masters.key"), primary_key=True),
    Column("position", Integer, primary_key=True),  # 0-based
    Column("digest", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user", Text, nullable=False),
    Column("submitter", Text, nullable=False),  # who asked, where that is the backend or an administrator
    Column("key", String(255)),  # idempotency key; NULLs do not collide
    Column("refused", Text),  # why it was not taken in from the incoming folder
    Column("created", Instant, nullable=False),
    UniqueConstraint("user", "key", name="submissions_by_key"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("submission", ForeignKey("submissions.id"), nullable=False),
    Column("user", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("held", Boolean, nullable=False),
    Column("prepared", Boolean, nullable=False),
    Column("cancelling", Boolean, nullable=False, default=False),
    Column("number", String(80)),
    Column("recipient", Text, nullable=False),
    Column("sender", Text, nullable=False),
    Column("cover", Text),
    Column("resolution", String(20), nullable=False),
    Column("master", ForeignKey("masters.key")),  # NULL: cover page only
    Column("created", Instant, nullable=False),
    Column("reason", Text),
    Column("cause", String(40)),
    Column("until", Instant),
    Column("attempts", Integer, nullable=False, default=0),  # calls made
    Column("tries", Integer, nullable=False, default=0),  # calls that count against the limit
    Column("call", String(40)),  # the call it is in
    Column("frozen", Boolean, nullable=False, default=False),  # job_pages are what goes out, cover included
    Column("pages_total", Integer),
    Column("pages_confirmed", Integer, nullable=False, default=0),
    Column("type", String(20), nullable=False, server_default="send"),
    Column("priority", Integer, nullable=False, server_default="1"),  # 0 low, 1 normal, 2 high
    Column("schedule", String(20), nullable=False, server_default="now"),  # now, at, discount
    Column("schedule_at", Instant),
    Column("give_up_at", Instant),
    Column("retries", Integer),  # NULL: the setting
    Column("retry_delay_s", Float),  # NULL: the setting
    Column("billing_code", Text, nullable=False, server_default=""),
    Column("tsid", String(20), nullable=False, server_default=""),
    Column("report", String(20), nullable=False, server_default="none"),
    Column("report_address", Text, nullable=False, server_default=""),
    Column("port_group", String(40), nullable=False, server_default=""),
    Column("poll", Text),  # what is fetched from the far end, as JSON
    Column("octets", BigInteger, nullable=False, server_default="0"),
    Column("claimed", Boolean, nullable=False, server_default="0"),  # the user is what CUPS said
    Column("submitter", Text, nullable=False, server_default=""),  # where it is not the user
    Column("ended", Instant),
    Column("pause_s", Float),  # how long it was to wait when ``until`` was set; NULL: no matter how long
    Column("queued", Instant),  # when it came into the queue again; NULL: when it was created
    Column("report_together", Boolean, nullable=False, server_default="0"),
    Column("announced", Boolean, nullable=False, server_default="0"),  # its owner was told that it waits for a number
    CheckConstraint("id < 2147483648", name="jobs_id_32_bit"),
    Index("jobs_by_state", "state", "ended"),
    Index("jobs_by_submission", "submission"),
    Index("jobs_by_user", "user", "id"),
    Index("jobs_by_master", "master"),
    sqlite_autoincrement=True,
)

job_pages = Table(
    "job_pages",
    metadata,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),  # 1-based, cover page included
    Column("file", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("cover", Boolean, nullable=False),
    Column("fate", String(20), nullable=False),
    Column("call", String(40)),  # the call that decided its fate
    Column("refusals", Integer, nullable=False, default=0),
    Column("maybe_printed", Boolean, nullable=False, default=False),  # its fate was uncertain once
    Column("bad_rows", Integer),  # of a page that came in
)

calls = Table(
    "calls",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("port", String(40), nullable=False),
    Column("number", String(80), nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant),
    Column("cause", String(40)),
    Column("text", Text),
    Column("line_seconds", Float),
    Column("next_n", Integer, nullable=False, default=0),  # journal entries below are in the ledger
    Column("offset", BigInteger, nullable=False, default=0),  # octets of the journal that are in the ledger
    Index("calls_by_ended", "ended"),
    Index("calls_by_started", "started"),
)

call_jobs = Table(
    "call_jobs",
    metadata,
    Column("call", ForeignKey("calls.id"), primary_key=True),
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("position", Integer, nullable=False, server_default="0"),  # the order in which they go out
    Index("call_jobs_by_job", "job"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("call", ForeignKey("calls.id"), primary_key=True),
    Column("n", Integer, primary_key=True),  # the journal's own count
    Column("kind", String(30), nullable=False),
    Column("t", Float, nullable=False),  # seconds since the call began
    Column("fields", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("cursor", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("job", Integer),  # outlives the job
    Column("user", Text),  # whose job it was
    Column("call", String(40)),
    Column("page", Integer),
    Column("pages", Integer),
    Column("state", String(20)),
    Column("text", Text, nullable=False),
    Column("port", String(40)),
    Column("device", Integer),
    Column("code", Integer),  # FEI_ number
    Index("events_by_job", "job", "cursor"),
    sqlite_autoincrement=True,
)

configuration = Table(
    "configuration",
    metadata,
    Column("name", String(60), primary_key=True),  # of a setting; what is not here has its default
    Column("value", Text, nullable=False),  # JSON
)

ports = Table(
    "ports",
    metadata,
    Column("id", Integer, primary_key=True),  # the permanent line id, never used twice
    Column("name", String(40), nullable=False),
    Column("present", Boolean, nullable=False),  # in the settings file
    Column("send", Boolean, nullable=False),
    Column("receive", Boolean, nullable=False),
    Column("rings", Integer, nullable=False),
    Column("priority", Integer, nullable=False),  # 1..n among those present, 1 first
    Column("tsid", String(20), nullable=False),
    Column("csid", String(20), nullable=False),
    UniqueConstraint("name", name="ports_by_name"),
    sqlite_autoincrement=True,
)

numbers = Table(
    "numbers",
    metadata,
    Column("number", String(80), primary_key=True),
    Column("in_vain", Integer, nullable=False, server_default="0"),  # calls in a row that reached no fax machine
    Column("barred_until", Instant),
    Column("barred_s", Float),  # how long it was to be barred when that was decided
    Index("numbers_by_bar", "barred_until"),
)

jobs_gone = Table(
    "jobs_gone",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("submission", ForeignKey("submissions.id"), nullable=False),  # whose key still gives this job back
    Column("gone", Instant, nullable=False),
    Index("jobs_gone_by_submission", "submission"),
    Index("jobs_gone_by_time", "gone"),
)

waste = Table(
    "waste",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),  # master, cover, call, received
    Column("name", Text, nullable=False),  # of the file that nothing refers to any more and that is to go
    Index("waste_by_name", "kind", "name"),
    sqlite_autoincrement=True,
)

statistics = Table(
    "statistics",
    metadata,
    Column("kind", String(10), primary_key=True),  # port, number
    Column("name", String(80), primary_key=True),
    Column("cause", String(40), primary_key=True),  # how the calls ended
    Column("calls", BigInteger, nullable=False),
    Column("answered", BigInteger, nullable=False),  # by a fax machine
    Column("pages", BigInteger, nullable=False),  # that were confirmed
    Column("line_seconds", Float, nullable=False),
    Column("last", Instant, nullable=False),
)

line_memories = Table(
    "line_memories",
    metadata,
    Column("number", String(80), primary_key=True),
    Column("memory", Text, nullable=False),  # modem.memory.LineMemory as JSON
    Column("changed", Instant, nullable=False),
)
