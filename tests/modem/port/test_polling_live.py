"""Documents that are fetched over two ptys, by the command and by port processes, in hurried real time."""

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

from codec.tiff import read_pages, write_pages
from modem import journal
from modem.byhand import served
from modem.outcome import Cause, Fate
from modem.plan import CallPlan, PlannedFetch
from modem.port import client
from modem.port.client import AnswerSettings, CallAnswer, PortClient, PortState
from modem.received import calls_in
from tests.modem.port.bench import PAGES

ROOT = Path(__file__).resolve().parents[3]
SPEED = "4"


@contextmanager
def two_modems(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Modems 100 and 200 of one exchange."""
    links = folder / "tty100", folder / "tty200"
    command = [sys.executable, "-m", "modem.soft", "--link", f"{links[0]}=100", "--link", f"{links[1]}=200"]
    server = subprocess.Popen(
        [*command, "--out", "out", "--json", "--speed", SPEED],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        assert server.stdout.readline()
        yield links
    finally:
        server.terminate()
        server.stdout.close()
        server.wait()


def platen(*words: object, **environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
    )


def last_line(done: subprocess.Popen[bytes]) -> dict[str, object]:
    said, _ = done.communicate(timeout=180)
    lines = [json.loads(line) for line in said.splitlines()]
    assert lines, "nothing was said"
    found = lines[-1]
    assert isinstance(found, dict)
    return found


@pytest.mark.realtime
def test_platen_call_polls_what_platen_answer_offers(tmp_path: Path) -> None:
    write_pages(tmp_path / "offered.tif", PAGES)
    write_pages(tmp_path / "sent.tif", PAGES[:1])
    with two_modems(tmp_path) as (calling, called):
        answer = platen(
            *("answer", "--tty", called, "--out", tmp_path / "in", "--once", "--json"),
            *("--document", tmp_path / "offered.tif", "--selection", "7"),
            PLATEN_POLL_PASSWORD="sesame",
        )
        while not (tmp_path / "in").is_dir():
            assert answer.poll() is None
            time.sleep(0.05)
        call = platen(
            *("call", "200", tmp_path / "sent.tif", "--tty", calling, "--no-header", "--json"),
            *("--poll", "--selection", "7", "--out", tmp_path / "fetched"),
            PLATEN_POLL_PASSWORD="sesame",
        )
        outcome = last_line(call)
        answered = last_line(answer)
    assert (call.returncode, answer.returncode) == (0, 0), (outcome, answered)
    assert outcome["cause"] == "ok"
    (fetched,) = calls_in(tmp_path / "fetched")
    assert [page.digest for page in read_pages(fetched.pages)] == [page.digest for page in PAGES]
    told = answered["outcome"]
    assert isinstance(told, dict)
    assert [page["fate"] for page in told["sent"]] == ["confirmed", "confirmed"]
    (received,) = calls_in(tmp_path / "in")
    assert answered["tiff"] == str(received.pages)
    assert [page.digest for page in read_pages(received.pages)] == [PAGES[0].digest]
    for folder in (fetched, received):
        assert "sesame" not in folder.journal.read_text()


@pytest.mark.realtime
def test_a_port_process_fetches_what_another_one_serves(tmp_path: Path) -> None:
    write_pages(tmp_path / "offered.tif", PAGES)
    plan = CallPlan(call="c1", dial="200", documents=(), tsid="+49 555 1", fetch=PlannedFetch(password="sesame"))
    call = tmp_path / "calls" / "c1"
    call.mkdir(parents=True)
    plan.save(call / "plan.json")
    with two_modems(tmp_path) as links:
        pids = []
        ports = [PortClient(tmp_path / name, 120.0) for name in ("caller", "called")]
        try:
            for port, link in zip(ports, links, strict=True):
                pids.append(client.launch(port.folder.name, str(link), port.folder))
            for port in ports:
                while (status := port.status()) is None or status.state is not PortState.IDLE:
                    time.sleep(0.05)
            document = served(tmp_path / "offered.tif", password="sesame")
            status = ports[1].set_answering(AnswerSettings(folder=str(tmp_path / "in"), document=document))
            assert status.served_pages == len(PAGES)
            reply = ports[0].start_call(call / "plan.json", call / "journal.jsonl")
            assert reply.answer is CallAnswer.STARTED
            while (outcome := journal.outcome_of(journal.read(call / "journal.jsonl")[0], plan)) is None:
                time.sleep(0.1)
            while (status := ports[1].status()) is None or status.last_received is None:
                time.sleep(0.05)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
                os.waitpid(pid, 0)
    assert outcome.cause is Cause.OK, outcome
    assert [page.confirmed for page in outcome.fetched] == [True, True]
    assert [page.digest for page in read_pages(call / "fetched.tif")] == [page.digest for page in PAGES]
    (received,) = calls_in(tmp_path / "in")
    answered = received.outcome()
    assert answered is not None and answered.cause is Cause.OK
    assert [page.fate for page in answered.sent] == [Fate.CONFIRMED] * 2
    assert not received.pages.exists()
