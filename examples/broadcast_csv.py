"""Sends one document to everybody in a CSV file, whose first line names the columns "number", "name" and "company".

    python examples/broadcast_csv.py newsletter.pdf recipients.csv --cover default

The document is handed over and prepared once, whatever the number of recipients.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from winfax import (
    FAX_COVERPAGE_INFO,
    FAX_JOB_PARAM,
    JSA_NOW,
    FaxClose,
    FaxConnectFaxServer,
    FaxSendDocumentForBroadcast,
    GetLastError,
    last_error_text,
)


def recipient(
    server: Any, number: int, rows: list[dict[str, str]], params: FAX_JOB_PARAM, cover: FAX_COVERPAGE_INFO
) -> int:
    """Called with 1, 2, 3 and so on, until it gives 0."""
    if number > len(rows):
        return 0
    row = rows[number - 1]
    params.RecipientNumber = row["number"]
    params.RecipientName = row.get("name")
    params.ScheduleAction = JSA_NOW
    if template := row.get("cover"):
        cover.CoverPageName, cover.UseServerCoverPage = template, True
        cover.RecName, cover.RecCompany, cover.RecFaxNumber = row.get("name"), row.get("company"), row["number"]
    return 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("recipients", type=Path)
    parser.add_argument("--cover", help="a cover page of the server's for everybody")
    asked = parser.parse_args()

    with asked.recipients.open(newline="", encoding="utf-8-sig") as source:
        rows = [row for row in csv.DictReader(source) if row.get("number")]
    if not rows:
        sys.exit(f"{asked.recipients} names nobody: its first line must name a column number")
    if asked.cover:
        rows = [{"cover": asked.cover, **row} for row in rows]

    ok, server = FaxConnectFaxServer(None)
    if not ok:
        sys.exit(f"No connection to the fax server: {last_error_text()} (error {GetLastError()})")
    try:
        ok, first = FaxSendDocumentForBroadcast(server, asked.file, recipient, rows)
        if not ok:
            sys.exit(f"Nothing was sent: {last_error_text()} (error {GetLastError()})")
        print(f"{len(rows)} faxes are queued; the first is job {first}")
    finally:
        FaxClose(server)


if __name__ == "__main__":
    main()
