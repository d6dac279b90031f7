"""LPR: a real client (rlpr) to CUPS' own cups-lpd, started as our systemd unit starts it."""

from __future__ import annotations

import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.queue import Queue, add_queue, remove_queue
from tests.backend.desk import Desk, eventually
from tests.backend.recorder import Recorder
from tests.backend.test_printing import _pages

UNIT = Path(__file__).resolve().parents[2] / "backend" / "units" / "platen-lpd@.service"


class Inetd:
    """What systemd does for a socket unit with Accept=yes: each connection becomes stdin and stdout of a program."""

    def __init__(self, desk: Desk) -> None:
        start = next(line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart="))
        command = shlex.split(start.partition("=")[2].lstrip("-"))
        assert Path(command[0]).exists(), "cups-lpd is missing: Debian's package cups has it"
        self._command = [*command, "-h", desk.cups.server]
        self._environment = {"CUPS_SERVERROOT": str(desk.cups.folder / "etc"), "PATH": "/usr/bin:/bin"}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client:
                handle = client.fileno()
                subprocess.run(self._command, stdin=handle, stdout=handle, env=self._environment, check=False)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def lpd(desk: Desk) -> Iterator[Inetd]:
    server = str(desk.cups.socket)
    add_queue(Queue(name="lpr", shared=True), server)
    (desk.cups.folder / "etc" / "lpoptions").write_text(
        "Dest lpr/berlin phone=+49301111 FaxRecipient=Berlin\\ Office\n"
    )
    inetd = Inetd(desk)
    yield inetd
    inetd.stop()
    (desk.cups.folder / "etc" / "lpoptions").unlink()
    remove_queue("lpr", server)


def _rlpr(lpd: Inetd, *arguments: str | Path, queue: str = "lpr") -> None:
    # -N: from any port of ours, since only root has the small ones
    command = ["rlpr", "-N", "-H", "127.0.0.1", f"--port={lpd.port}", "-P", queue, *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def _taken(recorder: Recorder, count: int = 1) -> None:
    eventually(lambda: len(recorder.taken) == count, "the job does not arrive")


def test_a_title_that_is_a_number_is_dialled_and_the_banner_page_that_rlpr_asks_for_is_not_faxed(
    lpd: Inetd, recorder: Recorder, pdf: Path
) -> None:
    _rlpr(lpd, "-J", "+4930123456", pdf)
    _taken(recorder)
    assert recorder.only.submission.recipients[0].number == "+4930123456"
    assert [_pages(octets) for octets in recorder.contents(recorder.only)] == [2]


def test_an_instance_of_the_queue_names_the_number(lpd: Inetd, recorder: Recorder, pdf: Path) -> None:
    _rlpr(lpd, "-J", "report", pdf, queue="lpr/berlin")
    _taken(recorder)
    submission = recorder.only.submission
    assert submission.recipients[0].number == "+49301111"
    assert (submission.recipients[0].name, submission.title) == ("Berlin Office", "report")


def test_an_option_of_the_unit_names_the_number(lpd: Inetd, recorder: Recorder, pdf: Path) -> None:
    lpd._command[1:1] = ["-o", "phone=5552009"]
    _rlpr(lpd, "-J", "report", pdf)
    _taken(recorder)
    assert recorder.only.submission.recipients[0].number == "5552009"


def test_several_files_are_one_fax_and_other_formats_arrive(
    lpd: Inetd, recorder: Recorder, pdf: Path, tmp_path: Path
) -> None:
    postscript = tmp_path / "page.ps"
    postscript.write_text("%!PS-Adobe-3.0\n/Courier findfont 12 scalefont setfont 72 720 moveto (x) show showpage\n")
    _rlpr(lpd, "-J", "5552001", pdf, postscript)
    _taken(recorder)
    first, second = recorder.contents(recorder.only)
    assert (_pages(first), second) == (2, postscript.read_bytes())


def test_without_a_number_the_fax_waits(lpd: Inetd, recorder: Recorder, pdf: Path) -> None:
    _rlpr(lpd, pdf)
    _taken(recorder)
    assert recorder.only.submission.recipients[0].number is None
