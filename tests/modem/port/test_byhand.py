"""Calls by hand, on a scripted modem; and one in real time, to a fax machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from codec.errors import TiffError
from codec.tiff import write_pages
from modem import journal
from modem.byhand import HandOptions, call_by_hand
from modem.entries import Entry
from modem.outcome import Cause, Fate, Fault, Retry
from modem.plan import LinePolicy
from modem.port.pages import PlanError
from tests.modem.port.bench import PAGES, PICTURES, save_pages
from tests.modem.port.scripted import ScriptedModem
from tests.modem.soft.pictures import read_fax

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def modem(tmp_path: Path) -> Iterator[ScriptedModem]:
    one = ScriptedModem(tmp_path / "ttyFAX0")
    with one.running():
        yield one
    one.unplug()


@pytest.fixture
def tiff(tmp_path: Path) -> Path:
    save_pages(tmp_path / "pages.tif", 3)
    return tmp_path / "pages.tif"


@pytest.fixture
def options(tmp_path: Path) -> HandOptions:
    (tmp_path / "locks").mkdir()
    return HandOptions(ident="+49 555 1", lock_folder=tmp_path / "locks")


def test_one_call_one_outcome_and_its_entries_as_they_happen(
    modem: ScriptedModem, tiff: Path, options: HandOptions
) -> None:
    entries: list[Entry] = []
    outcome = call_by_hand("+49 (555) 20-01", tiff, str(modem.link), options, entries.append)
    assert outcome.cause is Cause.BUSY
    assert [(page.number, page.fate) for page in outcome.pages] == [(n, Fate.NOT_SENT) for n in (1, 2, 3)]
    assert (entries[0].kind, entries[-1].kind) == ("begin", "end")
    assert "ATDT495552001" in modem.heard
    assert options.lock_folder is not None
    assert not list(options.lock_folder.iterdir())


def test_a_call_may_begin_at_any_page_and_keep_its_journal(modem: ScriptedModem, tiff: Path, tmp_path: Path) -> None:
    options = HandOptions(start_page=2, journal=tmp_path / "journal", lock_folder=None)
    outcome = call_by_hand("5552001", tiff, str(modem.link), options)
    assert [page.number for page in outcome.pages] == [2, 3]
    lines, _ = journal.read(tmp_path / "journal")
    assert lines[0].fields["documents"] == [{"job": 1, "pages": [2, 3]}]
    with pytest.raises(PlanError, match="journal already"):
        call_by_hand("5552001", tiff, str(modem.link), options)
    assert modem.dialled == 1


@pytest.mark.parametrize("number", ["5552001x", "", "fax", "+", "55;52001", "555+2001", "ATDT1"])
def test_what_is_no_number_is_not_dialled(modem: ScriptedModem, tiff: Path, options: HandOptions, number: str) -> None:
    outcome = call_by_hand(number, tiff, str(modem.link), options)
    assert (outcome.cause, outcome.retry) == (Cause.BAD_NUMBER, Retry.NEVER)
    assert not modem.heard


def test_a_page_that_does_not_exist_cannot_be_the_first(modem: ScriptedModem, tiff: Path) -> None:
    with pytest.raises(PlanError, match="no page 4"):
        call_by_hand("5552001", tiff, str(modem.link), HandOptions(start_page=4))
    assert not modem.heard


def test_what_is_no_fax_file_is_not_dialled_for(modem: ScriptedModem, tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("hello")
    with pytest.raises(TiffError):
        call_by_hand("5552001", tmp_path / "text.tif", str(modem.link))
    with pytest.raises(FileNotFoundError):
        call_by_hand("5552001", tmp_path / "none.tif", str(modem.link))
    assert not modem.heard


def test_without_a_device_the_outcome_says_so(tiff: Path, tmp_path: Path, options: HandOptions) -> None:
    outcome = call_by_hand("5552001", tiff, str(tmp_path / "ttyNone"), options)
    assert (outcome.cause, outcome.fault, outcome.retry) == (Cause.DEVICE_MISSING, Fault.DEVICE, Retry.DEVICE)
    assert "ttyNone" in outcome.text


def test_a_device_in_use_by_another_program_says_by_whom(
    modem: ScriptedModem, tiff: Path, options: HandOptions
) -> None:
    assert options.lock_folder is not None
    name = "LCK..pts_" + modem.link.resolve().name
    (options.lock_folder / name).write_bytes(b"%10d\n" % os.getppid())
    outcome = call_by_hand("5552001", tiff, str(modem.link), options)
    assert outcome.fault is Fault.DEVICE
    assert f"in use by process {os.getppid()}" in outcome.text
    assert not modem.heard


BY_HAND = """
import sys
from pathlib import Path
from modem.byhand import HandOptions, call_by_hand

