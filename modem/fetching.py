"""The second half of a call that fetches a document (polling): our receiver, and its pages on their way to the disk.

What always holds: a page is confirmed to the far end only when it is stored and the journal's entry about it is on
disk. What it must not do: speak to the modem; ``modem.call`` does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from codec.coder import page_from_bitmap
from codec.tiff_tags import Clean, FaxTags
from modem.outcome import FetchedPage
from modem.plan import CallPlan
from modem.receipt import Receipt, ReceivedPage
from modem.t30.receiver import Receiver
from modem.t30.receiver_abilities import ReceiverPolicy
from modem.t30.receiver_notes import PageConfirmed, PageIn, PageRefused
from modem.t30.receiver_states import State


class Write(Protocol):
    """Writes a journal entry."""

    def __call__(self, kind: str, *, barrier: bool = False, **fields: object) -> None: ...


class Fetching:
    """``receiver`` is driven by its owner; notes about pages come here. ``given``: number of entries ever made."""

    def __init__(
        self, plan: CallPlan, receive_codes: frozenset[int], write: Write, given: Callable[[], int], now: float
    ) -> None:
        assert plan.fetch is not None
        policy = ReceiverPolicy(
            csi=plan.tsid, ecm=plan.policy.ecm, v17=plan.policy.v17, max_rate_bps=plan.policy.max_rate_bps
        )
        self.receiver = Receiver(policy, now)
        self.receiver.begin_polling(
            receive_codes, now, cig=plan.tsid, password=plan.fetch.password, selection=plan.fetch.selection
        )
        self.pages: list[FetchedPage] = []
        self._write = write
        self._given = given
        self._waiting: list[ReceivedPage] = []
        self._noted_at: list[int] = []  # the number of entries with which each page is told
        self._stored = 0

    def take_pages(self) -> list[ReceivedPage]:
        """Pages to be stored since the last time, in order."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def stored(self, count: int) -> None:
        """The first ``count`` pages ever taken are on disk; ``kept`` tells the far end when the journal is, too."""
        self._stored = max(self._stored, count)

    def kept(self, synced: int, now: float) -> None:
        """The first ``synced`` entries are on disk."""
        if self.receiver.state is State.LAST_PAGES:
            kept = self._stored  # nobody is told any more
        else:
            kept = sum(noted <= synced for noted in self._noted_at[: self._stored])
        self.receiver.stored(kept, now)

    def confirmed(self, note: PageConfirmed) -> None:
        """The far end has been told that we have the page."""
        self.pages[note.number - 1] = replace(self.pages[note.number - 1], confirmed=True)
        self._write("page-confirmed", number=note.number, by=note.by)

    def refused(self, note: PageRefused) -> None:
        """The page did not come in good order, and comes again."""
        self._write("page-refused", rows=note.rows, bad_rows=note.bad_rows)

    def take(self, note: PageIn) -> None:
        """A page is here."""
        decoded = note.decoded
        page = page_from_bitmap(decoded.bitmap, note.dpi_x, note.dpi_y)
        bad_rows = len(decoded.bad_rows)
        whole = note.receipt is Receipt.CLEAN
        tags = FaxTags(
            description=f"Fax from {note.ident}" if note.ident else "Fax",
            bad_rows=bad_rows,
            longest_bad_run=decoded.longest_bad_run,
            clean=Clean.REPAIRED if bad_rows else Clean.CLEAN if whole else Clean.DAMAGED,
            receive_time_s=round(note.seconds),
            dcs=note.dcs.hex().upper(),
        )
        self._waiting.append(ReceivedPage(number=note.number, page=page, tags=tags))
        self.pages.append(FetchedPage(number=note.number, rows=decoded.rows, bad_rows=bad_rows, digest=page.digest))
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
