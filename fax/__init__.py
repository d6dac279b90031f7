"""The API of Platen: its types, its errors, the client of the daemon, and the incoming folder for when it is away.

May import: the standard library and msgspec; nothing else of ours.
"""

from fax.client import DEFAULT_SOCKET, SOCKET_VARIABLE, Client
from fax.errors import Cause, DocumentError, FaxError, NotRunningError, RequestError, ServerError, error_for
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
    Page,
    Port,
    Recipient,
    Resolution,
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
    "NotRunningError",
    "Page",
    "Port",
    "Recipient",
    "RequestError",
    "Resolution",
    "Sender",
    "ServerError",
    "Status",
    "Submission",
    "SubmissionId",
    "error_for",
    "leave",
]
