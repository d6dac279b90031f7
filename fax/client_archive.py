"""The client's methods for the archive and for call records.

What always holds: as in ``fax.client``. Lists of any length are gone through in parts.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from enum import Enum
from urllib.parse import urlencode

import msgspec

from fax.archive import ArchivedFax, ArchivePage, ArchiveQuery, ArchiveUsage, Direction, Forward
from fax.asking import ANSWER_TIMEOUT_S, Asking, checked_key
from fax.records import CallRecord, RecordPage
from fax.types import Accepted, JobId
from fax.wire import exchange

PART = 500


def query_string(query: ArchiveQuery) -> str:
    """What ``query`` asks for, as the API reads it."""
    said: dict[str, str] = {"order": "desc" if query.descending else "asc"}
    for field in fields(ArchiveQuery):
        value = getattr(query, field.name)
        if field.name != "descending" and value not in (None, ""):
            said[field.name] = _text(value)
    return urlencode(said)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if isinstance(value, datetime) else str(value)


class ArchiveClient(Asking):
    """Part of ``fax.client.Client``."""

    def search_archive(
        self, query: ArchiveQuery | None = None, *, after: str | None = None, limit: int = 50
    ) -> ArchivePage:
        """Part of the archived faxes that answer to ``query`` (all of them), behind the part that ``after`` ended."""
        more = {"limit": str(limit)} | ({} if after is None else {"after": after})
        return self._ask("GET", f"/v1/archive?{query_string(query or ArchiveQuery())}&{urlencode(more)}", ArchivePage)

    def archived_faxes(self, query: ArchiveQuery | None = None) -> Iterator[ArchivedFax]:
        """All of them, in the query's order."""
        after: str | None = None
        while True:
            part = self.search_archive(query, after=after, limit=PART)
            yield from part.faxes
            after = part.next
            if after is None:
                return

    def archived_fax(self, id: JobId) -> ArchivedFax:
        """Raises RequestError NO_SUCH_JOB."""
        return self._ask("GET", f"/v1/archive/{id}", ArchivedFax)

    def archived_pages(self, id: JobId, out_path: str | os.PathLike[str]) -> None:
        """Write the archived TIFF-F to ``out_path``; whole or not at all. Raises OSError."""
        self._save(f"/v1/archive/{id}/pages", out_path)

    def archived_pdf(self, id: JobId, out_path: str | os.PathLike[str]) -> None:
        """The same as PDF."""
        self._save(f"/v1/archive/{id}/pdf", out_path)

    def send_archived_again(self, id: JobId, key: str | None = None) -> Accepted:
        """Send a fax once more to its recipient, as a new fax. ``key``: as of ``submit``.

        Raises RequestError WRONG_STATE: it came in.
        """
        headers = {} if key is None else {"Idempotency-Key": checked_key(key)}
        return self._ask("POST", f"/v1/archive/{id}/send-again", Accepted, headers=headers)

    def forward_archived(self, id: JobId, forward: Forward, key: str | None = None) -> Accepted:
        """Send a fax, sent or received, to others, as a new one. ``key``: as of ``submit``."""
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = checked_key(key)
        body = msgspec.json.encode(forward)
        return self._ask("POST", f"/v1/archive/{id}/forward", Accepted, headers=headers, body=body)

    def delete_archived(self, id: JobId) -> ArchivedFax:
        """Delete a fax from the archive for good; returns what it was."""
        return self._ask("DELETE", f"/v1/archive/{id}", ArchivedFax)

    def archive_usage(self) -> ArchiveUsage:
        """How full the archive is."""
        return self._ask("GET", "/v1/archive/usage", ArchiveUsage)

    def records(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        port: str | None = None,
        user: str | None = None,
        direction: Direction | None = None,
    ) -> Iterator[CallRecord]:
        """Records of calls, oldest first; times with a zone."""
        after: str | None = None
        while True:
            query = _records_query(since, until, port, user, direction) | {"limit": str(PART)}
            part = self._ask(
                "GET", f"/v1/records?{urlencode(query | ({} if after is None else {'after': after}))}", RecordPage
            )
            yield from part.records
            after = part.next
            if after is None:
                return

    def records_csv(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        port: str | None = None,
        user: str | None = None,
        direction: Direction | None = None,
    ) -> Iterator[bytes]:
        """The same as CSV, piece by piece."""
        query = urlencode(_records_query(since, until, port, user, direction))
        timeout_s = self._timeout_s or ANSWER_TIMEOUT_S
        with exchange(self.server, "GET", f"/v1/records.csv?{query}", timeout_s=timeout_s) as answer:
            yield from answer.blocks()


def _records_query(
    since: datetime | None, until: datetime | None, port: str | None, user: str | None, direction: Direction | None
) -> dict[str, str]:
    said = {"since": since, "until": until, "port": port, "user": user, "direction": direction}
    return {name: _text(value) for name, value in said.items() if value is not None}
