"""The plan of a call: everything the port process needs to dial and send, as data.

What always holds: a plan names finished pages by file, index and hash; the port process checks the hashes before it
dials, so that wrong pages cannot go out. A plan is written once and never changed. A page of the call is either a page
of a job or a preface, which belongs to this call alone: what becomes of a preface says nothing of any page of a job.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from modem.memory import NOTHING_KNOWN, LineMemory


@dataclass(frozen=True, kw_only=True)
class PlannedPage:
    """One page: the ``index``-th image (from 0) of the TIFF-F file ``file``."""

    file: str
    index: int
    digest: str  # codec.Page.digest: hex SHA-256 over geometry and T.6 code
    number: int  # 1-based number within the job, as people count
    possible_duplicate: bool = False  # its fate in an earlier call is uncertain: the header line says so


@dataclass(frozen=True, kw_only=True)
class PlannedDocument:
    """One job's share of a call: the pages that are still to be sent, in order."""

    job: int
    pages: tuple[PlannedPage, ...]
    pages_total: int  # pages of the whole job, for "page n of m"
    # A cover page that goes before them in this call and is no page of the job; numbered for itself, from 1.
    preface: tuple[PlannedPage, ...] = ()
    header_from: str = ""  # who the header line says it is from
    header_to: str = ""
    sub_address: str = ""  # SUB: where at the far end it is to go; at most 20 printable ASCII characters
    password: str = ""  # SID; masked in the journal


@dataclass(frozen=True, kw_only=True)
class PageOfCall:
    """One page as it goes over the line. ``preface``: it is none of the job's."""

    document: PlannedDocument
    page: PlannedPage
    preface: bool

    @property
    def said(self) -> dict[str, Any]:
        """How the journal names it: by ``job`` and ``number``, or by ``job`` and ``preface``."""
        return {"job": self.document.job, ("preface" if self.preface else "number"): self.page.number}


class TooLong(Enum):
    """What becomes of a page that is longer than the far end takes, when its white foot is not enough."""

    SCALE = "scale"  # made smaller, all of it
    CUT = "cut"  # what is over is lost
    REFUSE = "refuse"  # the call ends


@dataclass(frozen=True, kw_only=True)
class LinePolicy:
    """What this call may use. None or empty: all that modem and far end can."""

    max_rate_bps: int | None = None
    ecm: bool = True
    codings: tuple[str, ...] = ("mh", "mr", "mmr", "t85")
    v17: bool = True
    # The modem or its driver holds us back when it has enough, so fast data need not be paced by our clock.
    flow_control: bool = False
    header_line: bool = True
    header_over: bool = False  # it takes the page's topmost rows instead of rows of its own
    small_frames: bool = False  # ECM with 64 octets in a frame, for bad lines
    pages_again_after_rtn: int = 2  # a page that is refused goes out so often again in a call, at most twice
    too_long: TooLong = TooLong.SCALE
    # A far end that knows no sub-addresses: True ends the call, False sends without.
    sub_address_required: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedFetch:
    """A document of the far end's is to be fetched (polling). Texts: at most 20 printable ASCII characters."""

    password: str = ""  # PWD; masked in the journal
    selection: str = ""  # SEP: which of its documents
    # TIFF-F for its pages; must not exist before. Empty: ``fetched.tif`` beside the call's journal.
    file: str = ""


@dataclass(frozen=True, kw_only=True)
class CallPlan:
    """A call to one number with one or several documents."""

    call: str
    dial: str  # dial string for ATD: digits, *, #, comma, w, p, +
    documents: tuple[PlannedDocument, ...]  # may be none when something is to be fetched
    fetch: PlannedFetch | None = None
    tsid: str = ""  # our identifier, at most 20 printable ASCII characters
    header_time: str = ""  # local date and time for the header line, as text
    policy: LinePolicy = LinePolicy()
    memory: LineMemory = NOTHING_KNOWN  # of this number, as the last outcome gave it

    @property
    def pages(self) -> tuple[PageOfCall, ...]:
        """Every page of the call, in the order in which they are sent."""
        return tuple(
            PageOfCall(document=document, page=page, preface=preface)
            for document in self.documents
            for preface, pages in ((True, document.preface), (False, document.pages))
            for page in pages
        )

    def save(self, path: Path) -> None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))

    @classmethod
    def load(cls, path: Path) -> CallPlan:
        """Raises msgspec.DecodeError or ValidationError when the file is not a plan."""
        return msgspec.json.decode(path.read_bytes(), type=cls)
