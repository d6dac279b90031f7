"""Whole incoming calls in virtual time: our ``Answer`` on libspandsp's T.31 modem, called by libspandsp's fax machine
or by our own ``Call`` on another modem of the same exchange."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from codec.operations import same_pixels
from codec.page import Page
from codec.tiff import TiffWriter, read_pages, write_pages
from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.outcome import Outcome
from modem.receipt import AnswerOutcome, Receipt, ReceivedPage
from modem.soft.exchange import Exchange
from modem.soft.farend import ExchangeData, Fax, Incoming
from modem.soft.parties import FaxRecord
from modem.soft.virtual import VirtualModem, run_call
from modem.t30.receiver_abilities import ReceiverPolicy

NUMBER = "5552001"
POLICY = ReceiverPolicy(csi="+1 555 2001")
CALLER = Incoming(to=NUMBER, number="5551001", ident="+1 555 1001")
Meddle = Callable[["Storing", float], None]


class Storing:
    """An ``Answer`` whose pages go into a TIFF at once. Octets may trickle in; ``meddle`` may do anything."""

    def __init__(self, answer: Answer, tiff: Path, *, trickle: bool = False, meddle: Meddle | None = None) -> None:
        self.answer = answer
        self.pages: list[ReceivedPage] = []
        self.seen: list[Entry] = []
        self.slow_disk = False  # pages are kept back
        self._tiff = tiff
        self._writer: TiffWriter | None = None
        self._stored = 0
        self._trickle = trickle
        self._meddle = meddle

    @property
    def outcome(self) -> AnswerOutcome | None:
        return self.answer.outcome

    @property
    def deadline(self) -> float | None:
        return self.answer.deadline

    def take_output(self) -> bytes:
        return self.answer.take_output()

    def take_entries(self) -> list[Entry]:
        entries = self.answer.take_entries()
        self.seen += entries
        self.pages += self.answer.take_pages()
        return entries

    def synced(self, count: int, now: float) -> None:
        self.answer.synced(count, now)
        self.store(now)

    def store(self, now: float) -> None:
        if self.slow_disk:
            return
        while self._stored < len(self.pages):
            self._writer = self._writer or TiffWriter(self._tiff)
            page = self.pages[self._stored]
            self._writer.append(page.page, page.tags)
            self._stored += 1
        self.answer.stored(self._stored, now)

    def receive(self, octets: bytes, now: float) -> None:
        for octet in octets if self._trickle else (octets,):
            self.answer.receive(octet if isinstance(octet, bytes) else bytes((octet,)), now)
        self._after(now)

    def tick(self, now: float) -> None:
        self.answer.tick(now)
        self._after(now)

    def _after(self, now: float) -> None:
        if self._meddle is not None:
            self._meddle(self, now)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


@dataclass
class Received:
    """A call that is over."""

    outcome: AnswerOutcome
    entries: list[Entry]
    pages: list[Page]
    given: list[ReceivedPage]
    record: FaxRecord | None = None
    sender: Outcome | None = None
    frames_out: list[str] = field(default_factory=list)
    frames_in: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.kind == kind]

    @property
    def receipts(self) -> list[tuple[Receipt, bool]]:
        return [(page.receipt, page.confirmed) for page in self.outcome.pages]


def _received(storing: Storing, entries: list[Entry], tiff: Path) -> Received:
    storing.close()
    assert storing.outcome is not None
    frames = [entry.fields for entry in entries if entry.kind == "frame"]
    return Received(
        outcome=storing.outcome,
        entries=entries,
        pages=read_pages(tiff) if tiff.exists() else [],
        given=storing.pages,
        frames_out=[frame["name"] for frame in frames if frame["dir"] == "out"],
        frames_in=[frame["name"] for frame in frames if frame["dir"] == "in"],
    )


def be_called(
    pages: Sequence[Page],
    *,
    out: Path,
    caller: Incoming = CALLER,
    fax: Fax | None = None,
    policy: ReceiverPolicy = POLICY,
    trickle: bool = False,
    meddle: Meddle | None = None,
) -> Received:
    """Libspandsp's fax machine calls and sends ``pages``."""
    out.mkdir(parents=True, exist_ok=True)
    send = out / "sent.tif"
    if pages:
        write_pages(send, pages)
        caller = replace(caller, send=str(send))
    if fax is not None:
        caller = replace(caller, fax=fax)
    exchange = Exchange(ExchangeData(incoming=(caller,)), out=out / "exchange")
    modem = VirtualModem(exchange, NUMBER)
    modem.read_until(b"RING", 20.0)
    tiff = out / "received.tif"
    storing = Storing(Answer("in-1", policy, modem.now), tiff, trickle=trickle, meddle=meddle)
    entries = run_call(storing, modem)
    modem.advance(5.0)
    exchange.close()
    done = _received(storing, entries, tiff)
    done.record = exchange.records[-1] if exchange.records else None
    return done


