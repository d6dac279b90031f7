"""FaxStartPrintJob: printing to the fax printer with the send dialogue already answered.

What always holds: the job carries what the dialogue would have asked, so that nobody is asked; no server handle is
needed, and none is used. The id that is given is the print spooler's: the fax is found by its name and user, or by
FEI_JOB_QUEUED, once the document is submitted.
"""

from __future__ import annotations

from collections.abc import Mapping

from winfax.constants import (
    ERROR_ACCESS_DENIED,
    ERROR_INVALID_PRINTER_NAME,
    ERROR_PRINT_CANCELLED,
    MAX_COMPUTERNAME_LENGTH,
)
from winfax.errors import WinFaxError, attempt, bad_parameter
from winfax.fax_queues import NoFaxPrinterError, PrintingError, PrintJob, RefusedError, find
from winfax.page_drawing import PageDrawing
from winfax.structures import FAX_CONTEXT_INFO, FAX_PRINT_INFO, check_size

__all__ = ["FaxStartPrintJob"]

_OPTIONS: Mapping[str, str] = {
    "RecipientNumber": "phone",
    "RecipientName": "FaxRecipient",
    "SenderName": "FaxSender",
    "SenderCompany": "FaxSenderCompany",
    "SenderDept": "FaxSenderDepartment",
    "SenderBillingCode": "job-billing",
    "DrEmailAddress": "FaxReport",
}
"""Which option of a print job says what a member says."""
_UNNAMED = "Fax"


def FaxStartPrintJob(
    PrinterName: str | None, PrintInfo: FAX_PRINT_INFO | None, FaxContextInfo: FAX_CONTEXT_INFO | None
) -> tuple[bool, int]:
    """``ok, FaxJobId``: begin a document for the fax printer ``PrinterName`` (None: the one that CUPS would take).

    ``FaxContextInfo`` is filled in: ``hDC`` is a ``PageDrawing`` with StartPage, EndPage, WriteDocument, EndDoc,
    AbortDoc and DeleteDC; ``ServerName`` is empty for this machine. ``FaxJobId`` is the print spooler's job.

    Fails: ERROR_INVALID_PARAMETER (NULL, a wrong SizeOfStruct, no RecipientNumber, or several), ERROR_ACCESS_DENIED
    (CUPS does not let this user print), ERROR_INVALID_PRINTER_NAME (it is no fax printer, or there is none),
    ERROR_PRINT_CANCELLED (CUPS does not answer, or did not take the job).
    """

    def act() -> int:
        info = check_size(PrintInfo, FAX_PRINT_INFO)
        context = check_size(FaxContextInfo, FAX_CONTEXT_INFO)
        options = {option: text for member, option in _OPTIONS.items() if (text := getattr(info, member))}
        number = options.get("phone", "")
        if not number.strip():
            raise bad_parameter("RecipientNumber is NULL or empty")
        if ";" in number:
            raise bad_parameter("RecipientNumber is one number")
        try:
            queue = find(PrinterName)
            job = PrintJob(queue, info.DocName or _UNNAMED, options)
            context.hDC = _opened(job)
        except NoFaxPrinterError as error:
            raise WinFaxError(ERROR_INVALID_PRINTER_NAME, str(error)) from error
        except RefusedError as error:
            raise WinFaxError(ERROR_ACCESS_DENIED, str(error)) from error
        except PrintingError as error:
            raise WinFaxError(ERROR_PRINT_CANCELLED, str(error)) from error
        context.ServerName = queue.server[:MAX_COMPUTERNAME_LENGTH]
        return job.id

    job = attempt(act)
    return job is not None, job or 0


def _opened(job: PrintJob) -> PageDrawing:
    """Raises PrintingError; then the job is gone too, and does not wait for a document that nobody will send."""
    try:
        return PageDrawing(job)
    except PrintingError:
        job.cancel()
        raise
