"""A scripted far end and a line of virtual time for the sender alone: frame by frame, no modem.

``play`` drives a real ``Sender`` with real pages. ``replies``: what the far end says in each listening period (from the
end of our transmission to our next one), in order; after the last one it is silent. What was sent is told in words:
``"DCS"``, ``"TCF 14400"``, ``"page 14400 short"``, ``"block 14400 long 3"``, ``"PPS-EOP"``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from codec.coder import page_from_bitmap
from codec.page import Bitmap, Page
from modem.outcome import Cause, Fate
from modem.t30 import hdlc, line, notes
from modem.t30.capabilities import Bits
from modem.t30.frames import Frame, Type, build, fcs, ident_fif, parse
from modem.t30.notes import NOWHERE, Addressing
from modem.t30.rates import FTM_CODES
from modem.t30.sender import Sender, SenderPolicy
from modem.t30.supply import CodedPages, Sheet

ALL_CODES = FTM_CODES
BAD = "bad"  # a frame with a wrong FCS
LOST = "lost"  # the modem says that the line is gone
FLAGS = "flags"  # flags and no frame
Reply = Frame | str | float  # a number: seconds of silence before what follows


def octets_of(frame: Frame) -> bytes:
    return frame.octets + fcs(frame.octets)


def far(kind: Type, fif: bytes = b"", *, final: bool = True) -> Frame:
    """A frame of the far end: X = 0."""
    return build(kind, fif, final=final, x=0)


def dis(*bits: int, rates: int = 0b1011) -> Frame:
    """A DIS with bit 10 and these bits set; ``rates``: bits 11-14, bit 11 least significant."""
    fif = Bits()
    fif.set(10)
    fif.set(11, rates)
    for bit in bits:
        fif.set(bit)
    return far(Type.DIS, fif.fif())


CSI = far(Type.CSI, ident_fif("+1 555 2001"), final=False)
PLAIN = dis(15, 16, 20, 21, 22, 23)  # V.17, fine, MR, any length, 0 ms; no ECM
ECM = dis(15, 16, 20, 21, 22, 23, 27, 31)
CFR, FTT, MCF, RTP, RTN, PIP, PIN = (
    far(kind) for kind in (Type.CFR, Type.FTT, Type.MCF, Type.RTP, Type.RTN, Type.PIP, Type.PIN)
)
CRP, DCN, RNR, ERR, CTR = (far(kind) for kind in (Type.CRP, Type.DCN, Type.RNR, Type.ERR, Type.CTR))
GREETING: list[Reply] = [CSI, PLAIN]
GREETING_ECM: list[Reply] = [CSI, ECM]


def ppr(*missing: int) -> Frame:
    return ppr_map(sum(1 << number for number in missing).to_bytes(32, "little"))


def ppr_map(octets: bytes) -> Frame:
    return far(Type.PPR, octets)


@lru_cache
def page(rows: int = 40, dpi_y: int = 196, noise: int = 0, width: int = 1728) -> Page:
    """A small page; ``noise`` > 0 makes its code long."""
    size = width // 8
    data = bytearray(rows * size)
    state = 12345 + noise
    for at in range(len(data)):
        if at % size < 4 or noise:
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            data[at] = state >> 16 & 0xFF
    return page_from_bitmap(Bitmap(width, rows, bytes(data)), 204, dpi_y)


@dataclass
class Played:
    """What happened."""

    sender: Sender
    sent: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    streams: list[bytes] = field(default_factory=list)
    notes: list[notes.Note] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # seconds from the end of a burst to our next one
    began: list[float] = field(default_factory=list)  # when each of ``sent`` was begun
    seconds: float = 0.0

    @property
    def cause(self) -> Cause:
        assert self.sender.ended is not None
        return self.sender.ended.cause

    @property
    def fates(self) -> list[Fate]:
        return self.sender.fates

    def say(self, word: str, now: float) -> None:
        self.sent.append(word)
        self.began.append(now)

    def times(self, word: str) -> list[float]:
        """When each transmission of that name was begun."""
        return [at for at, each in zip(self.began, self.sent, strict=True) if each == word]

    @property
    def commands(self) -> list[str]:
        """What was sent from the first DCS on, without TSI."""
        return [word for word in self.sent if word != "TSI"]

    def frame(self, name: str, nth: int = 0) -> Frame:
        return [frame for frame in self.frames if frame.name == name][nth]


class _Line:
    def __init__(
        self, sender: Sender, replies: Sequence[Sequence[Reply]], codes: frozenset[int], answer_s: float
    ) -> None:
        self.played = Played(sender)
        self.now = sender.now
        self._replies = list(replies)
        self._codes = codes
        self._answer_s = answer_s
        self._pending: list[Reply] = []
        self._due: list[tuple[float, line.LineEvent]] = []
        self._listening = False
        self._listen_from: float | None = None

    def take(self) -> None:
        for output in self.played.sender.take_outputs():
            match output:
                case line.SetUp():
                    self._after(1.0, line.Ready(self._codes))
                case line.Dial():
                    self._after(10.0, line.Connected(listening=True))
                    self._turn()
                    self._listen()
                case line.Listen():
                    self._listen()
                case line.SendFrames():
                    self._stop_listening()
                    for octets in output.frames:
                        frame = parse(octets + fcs(octets))
                        self.played.frames.append(frame)
                        self.played.say(_word(frame), self.now)
                    self._after(1.2, line.Sent())
                    self._turn()
                case line.SendFast():
                    self._stop_listening()
                    self.played.streams.append(output.octets)
                    self.played.say(_fast_word(output), self.now)
                    seconds = len(output.octets) * 8 / output.bps
                    self._after(max(0.0, seconds - 0.5), line.Given())
                    self._after(seconds + 0.2, line.Sent())
                    self._turn()
                case line.StopFast():
                    self._due = [(self.now + 0.1, line.Sent())]
                case line.HangUp():
                    self._stop_listening()
                    self.played.say("hang up", self.now)
                    self._due = [(self.now + 0.1, line.OnHook(True))]
                case _:
                    assert isinstance(output, notes.Note), output
                    self.played.notes.append(output)

    def _after(self, seconds: float, event: line.LineEvent) -> None:
        self._due.append((self.now + seconds, event))

    def _turn(self) -> None:
        """The next listening period has the next reply."""
        self._pending = []
        self._fresh = True

    def _stop_listening(self) -> None:
        self._listening = False
        self._due = []
        if self._listen_from is not None:
            self.played.waits.append(self.now - self._listen_from)
            self._listen_from = None

    def _listen(self) -> None:
        self._listening = True
        if self._fresh:
            self._fresh = False
            self._pending = list(self._replies.pop(0)) if self._replies else []
            self._listen_from = self.now
        self._answer()

    def _answer(self) -> None:
        """The far end's next frame, if it has one: 0.2 s to its flags, 1 s and then the frame."""
        delay = self._answer_s
        while self._pending:
            reply = self._pending.pop(0)
            start = max([self.now] + [at for at, _ in self._due])
            if isinstance(reply, float):
                delay += reply
                continue
            if reply == LOST:
                self._due.append((start + delay, line.LineLost()))
                return
            self._due.append((start + delay, line.Signal()))
            if reply == FLAGS:
                self._due.append((start + delay + 1.0, line.SignalLost()))
                delay = 1.0
                continue
            octets = octets_of(MCF) if reply == BAD else octets_of(reply) if isinstance(reply, Frame) else b""
            if reply == BAD:
                octets = octets[:-1] + bytes((octets[-1] ^ 1,))
            self._due.append((start + delay + 1.2, line.FrameHeard(octets, reply != BAD)))
            return

    def run(self, at: Callable[[float, Sender], None] | None, give_up_s: float) -> Played:
        sender = self.played.sender
        self.take()
        while sender.ended is None:
            assert self.now < give_up_s, f"a call without an end: {self.played.sent[-20:]}"
            times = [time for time, _ in self._due]
            if sender.deadline is not None:
                times.append(sender.deadline)
            assert times, f"nothing will ever happen: {sender.state}"
            self.now = max(self.now, min(times))
            if at is not None:
                at(self.now, sender)
                self.take()
            due = next(((time, event) for time, event in self._due if time <= self.now), None)
            if due is not None:
                self._due.remove(due)
                sender.handle(due[1], self.now)
            else:
                sender.tick(self.now)
            self.take()
        self.played.seconds = self.now
        return self.played


