"""Reception: what incoming calls have left on disk becomes jobs.

What always holds: a call is taken in once it is over, exactly once, and stays where it is until then, whoever is killed
when; what the far end was told we have is in the fax, page by page as it was stored; the fax's file is whole and on
stable storage before the database knows it. Text that the far end or the network said is made printable here.

Must not: follow calls that go on (``port_incoming`` does), or decide where a fax goes.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from codec.errors import TiffError
from codec.page import Page
from codec.tiff import FaxOrigin, TiffReader, TiffWriter
from fax.errors import FaxError
from fax.received import Received
from fax.routing import Facts
from fax.types import Fate, Resolution
from modem import journal
from modem.entries import Entry
from modem.outcome import Cause
from modem.receipt import AnswerOutcome, PageReceipt, Receipt
from modem.received import ReceivedCall, calls_in, came_to_the_end
from spooler import store_received
from spooler.dialling import destination
from spooler.numbers import NumberError
from spooler.routing import Routing
from spooler.settings import Dialling
from spooler.spool import Spool, sync_file, sync_folder
from spooler.store import Store, Transaction
from spooler.store_received import TakenPage

log = logging.getLogger(__name__)
FAX_NAME = "fax.tif"  # in a call's folder: the fax as it was taken in
TEXT_LIMIT = 80
BEGINNING_S = 60.0


@dataclass(frozen=True)
class Kept:
    """A page of the call's TIFF that belongs to the fax."""

    index: int
    receipt: PageReceipt


def kept_pages(receipts: Sequence[PageReceipt]) -> tuple[Kept, ...]:
    """The pages that make up the fax: what was confirmed, and the last one that was not, when nothing came after it.

    A page that was not confirmed and had a successor was sent again by the far end, and is that successor.
    """
    found = [Kept(index, receipt) for index, receipt in enumerate(receipts) if receipt.confirmed]
    if receipts and not receipts[-1].confirmed and receipts[-1].rows:
        found.append(Kept(len(receipts) - 1, receipts[-1]))
    return tuple(found)


def holds_no_page(call: ReceivedCall) -> bool:
    """Whether a call that was taken in has nothing that could be a page, even for a person: its journal tells of none,
    and nothing lies beside that but its recording. Raises OSError."""
    outcome = call.outcome()
    if outcome is None or kept_pages(outcome.pages):
        return False
    plain = (call.journal, journal.images_path(call.journal))
    return all(path in plain or not path.stat().st_size for path in call.folder.iterdir())


def is_whole(outcome: AnswerOutcome, entries: Sequence[Entry]) -> bool:
    """Whether the far end has sent all that it wanted to.

    That is so too when its last page came in and it may not have heard that we have it: better twice than never.
    """
    if not outcome.pages:
        return False
    return outcome.cause is Cause.OK or came_to_the_end(entries)


def printable(text: str) -> str:
    """One line of at most ``TEXT_LIMIT`` characters that can be shown."""
    return "".join(mark if mark.isprintable() else " " for mark in text).strip()[:TEXT_LIMIT]


def routing_string(number: str, additional: str, rules: Dialling) -> str:
    """``CanonicalNumber``, or ``CanonicalNumber|additional``; the number as it is where it is none that we know."""
    with suppress(NumberError):
        number = destination(number, rules).number
    number = number.replace("|", "")
    return f"{number}|{additional}" if additional else number


