"""Events: into a queue and to a window, in their order, once, and to the end of the service."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import winfax
from tests.spooler.rig import PATIENCE_S, Rig, wait_for
from tests.winfax.conftest import served
from winfax.events import registered
from winfax.handles import ServerHandle

Refused = Callable[[object], int]
BASE = winfax.WM_USER + 100
NAMES = {value: name for name, value in vars(winfax).items() if name.startswith("FEI_") and name != "FEI_NEVENTS"}


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """A daemon with a modem that finds every number busy."""
    with served("retries = 0") as running, running.plug_in("BUSY").running():
        ready(running)
        yield running


def ready(rig: Rig) -> None:
    wait_for(lambda: rig.client.ports()[0].status.state.value == "available", "the modem")


class Listener:
    """A queue, and what has come through it."""

    def __init__(self) -> None:
        self.port: queue.Queue[tuple[Any, winfax.FAX_EVENT]] = queue.Queue()
        self.told: list[winfax.FAX_EVENT] = []

    def next(self) -> tuple[Any, winfax.FAX_EVENT]:
        key, event = self.port.get(timeout=PATIENCE_S)
        self.told.append(event)
        return key, event

    def until(self, id: int, job: int | None = None) -> winfax.FAX_EVENT:
        while True:
            _, event = self.next()
            if event.EventId == id and job in (None, event.JobId):
                return event

    def names(self, job: int | None = None) -> list[str]:
        return [NAMES[event.EventId].removeprefix("FEI_") for event in self.told if job in (None, event.JobId)]


@pytest.fixture
def listener(rig: Rig, handle: ServerHandle) -> Iterator[Listener]:
    made = Listener()
    assert winfax.FaxInitializeEventQueue(handle, made.port, "key", None, 0), winfax.last_error_text()
    yield made
    free(handle)
    ready(rig)


def free(handle: ServerHandle) -> None:
    """Free the session's place, which a program does by ending."""
    if (registration := registered(handle)) is not None:
        registration.end()


def send(handle: ServerHandle, folder: Path) -> int:
    file = folder / "letter.txt"
    file.write_text("A letter.\n")
    ok, job = winfax.FaxSendDocument(handle, str(file), winfax.FAX_JOB_PARAM(RecipientNumber="5552001"))
    assert ok
    return job


def test_the_events_of_a_fax_come_in_their_order_each_once(
    rig: Rig, handle: ServerHandle, listener: Listener, tmp_path: Path
) -> None:
    device = rig.client.ports()[0].id
    job = send(handle, tmp_path)
    listener.until(winfax.FEI_BUSY, job)
    listener.until(winfax.FEI_IDLE)
    assert listener.names(job) == ["JOB_QUEUED", "INITIALIZING", "DIALING", "BUSY"]
    assert winfax.FaxSetJob(handle, job, winfax.JC_DELETE)
    deleted = listener.until(winfax.FEI_DELETED, job)
    assert deleted.SizeOfStruct == 24
    stamps = [event.TimeStamp.ticks for event in listener.told]
    assert stamps == sorted(stamps)
    for event in listener.told:
        if event.EventId in (winfax.FEI_DIALING, winfax.FEI_BUSY, winfax.FEI_IDLE):
            assert event.DeviceId == device
        if event.EventId == winfax.FEI_IDLE:
            assert event.JobId == winfax.NO_JOB
    winfax.LocalFree(deleted)
    with pytest.raises(winfax.FreedError):
        _ = deleted.JobId


def test_events_go_on_when_the_handle_is_closed_and_carry_their_key(
    rig: Rig, handle: ServerHandle, listener: Listener
) -> None:
    assert winfax.FaxClose(handle)
    job = rig.send("5552001", hold=True)
    key, event = listener.next()
    while event.JobId == winfax.NO_JOB:
        key, event = listener.next()
    assert (key, event.EventId, event.JobId) == ("key", winfax.FEI_JOB_QUEUED, job.id)


def test_there_is_one_registration_in_a_session(
    rig: Rig, handle: ServerHandle, listener: Listener, refused: Refused
) -> None:
    again = winfax.FaxInitializeEventQueue(handle, queue.Queue(), None)
    assert refused(again) == winfax.ERROR_INVALID_DATA
    window = winfax.FaxInitializeEventQueue(handle, None, None, lambda *_: None, BASE)
    assert refused(window) == winfax.ERROR_INVALID_DATA


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_last_event_is_the_service_s_end_and_then_one_registers_again(
    rig: Rig, handle: ServerHandle, listener: Listener, how: signal.Signals
) -> None:
    assert rig.process is not None
    rig.process.send_signal(how)
    rig.process.wait()
    rig.process = None
    ended = listener.until(winfax.FEI_FAXSVC_ENDED)
    assert ended.JobId == winfax.NO_JOB and ended.TimeStamp.ticks > 0
    rig.start()
    assert winfax.FaxInitializeEventQueue(handle, listener.port, 2)
    job = rig.send("5552001", hold=True)
    key, event = listener.next()
    while event.EventId != winfax.FEI_JOB_QUEUED:
        assert event.EventId != winfax.FEI_FAXSVC_ENDED
        key, event = listener.next()
    assert (key, event.JobId) == (2, job.id)
    assert listener.names().count("FAXSVC_ENDED") == 1


