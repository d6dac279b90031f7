"""A ``Port`` with a scripted modem on a clock that the test turns: time passes only when nothing is under way.

Nothing is under way when every octet that one side wrote was read by the other and every journal entry is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from codec.coder import page_from_bitmap
from codec.page import Bitmap, Page
from codec.tiff import write_pages
from modem import journal
from modem.device import Device
from modem.entries import Entry
from modem.outcome import Outcome
from modem.plan import CallPlan, PlannedDocument, PlannedPage
from modem.port import engine
from modem.port.loop import turn
from modem.port.messages import PortState
from tests.modem.port.scripted import ScriptedModem
from tests.modem.soft.pictures import picture

PICTURES = (picture(150, 1), picture(120, 2))
PAGES = [
    page_from_bitmap(Bitmap(image.width, image.height, bytes(octet ^ 255 for octet in image.tobytes())), 204, 196)
    for image in PICTURES
]


def save_pages(path: Path, count: int) -> list[Page]:
    """A file of ``count`` white pages, each longer than the one before: V0 for each row, EOFB."""
    pages = [Page(1728, 8 * (n + 1), 204, 98, b"\xff" * (n + 1) + bytes.fromhex("001001")) for n in range(count)]
    write_pages(path, pages)
    return pages


def save_plan(folder: Path, call: str = "c1", dial: str = "5552001", count: int = 2) -> Path:
    pages = save_pages(folder / f"{call}.tif", count)
    planned = tuple(
        PlannedPage(file=str(folder / f"{call}.tif"), index=index, digest=page.digest, number=index + 1)
        for index, page in enumerate(pages)
    )
    document = PlannedDocument(job=7, pages=planned, pages_total=count)
    path = folder / f"{call}.plan"
    CallPlan(call=call, dial=dial, documents=(document,), tsid="+49 555 1").save(path)
    return path


class CountingDevice(Device):
    """Counts what goes through, to know when all of it has arrived."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.octets_read = 0
        self.octets_written = 0

    def read(self) -> bytes:
        octets = super().read()
        self.octets_read += len(octets)
        return octets

    def write(self, octets: bytes) -> int:
        taken = super().write(octets)
        self.octets_written += taken
        return taken


class Bench:
    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, modem: ScriptedModem | None) -> None:
        self.folder = folder
        self.modem = modem
        self.time_s = 1000.0
        self.entries: list[Entry] = []
        self.states: list[PortState] = []
        patch.setattr(engine, "Device", self._open)
        self.locks = folder / "locks"
        self.locks.mkdir(exist_ok=True)
        self.port = engine.Port(
            str(folder / "ttyFAX0"), self.locks, clock=lambda: self.time_s, on_entry=self.entries.append
        )

    def until(self, condition: Callable[[], bool], limit_s: float = 600.0) -> None:
        """Let things happen, and time pass, until the condition holds."""
        end = self.time_s + limit_s
        waited = 0
        while not condition():
            waited = waited + 1 if self._busy() else 0
            assert waited < 2000, "octets or entries got lost"
            if waited:
                turn(self.port.watches, 0.01)
            elif (due := self.port.deadline) is not None:
                assert due < end, f"in {limit_s} s it did not happen; {self.port.state}: {self.port.reason}"
                self.time_s = max(self.time_s, due)
                turn(self.port.watches, 0)
            else:
                raise AssertionError(f"nothing will ever happen; {self.port.state}: {self.port.reason}")
            self.port.tick()
            if not self.states or self.states[-1] is not self.port.state:
                self.states.append(self.port.state)

    def ready(self) -> None:
        self.until(lambda: self.port.state is PortState.IDLE)

    def call(self, plan: Path, name: str = "journal") -> Outcome:
        """Make a call to its end."""
        reply = self.port.start_call(plan, self.folder / name)
        assert reply.answer.value == "started", reply
        self.until(lambda: self.port.call is None)
        outcome = self.port.last_outcome
        assert outcome is not None
        return outcome

    def journal_kinds(self, name: str = "journal") -> Sequence[str]:
        return [line.kind for line in journal.read(self.folder / name)[0]]

    def _open(self, path: str) -> CountingDevice:
        device = CountingDevice(path)
        if self.modem is not None:
            self.modem.octets_in = self.modem.octets_out = 0
        return device

    def _busy(self) -> bool:
        """Whether something is on its way, after the modem has had its turn."""
        moved = self.modem is not None and self.modem.pump()
        run = self.port._run
        if moved or (run is not None and run.writer.synced < run.writer.appended):
            return True
        device = self.port._device
        if self.modem is None or not self.modem.plugged or not isinstance(device, CountingDevice):
            return False
        return (device.octets_read, device.octets_written) != (self.modem.octets_out, self.modem.octets_in)
