"""FaxSendDocument, FaxSendDocumentForBroadcast, FaxCompleteJobParams.

What always holds: a function that succeeds has the fax on the server's stable storage, and gives its job; a document
goes up once, however many recipients it has; it is taken for what it is, whatever its name ends in. A broadcast is
taken in whole or not at all.

Must not: wait for the fax to be prepared or sent.
"""

from __future__ import annotations

import os
from typing import Any, Protocol

from winfax.errors import attempt
from winfax.handles import Handle, ServerHandle
from winfax.structures import FAX_COVERPAGE_INFO, FAX_JOB_PARAM

__all__ = ["FAX_RECIPIENT_CALLBACK", "FaxCompleteJobParams", "FaxSendDocument", "FaxSendDocumentForBroadcast"]


class FAX_RECIPIENT_CALLBACK(Protocol):
    """Called with RecipientNumber 1, 2, 3, … to fill JobParams and, for a cover page, CoverpageInfo; false: no more."""

    def __call__(
        self,
        FaxHandle: ServerHandle,
        RecipientNumber: int,
        Context: Any,
        JobParams: FAX_JOB_PARAM,
        CoverpageInfo: FAX_COVERPAGE_INFO,
        /,
    ) -> object: ...


def FaxCompleteJobParams() -> tuple[bool, FAX_JOB_PARAM | None, FAX_COVERPAGE_INFO | None]:
    """``ok, JobParams, CoverpageInfo``: what is known of the user as a sender: the profile that the server keeps.

    Right: none; no handle. Fails: RPC_S_SERVER_UNAVAILABLE.
    """

    def act() -> tuple[FAX_JOB_PARAM, FAX_COVERPAGE_INFO]:
        from winfax.submitting import known_of_sender

        return known_of_sender()

    found = attempt(act)
    return (False, None, None) if found is None else (True, *found)


def FaxSendDocument(
    FaxHandle: Handle,
    FileName: str | os.PathLike[str] | None,
    JobParams: FAX_JOB_PARAM | None,
    CoverpageInfo: FAX_COVERPAGE_INFO | None = None,
) -> tuple[bool, int]:
    """``ok, FaxJobId``: send one file to one recipient. Right: FAX_JOB_SUBMIT.

    Fails: ERROR_INVALID_PARAMETER (NULL, a wrong SizeOfStruct, no number, or one that cannot be called, what cannot be
    asked for), ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND (the document or the cover page), ERROR_INVALID_DATA (a
    document or cover page that cannot be processed), ERROR_NOT_SUPPORTED (a CallHandle in the place of a number),
    ERROR_INVALID_FUNCTION (a CallHandle at a remote server), ERROR_WRITE_PROTECT (the server takes no new faxes).
    """

    def act() -> int:
        from winfax.submitting import send

        return send(FaxHandle, FileName, JobParams, CoverpageInfo)

    id = attempt(act)
    return id is not None, id or 0


def FaxSendDocumentForBroadcast(
    FaxHandle: Handle,
    FileName: str | os.PathLike[str] | None,
    FaxRecipientCallback: FAX_RECIPIENT_CALLBACK | None,
    Context: Any = None,
) -> tuple[bool, int]:
    """``ok, FaxJobId``: send one file to all recipients that the callback names; the id is the first one's.

    Right: FAX_JOB_SUBMIT. What the callback raises comes out of here, and nothing is sent. Fails as FaxSendDocument
    does, and with ERROR_INVALID_PARAMETER when the callback names nobody.
    """

    def act() -> list[int]:
        from winfax.submitting import broadcast

        return broadcast(FaxHandle, FileName, FaxRecipientCallback, Context)

    ids = attempt(act)
    return ids is not None, ids[0] if ids else 0
