"""The revisions make the very schema that the program works with."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

from spooler import (
    migrations,
    store_access,
    store_archive_index,
    store_book,
    store_credentials,
    store_mail,
    store_records,
    store_registry,
    store_routing_tables,
)
from spooler.store import Transaction
from spooler.store_tables import metadata


def test_the_revisions_end_at_the_tables_of_the_program() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        options = {"compare_type": False, "compare_server_default": False}
        context = MigrationContext.configure(connection, opts=options)
        found = [change for change in compare_metadata(context, metadata) if "alembic_version" not in str(change)]
        assert found == []
        for table in (store_access.grants, store_credentials.tokens, store_book.people, store_routing_tables.received):
            assert table.metadata is metadata
        assert store_registry.providers.metadata is store_mail.mails.metadata is metadata
        for table in (store_registry.providers, store_archive_index.archive, store_records.call_records):
            assert table.metadata is metadata
        names = {
            table: {column["name"] for column in inspect(connection).get_columns(table)} for table in metadata.tables
        }
    assert names == {name: set(table.columns.keys()) for name, table in metadata.tables.items()}


def test_upgrading_what_is_new_changes_nothing() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        before = connection.exec_driver_sql("SELECT sql FROM sqlite_master ORDER BY name").all()
        migrations.upgrade(connection)
        assert connection.exec_driver_sql("SELECT sql FROM sqlite_master ORDER BY name").all() == before


def test_a_database_from_before_the_revisions_keeps_its_jobs() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0001")
        connection.exec_driver_sql("DROP TABLE alembic_version")
        connection.exec_driver_sql("INSERT INTO submissions (id, user, submitter, created) VALUES ('s', 'u', 'u', 1)")
        connection.exec_driver_sql(
            "INSERT INTO jobs (submission, user, title, state, held, prepared, cancelling, recipient, sender,"
            " resolution, created, attempts, tries, frozen, pages_confirmed)"
            " VALUES ('s', 'u', 'Letter', 'waiting', 0, 1, 0, '{}', '{}', 'fine', 1, 2, 1, 0, 0)"
        )
        migrations.upgrade(connection)
        about = connection.exec_driver_sql("SELECT title, tries, type, priority, schedule, claimed FROM jobs").one()
    assert tuple(about) == ("Letter", 1, "send", 1, "now", 0)


def test_calls_that_were_made_before_there_were_records_get_theirs() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        migrations.upgrade(connection, "0012")
        connection.exec_driver_sql(
            "INSERT INTO submissions (id, user, submitter, created) VALUES ('s', 'ann', 'ann', 1)"
        )
        connection.exec_driver_sql(
            "INSERT INTO jobs (submission, user, title, state, held, prepared, cancelling, recipient, sender,"
            " resolution, created, attempts, tries, frozen, pages_confirmed, billing_code)"
            " VALUES ('s', 'ann', 'Letter', 'done', 0, 1, 0, '{}', '{}', 'fine', 1, 1, 1, 0, 1, 'K1')"
        )
        for id, ended, cause in (("1-1", 90_000_000, "ok"), ("1-2", None, None), ("1-3", 5, "not-dialled")):
            connection.exec_driver_sql(
                "INSERT INTO calls (id, port, number, started, ended, cause, next_n, offset)"
                " VALUES (?, 'line1', '123', 1000000, ?, ?, 0, 0)",
                (id, ended, cause),
            )
            connection.exec_driver_sql("INSERT INTO call_jobs (call, job, position) VALUES (?, 1, 0)", (id,))
        migrations.upgrade(connection)
        tx = Transaction(connection, datetime.now(UTC))
        found, more = store_records.part(tx, store_records.Wanted(owner="ann"), None, 10)
    assert more is None
    assert [(record.call, record.cause, record.jobs[0].billing_code) for record in found] == [("1-1", "ok", "K1")]
    assert (found[0].ended - found[0].began).total_seconds() == 89
