"""When a call is given up for its process's sake: never while a process lives that may make it yet."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modem.port import client as port_client
from modem.port.client import PortClient
from spooler.configuration import Live
from spooler.planning import write_plan
from spooler.port_attendance import SILENT_LOOKS, Attendance
from spooler.port_call import RunningCall
from spooler.port_news import PortNews
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store
from tests.spooler.rig import wait_for
from tests.spooler.test_calls import intend, plan_of, shown, store, submit

__all__ = ["store"]


@pytest.fixture
def port(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A port process whose modem is not there: its folder and its process id."""
    folder = tmp_path / "port"
    process = port_client.launch("line1", str(tmp_path / "no-modem"), folder)
    try:
        wait_for(lambda: PortClient(folder).status() is not None, "the port process")
        yield folder, process
    finally:
        os.kill(process, signal.SIGKILL)
        wait_for(lambda: not port_client.is_locked(folder), "the end of the port process")
        port_client.reap()


def test_a_journal_without_a_line_is_given_up_when_its_process_says_so_and_not_while_it_stands_still(
    store: Store, tmp_path: Path, port: tuple[Path, int]
) -> None:
    folder, process = port
    job = submit(store)
    order = intend(store, job)
    spool = Spool(tmp_path / "spool")
    spool.root.mkdir()
    spool.prepare(None)
    call = RunningCall(order.call, (job,), spool.call(order.call), order.number, began=datetime.now(UTC))
    write_plan(plan_of(order), call.folder)
    # It was made, and nobody has locked it: the process may be just about to.
    call.journal.touch(0o600)
    over: list[RunningCall] = []
    attendance = Attendance(
        "line1",
        folder,
        PortClient(folder, timeout_s=0.2),
        store,
        spool,
        Live(store, Settings()),
        PortNews("line1", store),
        lambda state, detail: None,
        lambda running, dialled: over.append(running),
    )

    async def look(times: int) -> None:
        for _ in range(times):
            if not over:
                await attendance.look(call)

    os.kill(process, signal.SIGSTOP)
    try:
        asyncio.run(look(SILENT_LOOKS + 3))
        assert not over
    finally:
        os.kill(process, signal.SIGCONT)
    wait_for(lambda: asyncio.run(look(1)) or over, "the call's end")
    assert shown(store, job).attempts == 1
