"""Sends a document to one number with the Windows fax client API, and tells what becomes of it.

python examples/send_document.py letter.pdf 5552001 --name "Ann Lee" --cover default --subject "Our offer"
"""

from __future__ import annotations

import argparse
import sys
from queue import Queue
from typing import Any

from winfax import (
    FAX_EVENT,
    FEI_DELETED,
    FEI_FAXSVC_ENDED,
    JSA_DISCOUNT_PERIOD,
    JSA_NOW,
    FaxClose,
    FaxCompleteJobParams,
    FaxConnectFaxServer,
    FaxInitializeEventQueue,
    FaxSendDocument,
    GetLastError,
    last_error_text,
)


def failed(what: str) -> str:
    return f"{what}: {last_error_text()} (error {GetLastError()})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("number")
    parser.add_argument("--name", help="the recipient")
    parser.add_argument("--cover", help="a cover page of the server's")
    parser.add_argument("--subject")
    parser.add_argument("--cheap", action="store_true", help="in the discount period only")
    parser.add_argument("--wait", action="store_true", help="until the fax is out, or given up")
    asked = parser.parse_args()

    ok, server = FaxConnectFaxServer(None)
    if not ok:
        sys.exit(failed("No connection to the fax server"))
    try:
        events: Queue[tuple[Any, FAX_EVENT]] = Queue()
        if asked.wait and not FaxInitializeEventQueue(server, events, None, None, 0):
            sys.exit(failed("No events"))

        ok, params, cover = FaxCompleteJobParams()
        if not ok or params is None or cover is None:
            sys.exit(failed("The sender is not known"))
        params.RecipientNumber = asked.number
        params.RecipientName = asked.name
        params.ScheduleAction = JSA_DISCOUNT_PERIOD if asked.cheap else JSA_NOW
        if asked.cover:
            cover.CoverPageName, cover.UseServerCoverPage = asked.cover, True
            cover.RecName, cover.RecFaxNumber, cover.Subject = asked.name, asked.number, asked.subject

        ok, job = FaxSendDocument(server, asked.file, params, cover if asked.cover else None)
        if not ok:
            sys.exit(failed("The fax was not taken"))
        print(f"Queued as job {job}")
        while asked.wait:
            _, event = events.get()
            if event.EventId == FEI_FAXSVC_ENDED:
                sys.exit("The fax service ended; the fax stays in its queue")
            if (event.JobId, event.EventId) == (job, FEI_DELETED):
                print(f"Job {job} is done with")
                break
    finally:
        FaxClose(server)


if __name__ == "__main__":
    main()
