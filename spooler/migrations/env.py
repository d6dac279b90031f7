"""Alembic's entry: runs the revisions on the connection that ``migrations.upgrade`` hands in."""

from __future__ import annotations

from alembic import context

from spooler.store_tables import metadata

connection = context.config.attributes["connection"]
# Columns are changed by making the table anew where SQLite cannot alter them.
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
