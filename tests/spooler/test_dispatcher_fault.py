"""The dispatcher goes on after a fault that nobody foresaw: without it no fax would ever go out."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from spooler.daemon import Daemon
from spooler.schedule import Schedule
from spooler.schedule_types import Decision
from spooler.settings import Settings
from spooler.spool import Spool
from spooler.store import Store


def test_the_dispatcher_goes_on_after_a_fault_of_its_own_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spool = Spool(tmp_path)
    spool.prepare(None)
    store = Store(spool.database)
    decide, asked = Schedule.decide, []

    def fails_once(schedule: Schedule, now: datetime) -> Decision:
        asked.append(now)
        if len(asked) == 1:
            raise ZeroDivisionError
        return decide(schedule, now)

    monkeypatch.setattr(Schedule, "decide", fails_once)

    async def run() -> None:
        dispatcher = Daemon(Settings(spool=tmp_path), spool, store).dispatcher
        await dispatcher.start()
        async with asyncio.timeout(60):
            while len(asked) < 2:
                dispatcher.wake()
                await asyncio.sleep(0.01)
        await dispatcher.stop()

    try:
        asyncio.run(run())
    finally:
        store.close()
    assert "The dispatcher failed" in caplog.text