def test_one_may_register_again_while_one_is_told_of_the_end(rig: Rig, handle: ServerHandle) -> None:
    done, codes = threading.Event(), list[int]()

    def window(message: int, device: int, job: int) -> None:
        if message == BASE + winfax.FEI_FAXSVC_ENDED:
            # Nothing answers yet; but nobody says that one is registered already.
            winfax.FaxInitializeEventQueue(handle, None, None, window, BASE)
            codes.append(winfax.GetLastError())
            done.set()

    assert winfax.FaxInitializeEventQueue(handle, None, None, window, BASE)
    rig.kill()
    try:
        assert done.wait(PATIENCE_S)
    finally:
        rig.start()
        ready(rig)
    assert codes == [winfax.RPC_S_SERVER_UNAVAILABLE]


def test_a_window_is_told_by_messages_until_it_signs_off(
    rig: Rig, handle: ServerHandle, refused: Refused, tmp_path: Path
) -> None:
    told: queue.Queue[tuple[int, int, int]] = queue.Queue()

    def window(message: int, device: int, job: int) -> None:
        told.put((message, device, job))

    def other(message: int, device: int, job: int) -> None:
        raise AssertionError("it was never registered")

    assert winfax.FaxInitializeEventQueue(handle, None, None, window, BASE)
    job = send(handle, tmp_path)
    device = rig.client.ports()[0].id
    found: list[tuple[int, int, int]] = []
    while (BASE + winfax.FEI_BUSY, device, job) not in found:
        found.append(told.get(timeout=PATIENCE_S))
        assert 0 <= found[-1][0] - BASE <= winfax.FEI_NEVENTS
    assert [(message - BASE, id) for message, _, id in found if id != winfax.NO_JOB] == [
        (winfax.FEI_JOB_QUEUED, job),
        (winfax.FEI_INITIALIZING, job),
        (winfax.FEI_DIALING, job),
        (winfax.FEI_BUSY, job),
    ]
    assert (BASE + winfax.FEI_DIALING, device, job) in found
    assert refused(winfax.FaxInitializeEventQueue(handle, None, 1, other, 0)) == winfax.ERROR_INVALID_DATA
    assert winfax.FaxInitializeEventQueue(handle, None, 1, window, 0)
    seen = told.qsize()
    listener = Listener()
    assert winfax.FaxInitializeEventQueue(handle, listener.port, None), "the session is free for another"
    rig.send("5552001", hold=True)
    listener.until(winfax.FEI_JOB_QUEUED)
    assert told.qsize() == seen
    free(handle)


def test_a_registration_that_makes_no_sense(handle: ServerHandle, refused: Refused) -> None:
    port: queue.Queue[Any] = queue.Queue()

    def window(message: int, device: int, job: int) -> None:
        raise AssertionError("it is not to be told of anything")

    bad: Any
    for bad in (
        (None, port, None),
        (None, None, None, window, BASE),
        (handle, None, None, None, 0),
        (handle, port, None, window, BASE),
        (handle, None, None, window, winfax.WM_USER),
        (handle, None, None, window, 0),
        (handle, None, None, window, None),
    ):
        assert refused(winfax.FaxInitializeEventQueue(*bad)) == winfax.ERROR_INVALID_PARAMETER
    handle.close()
    assert refused(winfax.FaxInitializeEventQueue(handle, port, None)) == winfax.ERROR_INVALID_HANDLE


def test_a_listener_that_fails_ends_its_registration_and_nothing_else(rig: Rig, handle: ServerHandle) -> None:
    failed = threading.Event()

    def window(message: int, device: int, job: int) -> None:
        failed.set()
        raise RuntimeError("the listener's own fault")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda _: None)
        assert winfax.FaxInitializeEventQueue(handle, None, None, window, BASE)
        rig.send("5552001", hold=True)
        assert failed.wait(PATIENCE_S)
        listener = Listener()
        wait_for(lambda: winfax.FaxInitializeEventQueue(handle, listener.port, None), "a place for another")
    job = rig.send("5552001", hold=True)
    listener.until(winfax.FEI_JOB_QUEUED, job.id)
    free(handle)


def test_the_events_know_every_state_that_they_need() -> None:
    assert sorted(NAMES) == list(range(1, winfax.FEI_NEVENTS + 1))