class Reception:
    """``take_in`` and ``look`` block, and may be called on any thread but the event loop's."""

    def __init__(self, store: Store, spool: Spool, routing: Routing, dialling: Dialling) -> None:
        self._store = store
        self._spool = spool
        self._routing = routing
        self._dialling = dialling
        self._complained: set[str] = set()

    def folder(self, port: str) -> Path:
        """Where the calls of a port lie."""
        return self._spool.root / "received" / port

    def taken(self, port: str) -> set[str]:
        """The calls of this port that were taken in."""
        return self._store.call(lambda tx: store_received.taken(tx, port))

    def take_in(self, port: str, call: ReceivedCall) -> bool:
        """Take a call in. False: it goes on, or cannot be taken in now (the log says why); it is to be tried again."""
        try:
            outcome = call.outcome()
            if outcome is None or _is_beginning(call):
                return False
            self._take_in(port, call, outcome)
        except (OSError, TiffError, FaxError) as error:
            if call.call not in self._complained:
                self._complained.add(call.call)
                why = getattr(error, "strerror", None) or error
                log.error("Call %s cannot be taken in, and is tried again: %s", call.call, why)
            return False
        except Exception:
            # Not foreseen. It must hold up neither the line nor other calls.
            if call.call not in self._complained:
                self._complained.add(call.call)
                log.exception("Call %s cannot be taken in, and is tried again", call.call)
            return False
        self._complained.discard(call.call)
        return True

    def look(self, followed: Collection[str]) -> None:
        """Take in what lies there of ports that nobody follows (any more)."""
        root = self._spool.root / "received"
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            if folder.name in followed or not folder.is_dir():
                continue
            known = self.taken(folder.name)
            for call in calls_in(folder):
                if call.call not in known:
                    self.take_in(folder.name, call)

    def _take_in(self, port: str, call: ReceivedCall, outcome: AnswerOutcome) -> None:
        entries, _ = journal.read(call.journal)
        pages = self._pages(call, outcome)
        whole = is_whole(outcome, entries) and len(pages) == len(kept_pages(outcome.pages))
        facts = self._facts(port, call, outcome, entries, pages)
        file = call.folder / FAX_NAME
        if pages:
            _write(file, call, pages, facts, outcome)
        taken = [
            TakenPage(
                index=index,
                digest=page.digest,
                width=page.width,
                rows=page.rows,
                bad_rows=kept.receipt.bad_rows,
                fate=_fate(kept.receipt),
            )
            for index, (kept, page) in enumerate(pages)
        ]
        asked = Facts(
            port=port,
            caller_id=facts.caller_id,
            tsid=facts.tsid,
            sub_address=facts.sub_address,
            digits=facts.digits,
            at=facts.started,
        )

        def work(tx: Transaction) -> int | None:
            return store_received.take_in(
                tx,
                facts,
                taken,
                whole=whole,
                file=self._spool.relative(file),
                octets=file.stat().st_size if taken else 0,
                resolution=_resolution([page for _, page in pages]),
                decision=self._routing.decision(tx, asked),
            )

        job = self._store.call(work)
        who = facts.caller_id or facts.tsid or "an unknown caller"
        what = f"fax {job}, {len(pages)} pages" if job is not None else "no page"
        log.info("Call %s on %s from %s: %s; %s", call.call, port, who, what, facts.text)
        if job is not None:
            # The fax stands for itself now; what the port process stored is the same pages again.
            call.pages.unlink(missing_ok=True)

    def _pages(self, call: ReceivedCall, outcome: AnswerOutcome) -> list[tuple[Kept, Page]]:
        """The fax's pages as they lie on the disk. Raises OSError, TiffError."""
        kept = kept_pages(outcome.pages)
        if not kept:
            return []
        if not call.pages.exists() and (call.folder / FAX_NAME).exists():
            # Only the database has forgotten it.
            with TiffReader(call.folder / FAX_NAME) as reader:
                return [(one, reader[index]) for index, one in enumerate(kept) if index < len(reader)]
        found: list[tuple[Kept, Page]] = []
        if not call.pages.exists():
            return found
        with TiffReader(call.pages) as reader:
            for one in kept:
                try:
                    page = reader[one.index]
                except (IndexError, TiffError) as error:
                    log.error("Call %s: page %d is lost: %s", call.call, one.receipt.number, error)
                    continue
                if page.digest != one.receipt.digest:
                    log.error("Call %s: page %d is damaged on our disk", call.call, one.receipt.number)
                    continue
                found.append((one, page))
        return found

    def _facts(
        self,
        port: str,
        call: ReceivedCall,
        outcome: AnswerOutcome,
        entries: Sequence[Entry],
        pages: Sequence[tuple[Kept, Page]],
    ) -> Received:
        csid = self._store.call(lambda tx: store_received.csid_of(tx, port))
        began = _time_of(entries[0]) if entries else None
        began = began or datetime.fromtimestamp(call.folder.stat().st_mtime, UTC)
        ended = next((at for entry in reversed(entries) if (at := _time_of(entry)) is not None), None)
        seconds = max((entry.t for entry in entries), default=0.0)
        figures, caller = outcome.figures, outcome.caller
        digits = printable(caller.dialled)
        sub_address = printable(outcome.sub_address)
        return Received(
            call=call.call,
            port=port,
            device=self._store.call(lambda tx: store_received.device_of(tx, port)),
            started=began,
            ended=max(began, ended or began + timedelta(seconds=seconds)),
            caller_id=printable(caller.number),
            caller_name=printable(caller.name),
            tsid=printable(figures.far_ident or ""),
            csid=csid,
            sub_address=sub_address,
            digits=digits,
            receiver_name=_receiver(entries, "name"),
            receiver_number=_receiver(entries, "number"),
            routing=routing_string(digits or csid, sub_address, self._dialling),
            pages=len(pages),
            bad_rows=sum(kept.receipt.bad_rows for kept, _ in pages),
            line_seconds=figures.line_seconds,
            rate_bps=figures.rate_bps,
            modulation=figures.modulation or "",
            coding=figures.coding or "",
            ecm=figures.ecm,
            cause=outcome.cause.value,
            text=outcome.text,
        )


