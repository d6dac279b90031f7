"""Calls that come in over a pty, answered by ``platen answer`` and by the port process, in hurried real time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codec.tiff import write_pages
from modem import journal
from modem.port import client
from modem.port.client import PortClient
from modem.port.messages import AnswerSettings, PortState
from modem.received import calls_in
from tests.modem.port.bench import PAGES, PICTURES
from tests.modem.soft.pictures import read_fax

ROOT = Path(__file__).resolve().parents[3]
SPEED = "4"
EXCHANGE = """
[[incoming]]
to = "100"
send = "sent.tif"
number = "5559000"
ident = "+49 555 9000"
rings = 400
after_s = 4
"""


@contextmanager
def exchange(folder: Path, calls: str = EXCHANGE) -> Iterator[Path]:
    """A fax machine that calls the modem at the path it gives."""
    write_pages(folder / "sent.tif", PAGES)
    (folder / "exchange.toml").write_text(calls)
    link = folder / "ttySOFT"
    told = folder / "exchange.log"
    command = [sys.executable, "-m", "modem.soft", "--link", f"{link}=100", "--config", "exchange.toml"]
    with told.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--out", "out", "--json", "--speed", SPEED],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
        )
    try:
        while b"\n" not in told.read_bytes():
            assert server.poll() is None
            time.sleep(0.02)
        yield link
    finally:
        server.terminate()
        server.wait()


@pytest.mark.realtime
def test_platen_answer_keeps_a_fax_and_tells_it(tmp_path: Path) -> None:
    with exchange(tmp_path) as link:
        command = [sys.executable, "-m", "cli.main", "answer", "--tty", str(link), "--out", str(tmp_path / "in")]
        done = subprocess.run(
            [*command, "--once", "--rings", "2", "--json", "--ident", "+49 555 1"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, lines
    kinds = [line.get("kind") for line in lines[:-1]]
    assert kinds == [
        "begin",
        "far-end",
        "trained",
        "page-received",
        "page-confirmed",
        "page-received",
        "page-confirmed",
    ]
    last = lines[-1]
    assert last["outcome"]["cause"] == "ok"
    assert [(page["receipt"], page["confirmed"]) for page in last["outcome"]["pages"]] == [("clean", True)] * 2
    figures = last["outcome"]["figures"]
    assert (figures["far_ident"], figures["ecm"], figures["coding"]) == ("+49 555 9000", True, "mmr")
    assert read_fax(Path(last["tiff"])) == [picture.tobytes() for picture in PICTURES]
    entries, _ = journal.read(Path(last["journal"]))
    assert entries[-1].kind == "end"


@pytest.mark.realtime
def test_a_port_process_answers_when_it_is_told_to(tmp_path: Path) -> None:
    with exchange(tmp_path) as link:
        folder = tmp_path / "port"
        folder.mkdir()
        pid = client.launch("one", str(link), folder, lock_folder=None)
        port = PortClient(folder, 120.0)
        try:
            while (status := port.status()) is None or status.state is not PortState.IDLE:
                time.sleep(0.05)
            assert not status.answering
            assert not port.pick_up()
            status = port.set_answering(AnswerSettings(folder=str(tmp_path / "in"), rings=1))
            assert (status.answering, status.answering_into) == (True, str(tmp_path / "in"))
            assert (status.answering_after, status.served_pages) == (1, 0)
            while status is None or status.last_call is None:
                time.sleep(0.1)
                status = port.status()
            assert status.last_call.startswith("in-")
            assert status.last_received == status.last_call
            (received,) = calls_in(tmp_path / "in")
            assert received.call == status.last_received
            assert read_fax(received.pages) == [each.tobytes() for each in PICTURES]
            outcome = received.outcome()
            assert outcome is not None
            assert [page.confirmed for page in outcome.pages] == [True, True]
            assert not port.set_answering(None).answering
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
