"""Events: in the order of the Windows fax service, for who may see them, and told when they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from fax.errors import Cause, RequestError
from fax.ports import DeviceState, PortChange
from fax.types import Event, JobState
from modem.outcome import Cause as End
from modem.port.client import PortClient
from spooler import events, store_events
from spooler.event_codes import BY_CAUSE, Code, of_end
from spooler.events import News, Sight, follow
from spooler.port_status import state_after
from spooler.store import Store, Transaction
from tests.spooler.rig import PATIENCE_S, PORT, Rig, refusal, wait_for


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "platen.db")
    yield opened
    opened.close()


def tell(store: Store, count: int, kind: str = "line-idle") -> None:
    def work(tx: Transaction) -> None:
        for _ in range(count):
            store_events.emit(tx, kind, None)

    store.call(work)


def codes(told: list[Event], *left_out: int) -> list[int]:
    return [event.code for event in told if event.code is not None and event.code not in left_out]


def test_a_fax_that_is_busy_and_given_up_tells_its_calls_in_order(tmp_path: Path) -> None:
    with Rig(tmp_path, "retries = 1") as rig, rig.plug_in("BUSY").running():
        wait_for(lambda: Code.IDLE in codes(rig.events()), "the modem")
        job = rig.send("5552001")
        rig.until(job.id, JobState.FAILED)
        wait_for(lambda: codes(rig.events())[-1] == Code.IDLE, "the line")
        told = rig.events()
        busy = [Code.INITIALIZING, Code.DIALING, Code.BUSY, Code.IDLE]
        off = (Code.MODEM_POWERED_OFF,)
        assert codes(told, *off) == [
            Code.FAXSVC_STARTED,
            Code.MODEM_POWERED_ON,
            Code.IDLE,
            Code.JOB_QUEUED,
            *busy,
            *busy,
        ]
        device = rig.client.ports()[0].id
        for event in told:
            of_line = event.code in (*busy, Code.MODEM_POWERED_ON)
            assert (event.port, event.device) == ((PORT, device) if of_line else (None, None)), event


def test_a_cancelled_fax_tells_so_before_it_is_gone(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig, rig.plug_in(None).running():
        job = rig.send("5552001")
        wait_for(lambda: Code.DIALING in codes(rig.events()), "dialling")
        rig.client.cancel(job.id)
        rig.until(job.id, JobState.CANCELLED)
        wait_for(lambda: codes(rig.events())[-1] == Code.IDLE, "the line")
        after = codes(rig.events())
        assert after[after.index(Code.DIALING) :] == [
            Code.DIALING,
            Code.ABORTING,
            Code.DISCONNECTED,
            Code.DELETED,
            Code.IDLE,
        ]


def test_a_service_that_ends_says_so_to_who_follows(rig: Rig) -> None:
    stream = rig.client.events(follow=True)
    wait_for(lambda: next(stream).kind == "service-started", "the start")
    assert rig.process is not None
    rig.process.terminate()
    told = []
    with pytest.raises(Exception, match="went away"):
        for event in stream:
            told.append(event.code)
    assert told[-1] == Code.FAXSVC_ENDED
    assert rig.process.wait(PATIENCE_S) == 0
    rig.process = None


def test_a_modem_that_is_unplugged_is_told_once(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig:
        modem = rig.plug_in()
        with modem.running():
            wait_for(lambda: Code.IDLE in codes(rig.events()), "the modem")
        modem.unplug()
        wait_for(lambda: codes(rig.events())[-1] == Code.MODEM_POWERED_OFF, "its going")
        cursor = rig.client.status().cursor
        modem.plug()
        with modem.running():
            wait_for(lambda: codes(rig.events())[-1] == Code.IDLE, "its coming back")
        assert codes(list(rig.client.events(cursor))) == [Code.MODEM_POWERED_ON, Code.IDLE]


def test_every_end_of_a_call_has_a_number_and_a_state() -> None:
    for cause in End:
        code = of_end(cause.value)
        assert code is BY_CAUSE.get(cause, Code.FATAL_ERROR)
        assert state_after(cause.value).code & 0x20000000
    assert of_end("something of tomorrow") is Code.FATAL_ERROR
    assert of_end("delayed") is Code.CALL_DELAYED
    assert state_after("delayed") is DeviceState.CALL_DELAYED


def test_events_are_let_go_of_from_the_oldest_on_and_an_old_cursor_is_told_so(store: Store) -> None:
    tell(store, 10)
    told = store.call(partial(store_events.read, after=0, user=None, job=None, limit=100)).events
    later = told[-1].at + timedelta(days=1)
    assert store.call(partial(store_events.forget, before=told[0].at, limit=100)) == 0
    assert store.call(partial(store_events.forget, before=later, limit=4)) == 4
    with pytest.raises(RequestError, match="up to 4 have been removed") as caught:
        store.call(partial(store_events.check_cursor, after=3))
    assert (caught.value.cause, caught.value.detail) == (Cause.EVENTS_GONE, "4")
    for good in (0, 4, 5, 10, 99):
        store.call(partial(store_events.check_cursor, after=good))
    assert store.call(partial(store_events.forget, before=later, limit=100)) == 6
    assert store.call(store_events.latest) == 10
    with pytest.raises(RequestError):
        store.call(partial(store_events.check_cursor, after=9))
    tell(store, 1)
    (last,) = store.call(partial(store_events.read, after=10, user=None, job=None, limit=100)).events
    assert last.cursor == 11


def test_an_old_cursor_is_refused_over_the_api(rig: Rig) -> None:
    rig.client.change_configuration({"events_keep_days": 1})
    wait_for(lambda: Code.MODEM_POWERED_OFF in codes(rig.events()), "the news of the line")
    job = rig.send(None)
    rig.until(job.id, JobState.ADDRESS)
    cursor = rig.client.status().cursor
    rig.kill()
    aged = Store(rig.spool / "platen.db")
    aged.call(lambda tx: _age(tx, timedelta(days=2)))
    aged.close()
    rig.start()
    wait_for(lambda: rig.kinds(job.id) == [], "tidying")
    error = refusal(lambda: list(rig.client.events(cursor - 1)))
    assert (error.cause, error.detail) == (Cause.EVENTS_GONE, str(cursor))
    assert next(rig.client.events(cursor)).kind == "service-started"


def _age(tx: Transaction, by: timedelta) -> None:
    from sqlalchemy import update

    from spooler.store_tables import events as table

    tx.connection.execute(update(table).values(at=tx.now - by))


def test_who_sees_own_faxes_only_is_told_of_lines_and_of_the_server_too(store: Store) -> None:
    tell(store, 3)
    found = store.call(partial(store_events.read, after=0, user="ann", job=None, limit=100))
    assert [event.kind for event in found.events] == ["line-idle"] * 3


def test_a_reader_for_whom_there_is_nothing_does_not_look_at_the_same_events_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follower of one job, beside 3000 events of others."""
    tell(store, 3000)
    asked: list[int] = []
    read = store_events.read

    def watched(tx: Transaction, after: int, **more: Any) -> store_events.Batch:
        asked.append(after)
        return read(tx, after, **more)

    monkeypatch.setattr(store_events, "read", watched)
    monkeypatch.setattr(events, "PULSE_S", 0.0)

    async def play() -> None:
        lines = follow(News(store), store, after=0, sight=of(None), job=77, stay=True)
        assert [await anext(lines) for _ in range(3)] == [b"\n"] * 3

    asyncio.run(play())
    assert asked == [0, 3000, 3000]