outcome = call_by_hand("5552001", Path(sys.argv[1]), sys.argv[2], HandOptions(lock_folder=None),
                       lambda entry: print(entry.kind, flush=True))
print(outcome.cause.value)
"""


@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_ends_the_call_politely_and_a_second_one_at_once(
    modem: ScriptedModem, tiff: Path, interrupts: int
) -> None:
    modem.dial = None
    modem.answers["ATH0"] = None if interrupts == 2 else "OK"
    child = subprocess.Popen(
        [sys.executable, "-c", BY_HAND, str(tiff), str(modem.link)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    while child.stdout.readline() != "dialling\n":
        assert child.poll() is None
    child.send_signal(signal.SIGINT)
    if interrupts == 2:
        while "ATH0" not in modem.heard:
            assert child.poll() is None
        child.send_signal(signal.SIGINT)
    said = child.stdout.read().split()
    assert child.wait() == 0
    child.stdout.close()
    assert said[-2] == "end"
    assert said[-1] == "cancelled"


UNNOTICED = """
import signal
import sys
import threading
from pathlib import Path
from modem.byhand import HandOptions, call_by_hand

def interrupt():
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

def heard(entry):
    if entry.kind == "dialling":
        threading.Timer(0.5, interrupt).start()

print(call_by_hand("5552001", Path(sys.argv[1]), sys.argv[2], HandOptions(lock_folder=None), heard).cause.value)
"""


def test_ctrl_c_ends_a_wait_that_its_signal_does_not_interrupt(modem: ScriptedModem, tiff: Path) -> None:
    modem.dial = None
    modem.answers["ATH0"] = "OK"
    done = subprocess.run(
        [sys.executable, "-c", UNNOTICED, tiff, modem.link], stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == "cancelled\n"


EXCHANGE = """
[[numbers]]
number = "5552001"
ident = "+49 555 2001"
"""


@pytest.mark.realtime
def test_a_fax_machine_receives_what_was_sent_by_hand(tmp_path: Path) -> None:
    write_pages(tmp_path / "pages.tif", PAGES)
    (tmp_path / "exchange.toml").write_text(EXCHANGE)
    link = tmp_path / "ttySOFT"
    server = subprocess.Popen(
        [sys.executable, "-m", "modem.soft", "--link", link, "--config", "exchange.toml", "--out", "out", "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        assert server.stdout.readline()
        by_hand = HandOptions(ident="+49 555 1", lock_folder=None, policy=LinePolicy(header_line=False), start_page=2)
        outcome = call_by_hand("5552001", tmp_path / "pages.tif", str(link), by_hand)
    finally:
        server.terminate()
        server.stdout.close()
        server.wait()
    assert outcome.cause is Cause.OK, outcome
    assert [(page.number, page.fate) for page in outcome.pages] == [(2, Fate.CONFIRMED)]
    assert outcome.figures.far_ident == "+49 555 2001"
    (received,) = (tmp_path / "out").rglob("*.tif")
    assert read_fax(received) == [PICTURES[1].tobytes()]


def test_sub_address_and_password_are_in_the_plan_and_the_password_not_in_the_journal(
    modem: ScriptedModem, tiff: Path, options: HandOptions, tmp_path: Path
) -> None:
    entries: list[Entry] = []
    chosen = replace(options, sub_address="12", password="sesame", journal=tmp_path / "journal")
    call_by_hand("5552001", tiff, str(modem.link), chosen, entries.append)
    (document,) = entries[0].fields["plan"]["documents"]
    assert (document["sub_address"], document["password"]) == ("12", "******")
    assert "sesame" not in (tmp_path / "journal").read_text()
