"""The errors of the API: one family, split by who broke the rule.

Every error has a ``cause`` that programs can act on and a text that a person can act on. Over the wire an error is a
problem document (RFC 9457): ``{"type": <cause>, "title": <text>, "status": <http status>, "detail": <more>}``.
"""

from __future__ import annotations

from enum import Enum


class Cause(Enum):
    """Why a request was refused, as a stable keyword."""

    BAD_NUMBER = "bad-number"
    BAD_REQUEST = "bad-request"
    BAD_SETTING = "bad-setting"  # a value out of range; the detail names the setting
    DOCUMENT_EMPTY = "document-empty"
    DOCUMENT_TYPE = "document-type"
    DOCUMENT_DAMAGED = "document-damaged"
    DOCUMENT_ENCRYPTED = "document-encrypted"
    DOCUMENT_TOO_LARGE = "document-too-large"
    COVER_PAGE = "cover-page"
    NO_SUCH_JOB = "no-such-job"
    NO_SUCH_DOCUMENT = "no-such-document"
    NO_SUCH_PORT = "no-such-port"
    NO_SUCH_METHOD = "no-such-method"  # no routing method has this GUID
    BAD_CONFIGURATION = (
        "bad-configuration"  # a routing method cannot be enabled: its folder, printer, ... is not set up
    )
    PORT_BUSY = "port-busy"  # in a call: it cannot be reconfigured
    PORT_LEASED = "port-leased"  # somebody else is changing it
    QUEUE_BLOCKED = "queue-blocked"  # the administrator has new faxes refused
    RECIPIENTS_LIMIT = "recipients-limit"  # more recipients than the server allows
    EVENTS_GONE = "events-gone"  # older than what is kept
    WRONG_STATE = "wrong-state"
    NO_SUCH_ENTRY = "no-such-entry"  # of a list that is kept: grants, tokens, the address book
    NOT_ALLOWED = "not-allowed"
    NOT_AUTHENTICATED = "not-authenticated"  # over TLS: no token or password, or not a good one
    TOO_MANY_TRIES = "too-many-tries"  # to guess one
    STORAGE = "storage"
    NOT_RUNNING = "not-running"
    INTERNAL = "internal"


class FaxError(Exception):
    """Any refusal of the fax server or failure to reach it."""

    def __init__(self, cause: Cause, text: str, detail: str | None = None) -> None:
        super().__init__(text)
        self.cause = cause
        self.text = text
        self.detail = detail


class RequestError(FaxError):
    """The caller broke the rule: a bad number, a wrong state, a missing right."""


class DocumentError(FaxError):
    """The document broke the rule: empty, of an unknown type, damaged, encrypted, too large."""


class ServerError(FaxError):
    """The server could not do it: no space, an internal fault."""


class NotRunningError(FaxError):
    """The daemon does not answer on its socket."""

    def __init__(self, text: str) -> None:
        super().__init__(Cause.NOT_RUNNING, text)


def error_for(cause: Cause, text: str, detail: str | None = None) -> FaxError:
    """The error of the family that ``cause`` belongs to."""
    if cause is Cause.NOT_RUNNING:
        return NotRunningError(text)
    if cause.value.startswith("document-"):
        return DocumentError(cause, text, detail)
    if cause in (Cause.STORAGE, Cause.INTERNAL, Cause.QUEUE_BLOCKED):
        return ServerError(cause, text, detail)
    return RequestError(cause, text, detail)