def _is_beginning(call: ReceivedCall) -> bool:
    """Whether its process may be about to make its journal. Raises OSError."""
    if call.journal.exists() and call.journal.stat().st_size:
        return False
    return time.time() - call.folder.stat().st_mtime < BEGINNING_S


def _fate(receipt: PageReceipt) -> Fate:
    if not receipt.confirmed:
        return Fate.UNCERTAIN
    return Fate.CONFIRMED if receipt.receipt is Receipt.CLEAN else Fate.DAMAGED


def _time_of(entry: Entry) -> datetime | None:
    with suppress(ValueError):
        return datetime.fromisoformat(str(entry.fields.get("at"))).astimezone(UTC)
    return None


def _receiver(entries: Sequence[Entry], what: str) -> str:
    """The name or number of whom a fax is for, where the device has told it."""
    return next((printable(str(each.fields.get(what, ""))) for each in entries if each.kind == "receiver"), "")


def _resolution(pages: Sequence[Page]) -> Resolution:
    finest = max((page.dpi_y for page in pages), default=0)
    if finest > 250:
        return Resolution.SUPERFINE
    return Resolution.FINE if finest > 150 else Resolution.STANDARD


def _write(
    file: Path, call: ReceivedCall, pages: Sequence[tuple[Kept, Page]], facts: Received, outcome: AnswerOutcome
) -> None:
    """The fax's file, on stable storage, whole or not at all. Raises OSError, TiffError."""
    if file.exists() and not call.pages.exists():
        return
    origin = FaxOrigin(
        caller_id=facts.caller_id,
        csid=facts.csid,
        tsid=facts.tsid,
        recipient_number=facts.csid,
        routing=facts.routing,
        at=facts.ended,
        direction="received",
    )
    part = file.with_name(f".{file.name}.part")
    try:
        with TiffReader(call.pages) as reader, TiffWriter(part) as writer:
            for number, (kept, page) in enumerate(pages, 1):
                tags = reader.tags(kept.index)
                writer.append(page, replace(tags, origin=origin if number == 1 else None))
        part.chmod(0o600)
        sync_file(part)
        part.replace(file)
        sync_folder(file.parent)
    finally:
        part.unlink(missing_ok=True)
