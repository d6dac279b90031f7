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
from modem.port.messages import AnswerSettings, PortState
from modem.received import calls_in
from tests.modem.port.bench import PAGES
from tests.modem.port.test_answering_live import EXCHANGE, exchange
from tests.spooler.crash.faulting import FAULTS, FaultReport
from tests.spooler.crash.promises import Known
from tests.spooler.crash.receiving import RECEIVED, status_of
from tests.spooler.crash.recording import Recorder
from tests.spooler.rig import ROOT, wait_for

CALLS_LIMIT = 60
EVERY_S = 60.0  # of the line, between the beginnings of two calls; each takes about half of it
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
            port = PortClient(root / "port")
            wait_for(lambda: (now := status_of(port)) is not None and now.state is PortState.IDLE, "an idle port")
            port.set_answering(AnswerSettings(folder=str(root / RECEIVED), rings=1))
            for number in wanted:
                with recorder.faults(FAULTS[name].at(number)):
                    wrong = _one_call(port, recorder, root, mended=False)
                if not recorder.failed:
                    break
                report.points += 1
                report.violations += [(number, what) for what in wrong]
            report.violations += [(0, what) for what in _one_call(port, recorder, root, mended=True)]
            if process.poll() is not None:
                report.violations.append((0, "P12: the port process died"))
        finally:
            process.kill()
            process.wait()
    return report


def _one_call(port: PortClient, recorder: Recorder, root: Path, *, mended: bool) -> list[str]:
    """Wait for the next call's end, and compare what the far end was told with what lies on the disk."""
    before = {call.call for call in calls_in(root / RECEIVED)}
    told = _confirmed(recorder)
    _wait_for_call(port, recorder)
    told = _confirmed(recorder) - told
    wrong: list[str] = []
    kept = 0
    for call in calls_in(root / RECEIVED):
        if call.call in before:
            continue
        try:
            pages = read_pages(call.pages) if call.pages.exists() else []
        except CodecError:
            pages = []
        same = [same_pixels(page, sent) is None for page, sent in zip(pages, PAGES, strict=False)]
        if not all(same):
            wrong.append(f"P8: pages of {call.call} are not what was sent")
        kept += len(pages)
    if told > kept:
        wrong.append(f"P8: the far end was told that we have {told} pages, and {kept} are there")
    if mended and (told, kept) != (len(PAGES), len(PAGES)):
        wrong.append(f"P12: the disk is well, and of {len(PAGES)} pages {told} were confirmed and {kept} kept")
    return wrong


def _wait_for_call(port: PortClient, recorder: Recorder) -> None:
    """Until a call was received and the port is idle again; the disk is mended when a call is not answered."""
    last = now.last_received if (now := status_of(port)) is not None else None
    refused: float | None = None
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        now = status_of(port)
        if now is not None:
            if now.last_received != last and now.state is PortState.IDLE:
                return
            if not recorder.failed or now.state is PortState.RECEIVING:
                refused = None
            else:
                refused = refused or time.monotonic()
                if time.monotonic() > refused + UNANSWERED_S:
                    recorder.lift()
        time.sleep(0.05)
    raise AssertionError("no call came to its end")


def _confirmed(recorder: Recorder) -> int:
    """Pages that the far end was told of so far."""
    known = Known()
    for operation in recorder.operations():
        known.learn(operation)
    return known.confirmed
