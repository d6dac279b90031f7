"""Typed wrappers around libspandsp's T.31 modem and T.30 fax terminal.

What always holds: callbacks are referenced as long as the C state lives; a state is freed exactly once; an exception
raised inside a callback is raised again from the call that caused it; strings are copied before the state goes.
Audio is 8000 samples/s, mono, signed 16 bit, handed over in a ``Block`` of at most ``BLOCK`` samples. Time is counted
in samples: both ends must be given every block, silent ones too, since all their timers count samples.
What it must not do: know numbers, lines or folders; that is the exchange's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum, IntFlag
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modem.soft.library import ffi, library

SAMPLE_RATE: Final = 8000
BLOCK: Final = 160  # samples: 20 ms


class CallEvent(IntEnum):
    """What the exchange tells a T.31 modem."""

    ALERTING = 1
    CONNECTED = 2  # the dialled call was answered
    ANSWERED = 3  # our own ATA is through
    BUSY = 4
    NO_DIAL_TONE = 5
    NO_ANSWER = 6
    HANGUP = 7


class Control(IntEnum):
    """What a T.31 modem asks of the exchange. Codes outside this set occur and mean nothing here."""

    CALL = 0
    ANSWER = 1
    HANGUP = 2
    OFF_HOOK = 3
    ON_HOOK = 4
    CTS = 7


class Modulations(IntFlag):
    V27TER = 1
    V29 = 2
    V17 = 4


class Codings(IntFlag):
    MH = 2
    MR = 4
    MMR = 8


class Resolutions(IntFlag):
    STANDARD = 1
    FINE = 2
    SUPERFINE = 4
    R8 = 0x20000
    DPI_300 = 0x100000
    DPI_400 = 0x200000


class ImageSizes(IntFlag):
    WIDTH_A4 = 1
    WIDTH_B4 = 2
    WIDTH_A3 = 4
    UNLIMITED = 0x10000
    LENGTH_A4 = 0x20000
    LENGTH_B4 = 0x40000
    LETTER = 0x80000
    LEGAL = 0x100000


class StoredAs(Enum):
    """The coding of the TIFF that the terminal writes; all are lossless."""

    MH = 1
    MR = 2
    MMR = 3


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a fax terminal says in its DIS, or keeps to as a caller. Needs ECM for MMR (T.30 table 2)."""

    ident: str = ""  # at most 20 characters
    ecm: bool = True
    modulations: Modulations = Modulations.V27TER | Modulations.V29 | Modulations.V17
    codings: Codings = Codings.MH | Codings.MR | Codings.MMR
    resolutions: Resolutions = Resolutions.STANDARD | Resolutions.FINE | Resolutions.SUPERFINE | Resolutions.R8
    sizes: ImageSizes = ImageSizes.WIDTH_A4 | ImageSizes.WIDTH_B4 | ImageSizes.WIDTH_A3 | ImageSizes.UNLIMITED
    min_scan_line_ms: int = 0
    not_ready_count: int = 0  # so many RNR before a partial page is confirmed


@dataclass(frozen=True)
class Frame:
    """An HDLC frame as a terminal saw it: address to FIF, line order, without FCS."""

    t: float  # seconds since the terminal began; a sent frame is seen up to a second before it is on the line
    incoming: bool
    octets: bytes

    @property
    def fcf(self) -> int:
        """The facsimile control field, X bit included."""
        return self.octets[2] if len(self.octets) > 2 else 0


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """A terminal's figures; length, coding and bad rows are those of the page just done."""

    rate_bps: int
    ecm: bool
    pages_sent: int
    pages_received: int
    x_pels_per_m: int
    y_pels_per_m: int
    width: int
    rows: int
    coding: str  # "MH", "MR", "MMR" or ""
    bad_rows: int
    longest_bad_run: int
    ecm_retries: int


@dataclass(frozen=True, kw_only=True)
class Completion:
    """How a terminal's call ended. Code 0 is a good end."""

    code: int | None  # None: cut off before the terminal was through
    text: str
    far_ident: str
    far_sub_address: str
    last: Statistics
    pages: tuple[Statistics, ...]


class Block:
    """``BLOCK`` samples, as C sees them and as numpy does: the same memory."""

    def __init__(self) -> None:
        self.cdata = ffi.new("int16_t[]", BLOCK)
        self.samples: NDArray[np.int16] = np.frombuffer(ffi.buffer(self.cdata), dtype=np.int16)

    def silence(self, start: int = 0) -> None:
        self.samples[start:] = 0