def _word(frame: Frame) -> str:
    if frame.type in (Type.PPS, Type.EOR):
        end = frame.fif[0]
        return f"{frame.name}-{Frame(0x13, end).name if end else 'NULL'}"
    return frame.name


def _fast_word(wish: line.SendFast) -> str:
    training = "short" if wish.code in (146, 122, 98, 74) else "long" if wish.code in (145, 121, 97, 73) else "only"
    if not any(wish.octets):
        return f"TCF {wish.bps}" + ("" if training == "long" else f" {training}")
    if wish.octets.startswith(b"\x7e\x7e\x7e"):
        data = [frame for frame in hdlc.deframe(wish.octets) if frame[2] == Type.FCD.value]
        return f"block {wish.bps} {training} {len(data)}"
    return f"page {wish.bps} {training}"


def play(
    replies: Sequence[Sequence[Reply]],
    pages: Sequence[Page] = (),
    *,
    policy: SenderPolicy | None = None,
    codes: frozenset[int] = ALL_CODES,
    codings: Sequence[str] = (),
    at: Callable[[float, Sender], None] | None = None,
    answer_s: float = 0.2,
    give_up_s: float = 20_000.0,
    addressings: Sequence[Addressing] = (),
) -> Played:
    """One call against a scripted far end. ``addressings``: of each page; none: nowhere in particular."""
    chosen = pages or (page(),)
    places = addressings or [NOWHERE] * len(chosen)
    supply = CodedPages([Sheet(each, None, place) for each, place in zip(chosen, places, strict=True)], codings)
    sender = Sender("5552001", supply, policy or SenderPolicy(tsid="+1 555 1001"), 0.0)
    return _Line(sender, replies, codes, answer_s).run(at, give_up_s)
