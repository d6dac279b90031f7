"""Pages that come in, on their way from the receiver to the disk: in a call that we answer, or a document we fetch.

What always holds: a page is given out to be stored, and told to the journal, before it counts; it counts as kept, so
that it may be confirmed, only when it is stored and the journal's entry about it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from codec.coder import page_from_bitmap
from codec.tiff_tags import Clean, FaxTags
from modem.receipt import PageReceipt, Receipt, ReceivedPage
from modem.t30.receiver import Receiver
from modem.t30.receiver_notes import PageConfirmed, PageIn, PageRefused
from modem.t30.receiver_states import State


class Write(Protocol):
    """Writes a journal entry."""

    def __call__(self, kind: str, *, barrier: bool = False, **fields: object) -> None: ...


class IncomingPages:
    """The pages of one ``receiver``, which its owner drives. ``given``: number of entries ever made."""

    def __init__(self, receiver: Receiver, write: Write, given: Callable[[], int]) -> None:
        self.receiver = receiver
        self.receipts: list[PageReceipt] = []
        self._write = write
        self._given = given
        self._waiting: list[ReceivedPage] = []
        self._noted_at: list[int] = []  # the number of entries with which each page is told
        self._stored = self._kept = 0

    def take_pages(self) -> list[ReceivedPage]:
        """Pages to be stored since the last time, in order."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def stored(self, count: int) -> None:
        """The first ``count`` pages ever taken are on disk; ``kept`` tells the receiver when the journal is, too."""
        self._stored = max(self._stored, count)

    def kept(self, synced: int, now: float) -> None:
        """The first ``synced`` entries are on disk."""
        if self.receiver.state is State.LAST_PAGES:
            kept = self._stored  # nobody is told any more
        else:
            kept = sum(noted <= synced for noted in self._noted_at[: self._stored])
        for number in range(self._kept + 1, kept + 1):
            self._write("page-stored", number=number)
        self._kept = max(self._kept, kept)
        self.receiver.stored(kept, now)

    def take_note(self, note: PageIn | PageConfirmed | PageRefused) -> None:
        match note:
            case PageIn():
                self._take(note)
            case PageConfirmed(number, by):
                self.receipts[number - 1] = replace(self.receipts[number - 1], confirmed=True)
                self._write("page-confirmed", number=number, by=by)
            case PageRefused(rows, bad_rows):
                self._write("page-refused", rows=rows, bad_rows=bad_rows)

    def _take(self, note: PageIn) -> None:
        decoded = note.decoded
        page = page_from_bitmap(decoded.bitmap, note.dpi_x, note.dpi_y)
        bad_rows = len(decoded.bad_rows)
        whole = note.receipt is Receipt.CLEAN
        tags = FaxTags(
            description=f"Fax from {note.ident}" if note.ident else "Fax",
            bad_rows=bad_rows,
            longest_bad_run=decoded.longest_bad_run,
            clean=Clean.REPAIRED if bad_rows else Clean.CLEAN if whole else Clean.DAMAGED,
            sub_address=note.sub_address,
            receive_time_s=round(note.seconds),
            dcs=note.dcs.hex().upper(),
        )
        self._waiting.append(ReceivedPage(number=note.number, page=page, tags=tags))
        receipt = PageReceipt(
            number=note.number,
            receipt=note.receipt,
            confirmed=False,
            rows=decoded.rows,
            bad_rows=bad_rows,
            digest=page.digest,
        )
        self.receipts.append(receipt)
        self._write(
            "page-received",
            number=note.number,
            receipt=note.receipt.value,
            digest=page.digest,
            width=page.width,
            rows=page.rows,
            bad_rows=bad_rows,
            octets=note.octets,
            barrier=True,
        )
        self._noted_at.append(self._given())
