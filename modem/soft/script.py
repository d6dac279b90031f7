"""A far end that does what is written: a Class 1 modem with a list of steps instead of a fax machine.

What always holds: steps are done one after another, each when the one before is through; when a step cannot be done
(no frame within 40 s, say) the far end goes on-hook. What it must not do: decide anything; a far end with a mind of
its own is ``parties.FaxParty``.

Steps, each a line of words:

    send DIS            frames in one burst, the last one final: a name without content, or octets in hex from the
                        FCF on: ``send 4020202020 80 00EEF8C4`` is not two frames but three
    receive DCS         frames until this one, checked by name ("PPS" takes every PPS); others are passed over
    image long          a TCF or image to the end of its carrier: as the DCS said, with long training; also ``short``,
                        or a modulation code such as 145
    carrier 145 2.5     this modulation code with zeros for so many seconds
    wait 0.5            seconds of silence
    hang-up
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from modem.soft.parties import FRAME_NAMES, FrameRecord, frame_name
from modem.soft.spandsp import SAMPLE_RATE, Block, CallEvent, Control, T31Modem

DIS: Final = "8000EEFAC480119180"  # V.17, MR, MMR, ECM, superfine; the rest as libspandsp says it
_LONG: Final = {0: 24, 2: 48, 1: 96, 3: 72, 8: 145, 10: 121, 9: 97, 11: 73}  # T.30 table 2, bits 11 to 14 of a DCS
_FRAME_END: Final = re.compile(rb"(?:[^\x10]|\x10[^\x03])*?\x10\x03", re.DOTALL)
_FCF: Final = {name: fcf for fcf, name in FRAME_NAMES.items()}
_PATIENCE_S: Final = 40.0


class ScriptError(ValueError):
    """A step that cannot be understood."""


def check(steps: tuple[str, ...]) -> None:
    """Raises ScriptError for a step that cannot be understood."""
    for step in steps:
        word, *values = step.split()
        try:
            if word == "send":
                assert values
                for value in values:
                    _frame(value, final=True)
            elif word == "receive":
                (_name,) = values
            elif word == "image":
                (code,) = values
                assert code in ("long", "short") or int(code)
            elif word == "carrier":
                code, seconds = values
                int(code), float(seconds)
            elif word == "wait":
                (seconds,) = values
                float(seconds)
            else:
                assert word == "hang-up" and not values
        except (ValueError, AssertionError) as error:
            raise ScriptError(f"{step!r} is not a step of a scripted far end") from error


def _frame(value: str, *, final: bool) -> bytes:
    """Address to FIF of a frame given as a name or as hex from the FCF on."""
    if value == "DIS":
        value = DIS
    octets = bytes([_FCF[value]]) if value in _FCF else bytes.fromhex(value)
    return bytes([0xFF, 0x13 if final else 0x03]) + octets


class ScriptedParty:
    """Answers a call with ``steps``. ``on_moment`` as ``FaxParty``."""

    def __init__(self, steps: tuple[str, ...], *, on_moment: Callable[[str], None] = lambda _what: None) -> None:
        check(steps)
        self.frames: list[FrameRecord] = []
        self.finished = False
        self.done = 0  # steps
        self._on_moment = on_moment
        self._piece = b""
        self._connected = False  # whether frames may be given at once: ATA itself came to CONNECT
        self._code = 145  # the modulation of the last DCS
        self._heard = bytearray()
        self._samples = 0
        self._modem = T31Modem(self._heard.extend, self._on_control)
        self._modem.at(b"ATE0+FCLASS=1\r")
        self._course = self._run(steps)
        self._modem.at(b"ATA\r")
        self._modem.event(CallEvent.ANSWERED)
        self._heard.clear()

    def transmit(self, block: Block, count: int) -> None:
        self._modem.transmit(block, count)
        self._samples += count

    def receive(self, block: Block, count: int) -> None:
        self._modem.receive(block, count)
        if not self.finished and next(self._course, True):
            self.finished = True

    def close(self) -> None:
        self.finished = True
        self._modem.close()

    def _on_control(self, control: Control, value: str | int) -> None:
        """Nothing: flow control is not needed for so little, and the hook is ours."""

    def _run(self, steps: tuple[str, ...]) -> Iterator[bool]:
        """Yields False as long as there is something to wait for, then True."""
        try:
            yield from self._until(b"CONNECT\r\n")
            self._connected = True
            for step in steps:
                word, *values = step.split()
                if word == "send":
                    yield from self._send(values)
                elif word == "hang-up":
                    break
                else:
                    yield from self._finish_answering()
                    if word == "receive":
                        yield from self._receive(values[0])
                    elif word == "image":
                        yield from self._command(f"+FRM={self._modulation(values[0])}", b"CONNECT\r\n")
                        yield from self._until(b"NO CARRIER\r\n")
                    elif word == "carrier":
                        yield from self._carrier(values[0], float(values[1]))
                    else:
                        yield from self._wait(float(values[0]))
                self.done += 1
        except TimeoutError:
            pass
        yield True

    def _until(self, ending: bytes | re.Pattern[bytes]) -> Iterator[bool]:
        pattern = re.compile(re.escape(ending)) if isinstance(ending, bytes) else ending
        give_up = self._samples + _PATIENCE_S * SAMPLE_RATE
        while (match := pattern.search(self._heard)) is None:
            if self._samples > give_up:
                raise TimeoutError
            yield False
        self._piece = bytes(self._heard[: match.end()])
        del self._heard[: match.end()]

    def _modulation(self, word: str) -> int:
        if word == "long":
            return self._code
        if word == "short":  # only V.17 has one
            return self._code + 1 if self._code in (73, 97, 121, 145) else self._code
        return int(word)

    def _wait(self, seconds: float) -> Iterator[bool]:
        end = self._samples + seconds * SAMPLE_RATE
        while self._samples < end:
            yield False

    def _command(self, text: str, ending: bytes) -> Iterator[bool]:
        self._heard.clear()
        self._modem.at(f"AT{text}\r".encode())
        yield from self._until(ending)

    def _finish_answering(self) -> Iterator[bool]:
        """End the burst that answering has begun, when no frame was to be sent in it."""
        if self._connected:
            self._connected = False
            self._modem.at(b"\x10\x03")
            yield from self._until(b"OK\r\n")

    def _send(self, values: list[str]) -> Iterator[bool]:
        if not self._connected:
            yield from self._wait(0.075)
            yield from self._command("+FTH=3", b"CONNECT\r\n")
        self._connected = False
        for place, value in enumerate(values):
            final = place == len(values) - 1
            frame = _frame(value, final=final)
            self._note(frame, sent=True)
            self._modem.at(frame.replace(b"\x10", b"\x10\x10") + b"\x10\x03")
            yield from self._until(b"OK\r\n" if final else b"CONNECT\r\n")

    def _receive(self, name: str) -> Iterator[bool]:
        while True:
            yield from self._command("+FRH=3", b"CONNECT\r\n")
            yield from self._until(_FRAME_END)
            frame = self._piece[:-2].replace(b"\x10\x10", b"\x10")[:-2]
            yield from self._until(b"\r\n")
            yield from self._until(b"\r\n")
            if b"OK" in self._piece:
                self._note(frame, sent=False)
                if frame_name(frame) == "DCS" and len(frame) > 4:
                    self._code = _LONG.get(frame[4] >> 2 & 0x0F, 145)
                if name in (frame_name(frame), frame_name(frame).partition("-")[0]):
                    return

    def _carrier(self, code: str, seconds: float) -> Iterator[bool]:
        yield from self._command(f"+FTM={code}", b"CONNECT\r\n")
        end = self._samples + seconds * SAMPLE_RATE
        while self._samples < end:
            self._modem.at(bytes(20))
            yield from self._wait(0.02)
        self._modem.at(b"\x10\x03")
        yield from self._until(b"OK\r\n")

    def _note(self, frame: bytes, *, sent: bool) -> None:
        name = frame_name(frame)
        self.frames.append(
            FrameRecord(t=round(self._samples / SAMPLE_RATE, 3), sent=sent, name=name, octets=frame.hex())
        )
        self._on_moment(f"{'sent' if sent else 'received'} {name}")
