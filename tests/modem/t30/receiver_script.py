"""What a far end does to our receiver, as a script: the steps, and frames and images to say; see ``receiver_play``."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from codec.coder import encode, page_from_bitmap, transcode
from codec.page import Bitmap, Coding, Page
from modem.t30 import hdlc
from modem.t30.capabilities import Bits, ctc_fif
from modem.t30.frames import Frame, Type, build, ident_fif
from modem.t30.rates import BY_DCS, Rate

GAP_S = 0.075
PREAMBLE_S = 1.0


@dataclass(frozen=True)
class Say:
    """A V.21 burst, ``after`` seconds of silence. ``bad``: with wrong FCS; ``raw``: octets instead of frames."""

    frames: tuple[Frame | bytes, ...]
    after: float = GAP_S
    bad: bool = False


@dataclass(frozen=True)
class Image:
    """A fast carrier of ``octets``."""

    octets: bytes
    rate: Rate
    short: bool
    after: float = GAP_S
    lost: bool = False  # nobody hears it
    untrained: bool = False  # the modem hears that something passes, and does not train on it


@dataclass(frozen=True)
class Silence:
    seconds: float


@dataclass(frozen=True)
class Hear:
    """Wait for a burst of the receiver and see that its last frame is this one."""

    name: str
    at_most_s: float = 60.0


@dataclass(frozen=True)
class HearNothing:
    """For so many seconds the receiver says nothing."""

    seconds: float


@dataclass(frozen=True)
class HearAny:
    """Wait for whatever the receiver says next."""

    at_most_s: float = 60.0
    name: str = ""


Step = Say | Image | Silence | Hear | HearAny | HearNothing
Script = Generator[Step, "Burst", None]


@dataclass(frozen=True)
class Burst:
    """What the receiver sent. ``waited``: seconds from the end of what the far end sent last to its first flag."""

    frames: tuple[Frame, ...]
    begun: float
    ended: float
    waited: float

    @property
    def last(self) -> Frame:
        return self.frames[-1]

    @property
    def name(self) -> str:
        return self.last.name


_NOTHING = Burst((), 0.0, 0.0, 0.0)
V17, V17_12000, V29, V27 = (BY_DCS[bits] for bits in (0b1000, 0b1010, 0b0001, 0b0010))


def near(kind: Type, fif: bytes = b"", *, final: bool = True) -> Frame:
    """A frame of the caller: X = 1."""
    return build(kind, fif, final=final, x=1)


TSI = near(Type.TSI, ident_fif("+1 555 1001"), final=False)
MPS, EOM, EOP, DCN, CRP, RR = (near(kind) for kind in (Type.MPS, Type.EOM, Type.EOP, Type.DCN, Type.CRP, Type.RR))


def dcs(*bits: int, rate: Rate = V17, octets: int = 0) -> Frame:
    """A DCS with bit 10, 0 ms a line and these bits; at least so many octets."""
    fif = Bits()
    fif.set(10)
    fif.set(11, rate.dcs)
    fif.set(21, 0b111)
    for bit in bits:
        fif.set(bit)
    return near(Type.DCS, fif.fif(max(3, octets)))


FINE = 15
ECM, SMALL, MMR, MR = 27, 28, 31, 16


def say(*frames: Frame | bytes, after: float = GAP_S) -> Say:
    return Say(frames, after)


def say_badly(*frames: Frame | bytes, after: float = GAP_S) -> Say:
    return Say(frames, after, bad=True)


def hear(name: str, at_most_s: float = 60.0) -> Hear:
    return Hear(name, at_most_s)


def tcf(rate: Rate = V17, seconds: float = 1.5, octet: int = 0, after: float = GAP_S) -> Image:
    return Image(bytes((octet,)) * rate.octets_in(seconds), rate, short=False, after=after)


def code_of(page: Page, coding: Coding = Coding.MH) -> bytes:
    return transcode(page.data, Coding.MMR, coding, page.width, page.rows)


def page_image(page: Page, coding: Coding = Coding.MH, rate: Rate = V17, after: float = GAP_S) -> Image:
    return Image(code_of(page, coding), rate, short=True, after=after)


def block(
    frames: Sequence[tuple[int, bytes]], rate: Rate = V17, *, short: bool = True, bad: Sequence[int] = ()
) -> Image:
    """A partial page; frames in ``bad`` come with a wrong FCS."""
    octets = [hdlc.fcd(number, data) for number, data in frames]
    stream = hdlc.block_stream(frames, rate.bps)
    if bad:
        whole = bytearray()
        for number, octet in zip((number for number, _ in frames), octets, strict=True):
            if number not in bad:
                whole += hdlc.stream([octet], 2)
        whole += hdlc.stream([bytes((0xFF, 0x03, 0x86))] * 3, 4)
        stream = bytes(whole)
    return Image(stream, rate, short=short)


def frames_of(data: bytes, size: int = 256) -> list[tuple[int, bytes]]:
    return [(at // size, data[at : at + size].ljust(size, b"\0")) for at in range(0, max(1, len(data)), size)]


def pps(end: Frame | None, page: int, blk: int, frames: int) -> Frame:
    return near(Type.PPS, bytes((end.fcf if end else 0, page, blk, frames - 1)))


def eor(end: Frame | None) -> Frame:
    return near(Type.EOR, bytes((end.fcf if end else 0,)))


def ctc(rate: Rate | None = None) -> Frame:
    return near(Type.CTC, ctc_fif(rate) if rate else b"")


def small_page(rows: int = 60, seed: int = 1, dpi_y: int = 196) -> Page:
    return page_from_bitmap(bitmap(rows, seed), 204, dpi_y)


def bitmap(rows: int, seed: int = 1) -> Bitmap:
    data = bytearray(rows * 216)
    state = seed
    for at in range(0, len(data), 9):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        data[at] = state >> 16 & 0xFF
    return Bitmap(1728, rows, bytes(data))


EOL = "000000000001"


def in_octets(bits: str) -> bytes:
    """Bits in line order."""
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def coded_rows(rows: int) -> list[str]:
    """The MH code of each row of a page, without EOL, as bits in line order."""
    code = encode(bitmap(rows), Coding.MH)
    return "".join(f"{octet:08b}"[::-1] for octet in code).split(EOL)[1 : rows + 1]


def rows_with_damage(rows: int, bad: int) -> bytes:
    """MH code of a page in which so many rows, spread evenly, cannot be read."""
    codes = coded_rows(rows)
    for index in range(bad):
        row = index * rows // bad
        codes[row] = codes[row][:40] + "1" * 60 + codes[row][100:]
    return in_octets("".join(EOL + code for code in codes) + EOL * 6)


def with_fill(rows: int, fill_bits: int) -> bytes:
    """MH code of a page whose middle row has so many bits of fill behind it."""
    codes = coded_rows(rows)
    codes[rows // 2] += "0" * fill_bits
    return in_octets("".join(EOL + code for code in codes) + EOL * 6)
