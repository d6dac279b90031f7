"""The log: categories and levels that act at once, where it goes, and the entry of a transmission."""

from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fax.settings import LogCategory, LogLevel, LogSetting
from fax.types import JobState, Recipient, Submission
from spooler import logs
from tests.spooler.rig import PORT, ROOT, Rig, wait_for

SEVERITIES = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
NAMES = {
    LogCategory.INIT: "spooler.serving",
    LogCategory.OUTBOUND: "spooler.ports",
    LogCategory.INBOUND: "spooler.port_incoming",
    LogCategory.UNKNOWN: "somebody.else",
}


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Logging is one for the process: it is put back as it was."""
    root = logging.getLogger()
    handlers, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raising


def said(file: Path, levels: dict[LogCategory, LogLevel]) -> set[tuple[LogCategory, int]]:
    """What of everything that can be said gets into the log."""
    file.write_text("")
    logs.set_levels(levels)
    for category, name in NAMES.items():
        for severity in SEVERITIES:
            logging.getLogger(name).log(severity, "%s-%d", category.value, severity)
    words = file.read_text().split()
    return {(c, s) for c in LogCategory for s in SEVERITIES if f"{c.value}-{s}" in words}


def test_each_category_has_its_own_level(tmp_path: Path) -> None:
    file = tmp_path / "log"
    every = dict.fromkeys(LogCategory, LogLevel.NONE)
    logs.begin(every, to="none", file=file)
    assert said(file, every) == set()
    for category in LogCategory:
        for level, count in ((LogLevel.MIN, 1), (LogLevel.MED, 3), (LogLevel.MAX, 4)):
            assert said(file, every | {category: level}) == {(category, s) for s in SEVERITIES[-count:]}


def test_every_logger_of_the_house_stands_in_one_category() -> None:
    assert logs.category_of("spooler.ports") is LogCategory.OUTBOUND
    assert logs.category_of("spooler.transmissions") is LogCategory.OUTBOUND
    assert logs.category_of("uvicorn.error") is LogCategory.INIT
    assert logs.category_of("spooler.portsmouth") is LogCategory.UNKNOWN
    named = [name for name in logs._BY_NAME if name.startswith("spooler.")]
    there = {path.stem for path in (ROOT / "spooler").glob("*.py")} | {"migrations", "port_incoming"}
    assert [name for name in named if name.partition(".")[2] not in there] == []


def test_what_a_line_is_about_is_its_category_whichever_file_says_it() -> None:
    """FAXLOG_CATEGORY_INBOUND: incoming faxes, including routing."""
    inbound, outbound = (
        re.compile("reception|routing|extension|port_incoming"),
        re.compile("port_|dispatch|transmission"),
    )
    for path in (ROOT / "spooler").glob("*.py"):
        if "log = logging.getLogger(__name__)" in path.read_text() and path.stem != "extension_process":
            found = logs.category_of(f"spooler.{path.stem}")
            if inbound.match(path.stem):
                assert found is LogCategory.INBOUND, path
            elif outbound.match(path.stem):
                assert found is LogCategory.OUTBOUND, path


def test_what_comes_from_elsewhere_cannot_begin_a_line(tmp_path: Path) -> None:
    file = tmp_path / "log"
    logs.begin(dict.fromkeys(LogCategory, LogLevel.MAX), to="none", file=file)
    logging.getLogger("spooler.ports").error("%s", "a name\n2030-01-01 00:00:00 ERROR init spooler: forged")
    first, second = file.read_text().splitlines()
    assert first.endswith("a name")
    assert second.startswith("    ")


def test_a_line_is_told_whatever_characters_a_name_has(tmp_path: Path) -> None:
    file = tmp_path / "log"
    logs.begin(dict.fromkeys(LogCategory, LogLevel.MAX), to="none", file=file)
    name = os.fsdecode(b"Gr\xc3\xbc\xc3\x9fe\xff\x1b[2J\x07")
    logging.getLogger("spooler.incoming").error("Refused %s", name)
    assert file.read_text().endswith(r"Refused Grüße\udcff\x1b[2J\x07" + "\n")


def test_a_log_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "log"
    logs.begin(dict.fromkeys(LogCategory, LogLevel.MAX), to="none", file=file)
    logging.getLogger("spooler.ports").error("before")
    file.rename(tmp_path / "log.1")
    logging.getLogger("spooler.ports").error("after")
    assert "after" in file.read_text()
    assert "after" not in (tmp_path / "log.1").read_text()


def test_under_systemd_each_line_has_its_priority(tmp_path: Path) -> None:
    """Standard error is a real stream socket that JOURNAL_STREAM names, as the journal's is."""
    script = (
        "import logging; from fax.settings import *; from spooler import logs\n"
        "logs.begin(dict.fromkeys(LogCategory, LogLevel.MAX))\n"
        "for severity in (10, 20, 30, 40): logging.getLogger('spooler.ports').log(severity, 'hello')\n"
    )
    ours, theirs = socket.socketpair()
    about = os.fstat(theirs.fileno())
    environment = {**os.environ, "JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}"}
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=environment, stderr=theirs.fileno(), check=True)
    theirs.close()
    with ours, ours.makefile() as lines:
        assert lines.read().splitlines() == [f"<{n}>outbound: hello" for n in (7, 6, 4, 3)]


def test_the_log_of_a_running_daemon_follows_its_settings_and_tells_each_transmission(tmp_path: Path) -> None:
    file = tmp_path / "faxes.log"
    with Rig(tmp_path, f'log_file = "{file}"', "retries = 0") as rig, rig.plug_in("BUSY").running():

        def fax(number: str) -> int:
            recipients = (Recipient(number=number),)
            submission = Submission(documents=(rig.text(),), recipients=recipients, billing_code="C-17 ü")
            (job,) = rig.client.submit(submission).jobs
            rig.until(job, JobState.FAILED)
            # Its entry is written before the line is let go of, and after the fax has ended.
            wait_for(lambda: rig.client.ports()[0].status.call is None, "the end of its call")
            return job

        first = fax("5552001")
        entry = f"Fax {first} of root to 5552001 on {PORT} (call {first}-1): failed; 0 of 1 pages"
        wait_for(lambda: entry in file.read_text(), "the entry")
        (line,) = [line for line in file.read_text().splitlines() if entry in line]
        assert "WARNING outbound spooler.transmissions: " in line
        assert line.endswith("; busy; billing code C-17 ü")

        rig.client.set_log_categories([LogSetting(category=LogCategory.OUTBOUND, level=LogLevel.NONE)])
        fax("5552002")
        rig.client.set_log_categories([LogSetting(category=LogCategory.OUTBOUND, level=LogLevel.MED)])
        last = fax("5552003")
        wait_for(lambda: f"Fax {last} " in file.read_text(), "the last entry")
        assert "5552002" not in file.read_text()


@pytest.mark.parametrize("to", ["stderr", "none"])
def test_a_log_file_that_cannot_be_written_keeps_the_daemon_from_starting(tmp_path: Path, to: str) -> None:
    config = tmp_path / "platen.toml"
    config.write_text(f'spool = "{tmp_path}"\nlog_to = "{to}"\nlog_file = "{tmp_path}/nowhere/log"\n')
    command = [sys.executable, "-m", "spooler.main", "--config", str(config)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, "nowhere/log" in done.stderr) == (os.EX_CONFIG, True)
