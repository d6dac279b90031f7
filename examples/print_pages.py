"""Draws two pages onto the fax printer with FaxStartPrintJob, behind a cover page; nobody is asked for a number.

    python examples/print_pages.py 5552001 --name "Ann Lee" --cover default --subject "Our offer"

Needs no connection to the fax server, only CUPS with a fax printer; and the packages pycups and reportlab.
"""

from __future__ import annotations

import argparse
import sys

from winfax import (
    FAX_CONTEXT_INFO,
    FAX_COVERPAGE_INFO,
    FAX_PRINT_INFO,
    FaxPrintCoverPage,
    FaxStartPrintJob,
    GetLastError,
    last_error_text,
)

PAGES = ("This is the first of two pages.", "This is the second.")


def failed(what: str) -> str:
    return f"{what}: {last_error_text()} (error {GetLastError()})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("number")
    parser.add_argument("--printer", help="else the fax printer that CUPS would take")
    parser.add_argument("--name", help="the recipient")
    parser.add_argument("--cover", help="a cover page of the server's")
    parser.add_argument("--subject")
    parser.add_argument("--billing", help="billing code")
    parser.add_argument("--report", help="mail address for the report")
    asked = parser.parse_args()

    info = FAX_PRINT_INFO(
        DocName="Two drawn pages",
        RecipientNumber=asked.number,
        RecipientName=asked.name,
        SenderBillingCode=asked.billing,
        DrEmailAddress=asked.report,
    )
    context = FAX_CONTEXT_INFO()
    ok, spooler_job = FaxStartPrintJob(asked.printer, info, context)
    if not ok:
        sys.exit(failed("The fax printer does not take a document"))
    print(f"Print job {spooler_job}")

    if asked.cover:
        cover = FAX_COVERPAGE_INFO(
            CoverPageName=asked.cover,
            UseServerCoverPage=True,
            RecName=asked.name,
            RecFaxNumber=asked.number,
            Subject=asked.subject,
            PageCount=1 + len(PAGES),
        )
        if not FaxPrintCoverPage(context, cover):
            context.hDC.AbortDoc()
            sys.exit(failed("The cover page was not printed"))

    page = context.hDC
    width, height = page.page_size
    for number, text in enumerate(PAGES, start=1):
        page.StartPage()
        page.canvas.setFont("Helvetica", 24)
        page.canvas.drawString(72, height - 144, text)
        page.canvas.rect(72, 72, width - 144, height - 288)
        page.canvas.drawCentredString(width / 2, height / 2, str(number))
        page.EndPage()
    if page.EndDoc() <= 0:
        sys.exit(failed("The document was not submitted"))
    page.DeleteDC()


if __name__ == "__main__":
    main()
