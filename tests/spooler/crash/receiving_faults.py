"""A disk that fails from the n-th call on while faxes come in: the far end is never told that we have what we lack.

What always holds: one port process lives through all faults; each meets a call of its own, and a caller whose call is
not answered rings on. What the far end was told is read off what the modem was told.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from codec.errors import CodecError
from codec.operations import same_pixels
from codec.tiff import read_pages
from modem.port.client import PortClient
from modem.port.messages import AnswerSettings, PortState, PortStatus
from modem.received import ReceivedCall
from tests.modem.port.bench import PAGES
from tests.modem.port.test_answering_live import EXCHANGE, exchange
from tests.spooler.crash.faulting import FAULTS, FaultReport
from tests.spooler.crash.promises import Known
from tests.spooler.crash.receiving import RECEIVED, status_of
from tests.spooler.crash.recording import Kind, Recorder
from tests.spooler.rig import ROOT, wait_for

CALLS_LIMIT = 150
EVERY_S = 32.0  # of the line, between the beginnings of two calls; each takes about 20
PATIENCE_S = 240.0
UNANSWERED_S = 4.0  # of ours: the disk is mended, and the caller still rings


def receive(folder: Path, name: str, numbers: Iterable[int]) -> FaultReport:
    """Two pages come in for each of at most ``CALLS_LIMIT`` faults, and two more when the disk is well again."""
    report = FaultReport(f"receive, {name}")
    wanted = list(islice(numbers, CALLS_LIMIT))
    root = folder / "spool"
    root.mkdir()
    recorder = Recorder(folder / "recorder", root)
    calls = "".join(
        EXCHANGE.replace("after_s = 4", f"after_s = {4 + EVERY_S * number}") for number in range(2 * len(wanted) + 2)
    )
    with exchange(folder, calls) as link, (folder / "port.log").open("wb") as log:
        recorder.record()
        command = [sys.executable, "-m", "modem.port", "--name", "one", "--device", str(link)]
        process = subprocess.Popen(
            [*recorder.prefix, *command, "--folder", str(root / "port")], cwd=ROOT, stdout=log, stderr=log
        )
        try:
            port = PortClient(root / "port", 120.0)
            wait_for(lambda: (now := status_of(port)) is not None and now.state is PortState.IDLE, "an idle port")
            port.set_answering(AnswerSettings(folder=str(root / RECEIVED), rings=1))
            line = _Line(port, recorder, root, process)
            for number in wanted:
                with recorder.faults(FAULTS[name].at(number)):
                    wrong = line.one_call(mended=False)
                if not recorder.failed:
                    break
                report.points += 1
                report.violations += [(number, what) for what in wrong]
            report.violations += [(0, what) for what in line.one_call(mended=True)]
        except AssertionError:
            print((folder / "port.log").read_text()[-4000:], file=sys.stderr)
            raise
        finally:
            process.kill()
            process.wait()
    return report


class _Line:
    """The port, and what has been looked at of its calls. A caller who is hung up on rings on: a call may begin at any
    moment, and counts when it is over."""

    def __init__(self, port: PortClient, recorder: Recorder, root: Path, process: subprocess.Popen[bytes]) -> None:
        self._port = port
        self._recorder = recorder
        self._root = root
        self._process = process
        self._looked_at: set[str] = set()

    def one_call(self, *, mended: bool) -> list[str]:
        """Wait for the end of a call that begins now, and compare what far ends were told with what lies on the disk.
        ``mended``: all of it must be there."""
        last = self._over(beside=set(_told(self._recorder)))
        wrong: list[str] = []
        for call, told in _told(self._recorder).items():
            if call not in self._looked_at:
                self._looked_at.add(call)
                kept, same = self._kept(call)
                if not same:
                    wrong.append(f"P8: pages of {call} are not what was sent")
                if told > kept:
                    wrong.append(f"P8: the far end was told that we have {told} pages, and {kept} are there")
                if mended and call == last and (told, kept) != (len(PAGES), len(PAGES)):
                    wrong.append(f"P12: the disk is well, and of {len(PAGES)} pages {told} were confirmed, {kept} kept")
            if call == last:
                return wrong
        return [*wrong, f"call {last} has no folder"]

    def _kept(self, call: str) -> tuple[int, bool]:
        """So many pages are there, and whether they are those that were sent."""
        path = ReceivedCall(self._root / RECEIVED / call).pages
        try:
            pages = read_pages(path) if path.exists() else []
        except CodecError:
            pages = []
        return len(pages), all(same_pixels(page, sent) is None for page, sent in zip(pages, PAGES, strict=False))

    def _over(self, beside: set[str]) -> str:
        """The next call that is over, the port being idle again; the disk is mended when a call is not answered."""
        refused: float | None = None
        limit = time.monotonic() + PATIENCE_S
        now: PortStatus | None = None
        while time.monotonic() < limit:
            assert self._process.poll() is None, "P12: the port process died"
            if (now := status_of(self._port)) is not None:
                call = now.last_received
                if call is not None and call not in beside and now.state is PortState.IDLE:
                    return call
                if not self._recorder.failed or now.state is PortState.RECEIVING:
                    refused = None
                else:
                    refused = refused or time.monotonic()
                    if time.monotonic() > refused + UNANSWERED_S:
                        self._recorder.lift()
            time.sleep(0.05)
        raise AssertionError(f"no call came to its end: {now}")


def _told(recorder: Recorder) -> dict[str, int]:
    """The calls so far, in their order, with the number of pages that their far end was told of."""
    known, told = Known(), dict[str, int]()
    call = ""
    for operation in recorder.operations():
        if operation.kind is Kind.MKDIR and operation.name.startswith("in-"):
            call = operation.name
            told[call] = 0
        before = known.confirmed
        known.learn(operation)
        if known.confirmed > before:
            told[call] += known.confirmed - before
    return told
