"""The API of Platen: its types, its errors, the client of the daemon, and the incoming folder for when it is away.

May import: the standard library and msgspec; nothing else of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fax.errors import Cause, DocumentError, FaxError, NotRunningError, RequestError, ServerError, error_for

if TYPE_CHECKING:
    from fax.client import DEFAULT_SOCKET, SOCKET_VARIABLE, Client
    from fax.incoming import Incoming, leave
    from fax.types import (
        EVENT_KINDS,
        Accepted,
        Call,
        CallId,
        CoverPage,
        Document,
        DocumentId,
        Event,
        Fate,
        Job,
        JobId,
        JobState,
        JobType,
        Page,
        Poll,
        Port,
        Priority,
        Recipient,
        Report,
        ReportKind,
        Resolution,
        Schedule,
        ScheduleAction,
        Sender,
        Status,
        Submission,
        SubmissionId,
    )

__all__ = [
    "DEFAULT_SOCKET",
    "EVENT_KINDS",
    "SOCKET_VARIABLE",
    "Accepted",
    "Call",
    "CallId",
    "Cause",
    "Client",
    "CoverPage",
    "Document",
    "DocumentError",
    "DocumentId",
    "Event",
    "Fate",
    "FaxError",
    "Incoming",
    "Job",
    "JobId",
    "JobState",
    "JobType",
    "NotRunningError",
    "Page",
    "Poll",
    "Port",
    "Priority",
    "Recipient",
    "Report",
    "ReportKind",
    "RequestError",
    "Resolution",
    "Schedule",
    "ScheduleAction",
    "Sender",
    "ServerError",
    "Status",
    "Submission",
    "SubmissionId",
    "error_for",
    "leave",
]

_NOT_IN_TYPES = {
    "DEFAULT_SOCKET": "client",
    "SOCKET_VARIABLE": "client",
    "Client": "client",
    "Incoming": "incoming",
    "leave": "incoming",
}


def __getattr__(name: str) -> object:
    """All but the errors is loaded when it is first asked for: who imports a part of this package wants that part."""
    from importlib import import_module

    if name in __all__:
        return getattr(import_module(f"fax.{_NOT_IN_TYPES.get(name, 'types')}"), name)
    raise AttributeError(f"module 'fax' has no attribute {name!r}")
