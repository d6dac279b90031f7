"""Call records as CSV, for spreadsheets and bills (RFC 4180). Pure.

What always holds: one line for each call, under one line of headings; what a spreadsheet would take for a formula
(``=``, ``+``, ``-`` or ``@`` in front, blanks apart) has an apostrophe in front of it, wherever it comes from: an
identifier is what the far end's machine says, and may be hostile; times are RFC 3339 in UTC.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from fax.records import CallRecord

COLUMNS = (
    "call",
    "direction",
    "port",
    "number",
    "caller_name",
    "called",
    "far_ident",
    "own_ident",
    "began",
    "ended",
    "line_seconds",
    "pages",
    "pages_total",
    "rate_bps",
    "modulation",
    "coding",
    "ecm",
    "frames_resent",
    "bad_rows",
    "outcome",
    "code",
    "text",
    "billing_code",
    "user",
    "jobs",
)
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe(text: str) -> str:
    """``text`` as a spreadsheet shows it and does not reckon with it."""
    plain = "".join(mark if mark.isprintable() else " " for mark in text)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain


def header() -> str:
    return _line(COLUMNS)


def line(record: CallRecord) -> str:
    """One call."""
    values = {
        "call": record.call,
        "direction": record.direction.value,
        "outcome": record.cause,
        "began": _time(record.began),
        "ended": _time(record.ended),
        "line_seconds": None if record.line_seconds is None else f"{record.line_seconds:.1f}",
        "ecm": None if record.ecm is None else ("yes" if record.ecm else "no"),
        "billing_code": " ".join(dict.fromkeys(job.billing_code for job in record.jobs if job.billing_code)),
        "user": " ".join(dict.fromkeys(job.user for job in record.jobs if job.user)),
        "jobs": " ".join(dict.fromkeys(str(job.job) for job in record.jobs)),
    }
    said = [values[name] if name in values else getattr(record, name) for name in COLUMNS]
    return _line("" if value is None else safe(str(value)) for value in said)


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(list(cells))
    return out.getvalue()
