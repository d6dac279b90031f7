"""The called fax machine that sends, because it was asked to: a ``Sender`` that begins with a DTC (T.30 5.3.6.1.2).

What always holds: all is as with a sender that called, except that its frames bear X = 0, since the DIS was ours.
"""

from __future__ import annotations

from modem.t30 import line
from modem.t30.core import SenderPolicy
from modem.t30.frames import Type
from modem.t30.machine import Output
from modem.t30.notes import Pages
from modem.t30.sender import Sender
from modem.t30.states import State

_WITH_FCF2 = (Type.PPS.value, Type.EOR.value)


class PolledSender(Sender):
    """The rest of a call from its DTC on."""

    def __init__(
        self, pages: Pages, policy: SenderPolicy, codes: frozenset[int], ident: str, dtc: bytes, now: float
    ) -> None:
        """``codes``: what +FTM lists; ``ident``: CIG; ``dtc``: the frame with its FCS."""
        super().__init__("", pages, policy, now)
        self.take_outputs()  # the modem is set up already
        self._codes = codes
        self.far_ident = ident
        self.state = State.WAIT_DIS
        self._due = now
        self.handle(line.FrameHeard(dtc, True), now)

    def _transmit(self, state: State, seconds: float, *outputs: Output) -> None:
        super()._transmit(state, seconds, *(_of_the_called(output) for output in outputs))


def _of_the_called(output: Output) -> Output:
    if not isinstance(output, line.SendFrames):
        return output
    return line.SendFrames(tuple(_with_x0(octets) for octets in output.frames), output.after_journal)


def _with_x0(octets: bytes) -> bytes:
    """Address to FIF; FCF2 bears the same X (T.30 Annex A 4.3)."""
    frame = bytearray(octets)
    frame[2] &= 0xFE
    if frame[2] in _WITH_FCF2 and len(frame) > 3:
        frame[3] &= 0xFE
    return bytes(frame)
