"""Names that are made of what is known of a fax: for files, folders, print jobs. Pure.

What always holds: what the far end or the network said can neither leave a folder nor hide a file: of it only letters,
digits and ``+ - . _`` are left, and it begins with none of the dots; a field that is empty reads ``unknown``.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from fax.errors import Cause, RequestError
from fax.received import Received

FIELDS = (
    "date",
    "time",
    "year",
    "month",
    "day",
    "from",
    "tsid",
    "caller",
    "name",
    "number",
    "sub",
    "port",
    "pages",
    "job",
    "id",
)
FIELD_LIMIT = 60
_FIELD = re.compile(r"\{(.*?)\}")


def check(pattern: str) -> None:
    """Raises RequestError BAD_REQUEST when the pattern names a field that there is not."""
    unknown = [name for name in _FIELD.findall(pattern) if name not in FIELDS]
    if unknown or re.search(r"[{}]", _FIELD.sub("", pattern)):
        what = unknown[0] if unknown else pattern
        known = ", ".join(FIELDS)
        raise RequestError(Cause.BAD_REQUEST, f"{{{what}}} stands for nothing in a name; there are {known}")


def filled(pattern: str, fax: Received, job: int, id: str, zone: tzinfo | None) -> str:
    """The pattern with its fields filled in. ``zone``: of dates and times, of the moment at which the fax came in."""
    at = fax.ended.astimezone(zone)
    values = fields_of(fax, job, id, at)
    return _FIELD.sub(lambda found: harmless(values[found[1]]), pattern)


def fields_of(fax: Received, job: int, id: str, at: datetime) -> dict[str, str]:
    """What the fields stand for, as the far end said it; ``at``: local."""
    return {
        "date": f"{at:%Y%m%d}",
        "time": f"{at:%H%M%S}",
        "year": f"{at:%Y}",
        "month": f"{at:%m}",
        "day": f"{at:%d}",
        "from": fax.tsid or fax.caller_id or fax.caller_name,
        "tsid": fax.tsid,
        "caller": fax.caller_id,
        "name": fax.caller_name,
        "number": fax.digits,
        "sub": fax.sub_address,
        "port": fax.port,
        "pages": str(fax.pages),
        "job": str(job),
        "id": id,
    }


def harmless(text: str) -> str:
    """Part of a file's name, of any text."""
    marks = "".join(mark if mark.isalnum() or mark in "+-._" else "_" for mark in text.strip())
    return re.sub("_+", "_", marks).lstrip("._-")[:FIELD_LIMIT].rstrip("._") or "unknown"
