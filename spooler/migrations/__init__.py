"""The database's revisions: how one schema becomes the next, without losing a job, a page or a fate.

What always holds: revisions form one line; a database is brought to the newest one in one transaction when it is
opened, and stays the old one when that is cut short or would leave a reference to nothing; one that is newer than this
program is refused. A revision that was landed is never changed: the next one corrects it.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

BEFORE_REVISIONS = "0001"
"""The schema of databases that were made before there were revisions."""


class BrokenReferencesError(Exception):
    """After the upgrade something would refer to what is not there. The text names it."""


class NewerDatabaseError(Exception):
    """The database was written by a newer program. The text names its revision."""


@cache
def newest() -> str:
    """The revision that this program works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def revision_of(connection: Connection) -> str | None:
    """The revision of the database; None: it is from before there were any, or empty."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database of ``connection`` (in a transaction) to ``revision``, the newest one; an empty one is filled.

    Raises NewerDatabaseError, BrokenReferencesError, and SQLAlchemyError when the database fails: then nothing is to be
    committed.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    at = revision_of(connection)
    if at is None and inspect(connection).has_table("jobs"):
        command.stamp(_config(connection), BEFORE_REVISIONS)
        at = BEFORE_REVISIONS
    if at == newest():
        return
    try:
        command.upgrade(_config(connection), revision)
    except CommandError as error:
        raise NewerDatabaseError(f"it is of revision {at}; this program knows up to {newest()}") from error
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            told = ", ".join(f"row {row} of {table} refers to no {parent}" for table, row, parent, _ in broken[:5])
            raise BrokenReferencesError(f"{told}{' and others' if len(broken) > 5 else ''}")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
