"""What a receiver tells whoever owns it, apart from the frames themselves.

What always holds: ``PageIn`` is given out before the page is confirmed; a ``PageConfirmed`` only when its answer is on
the line. Training is told with ``notes.Trained`` and ``notes.TrainingFailed``, the end with ``notes.Ended``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from codec.coder import Decoded
from modem.t30.capabilities import Parameters
from modem.t30.notes import Ended, Trained, TrainingFailed


class Receipt(Enum):
    """How a page came in."""

    CLEAN = "clean"
    DAMAGED = "damaged"  # bad rows, repaired by the row above; or frames that the sender gave up
    INCOMPLETE = "incomplete"  # the call ended before the sender had said that the page was whole


@dataclass(frozen=True)
class PickedUp:
    """We are off-hook, and our answer tone is out."""


@dataclass(frozen=True)
class Sender:
    """Who sends, and how, as TSI, SUB and DCS say."""

    ident: str
    sub_address: str
    parameters: Parameters


@dataclass(frozen=True, kw_only=True)
class PageIn:
    """A page is here and wants to be stored. ``number``: of the call, from 1."""

    number: int
    receipt: Receipt
    decoded: Decoded
    dpi_x: int
    dpi_y: int
    octets: int  # of code on the line
    seconds: float  # from its carrier to its end
    dcs: bytes  # FIF
    ident: str
    sub_address: str


@dataclass(frozen=True)
class PageConfirmed:
    number: int
    by: str  # the frame's name


@dataclass(frozen=True)
class PageRefused:
    """RTN: the page was not taken, and is not counted."""

    rows: int
    bad_rows: int


@dataclass(frozen=True)
class Polled:
    """The caller asks for our document, and may have it: from here on we are the sender. ``dtc``: with its FCS."""

    dtc: bytes
    ident: str
    codes: frozenset[int]  # what +FTM lists


Note = PickedUp | Sender | Trained | TrainingFailed | PageIn | PageConfirmed | PageRefused | Polled | Ended
