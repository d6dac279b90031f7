"""The AT dialogues outside a call: set a modem up and ask who it is, bring a stuck one back, see that it still answers.

No I/O, no clock: the rim turns the crank as with a ``Call`` (``take_output``, ``receive``, ``tick``, ``deadline``).

What always holds: every command has a timeout, so a dialogue ends; a modem that answers nonsense ends it with a reason.
What a call needs beyond this (FCLASS=1, speeds) belongs to the call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from modem.class1.profile import lists_class_1
from modem.class1.reader import END_OF_DATA
from modem.outcome import Cause

CAN = b"\x18"
CAN_SECONDS = 0.3  # an aborted receive is answered within 0.2 s, or not at all
GOOD = frozenset(("OK", "0"))  # "0": a modem that was left in numeric mode
BAD = frozenset(("ERROR", "4", "NO CARRIER", "3", "NO DIALTONE", "BUSY", "NO ANSWER"))
RINGING = re.compile(r"RING|(DATE|TIME|NMBR|NAME) ?=.*", re.IGNORECASE)  # an incoming call, and who calls


class Keep(Enum):
    """What the text of an answer is good for."""

    NOTHING = 0
    CLASSES = 1
    IDENTITY = 2


@dataclass(frozen=True)
class Step:
    """One command: how long its answer may take, how often it is tried, whether it must be answered with OK."""

    command: str
    timeout_s: float = 2.0
    tries: int = 1
    must: bool = False
    keep: Keep = Keep.NOTHING
    settle_s: float = 0.0  # silence after the answer, for modems that come to themselves


WAKE = Step("ATE0Q0V1", 1.0, tries=4, must=True)

SETUP = (
    WAKE,
    Step("ATZ", 5.0, settle_s=0.2),
    Step("ATE0Q0V1X4", 2.0, tries=2, must=True),
    Step("ATS0=0"),
    Step("ATS30=0"),
    Step("AT&C1&D2"),
    Step("ATM0"),
    Step("AT+FCLASS=?", tries=2, keep=Keep.CLASSES),
    Step("AT+FMI?", keep=Keep.IDENTITY),
    Step("AT+FMM?", keep=Keep.IDENTITY),
    Step("AT+FMR?", keep=Keep.IDENTITY),
)
RECOVERY = (Step("ATH0", 5.0, tries=3), *SETUP)
ANSWERING = (Step("AT+VCID=1", tries=1),)  # who calls; modems that cannot say so answer ERROR
CHECK = (Step("AT", 1.0, tries=2, must=True),)


@dataclass(frozen=True)
class DialogueResult:
    """``cause`` OK: the modem is usable, and ``modem`` is what it says it is."""

    cause: Cause
    reason: str = ""
    modem: str = ""


class Dialogue:
    """Runs steps one after the other. ``result`` is None until it is over."""

    def __init__(self, steps: Sequence[Step], now: float, abort: bool = False) -> None:
        """``abort``: the modem may be in the middle of data of ours, or of a receive: both are ended first."""
        self.result: DialogueResult | None = None
        self.deadline: float | None = None
        self._steps = list(steps)
        self._tries = 0
        self._waiting = False  # for an answer; otherwise for the deadline, to go on
        self._output = b""
        self._input = b""
        self._text: list[str] = []
        self._classes: list[str] = []
        self._identity: list[str] = []
        self._abort = abort
        if abort:
            self._output = END_OF_DATA + CAN
            self.deadline = now + CAN_SECONDS
        else:
            self._send(now)

    def take_output(self) -> bytes:
        output, self._output = self._output, b""
        return output

    def receive(self, octets: bytes, now: float) -> None:
        """Octets from the modem; result codes may come in any pieces."""
        self._input += octets
        *lines, self._input = re.split(rb"[\r\n]+", self._input)
        for line in lines:
            text = line.decode("ascii", "replace").strip()
            if text and self._waiting and self.result is None:
                self._take_line(text, now)
        self._input = self._input[-1000:]

    def tick(self, now: float) -> None:
        """To be called at ``deadline``."""
        if self.result is not None or self.deadline is None or now < self.deadline:
            return
        if not self._waiting:
            self._send(now)
            return
        step = self._steps[0]
        if self._tries < step.tries and self._abort:
            # It may have taken the command for data: one more frame, which ends here.
            self._output += END_OF_DATA
            self._waiting = False
            self.deadline = now + CAN_SECONDS
        elif self._tries < step.tries:
            self._send(now)
        elif step.must:
            self._end(DialogueResult(Cause.DEVICE_SILENT, f"the modem does not answer {step.command}"))
        else:
            self._go_on(now)

    def _send(self, now: float) -> None:
        step = self._steps[0]
        self._tries += 1
        self._waiting = True
        self._text = []
        self._output += step.command.encode("ascii") + b"\r"
        self.deadline = now + step.timeout_s

    def _take_line(self, text: str, now: float) -> None:
        step = self._steps[0]
        code = text.upper()
        if code in GOOD:
            if step.keep is Keep.CLASSES:
                self._classes = self._text
            elif step.keep is Keep.IDENTITY:
                self._identity += self._text
            self._go_on(now)
        elif code in BAD:
            if step.must and self._tries >= step.tries:
                self._end(DialogueResult(Cause.DEVICE_ERROR, f"the modem answers {step.command} with {text}"))
            elif step.must:
                self._send(now)
            else:
                self._go_on(now)
        elif code != step.command and not RINGING.fullmatch(text):
            self._text.append(text)

    def _go_on(self, now: float) -> None:
        done = self._steps.pop(0)
        self._tries = 0
        self._waiting = False
        if done.keep is Keep.CLASSES and not lists_class_1(self._classes):
            said = " ".join(self._classes) or "nothing"
            self._end(DialogueResult(Cause.DEVICE_NOT_FAX, f"the modem has no fax class 1 (AT+FCLASS=? says {said})"))
        elif not self._steps:
            identity = " ".join(dict.fromkeys(self._identity))
            self._end(DialogueResult(Cause.OK, modem=identity[:200]))
        elif done.settle_s:
            self.deadline = now + done.settle_s
        else:
            self._send(now)

    def _end(self, result: DialogueResult) -> None:
        self.result = result
        self.deadline = None
