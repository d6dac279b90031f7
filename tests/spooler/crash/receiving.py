"""A fax that comes in, cut after each operation: a page that was confirmed to the far end is on the disk.

What always holds: what the far end was told is read off what the modem was told; what is on the disk is read as whoever
takes received faxes over reads it.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from codec.errors import CodecError
from codec.operations import same_pixels
from codec.tiff import read_pages
from modem.port.client import PortClient, PortError
from modem.port.messages import AnswerSettings, PortState, PortStatus
from modem.received import calls_in
from tests.modem.port.bench import PAGES
from tests.modem.port.test_answering_live import exchange
from tests.spooler.crash.disk import Disk, Tree
from tests.spooler.crash.recording import Recorder
from tests.spooler.crash.scenarios import Played, whole
from tests.spooler.rig import ROOT, wait_for

RECEIVED = "received"


def status_of(port: PortClient) -> PortStatus | None:
    with suppress(PortError):
        return port.status()
    return None


def receive(folder: Path) -> Played:
    """A port process answers, and two pages come in with error correction."""
    root = folder / "spool"
    root.mkdir()
    recorder = Recorder(folder / "recorder", root)
    played = Played(name="receive", disk=Disk(root), received=True)
    with exchange(folder) as link:
        recorder.record()
        command = [sys.executable, "-m", "modem.port", "--name", "one", "--device", str(link)]
        with (folder / "port.log").open("wb") as log:
            process = subprocess.Popen(
                [*recorder.prefix, *command, "--folder", str(root / "port")], cwd=ROOT, stdout=log, stderr=log
            )
        try:
            port = PortClient(root / "port", 120.0)
            wait_for(lambda: (now := status_of(port)) is not None and now.state is PortState.IDLE, "an idle port")
            port.set_answering(AnswerSettings(folder=str(root / RECEIVED), rings=1))
            wait_for(lambda: (now := status_of(port)) is not None and now.last_received is not None, "the fax")
            # The journal is closed a moment later.
            wait_for(lambda: all(not call.is_under_way for call in calls_in(root / RECEIVED)), "the journal's end")
        finally:
            process.terminate()
            process.wait()
    recorder.record(False)
    played.operations = recorder.operations()
    whole(played, root)
    (call,) = calls_in(root / RECEIVED)
    pages = read_pages(call.pages)
    assert [same_pixels(page, sent) for page, sent in zip(pages, PAGES, strict=True)] == [None] * len(PAGES)
    played.digests[0] = tuple(page.digest for page in pages)
    return played


def kept(played: Played, confirmed: int, tree: Tree, folder: Path) -> list[str]:
    """What is not as promised of a disk on which ``confirmed`` pages must lie."""
    tree.lay_out(folder)
    calls = calls_in(folder / RECEIVED)
    if confirmed and len(calls) != 1:
        return [f"P8: {confirmed} pages were confirmed, and {len(calls)} calls are on the disk"]
    wrong: list[str] = []
    for call in calls:
        try:
            pages = read_pages(call.pages) if call.pages.exists() else []
        except CodecError as error:
            # Before the first page is in it the file may be anything; nobody was told of it.
            pages = []
            if confirmed:
                wrong.append(f"P8: {confirmed} pages were confirmed, and the file cannot be read: {error}")
        digests = tuple(page.digest for page in pages)
        if len(digests) < confirmed or digests != played.digests[0][: len(digests)]:
            wrong.append(f"P8: {confirmed} pages were confirmed, and {len(digests)} are on the disk")
        outcome = call.outcome()
        if outcome is None:
            wrong.append("P10: the call of a dead process is under way")
            continue
        told = [page for page in outcome.pages if page.confirmed]
        if len(told) > len(digests):
            wrong.append(f"P8: the journal says that {len(told)} pages were confirmed, and {len(digests)} are there")
        # The page is stored before its line is written: what the journal names is on the disk.
        if len(outcome.pages) < confirmed:
            wrong.append(f"P8: {confirmed} pages were confirmed, and the journal knows of {len(outcome.pages)}")
    return wrong