class Crank:
    """A call or an answer on a virtual modem of a shared exchange: turned by ``turn``, time passes elsewhere."""

    def __init__(self, core: Call | Storing, modem: VirtualModem) -> None:
        self.core = core
        self.modem = modem
        self.entries: list[Entry] = []
        self.fetched: list[ReceivedPage] = []  # by a call; there is always room for them

    def turn(self) -> None:
        """All that can be done now."""
        core, modem = self.core, self.modem
        for _ in range(10_000):
            if isinstance(core, Call) and (pages := core.take_pages()):
                self.fetched += pages
                core.stored(len(self.fetched), modem.now)
            if taken := core.take_entries():
                self.entries += taken
                core.synced(len(self.entries), modem.now)
                continue
            if output := core.take_output():
                modem.write(output)
            if heard := modem.read():
                if core.outcome is None:
                    core.receive(heard, modem.now)
                continue
            if core.outcome is None and core.deadline is not None and core.deadline <= modem.now:
                core.tick(modem.now)
                continue
            return
        raise AssertionError("it turns without end")


def call_ourselves(
    call_for: Callable[[float], Call],
    *,
    out: Path,
    policy: ReceiverPolicy = POLICY,
    data: ExchangeData | None = None,
    meddle: Meddle | None = None,
    answer_for: Callable[[float], Answer] | None = None,
    give_up_s: float = 4000.0,
) -> Received:
    """Our sender calls our receiver over two software modems."""
    out.mkdir(parents=True, exist_ok=True)
    exchange = Exchange(data or ExchangeData(), out=out / "exchange")
    caller, called = VirtualModem(exchange, "100"), VirtualModem(exchange, NUMBER)
    calling = Crank(call_for(0.0), caller)
    answering: Crank | None = None
    storing: Storing | None = None
    tiff = out / "received.tif"
    heard = b""
    while calling.core.outcome is None or (storing is not None and storing.outcome is None):
        assert exchange.now < give_up_s
        calling.turn()
        if answering is not None:
            answering.turn()
        else:
            heard += called.read()
            if b"RING" in heard:
                answer = answer_for(called.now) if answer_for else Answer("in-1", policy, called.now)
                storing = Storing(answer, tiff, meddle=meddle)
                answering = Crank(storing, called)
                continue
        exchange.advance(40)
    calling.turn()
    assert answering is not None and storing is not None
    answering.turn()
    exchange.close()
    done = _received(storing, answering.entries, tiff)
    outcome = calling.core.outcome
    assert isinstance(outcome, Outcome)
    done.sender = outcome
    return done


def assert_same(sent: Sequence[Page], received: Sequence[Page]) -> None:
    assert len(received) == len(sent)
    for number, (page, other) in enumerate(zip(sent, received, strict=True), 1):
        assert (other.width, other.rows, other.dpi_y) == (page.width, page.rows, page.dpi_y)
        assert same_pixels(page, other) is None, f"page {number} differs"
