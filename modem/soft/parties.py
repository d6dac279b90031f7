"""Who can be at a line besides a modem: a fax machine (libspandsp's terminal) and somebody who says nothing.

What always holds: a fax machine leaves one record for each call, a JSON file, and beside it the TIFF it received;
the record is written when its call is over, the TIFF being complete before. What it must not do: decide when a call
ends; it only says that it has gone on-hook.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from modem.soft.spandsp import Abilities, Block, Completion, FaxTerminal, Frame, Statistics

FRAME_NAMES = {
    0x80: "DIS", 0x40: "CSI", 0x20: "NSF", 0x82: "DCS", 0x42: "TSI", 0x22: "NSS", 0xC2: "SUB", 0xA2: "SID",
    0x12: "CTC", 0x84: "CFR", 0x44: "FTT", 0xC4: "CTR", 0x8E: "EOM", 0x4E: "MPS", 0x2E: "EOP", 0x9E: "PRI-EOM",
    0x5E: "PRI-MPS", 0x3E: "PRI-EOP", 0xBE: "PPS", 0xCE: "EOR", 0x6E: "RR", 0x8C: "MCF", 0xCC: "RTP", 0x4C: "RTN",
    0xAC: "PIP", 0x2C: "PIN", 0xBC: "PPR", 0xEC: "RNR", 0x1C: "ERR", 0xFA: "DCN", 0x1A: "CRP",
    0x24: "CSA", 0x62: "TSA", 0xE2: "IRA", 0xCA: "FNV",
    0x06: "FCD", 0x86: "RCP",
}  # fmt: skip
_CALLER_IDENTIFIES = {0x81: "DTC", 0x41: "CIG", 0x21: "NSC", 0xC1: "PWD", 0xA1: "SEP", 0x61: "PSA"}
_SECOND = {0x00: "NULL", 0x4E: "MPS", 0x8E: "EOM", 0x2E: "EOP"}


def frame_name(octets: bytes) -> str:
    """The T.30 name of a frame (address to FIF, line order), such as "DIS" or "PPS-MPS"."""
    if len(octets) < 3:
        return "?"
    fcf = octets[2]
    name = _CALLER_IDENTIFIES.get(fcf) or FRAME_NAMES.get(fcf) or FRAME_NAMES.get(fcf & 0xFE, f"{fcf:02X}")
    if name in ("PPS", "EOR") and len(octets) > 3:
        name += "-" + _SECOND.get(octets[3] & 0xFE, "?")
    return name


@dataclass(frozen=True, kw_only=True)
class FrameRecord:
    """A frame of the control channel in a call record."""

    t: float  # seconds since the call was answered
    sent: bool  # by the fax machine
    name: str
    octets: str  # hex, line order, without FCS


@dataclass(frozen=True, kw_only=True)
class FaxRecord:
    """What a fax machine says about one call. ``tiff``: the file it received or sent."""

    number: str
    ident: str
    answered: bool  # False: it was the caller
    far_ident: str
    far_sub_address: str
    completion: int | None  # 0 is good; None: cut off
    completion_text: str
    pages_received: int
    pages_sent: int
    rate_bps: int
    coding: str
    ecm: bool
    bad_rows: int
    connected_s: float
    tiff: str
    pages: tuple[Statistics, ...] = ()
    frames: tuple[FrameRecord, ...] = field(default=())


class Party(Protocol):
    """Anything at the end of a line."""

    def transmit(self, block: Block, count: int) -> None: ...

    def receive(self, block: Block, count: int) -> None: ...


class Silent:
    """Somebody who says nothing, and listens to nothing."""

    def transmit(self, block: Block, count: int) -> None:
        block.samples[:count] = 0

    def receive(self, block: Block, count: int) -> None:
        pass


class FaxParty:
    """A fax machine in one call. ``stem``: its files are ``stem.tif`` (what it received) and ``stem.json``.

    ``on_moment``: told the name of each moment (``line.Moment.what``) as it comes.
    """

    def __init__(
        self,
        *,
        number: str,
        abilities: Abilities,
        stem: Path,
        send: Path | None = None,
        on_moment: Callable[[str], None] = lambda _what: None,
    ) -> None:
        self._number = number
        self._abilities = abilities
        self._stem = stem
        self._tiff = send or stem.with_suffix(".tif")
        self._answers = send is None
        self._on_moment = on_moment
        self._frames: list[FrameRecord] = []
        self._last_command = ""
        self.record: FaxRecord | None = None
        self._terminal = FaxTerminal(
            abilities,
            calling=send is not None,
            receive_to=self._tiff if send is None else None,
            send=send,
            on_frame=self._on_frame,
        )

    @property
    def finished(self) -> bool:
        """Whether it has gone on-hook by itself."""
        return self.record is not None or self._terminal.finished

    def transmit(self, block: Block, count: int) -> None:
        self._terminal.transmit(block, count)

    def receive(self, block: Block, count: int) -> None:
        self._terminal.receive(block, count)

    def close(self) -> FaxRecord:
        """End the call and write the record."""
        if self.record is None:
            seconds = self._terminal.seconds
            self.record = self._make_record(self._terminal.close(), seconds)
            path = self._stem.with_suffix(".json")
            partial = path.with_suffix(".json.new")
            partial.write_bytes(msgspec.json.format(msgspec.json.encode(self.record), indent=1) + b"\n")
            partial.rename(path)
        return self.record

    def _make_record(self, completion: Completion, seconds: float) -> FaxRecord:
        last = completion.last
        return FaxRecord(
            number=self._number,
            ident=self._abilities.ident,
            answered=self._answers,
            far_ident=completion.far_ident,
            far_sub_address=completion.far_sub_address,
            completion=completion.code,
            completion_text=completion.text,
            pages_received=last.pages_received,
            pages_sent=last.pages_sent,
            rate_bps=last.rate_bps,
            coding=completion.pages[-1].coding if completion.pages else last.coding,
            ecm=last.ecm,
            bad_rows=sum(page.bad_rows for page in completion.pages),
            connected_s=round(seconds, 3),
            tiff=str(self._tiff) if self._tiff.exists() else "",
            pages=completion.pages,
            frames=tuple(self._frames),
        )

    def _on_frame(self, frame: Frame) -> None:
        name = frame_name(frame.octets)
        if name in ("FCD", "RCP"):
            return
        record = FrameRecord(t=round(frame.t, 3), sent=not frame.incoming, name=name, octets=frame.octets.hex())
        self._frames.append(record)
        self._on_moment(f"{'received' if frame.incoming else 'sent'} {name}")
        if frame.incoming:
            self._last_command = name
        elif name == "CFR" or (name in ("MCF", "RTP") and self._last_command in ("MPS", "PPS-MPS")):
            self._on_moment("page")
