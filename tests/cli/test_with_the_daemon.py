"""The command and the real daemon: a spool of its own, no telephone line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from PIL import Image, ImageSequence

from fax import Client, JobId, JobState, NotRunningError
from tests.cli.command import REPORT, ROOT, begin, environment, platen
from tests.spooler.rig import PATIENCE_S


class Daemon:
    """``platend`` on a spool of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "api.sock"
        self._settings = folder / "platen.toml"
        self._settings.write_text(f'spool = "{folder}/spool"\nsocket = "{self.socket}"\n')
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(
            [sys.executable, "-m", "spooler.main", "--config", str(self._settings)],
            cwd=ROOT,
            env=environment(None),
            stderr=subprocess.DEVNULL,
        )
        while self._running.poll() is None:
            try:
                Client(self.socket).status()
                return
            except NotRunningError:
                time.sleep(0.05)
        raise AssertionError("platend does not start")

    def end(self, how: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(how)
            self._running.wait(PATIENCE_S)
            self._running = None


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with TemporaryDirectory(prefix="platen-") as folder:
        made = Daemon(Path(folder))
        made.start()
        try:
            yield made
        finally:
            made.end(signal.SIGTERM)


def send(daemon: Daemon, *arguments: str | Path) -> int:
    done = platen("send", *arguments, "--json", socket=daemon.socket)
    assert done.returncode == 0, done.stderr
    (id,) = json.loads(done.stdout)["jobs"]
    return int(id)


def prepared(daemon: Daemon, id: int) -> None:
    for event in Client(daemon.socket).events(follow=True, job=JobId(id), reconnect=True):
        if event.kind == "prepared":
            return


def pixels(tiff: Path) -> list[tuple[tuple[int, int], bytes]]:
    """Size and bits of each page."""
    with Image.open(tiff) as file:
        return [(page.size, page.tobytes()) for page in ImageSequence.Iterator(file)]


@pytest.fixture(autouse=True)
def nothing_left(daemon: Daemon) -> Iterator[None]:
    """Each test finds no fax under way."""
    yield
    client = Client(daemon.socket)
    for job in client.jobs():
        if not job.state.ended:
            client.cancel(job.id)


def test_a_fax_without_a_number_waits_is_listed_and_is_addressed(daemon: Daemon) -> None:
    id = send(daemon, REPORT)
    prepared(daemon, id)
    (found,) = json.loads(platen("jobs", "--waiting", "--json", socket=daemon.socket).stdout)
    assert (found["id"], found["state"], found["recipient"]["number"]) == (id, "address", None)
    done = platen("address", str(id), "--to", "+1 (555) 2001", "--name", "Ann", socket=daemon.socket)
    assert done.returncode == 0
    assert done.stdout == f"job {id}: to +15552001 Ann, waiting\n"
    assert platen("cancel", str(id), socket=daemon.socket).stdout == f"job {id}: cancelled\n"
    assert platen("cancel", str(id), socket=daemon.socket).returncode == 4
    assert platen("jobs", socket=daemon.socket).stdout == ""


def test_the_pages_are_those_that_convert_writes(daemon: Daemon, tmp_path: Path) -> None:
    id = send(daemon, REPORT, "--to", "5552001", "--hold", "--resolution", "standard")
    prepared(daemon, id)
    assert platen("pages", str(id), "-o", tmp_path / "a.tif", socket=daemon.socket).returncode == 0
    platen("convert", REPORT, "-o", tmp_path / "b.tif", "--resolution", "standard")
    found = [pixels(tmp_path / name) for name in ("a.tif", "b.tif")]
    assert found[0] == found[1]
    assert len(found[0]) == len(Client(daemon.socket).job(JobId(id)).pages) > 1


def test_hold_and_resume(daemon: Daemon) -> None:
    id = send(daemon, REPORT, "--to", "5552001", "--hold")
    prepared(daemon, id)
    assert Client(daemon.socket).job(JobId(id)).state is JobState.HELD
    assert platen("resume", str(id), socket=daemon.socket).stdout == f"job {id}: waiting\n"
    assert platen("hold", str(id), socket=daemon.socket).stdout == f"job {id}: held\n"
    assert platen("cancel", str(id), socket=daemon.socket).returncode == 0


@pytest.mark.parametrize(
    ("name", "octets", "said"),
    [
        ("empty.pdf", b"", "empty"),
        ("letter.pdf", b"Dear all,\n", "not a PDF"),
        ("cut.pdf", REPORT.read_bytes()[:3000], "cut off"),
    ],
)
def test_a_bad_document_is_refused_with_its_name(
    daemon: Daemon, tmp_path: Path, name: str, octets: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(octets)
    done = platen("send", tmp_path / name, "--to", "5552001", socket=daemon.socket)
    assert done.returncode == 4
    assert name in done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--to", "555CALL"), "555CALL"),
        (("--to", "5552001", "--cover=letterhead"), "default"),
    ],
)
def test_a_bad_number_and_an_unknown_cover_page_are_refused(
    daemon: Daemon, options: tuple[str, ...], said: str
) -> None:
    done = platen("send", REPORT, *options, socket=daemon.socket)
    assert done.returncode == 4
    assert said in done.stderr
    assert platen("jobs", socket=daemon.socket).stdout == ""


def test_a_job_that_is_not_there_is_exit_code_5(daemon: Daemon, tmp_path: Path) -> None:
    for words in ("show 4711", "cancel 4711", "follow 4711", "address 4711 --to 1", f"pages 4711 -o {tmp_path}/x.tif"):
        done = platen(*words.split(), socket=daemon.socket)
        assert done.returncode == 5, words
        assert done.stderr.count("4711") == 1
    assert not list(tmp_path.iterdir())


def test_status_tells_the_spool_and_the_absence_of_lines(daemon: Daemon) -> None:
    done = platen("status", socket=daemon.socket)
    assert str(daemon.socket) in done.stdout
    assert "no telephone line is set up" in done.stdout


def test_a_fax_is_followed_across_a_kill_of_the_daemon(daemon: Daemon) -> None:
    id = send(daemon, REPORT, "--to", "5552001")
    with begin("follow", str(id), "--json", socket=daemon.socket) as following:
        assert following.stdout is not None
        kinds = []
        while "prepared" not in kinds:
            kinds.append(json.loads(following.stdout.readline())["kind"])
        daemon.end(signal.SIGKILL)
        daemon.start()
        assert platen("hold", str(id), socket=daemon.socket).returncode == 0
        assert platen("cancel", str(id), socket=daemon.socket).returncode == 0
        kinds += [json.loads(line)["kind"] for line in following.stdout]
        assert following.wait(PATIENCE_S) == 1
    assert kinds[0] == "accepted"
    assert kinds[-3:] == ["held", "aborting", "cancelled"]
    assert len(kinds) == len(set(kinds))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be another user")
def test_another_user_may_send_but_not_touch_the_fax_of_someone_else(daemon: Daemon) -> None:
    id = send(daemon, REPORT, "--to", "5552001", "--hold")
    Path(daemon.socket).parent.chmod(0o755)
    nobody = 65534
    probe = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); from fax import Client\n"
        "from fax.errors import FaxError\n"
        f"client = Client({str(daemon.socket)!r}); os.setgid({nobody}); os.setuid({nobody})\n"
        f"try: client.job({id})\n"
        "except FaxError as error: print(error.cause.value)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.stdout == "not-allowed\n", done.stderr