def of(user: str | None) -> Callable[[], Awaitable[Sight | None]]:
    async def sight() -> Sight | None:
        return Sight(user=user)

    return sight


def test_a_long_past_of_others_is_read_in_bounded_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(store, 50)
    others = "UPDATE events SET job = 1, \"user\" = 'bob' WHERE cursor < 50"
    store.call(lambda tx: tx.connection.exec_driver_sql(others).rowcount)
    monkeypatch.setattr(store_events, "SCAN_LIMIT", 20)
    first = store.call(partial(store_events.read, after=0, user="ann", job=None, limit=100))
    assert (first.events, first.read_to, first.more) == ([], 20, True)

    async def play() -> list[bytes]:
        return [line async for line in follow(News(store), store, after=0, sight=of("ann"), job=None, stay=False)]

    (line,) = asyncio.run(play())
    assert b'"cursor":50' in line


def test_a_cancelled_fax_is_gone_but_once_for_windows_clients(rig: Rig) -> None:
    job = rig.send(None)
    rig.client.cancel(job.id)
    rig.client.delete(job.id)
    told = [event for event in rig.events() if event.job == job.id]
    assert told[-1].kind == "deleted"
    assert [event.kind for event in told if event.code == Code.DELETED] == ["cancelled"]


def test_a_line_that_receives_tells_rings_answer_and_end_and_one_that_does_not_lets_it_ring(tmp_path: Path) -> None:
    with Rig(tmp_path) as rig, rig.plug_in().running() as modem:
        modem.answers["ATA"] = "NO CARRIER"
        wait_for(lambda: Code.IDLE in codes(rig.events()), "the modem")
        (line,) = rig.client.ports()
        rig.client.change_port(line.id, PortChange(receive=True, rings=3, csid="+1 555 9"))
        wait_for(lambda: _answering(rig) == 3, "the line answering")

        modem.say("RING")
        wait_for(lambda: Code.RINGING in codes(rig.events()), "ringing")

        modem.say("RING")
        modem.say("RING")
        rung = [monotonic()]

        def answered() -> bool:
            # Should a ring have come so late that it was taken for another call's: it rings on.
            if "ATA" not in modem.heard and monotonic() > rung[-1] + 3.0:
                modem.say("RING")
                rung.append(monotonic())
            return Code.ANSWERED in codes(rig.events())

        wait_for(answered, "the answer")
        wait_for(lambda: codes(rig.events())[-1] == Code.IDLE, "the line")
        told = codes(rig.events())
        after = told[told.index(Code.RINGING) :]
        assert after[:4] == [Code.RINGING, Code.ANSWERED, Code.DISCONNECTED, Code.IDLE]
        (call,) = (rig.spool / "received" / PORT).iterdir()
        assert (call / "journal.jsonl").exists()

        rig.client.change_port(line.id, PortChange(receive=False))
        wait_for(lambda: _answering(rig) is None, "the line not answering")


def _answering(rig: Rig) -> int | None:
    """After how many rings the port process answers; None: it does not."""
    status = PortClient(rig.port_folder, PATIENCE_S).status()
    return status.answering_after if status is not None and status.answering else None
