"""A modem at a line of the exchange: octets to and from its host, audio to and from the line, a hook between.

What always holds: every call gets a fresh T.31 state with what the host has set played into it (a cut call leaves
pieces behind in libspandsp); the modem is on-hook, dialling, being rung or in a call, never two of them.
What it must not do: know other numbers or what answers there; it asks the exchange by ``Switch``.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from modem.soft.hostside import HostSide
from modem.soft.spandsp import Block, CallEvent, Control, T31Modem


class Hook(Enum):
    ON = "on"
    DIALLING = "dialling"
    TALKING = "talking"


class Switch(Protocol):
    """What a modem can ask of the exchange. Called outside all library callbacks."""

    def dial(self, modem: SoftModem, dialled: str) -> None: ...

    def answer(self, modem: SoftModem) -> None: ...

    def hang_up(self, modem: SoftModem) -> None: ...


class SoftModem:
    """A Class 1 modem, attached to the exchange under ``number``."""

    def __init__(self, number: str, switch: Switch) -> None:
        self.number = number
        self.hook = Hook.ON
        self._switch = switch
        self._output = bytearray()
        self._wishes: list[tuple[Control, str | int]] = []
        self._muted = False
        self._used = False
        self._connected = False
        self._host = HostSide(self._give, self._output.extend, self._abandon_dialling)
        self._t31 = T31Modem(self._on_octets, self._on_control)

    def write(self, octets: bytes) -> None:
        """From the host."""
        self._host.write(octets)

    def read(self) -> bytes:
        """All that waits for the host."""
        octets = bytes(self._output)
        self._output.clear()
        return octets

    @property
    def backlog(self) -> int:
        """Octets of the host that are not yet in the modem."""
        return self._host.backlog

    @property
    def hungry(self) -> bool:
        """Whether an image is being sent and the host has given no more than was taken."""
        return self._host.hungry

    @property
    def host_is_due(self) -> bool:
        """Whether a fax call waits for the host: for its next command, or for data."""
        return self.hook is Hook.TALKING and self._connected and self._host.is_due

    def drop_dtr(self) -> None:
        """The host has closed the device: on-hook, and everything as after switching on."""
        self._go_on_hook()
        self._host.forget(settings=True)
        self._output.clear()
        self._renew()

    def wait_for_carrier_s(self) -> int:
        """S7: how long a dialled call may take to the far end's signal."""
        return self._host.setting("S7", 60) or 60

    @property
    def heard_carrier(self) -> bool:
        """Whether a dialled call has come to CONNECT."""
        return self._connected

    def ring(self) -> None:
        """One ring. The host reads RING; with S0 set the modem may answer."""
        if self._used:
            self._renew()
        self._t31.event(CallEvent.ALERTING)
        self._grant()

    def ringing_ended(self) -> None:
        """The caller gave up."""
        self._used = True  # the rings it has counted must not count in the next call

    def connect(self, *, dialled: bool) -> None:
        """The call is through: ours was answered, or our answer is."""
        self.hook = Hook.TALKING
        self._tell(CallEvent.CONNECTED if dialled else CallEvent.ANSWERED)

    def refuse(self, event: CallEvent) -> None:
        """The dialled call did not come about: BUSY, NO_ANSWER, NO_DIAL_TONE."""
        self.hook = Hook.ON
        self._tell(event)
        self._host.forget(settings=False)

    def say_no_carrier(self) -> None:
        """The call ends from the far side, or none came about, and the modem says so."""
        if self.hook is Hook.DIALLING:
            self._tell(CallEvent.CONNECTED)  # only a connected state says NO CARRIER
        self.hook = Hook.ON
        self._tell(CallEvent.HANGUP)
        if self._host.owes_result:  # data was ended, or silence waited for: libspandsp forgets the result
            self._host.say_result("NO CARRIER", "3")
        self._host.forget(settings=False)

    def passed(self, count: int) -> None:
        """So many samples have passed: the host may give more."""
        self._host.passed(count)
        self._grant()

    def transmit(self, block: Block, count: int) -> None:
        self._t31.transmit(block, count)
        self._grant()

    def receive(self, block: Block, count: int) -> None:
        self._t31.receive(block, count)
        self._grant()

    def close(self) -> None:
        self._t31.close()

    def _give(self, piece: bytes) -> None:
        if self._used and self.hook is Hook.ON:
            self._renew()
        self._t31.at(piece)
        self._grant()

    def _renew(self) -> None:
        self._used = False
        self._connected = False
        self._t31.close()
        self._t31 = T31Modem(self._on_octets, self._on_control)
        self._muted = True
        for line in self._host.replay():
            self._t31.at(line)
        self._wishes.clear()
        self._muted = False

    def _tell(self, event: CallEvent) -> None:
        self._used = True
        self._t31.event(event)
        self._grant()

    def _abandon_dialling(self) -> None:
        """An octet of the host came while dialling: V.250 6.3.1."""
        self.say_no_carrier()
        self._switch.hang_up(self)

    def _go_on_hook(self) -> None:
        if self.hook is not Hook.ON:
            self.hook = Hook.ON
            self._switch.hang_up(self)

    def _on_octets(self, octets: bytes) -> None:
        if not self._muted:
            self._output += octets
            self._host.heard(octets)
            if octets == b"CONNECT" or octets == b"1\r":
                self._connected = True

    def _on_control(self, control: Control, value: str | int) -> None:
        if control is Control.CTS:
            self._host.clear_to_send = bool(value)
        else:
            self._wishes.append((control, value))

    def _grant(self) -> None:
        """Pass on what the modem asked for, now that no callback is running."""
        while self._wishes:
            control, value = self._wishes.pop(0)
            if control is Control.CALL:
                self._used = True
                self._connected = False
                self.hook = Hook.DIALLING
                self._switch.dial(self, str(value))
            elif control is Control.ANSWER:
                self._used = True
                self._switch.answer(self)
            elif control in (Control.HANGUP, Control.ON_HOOK):
                self._go_on_hook()
