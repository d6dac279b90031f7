"""What reader and writer of our TIFF-F files share: the kinds of values, and the tags that say more than pixels.

What always holds: an ``Entry``'s octets are its whole value in the file's byte order.
(TIFF 6.0 2; fax tags as RFC 2301 and libtiff name them.)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

MAX_PAGES = 100_000
MAX_TEXT = 4096

SHORT, LONG, RATIONAL, ASCII = 3, 4, 5, 2
SIZES = {1: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
T6 = 4


class Clean(Enum):
    """CleanFaxData: what became of rows that the line damaged."""

    CLEAN = 0
    REPAIRED = 1
    DAMAGED = 2


@dataclass(frozen=True, kw_only=True)
class FaxOrigin:
    """Where a fax comes from and goes to, on its first page; any character. Tags of ours: see ``ORIGIN_TAGS``."""

    caller_id: str = ""
    csid: str = ""  # who answered the call
    tsid: str = ""  # who made it
    recipient_name: str = ""
    recipient_number: str = ""  # of a received fax: its csid
    routing: str = ""  # subaddress, or the extension that was dialled
    sender_name: str = ""  # of a fax that was sent
    at: datetime | None = None  # when it was sent or had come in; aware
    direction: str = ""  # "sent", "received"
    job: int | None = None


ORIGIN_TAGS = {
    "caller_id": 65001,
    "csid": 65002,
    "tsid": 65003,
    "recipient_name": 65004,
    "recipient_number": 65005,
    "routing": 65006,
    "sender_name": 65007,
    "at": 65008,  # RFC 3339, UTC
    "direction": 65009,
    "job": 65010,  # decimal
}
"""All of type ASCII, ended by a zero octet, in UTF-8; from the range that TIFF 6.0 (2, private fields) leaves to
private use, so that no tag of anybody else's is hit."""


@dataclass(frozen=True, kw_only=True)
class FaxTags:
    """What is known about a page beside its pixels. Text is printable ASCII; other characters become ``?``."""

    description: str = ""  # ImageDescription: for people
    date_time: str = ""  # DateTime: "YYYY:MM:DD HH:MM:SS", local time
    bad_rows: int | None = None  # BadFaxLines; None: not received over a line
    longest_bad_run: int = 0  # ConsecutiveBadFaxLines
    clean: Clean = Clean.CLEAN  # CleanFaxData
    sub_address: str = ""  # FaxSubAddress
    receive_time_s: int | None = None  # FaxRecvTime
    dcs: str = ""  # FaxDcs: octets of the DCS in hexadecimal
    origin: FaxOrigin | None = None


@dataclass(frozen=True)
class Entry:
    tag: int
    kind: int
    count: int
    value: bytes
