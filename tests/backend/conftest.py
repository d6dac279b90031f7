"""A private cupsd for the whole folder, and a recording server that the backend hands over to."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from backend.private import PrivateCups
from backend.waking import Waking
from tests.backend.desk import Desk
from tests.backend.real_daemon import Daemon
from tests.backend.recorder import Recorder

LOG_LINES = 150


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows the end of each cupsd's log that it had to do with."""
    report = yield
    if report.failed:
        for name, value in item.funcargs.items():
            cups = value.cups if isinstance(value, Desk) else value
            if isinstance(cups, PrivateCups):
                report.sections.append((f"cupsd of {name}", cups.log_tail(LOG_LINES)))
    return report


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that the user lp can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="platen-cups-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def private_cups(open_folder: Path) -> Iterator[PrivateCups]:
    spool = open_folder / "spool"
    with PrivateCups(open_folder / "cups", daemon_socket=open_folder / "api.sock", spool=spool) as cups:
        yield cups


@pytest.fixture
def desk(private_cups: PrivateCups) -> Desk:
    return Desk(private_cups)


@pytest.fixture
def incoming(open_folder: Path) -> Iterator[Path]:
    """The incoming folder, as the daemon sets it up for doors of another user."""
    folder = open_folder / "spool" / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def recorder(open_folder: Path, incoming: Path) -> Iterator[Recorder]:
    """Running. Takes whatever comes, unless told otherwise."""
    server = Recorder(open_folder / "api.sock")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_desk(open_folder: Path, recorder: Recorder) -> Iterator[Desk]:
    """A cupsd for one test, which may kill it; it writes its state at once, and gives jobs up after one try."""
    folder = Path(tempfile.mkdtemp(prefix="own-", dir=open_folder))
    settings = ("DirtyCleanInterval 0", "JobRetryLimit 1", "JobRetryInterval 1")
    with PrivateCups(folder, daemon_socket=recorder.path, spool=open_folder / "spool", settings=settings) as cups:
        yield Desk(cups)


@pytest.fixture(scope="module")
def daemon(open_folder: Path) -> Iterator[Daemon]:
    daemon = Daemon(open_folder)
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture(scope="module")
def daemon_cups(open_folder: Path, daemon: Daemon) -> Iterator[PrivateCups]:
    with PrivateCups(
        open_folder / "daemon-cups",
        daemon_socket=daemon.socket,
        spool=daemon.spool,
        settings=["JobRetryLimit 1", "JobRetryInterval 1"],
        environment={"PLATEN_FILTER_S": "6"},
    ) as cups:
        yield cups


@pytest.fixture
def real(daemon_cups: PrivateCups) -> Desk:
    return Desk(daemon_cups)


@pytest.fixture(scope="session")
def pdf_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pdf")


def write_pdf(path: Path, *lines: str) -> Path:
    """A real PDF, one page for each line of text."""
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(os.fspath(path), pagesize=(595, 842), invariant=True)
    for line in lines:
        canvas.drawString(72, 720, line)
        canvas.showPage()
    canvas.save()
    return path


@pytest.fixture(scope="session")
def pdf(pdf_folder: Path) -> Path:
    return write_pdf(pdf_folder / "report.pdf", "one", "two")


@pytest.fixture(scope="session")
def other_pdf(pdf_folder: Path) -> Path:
    return write_pdf(pdf_folder / "other.pdf", "three")


@pytest.fixture
def waking() -> Iterator[Waking]:
    """With SIGUSR1."""
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    yield Waking()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGUSR1, before)
