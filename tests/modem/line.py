"""Whole calls in virtual time: our ``Call``, libspandsp's T.31 modem, a line, libspandsp's fax machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codec.coder import page_from_bitmap
from codec.header import strip_rows
from codec.operations import crop, same_pixels
from codec.page import Bitmap, Page
from codec.tiff import read_pages
from modem.call import Call
from modem.entries import Entry
from modem.outcome import Fate, Outcome
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, FarEnd
from modem.soft.parties import FaxRecord
from modem.soft.virtual import VirtualModem, run_call

NUMBER = "5552001"
FAX = FarEnd(number=NUMBER, ident="+1 555 2001")
Act = Callable[[Call, float, list[Entry]], None]


def picture(seed: int = 1, rows: int = 300, dpi_y: int = 196, width: int = 1728) -> Page:
    """A page with marks all over and white between them."""
    size = width // 8
    data = bytearray(rows * size)
    state = seed
    for row in range(0, rows, 5):
        for _ in range(12):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            place = row * size + (state >> 8) % size
            for below in range(min(4, rows - row)):
                data[place + below * size] = state >> 20 & 0xFF
    return page_from_bitmap(Bitmap(width, rows, bytes(data)), 204, dpi_y)


def dense(seed: int = 1, rows: int = 200, dpi_y: int = 196) -> Page:
    """A page of noise: its code is long."""
    state = seed
    data = bytearray()
    for _ in range(rows * 216):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        data.append(state >> 16 & 0xFF)
    return page_from_bitmap(Bitmap(1728, rows, bytes(data)), 204, dpi_y)


def plan_for(pages: Sequence[Page], policy: LinePolicy | None = None, **changes: object) -> CallPlan:
    planned = tuple(
        PlannedPage(file="pages.tif", index=index, digest=page.digest, number=index + 1)
        for index, page in enumerate(pages)
    )
    document = PlannedDocument(job=7, pages=planned, pages_total=len(pages), header_from="Us", header_to="Them")
    fields: dict[str, object] = {
        "call": "call-1",
        "dial": NUMBER,
        "documents": (document,),
        "tsid": "+1 555 1001",
        "header_time": "2030-01-02 03:04",
        "policy": policy or LinePolicy(),
    }
    return CallPlan(**(fields | changes))  # type: ignore[arg-type]


class Trickle:
    """A call that hears its modem octet by octet and is ticked more often than it asks for."""

    def __init__(self, call: Call) -> None:
        self._call = call

    @property
    def outcome(self) -> Outcome | None:
        return self._call.outcome

    @property
    def deadline(self) -> float | None:
        return self._call.deadline

    def take_output(self) -> bytes:
        return self._call.take_output()

    def take_entries(self) -> list[Entry]:
        return self._call.take_entries()

    def receive(self, octets: bytes, now: float) -> None:
        for octet in octets:
            self._call.receive(bytes((octet,)), now)
            self._call.tick(now)

    def tick(self, now: float) -> None:
        self._call.tick(now)

    def synced(self, count: int, now: float) -> None:
        self._call.synced(count, now)


class Meddled(Trickle):
    """A call at which something is done when ``act`` sees fit."""

    def __init__(self, call: Call, act: Act) -> None:
        super().__init__(call)
        self._act = act
        self._seen: list[Entry] = []

    def take_entries(self) -> list[Entry]:
        entries = self._call.take_entries()
        self._seen += entries
        return entries

    def receive(self, octets: bytes, now: float) -> None:
        self._call.receive(octets, now)
        self._act(self._call, now, self._seen)

    def tick(self, now: float) -> None:
        self._call.tick(now)
        self._act(self._call, now, self._seen)


@dataclass
class Done:
    """A call that is over."""

    outcome: Outcome
    entries: list[Entry]
    record: FaxRecord | None
    received: list[Page]
    on_hook: bool = True
    frames: list[str] = field(default_factory=list)

    @property
    def fates(self) -> list[Fate]:
        return [page.fate for page in self.outcome.pages]

    def of(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]

    def below_header(self, index: int) -> Page:
        page = self.received[index]
        return crop(page, top=strip_rows(page.dpi_y))


def call_up(
    pages: Sequence[Page],
    far: FarEnd = FAX,
    *,
    out: Path,
    policy: LinePolicy | None = None,
    plan: CallPlan | None = None,
    trickle: bool = False,
    act: Act | None = None,
    data: ExchangeData | None = None,
) -> Done:
    """One call from the modem's set-up to on-hook."""
    exchange = Exchange(data or ExchangeData(numbers=(far,)), out=out)
    modem = VirtualModem(exchange)
    call = Call(plan or plan_for(pages, policy), pages, now=modem.now)
    crank = Meddled(call, act) if act else Trickle(call) if trickle else call
    entries = run_call(crank, modem)
    modem.advance(12.0)
    exchange.close()
    assert call.outcome is not None
    records = [record for record in exchange.records if record.number == far.number]
    tiffs = sorted(out.rglob("*.tif"))
    received = read_pages(tiffs[-1]) if tiffs else []
    frames = [entry.fields["name"] for entry in entries if entry.kind == "frame" and entry.fields["dir"] == "out"]
    return Done(call.outcome, entries, records[-1] if records else None, received, frames=frames)


def assert_same(sent: Sequence[Page], done: Done, *, header: bool = True) -> None:
    """Each received page equals the one that was sent, pixel by pixel, below the header line."""
    assert len(done.received) == len(sent)
    for index, page in enumerate(sent):
        other = done.below_header(index) if header else done.received[index]
        assert (other.width, other.rows) == (page.width, page.rows)
        assert same_pixels(page, other) is None, f"page {index + 1} differs"
