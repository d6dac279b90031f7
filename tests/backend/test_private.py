"""The private CUPS itself, the PPD, and what install puts in place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.install import KEEPER, InstallError, install_backend, install_filters
from backend.private import CupsError, PrivateCups, stop_left
from tests.backend.desk import COMPLETED, Desk, eventually, processes

ROOT = os.geteuid() == 0


@pytest.fixture
def folder(open_folder: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix="private-", dir=open_folder))
    made.chmod(0o755)
    return made


def _cupsd_of(folder: Path) -> list[int]:
    return [process.pid for process in processes() if any(str(folder) in word for word in process.command)]


def test_the_queue_is_a_fax_queue_with_fields_for_the_number(desk: Desk) -> None:
    listed = desk.run("lpoptions", "-p", desk.cups.queue, "-l")
    for option in ("phone", "faxPrefix", "FaxRecipient", "FaxCompany", "FaxSubject", "FaxNote"):
        assert any(line.startswith(f"{option}/") and "Custom.STRING" in line for line in listed.splitlines())
    assert "*204x196dpi" in listed
    kind = next(
        word for word in desk.run("lpoptions", "-p", desk.cups.queue).split() if word.startswith("printer-type=")
    )
    assert int(kind.partition("=")[2]) & 0x40000  # CUPS_PRINTER_FAX


def test_it_leaves_no_process_and_keeps_its_queue(folder: Path) -> None:
    cups = PrivateCups(folder, daemon_socket=folder / "none", spool=folder, settings=["DirtyCleanInterval 0"])
    cups.start()
    server = cups.server
    assert _cupsd_of(folder) == [cups.pid]
    cups.stop()
    assert _cupsd_of(folder) == []
    cups.start()
    assert (cups.server, "platen:/fax" in Desk(cups).run("lpstat", "-v")) == (server, True)
    cups.stop()
    cups.stop()
    assert _cupsd_of(folder) == []


def test_a_cupsd_left_by_another_program_can_be_ended(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from backend.private import PrivateCups; f = Path(sys.argv[1]);"
        "PrivateCups(f, daemon_socket=f, spool=f, tied=False).start(); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, folder], check=True)
    assert len(_cupsd_of(folder)) == 1
    assert stop_left(folder)
    assert _cupsd_of(folder) == []
    assert not stop_left(folder)


def test_a_tied_cupsd_ends_with_the_program_that_started_it(folder: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from backend.private import PrivateCups; f = Path(sys.argv[1]);"
        "PrivateCups(f, daemon_socket=f, spool=f).start(); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, folder], check=False).returncode == -9
    eventually(lambda: _cupsd_of(folder) == [], "cupsd stays")


def test_bad_settings_are_told_with_the_log(folder: Path) -> None:
    cups = PrivateCups(folder, daemon_socket=folder, spool=folder, settings=["<Policy broken>", "Nonsense"])
    with pytest.raises(CupsError, match=r"(?s)cupsd ended.*cupsd\.conf"):
        cups.start()
    assert _cupsd_of(folder) == []


def test_a_path_too_long_for_a_socket_is_told(folder: Path) -> None:
    with pytest.raises(CupsError, match="too long for a socket"):
        PrivateCups(folder / ("x" * 100), daemon_socket=folder, spool=folder).start()


@pytest.mark.skipif(not ROOT, reason="only root's CUPS changes its user")
def test_a_folder_that_lp_cannot_enter_is_told(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(CupsError, match=rf"cannot enter {closed}"):
        PrivateCups(closed / "cups", daemon_socket=folder, spool=folder).start()


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_it_works_for_an_unprivileged_user(folder: Path, pdf: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from backend.private import PrivateCups; f = Path(sys.argv[1]);"
        "from tests.backend.desk import Desk\n"
        "with PrivateCups(f / 'cups', daemon_socket=f / 'none', spool=f / 'spool') as cups:\n"
        "    ticket = Desk(cups).print('-o', 'phone=5552001', stdin=b'text')\n"
        "    print(ticket.state, ticket.message)\n"
    )
    (folder / "spool" / "incoming").mkdir(parents=True)
    for path in (folder, folder / "spool", folder / "spool" / "incoming"):
        shutil.chown(path, "games", "games")
    become = ["setpriv", "--reuid=games", "--regid=games", "--clear-groups", "--"]
    done = subprocess.run([*become, sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(f"{COMPLETED} The fax server is away"), done.stderr
    (left,) = (folder / "spool" / "incoming").iterdir()
    assert left.owner() == "games"


@pytest.fixture
def programs(folder: Path) -> Iterator[Path]:
    (folder / "programs").mkdir()
    yield folder / "programs"


def _discovers(program: Path) -> bool:
    done = subprocess.run([program], capture_output=True, text=True, check=False, cwd="/", env={"PYTHONPATH": "/x"})
    return done.stdout.startswith("direct platen:/fax ")


def test_the_program_runs_from_anywhere_with_any_environment(programs: Path) -> None:
    installed = install_backend(programs)
    assert (installed.mode, installed.path.stat().st_mode & 0o777, installed.note) == (0o755, 0o755, "")
    assert _discovers(installed.path)
    assert [item.path.stat().st_mode & 0o777 for item in install_filters(programs)] == [0o755, 0o755]
    assert (programs / KEEPER).stat().st_mode & 0o777 == 0o755


def test_filters_do_without_a_program_that_cannot_run(programs: Path) -> None:
    install_filters(programs)
    assert len(install_filters(programs, "/bin/false")) == 2
    assert not (programs / KEEPER).exists()


def test_an_interpreter_may_lie_in_a_folder_with_blanks(programs: Path) -> None:
    odd = programs / "a folder's name"
    odd.mkdir()
    environment = odd / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    site = next((environment / "lib").glob("python*/site-packages"))
    import msgspec

    (site / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    installed = install_backend(programs, environment / "bin" / "python")
    assert str(odd) in installed.path.read_text()
    assert _discovers(installed.path)


@pytest.mark.skipif(not ROOT, reason="only root's CUPS changes its user")
def test_an_interpreter_that_lp_cannot_reach_makes_it_run_as_root(programs: Path) -> None:
    closed = programs / "closed"
    environment = closed / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    import msgspec

    site = next((environment / "lib").glob("python*/site-packages"))
    (site / "msgspec").symlink_to(Path(msgspec.__file__).parent)
    closed.chmod(0o700)
    installed = install_backend(programs, environment / "bin" / "python")
    assert installed.mode == installed.path.stat().st_mode & 0o777 == 0o700
    assert "lp cannot run it" in installed.note


def test_an_interpreter_without_our_needs_is_refused(programs: Path) -> None:
    environment = programs / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    with pytest.raises(InstallError, match="no package msgspec"):
        install_backend(programs, environment / "bin" / "python")
    assert not (programs / "platen").exists()


def test_a_folder_that_cannot_be_written_is_told(programs: Path) -> None:
    with pytest.raises(InstallError, match="cannot be written"):
        install_backend(programs / "missing")