class _Callbacks:
    """Keeps callbacks alive and carries their exceptions to the caller."""

    def __init__(self) -> None:
        self._kept: list[Any] = []
        self._error: BaseException | None = None

    def make(self, signature: str, function: Callable[..., int | None]) -> Any:
        def failed(_type: object, error: BaseException, _trace: object) -> None:
            self._error = self._error or error

        made = ffi.callback(signature, function, onerror=failed)
        self._kept.append(made)
        return made

    def release(self) -> None:
        """The C state is gone: nothing can call any more."""
        self._kept.clear()

    def check(self) -> None:
        """Raise what a callback raised."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error


class T31Modem:
    """One T.31 (Class 1) modem state: one per call, since a cut call leaves pieces behind in it.

    ``on_octets`` gets what the modem says to the host, ``on_control`` what it asks of the exchange (dialled string or
    value). Both are called from within ``at``, ``event``, ``transmit`` and ``receive`` and must not call back.
    """

    def __init__(self, on_octets: Callable[[bytes], None], on_control: Callable[[Control, str | int], None]) -> None:
        self._lib = library()
        self._callbacks = _Callbacks()

        def at_tx(_at: object, _user: object, octets: Any, length: int) -> int:
            on_octets(ffi.buffer(octets, length)[:])
            return length

        def control(_state: object, _user: object, op: int, value: Any) -> int:
            if op == Control.CALL:
                on_control(Control.CALL, ffi.string(value).decode("ascii", "replace"))
            elif op in set(Control):
                on_control(Control(op), int(ffi.cast("intptr_t", value)))
            return 0

        self._state: Any = self._lib.t31_init(
            ffi.NULL,
            self._callbacks.make("int(at_state_t *, void *, const uint8_t *, size_t)", at_tx),
            ffi.NULL,
            self._callbacks.make("int(t31_state_t *, void *, int, const char *)", control),
            ffi.NULL,
            ffi.NULL,
            ffi.NULL,
        )
        self._lib.t31_set_transmit_on_idle(self._state, 1)

    def at(self, octets: bytes) -> None:
        """From the host. Never give more than the modem's buffer holds: see ``dte.py``."""
        self._lib.t31_at_rx(self._state, octets, len(octets))
        self._callbacks.check()

    def event(self, event: CallEvent) -> None:
        self._lib.t31_call_event(self._state, int(event))
        self._callbacks.check()

    def transmit(self, block: Block, count: int) -> None:
        """Fill ``count`` samples towards the line."""
        made = self._lib.t31_tx(self._state, block.cdata, count)
        if made < count:
            block.silence(made)
        self._callbacks.check()

    def receive(self, block: Block, count: int) -> None:
        """Take ``count`` samples from the line."""
        self._lib.t31_rx(self._state, block.cdata, count)
        self._callbacks.check()

    def close(self) -> None:
        if self._state is not None:
            state, self._state = self._state, None
            self._lib.t31_free(state)
            self._callbacks.release()

    def __del__(self) -> None:
        self.close()


