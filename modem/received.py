"""What incoming calls have left on disk, and what their journals say of them: for whoever takes received faxes over.

In the folder of ``AnswerSettings`` each call has a folder of its own, named by its id (``in-DATE-TIME-PID-N``):

- ``journal.jsonl``: from the moment it is answered (see ``modem.entries``);
- ``pages.tif``: from its first page on, a whole TIFF-F at every moment; page n of it is ``page-received`` number n.

Who takes a fax over: list with ``calls_in``; as long as ``is_under_way`` the call goes on, and more may come. Then
``outcome``: the journal's ``end``, or, when the process died, what it had told until then. A page that the far end was
told of (``confirmed``) is on stable storage, always. A page that is not confirmed may be in the TIFF all the same,
whole or not (its ``receipt``), and the sender may send it again. Folders are never changed or removed here.

What always holds: pure but for reading; the same folder gives the same answer after every crash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from codec.tiff import sync_folder
from modem import journal
from modem.entries import Entry
from modem.outcome import Cause, Phase
from modem.plan import CallPlan
from modem.receipt import AnswerOutcome, CallerId, Receipt, fault_of, receipts_in, sentence
from modem.t30.frames import FrameError, Type, parse
from modem.t30.receiver_states import PAGE_ENDS

JOURNAL_NAME = "journal.jsonl"
PAGES_NAME = "pages.tif"
FETCHED_NAME = "fetched.tif"  # beside the journal of a call that fetched a document


@dataclass(frozen=True)
class ReceivedCall:
    """The folder of one incoming call."""

    folder: Path

    @classmethod
    def make(cls, parent: Path, call: str) -> ReceivedCall:
        """Make its folder durably. Raises OSError."""
        folder = parent / call
        folder.mkdir(mode=0o700)
        sync_folder(parent)
        return cls(folder)

    @property
    def call(self) -> str:
        return self.folder.name

    @property
    def journal(self) -> Path:
        return self.folder / JOURNAL_NAME

    @property
    def pages(self) -> Path:
        """Does not exist when no page came in."""
        return self.folder / PAGES_NAME

    @property
    def is_under_way(self) -> bool:
        """Whether a living process is in this call. Raises OSError."""
        return journal.is_being_written(self.journal)

    def outcome(self) -> AnswerOutcome | None:
        """How it ended; None while it is under way. Raises OSError."""
        under_way = self.is_under_way  # looked at first: the end is written before the lock is let go
        entries, _ = journal.read(self.journal)
        return outcome_of(entries) or (None if under_way else outcome_after_death(entries))


def make_folder(folder: Path) -> None:
    """Make a folder for received faxes, and what it stands in, on stable storage. Raises OSError."""
    if not folder.parent.is_dir():
        make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    # Also when it was there: whoever made it may have been killed before this.
    sync_folder(folder.parent)


def calls_in(folder: Path) -> list[ReceivedCall]:
    """The calls of a folder, oldest first. A folder that does not exist has none. Raises OSError."""
    try:
        found = [entry for entry in folder.iterdir() if entry.is_dir()]
    except FileNotFoundError:
        return []
    return [ReceivedCall(entry) for entry in sorted(found)]


def fetched_path(plan: CallPlan, journal_path: Path) -> Path | None:
    """Where the pages of a document lie that a call of ours fetches; None: it fetches none."""
    if plan.fetch is None:
        return None
    return Path(plan.fetch.file) if plan.fetch.file else journal_path.with_name(FETCHED_NAME)


def outcome_of(entries: Sequence[Entry]) -> AnswerOutcome | None:
    """The end that the journal of an incoming call tells; None while it has none."""
    for entry in reversed(entries):
        if entry.kind == "end":
            try:
                return msgspec.convert(entry.fields.get("outcome"), AnswerOutcome)
            except msgspec.ValidationError:
                return None
    return None


def outcome_after_death(entries: Sequence[Entry]) -> AnswerOutcome:
    """The end of an incoming call whose process is gone: its own, if it has one, else PORT_DIED with its pages."""
    if (ended := outcome_of(entries)) is not None:
        return ended
    phase = journal.phase_so_far(entries)
    receipts = receipts_in(entries)
    detail = f"{sum(page.confirmed for page in receipts)} of {len(receipts)} pages were confirmed" if receipts else ""
    return AnswerOutcome(
        cause=Cause.PORT_DIED,
        phase=Phase.A if phase is Phase.SETUP else phase,
        fault=fault_of(Cause.PORT_DIED),
        text=sentence(Cause.PORT_DIED, detail),
        pages=receipts,
        bad_rows=sum(page.bad_rows for page in receipts),
        caller=_caller(entries),
        figures=journal.figures_so_far(entries, entries[0].t if entries else None),
    )


def came_to_the_end(entries: Sequence[Entry]) -> bool:
    """Whether all pages came in: the far end has said that there is no more to come (EOP) behind the last one.

    It may not have heard that we have them, when the call or its process ended right then.
    """
    ended = complete = False
    for entry in entries:
        if entry.kind == "frame" and entry.fields.get("dir") == "in" and entry.fields.get("good"):
            try:
                frame = parse(bytes.fromhex(str(entry.fields.get("octets"))))
            except (FrameError, ValueError):
                continue
            kind = frame.type
            if kind in (Type.PPS, Type.EOR):
                kind = _BY_VALUE.get(frame.fif[0] & 0xFE) if frame.fif else None
            if kind in PAGE_ENDS:
                ended = PAGE_ENDS[kind] is Type.EOP
                complete = complete and ended
        elif entry.kind == "page-received":
            complete = ended and entry.fields.get("receipt") != Receipt.INCOMPLETE.value
        elif entry.kind == "page-refused":
            complete = False
    return complete


_BY_VALUE = {kind.value: kind for kind in PAGE_ENDS}


def _caller(entries: Sequence[Entry]) -> CallerId:
    try:
        return msgspec.convert(entries[0].fields.get("caller", {}), CallerId) if entries else CallerId()
    except msgspec.ValidationError:
        return CallerId()


__all__ = [
    "FETCHED_NAME",
    "JOURNAL_NAME",
    "PAGES_NAME",
    "ReceivedCall",
    "calls_in",
    "came_to_the_end",
    "fetched_path",
    "make_folder",
    "outcome_after_death",
    "outcome_of",
]
