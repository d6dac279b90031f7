"""FaxPrintCoverPage: a cover page in the document that FaxStartPrintJob has begun, ahead of its body.

What always holds: the page is drawn by the fax server of this machine as it would draw it for a call, so that it is the
same page, pixel by pixel, whichever way it goes (at fine resolution, the printer's usual one).
"""

from __future__ import annotations

from typing import Any

from fax.errors import Cause, FaxError
from winfax.constants import ERROR_FILE_NOT_FOUND, ERROR_SPL_NO_STARTDOC
from winfax.errors import WinFaxError, attempt
from winfax.handles import default_client
from winfax.page_drawing import PageDrawing
from winfax.structures import FAX_CONTEXT_INFO, FAX_COVERPAGE_INFO, check_size

__all__ = ["FaxPrintCoverPage"]


def FaxPrintCoverPage(FaxContextInfo: FAX_CONTEXT_INFO | None, CoverPageInfo: FAX_COVERPAGE_INFO | None) -> bool:
    """Put a cover page ahead of the document that is open. ``PageCount``: pages of the whole fax; 0: not shown.

    Fails: ERROR_INVALID_PARAMETER (NULL, a wrong SizeOfStruct, no template), ERROR_FILE_NOT_FOUND (there is no such
    template), ERROR_INVALID_DATA (it is not right), ERROR_SPL_NO_STARTDOC (no document is open), ERROR_ACCESS_DENIED
    (one's own template where only the server's may be used), RPC_S_SERVER_UNAVAILABLE.
    """

    def act() -> bool:
        from fax.covers import CoverPreview
        from fax.settings import Paper
        from fax.types import Recipient, Sender
        from winfax.submitting import cover_of, recipient_on_cover, sender_on_cover

        context = check_size(FaxContextInfo, FAX_CONTEXT_INFO)
        info = check_size(CoverPageInfo, FAX_COVERPAGE_INFO)
        drawing: Any = context.hDC
        if not isinstance(drawing, PageDrawing) or not drawing.is_open:
            raise WinFaxError(ERROR_SPL_NO_STARTDOC, "FaxStartPrintJob comes first, and EndDoc last")
        order = CoverPreview(
            cover=cover_of(info),
            recipient=recipient_on_cover(Recipient(number=info.RecFaxNumber), info),
            sender=sender_on_cover(Sender(), info),
            paper=Paper.LETTER if drawing.is_letter else Paper.A4,
            document_pages=max(info.PageCount - 1, 0) if info.PageCount else None,
        )
        client = default_client()
        try:
            pdf = client.cover_pdf(order)
        except FaxError as error:
            wrong = error.cause is Cause.COVER_PAGE and not order.cover.layout
            if wrong and order.cover.template not in client.covers():
                raise WinFaxError(ERROR_FILE_NOT_FOUND, error.text) from error
            raise
        return drawing.add_cover(pdf)

    return attempt(act) is True
