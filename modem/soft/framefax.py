"""An answering fax machine at frame level, for tests: simple, honest, and independent of our own T.30.

What always holds: it keeps every page that came and remembers every answer that it gave, with the page it was for; it
says MCF only when it has the page. Its habits (``Habits``) are data: it may be slow, odd or rude, but it never says
that it has a page that it lacks. What it must not do: share code with ``modem.t30`` beyond the FCS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from codec.coder import End, decode
from codec.page import BitOrder, Coding
from modem.soft import framehabits as t30
from modem.soft.framehabits import NAMES, RATES, Habits, HeldPage, Odd, deframed, frame_of, longest_zeros
from modem.soft.framelevel import BPS, FLAG_S, PREAMBLE_S, TRAILING_FLAGS, FrameLine, Kind, Signal, frame_s
from modem.soft.timeline import Ticket, Timeline
from modem.t30.frames import fcs

_T1_S, _T2_S, _T4_S = 35.0, 6.0, 3.0
_LONGEST_S: Final = {False: 30.0, True: 3600.0}  # of a V.21 burst, of an image
_PAGE_S: Final = 10.0  # from CFR or MCF to the page's carrier


class FrameFax:
    """See the module. It is the called side of its line and goes off-hook by ``answer``."""

    def __init__(self, timeline: Timeline, line: FrameLine, habits: Habits | None = None, side: int = 1) -> None:
        self.pages: list[HeldPage] = []
        self.answers: list[str] = []
        self.ended = False
        self._timeline = timeline
        self._line = line
        self._side = side
        self._habits = habits or Habits()
        self._ticket: Ticket | None = None
        self._sent: Signal | None = None
        self._sent_until = 0.0
        self._bursts = 0
        self._last: tuple[bytes, ...] = ()
        self._dcs = b""
        self._tcf_due = False
        self._tcfs = 0
        self._rx = bytearray()
        self._rx_signal: Signal | None = None
        self._page: HeldPage | None = None  # came, and not answered for good
        self._answered: tuple[bytes, int, float] | None = None  # the last post-page command, our answer, when
        self._carrier_since = False
        self._frames: dict[int, bytes] = {}
        self._most = 0
        self._parts: list[bytes] = []
        self._gap = False
        self._rnrs = 0
        self._pps = b""
        self._t1_at = 0.0
        self._non_ecm_page = 0
        self._answering = False  # to the signal that is being heard

    def answer(self) -> None:
        """Off-hook: the answer tone, then t30.DIS until something is said (T.30 5.2)."""
        self._line.attach(self._side, self)
        tone = self._line.begin(self._side, Kind.CED)

        def after_tone() -> None:
            self._line.end(tone)
            self._t1_at = self._timeline.now + _T1_S
            self._await(0.075, self._identify)

        self._await(2.6, after_tone)

    @property
    def ecm(self) -> bool:
        return len(self._dcs) > 3 and bool(self._dcs[3] & 0x44)

    # Speaking.

    def _await(self, seconds: float, act: Callable[[], None]) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        self._ticket = self._timeline.after(seconds, act)

    def _identify(self) -> None:
        if self._timeline.now >= self._t1_at:
            self._leave()
            return
        frames = [frame_of(t30.CSI, self._habits.ident, final=False), frame_of(t30.DIS, self._habits.dis)]
        if self._habits.facilities:
            frames.insert(0, frame_of(t30.NSF, b"\xb5\x00\x20\x01\x02\x03\x04\x05\x06", final=False))
        self._send(frames, then=lambda: self._await(_T4_S, self._identify))

    def _reply(self, code: int, fif: bytes = b"", *, wait_s: float, then: Callable[[], None] | None = None) -> None:
        """Answer a command, a moment after it; ``then`` after ``wait_s`` of silence, else we leave."""

        def speak() -> None:
            self._send([frame_of(code, fif)], then=lambda: self._await(wait_s, then or self._leave))

        self._await(self._habits.answer_s, speak)

    def _send(self, frames: list[bytes], then: Callable[[], None]) -> None:
        odd = self._habits.odd.get(self._bursts)
        self._bursts += 1
        if frames[0][2] == t30.MCF and 0 < len(self.pages) == self._habits.vanishes_at_page:
            odd = Odd.VANISH
        if odd is Odd.VANISH:
            self._leave(silently=True)
            return
        if odd is Odd.SILENT:
            then()
            return
        if odd is Odd.DCN:
            frames, then = [frame_of(t30.DCN)], lambda: self._leave(silently=True)
        elif odd is Odd.CRP:
            frames = [frame_of(t30.CRP)]
        elif odd is Odd.UNKNOWN:
            frames = [frame_of(0x76)]
        elif odd is Odd.WRONG:
            frames = [frame_of(t30.CTR if self._dcs else t30.CFR)]
        elif odd is Odd.DIS:
            frames = [frame_of(t30.DIS, self._habits.dis)]
        elif odd is Odd.FLAGS:
            frames = []
        self._last = tuple(frames)
        self._sent = self._line.begin(self._side, Kind.V21)
        times = []
        at = PREAMBLE_S
        for frame in frames:
            at += frame_s(frame)
            times.append((at, frame))
        self._speak_on(times, at + TRAILING_FLAGS * FLAG_S, self._timeline.now, then)

    def _speak_on(self, frames: list[tuple[float, bytes]], end: float, began: float, then: Callable[[], None]) -> None:
        if not frames:
            self._await(began + end - self._timeline.now, lambda: self._spoken(then))
            return
        at, frame = frames[0]

        def left() -> None:
            assert self._sent is not None
            self._line.frame(self._sent, frame)
            self._note_answer(frame)
            self._speak_on(frames[1:], end, began, then)

        self._await(began + at - self._timeline.now, left)

    def _spoken(self, then: Callable[[], None]) -> None:
        assert self._sent is not None
        self._line.end(self._sent)
        self._sent, self._sent_until = None, self._timeline.now
        then()

    def _note_answer(self, frame: bytes) -> None:
        name = NAMES.get(frame[2])
        if name is None:
            return
        self.answers.append(name)
        if self.pages and name in ("MCF", "RTP", "RTN", "PIP", "PIN", "ERR") and self._page is not None:
            self._page.answer = name

    def _leave(self, silently: bool = False) -> None:
        """On-hook."""
        if not silently and not self._habits.leaves_without_dcn:
            self._send_dcn()
            return
        self.ended = True
        if self._ticket is not None:
            self._ticket.cancel()
        if self._sent is not None:
            self._line.end(self._sent)
            self._sent = None
        self._line.attach(self._side, None)

    def _send_dcn(self) -> None:
        self._send([frame_of(t30.DCN)], then=lambda: self._leave(silently=True))

    # Hearing.

    def dropped(self) -> None:
        """Its timers bring it to its end."""
        self._rx_signal = None

    def begins(self, signal: Signal) -> None:
        if self._sent is not None or signal.kind is Kind.CED:
            return
        # Whoever hears a carrier does not speak.
        self._await(_LONGEST_S[signal.kind is Kind.FAST], self._leave)
        if signal.kind is Kind.FAST:
            self._rx_signal = signal
            self._rx.clear()

    def data(self, signal: Signal, octets: bytes) -> None:
        if signal is self._rx_signal:
            self._rx += octets

    def frame(self, signal: Signal, octets: bytes, began: float) -> None:
        if self._sent is not None or began < self._sent_until:
            return
        if len(octets) < 5 or fcs(octets[:-2]) != octets[-2:] or octets[0] != 0xFF:
            return
        if octets[1] & 0x10:
            self._command(octets[2], octets[3:-2])

    def ends(self, signal: Signal) -> None:
        if self._sent is not None or self.ended:
            return
        if signal is self._rx_signal:
            self._rx_signal = None
            self._fast_ended(signal)
        elif signal.kind is Kind.FAST:
            # It began while we spoke: there was an image, and we do not have it.
            self._carrier_since, self._page = True, None
            self._await(_T2_S, self._leave)
        elif signal.kind is Kind.V21 and not self._answering:
            self._await(_T2_S if self._dcs else _T4_S, self._leave if self._dcs else self._identify)
        self._answering = False

    def _command(self, code: int, fif: bytes) -> None:
        kind = code if code in (0x81, 0x80) else code & 0xFE
        if kind == t30.DCN:
            self._leave(silently=True)
            self._answering = True
            return
        before = self._ticket
        if kind == t30.DCS:
            self._dcs, self._tcf_due = fif, True
            self._await(4.5 + 0.3, self._refuse_training)
        elif kind in (t30.MPS, t30.EOM, t30.EOP) and self._dcs:
            self._post_page(kind)
        elif kind == t30.PPS and self._dcs and len(fif) >= 4:
            self._partial_page(fif)
        elif kind == t30.CTC and self._dcs:
            if len(fif) >= 2:
                self._dcs = self._dcs[:1] + bytes((self._dcs[1] & ~0x3C | fif[1] & 0x3C,)) + self._dcs[2:]
            self._rnrs = 0
            self._reply(t30.CTR, wait_s=_PAGE_S)
        elif kind == t30.EOR and self._dcs:
            self._give_up_block(fif[0] if fif else 0)
        elif kind == t30.RR and self._pps:
            self._partial_page(self._pps)
        elif kind == t30.CRP and self._last:
            last = list(self._last)
            self._await(self._habits.answer_s, lambda: self._send(last, then=lambda: self._await(_T2_S, self._leave)))
        self._answering = self._ticket is not before

    # Training.

    def _fast_ended(self, signal: Signal) -> None:
        self._carrier_since = True
        if not self._dcs:
            self._await(_T4_S, self._identify)
        elif self._tcf_due:
            self._tcf_due = False
            self._tcfs += 1
            rate = RATES.get(self._dcs[1] >> 2 & 0xF, 0)
            good = (
                BPS.get(signal.code) == rate
                and rate not in self._habits.refused_rates
                and self._tcfs > self._habits.refused_tcfs
                and longest_zeros(self._rx) >= rate
            )
            if good:
                self._new_page()
                self._pps = b""
                self._reply(t30.CFR, wait_s=_PAGE_S)
            else:
                self._refuse_training()
        elif self.ecm:
            for number, data in deframed(bytes(self._rx)):
                self._frames[number] = data
            self._await(_T2_S, self._leave)
        else:
            self._page = self._held(bytes(self._rx), signal)
            self._await(_T2_S, self._leave)

    def _refuse_training(self) -> None:
        self._tcf_due = False
        self._reply(t30.FTT, wait_s=_T2_S)

    def _new_page(self) -> None:
        self._page = None
        self._frames, self._most, self._parts, self._gap = {}, 0, [], False
        self._answered = None
        self._rnrs = 0

    def _held(self, code: bytes, signal: Signal | None = None) -> HeldPage:
        dcs = self._dcs.ljust(8, b"\0")
        mmr, superfine = bool(dcs[3] & 0x40), len(self._dcs) > 5 and bool(dcs[5] & 0x01)
        # It may go on being sent after its carrier was lost to us.
        sent = signal.origin.octets if signal is not None and signal.origin is not None else code
        return HeldPage(
            coding=Coding.MMR if mmr else Coding.MR if dcs[1] & 0x80 else Coding.MH,
            width=2432 if dcs[2] & 0x02 else 2048 if dcs[2] & 0x01 else 1728,
            dpi_y=391 if superfine else 196 if dcs[1] & 0x40 else 98,
            ecm=self.ecm,
            code=code,
            sent=sent,
        )

    # Pages without ECM.

    def _post_page(self, command: int) -> None:
        octets = bytes((command,))
        if self.ecm or (
            self._answered is not None
            and self._answered[0] == octets
            and not self._carrier_since
            and self._timeline.now - self._answered[2] < 9.0
        ):
            if self._answered is not None:  # our answer was lost
                self._close_page(self._answered[0], self._answered[1], command)
            return
        page = self._page
        if page is None or (page.answer and not self._carrier_since):
            self._await(self._habits.answer_s, self._send_dcn)
            return
        code = self._quality(page)
        if code == 0:
            self._await(self._habits.answer_s, self._send_dcn)
            return
        if not page.answer:
            self.pages.append(page)
        self._carrier_since = False
        self._close_page(octets, code, command)

    def _quality(self, page: HeldPage) -> int:
        """What to say to a page (T.30 leaves the criterion open): 0 for one without a row."""
        decoded = decode(page.code, page.coding, page.width, order=BitOrder.LSB)
        good = decoded.rows - len(decoded.bad_rows)
        planned = self._habits.non_ecm_answers
        number, self._non_ecm_page = self._non_ecm_page, self._non_ecm_page + 1
        if good <= 0:
            return 0
        if self._habits.always_rtn or good < 0.85 * decoded.rows or decoded.end is not End.MARK:
            return t30.RTN
        if number < len(planned):
            return planned[number]
        return t30.RTP if good < 0.95 * decoded.rows else t30.MCF

    def _close_page(self, octets: bytes, code: int, command: int) -> None:
        """The answer that a page gets, and what follows it."""
        self._answered = (octets, code, self._timeline.now)
        again: Callable[[], None] | None = None
        if command & 0xFE == t30.EOM and code in (t30.MCF, t30.RTP, t30.RTN, t30.PIP, t30.PIN, t30.ERR):
            self._t1_at = self._timeline.now + _T1_S
            again = self._identify
        self._reply(code, wait_s=_T2_S if again or command & 0xFE == t30.EOP else _PAGE_S, then=again)

    # Pages with ECM (T.30 Annex A).

    def _partial_page(self, fif: bytes) -> None:
        if self._answered is not None and self._answered[0][1:3] == fif[1:3]:
            self._close_page(self._answered[0], self._answered[1], fif[0])
            return
        self._pps = fif
        self._most = max([self._most, fif[3] + 1, *(number + 1 for number in self._frames)])
        missing = [number for number in range(self._most) if number not in self._frames]
        if self._habits.always_ppr:
            missing = list(range(self._most))
        if self._rnrs < self._habits.not_ready:
            self._rnrs += 1
            self._reply(t30.RNR, wait_s=_T2_S)
            return
        self._rnrs = 0
        if missing:
            bits = (1 << 256) - (1 << self._most) if self._most < 256 else 0
            for number in missing:
                bits |= 1 << number
            self._reply(t30.PPR, bits.to_bytes(32, "little"), wait_s=_PAGE_S)
            return
        self._block_done(fif, t30.MCF)

    def _block_done(self, fif: bytes, code: int) -> None:
        self._parts += [self._frames[number] for number in sorted(self._frames)]
        self._frames, self._most = {}, 0
        self._page = None
        if fif[0]:
            page = self._page = self._held(b"".join(self._parts))
            page.damaged = self._gap
            self.pages.append(page)
            self._parts, self._gap = [], False
        self._close_page(fif, code, fif[0])

    def _give_up_block(self, end: int) -> None:
        if not self._pps or (self._answered is not None and self._answered[0][1:3] == self._pps[1:3]):
            if self._answered is not None:
                self._reply(self._answered[1], wait_s=_PAGE_S)
            return
        self._gap = True
        self._block_done(bytes((end,)) + self._pps[1:], t30.ERR)