class FaxTerminal:
    """libspandsp's own fax machine: an independent T.30, answering into ``receive_to`` or calling with ``send``.

    ``on_frame`` sees every HDLC frame of the control channel and of ECM.
    """

    def __init__(
        self,
        abilities: Abilities,
        *,
        calling: bool,
        receive_to: Path | None = None,
        send: Path | None = None,
        stored_as: StoredAs = StoredAs.MMR,
        header: str = "",
        on_frame: Callable[[Frame], None] | None = None,
    ) -> None:
        self._lib = library()
        self._callbacks = _Callbacks()
        self._samples = 0
        self._pages: list[Statistics] = []
        self._result: Completion | None = None
        self.ended_with: int | None = None
        self._state: Any = self._lib.fax_init(ffi.NULL, int(calling))
        self._lib.fax_set_transmit_on_idle(self._state, 1)
        self._t30: Any = self._lib.fax_get_t30_state(self._state)
        self._configure(abilities, receive_to, send, stored_as, header)

        def phase_d(_t30: object, _user: object, _fcf: int) -> int:
            self._pages.append(self.statistics())
            return 0

        def phase_e(_t30: object, _user: object, code: int) -> None:
            self.ended_with = code

        def frame(_t30: object, _user: object, incoming: int, octets: Any, length: int) -> None:
            if on_frame is not None:
                on_frame(Frame(self._samples / SAMPLE_RATE, bool(incoming), ffi.buffer(octets, length)[:]))

        make, null = self._callbacks.make, ffi.NULL
        handler = "int(t30_state_t *, void *, int)"
        self._lib.t30_set_phase_d_handler(self._t30, make(handler, phase_d), null)
        self._lib.t30_set_phase_e_handler(self._t30, make("void(t30_state_t *, void *, int)", phase_e), null)
        self._lib.t30_set_real_time_frame_handler(
            self._t30, make("void(t30_state_t *, void *, int, const uint8_t *, int)", frame), null
        )

    def _configure(
        self, abilities: Abilities, receive_to: Path | None, send: Path | None, stored_as: StoredAs, header: str
    ) -> None:
        lib, t30 = self._lib, self._t30
        if abilities.ident:
            lib.t30_set_tx_ident(t30, abilities.ident.encode("ascii")[:20])
        if header:
            lib.t30_set_tx_page_header_info(t30, header.encode("ascii", "replace")[:50])
        lib.t30_set_ecm_capability(t30, int(abilities.ecm))
        lib.t30_set_supported_modems(t30, int(abilities.modulations))
        lib.t30_set_supported_compressions(t30, int(abilities.codings))
        lib.t30_set_supported_resolutions(t30, int(abilities.resolutions))
        lib.t30_set_supported_image_sizes(t30, int(abilities.sizes))
        lib.t30_set_minimum_scan_line_time(t30, abilities.min_scan_line_ms)
        if abilities.not_ready_count:
            lib.t30_set_receiver_not_ready(t30, abilities.not_ready_count)
        lib.t30_set_rx_encoding(t30, stored_as.value)
        if receive_to is not None:
            lib.t30_set_rx_file(t30, str(receive_to).encode(), -1)
        if send is not None:
            lib.t30_set_tx_file(t30, str(send).encode(), -1, -1)

    @property
    def seconds(self) -> float:
        """The terminal's age: samples transmitted so far as seconds."""
        return self._samples / SAMPLE_RATE

    @property
    def finished(self) -> bool:
        return self.ended_with is not None

    def transmit(self, block: Block, count: int) -> None:
        """Fill ``count`` samples towards the line."""
        made = self._lib.fax_tx(self._state, block.cdata, count)
        if made < count:
            block.silence(made)
        self._samples += count
        self._callbacks.check()

    def receive(self, block: Block, count: int) -> None:
        """Take ``count`` samples from the line."""
        self._lib.fax_rx(self._state, block.cdata, count)
        self._callbacks.check()

    def statistics(self) -> Statistics:
        raw = ffi.new("t30_stats_t *")
        self._lib.t30_get_transfer_statistics(self._t30, raw)
        return Statistics(
            rate_bps=raw.bit_rate,
            ecm=bool(raw.error_correcting_mode),
            pages_sent=raw.pages_tx,
            pages_received=raw.pages_rx,
            x_pels_per_m=raw.x_resolution,
            y_pels_per_m=raw.y_resolution,
            width=raw.width,
            rows=raw.length,
            coding={1: "MH", 2: "MR", 3: "MMR"}.get(raw.encoding, ""),
            bad_rows=raw.bad_rows,
            longest_bad_run=raw.longest_bad_row_run,
            ecm_retries=raw.error_correcting_mode_retries,
        )

    def close(self) -> Completion:
        """End the call if it still runs, and free the state; only then is the received TIFF complete."""
        if self._result is None:
            code, last = self.ended_with, self.statistics()
            if code is None:
                text = "The call was cut off"
            else:
                text = ffi.string(self._lib.t30_completion_code_to_str(code)).decode("ascii")
            self._result = Completion(
                code=code,
                text=text,
                far_ident=self._text(self._lib.t30_get_rx_ident(self._t30)),
                far_sub_address=self._text(self._lib.t30_get_rx_sub_address(self._t30)),
                last=last,
                pages=tuple(self._pages),
            )
            self._lib.t30_terminate(self._t30)
            state, self._state, self._t30 = self._state, None, None
            self._lib.fax_free(state)
            self._callbacks.release()
        return self._result

    @staticmethod
    def _text(value: Any) -> str:
        return "" if value == ffi.NULL else ffi.string(value).decode("ascii", "replace").strip()

    def __del__(self) -> None:
        if getattr(self, "_state", None) is not None:
            self.close()
