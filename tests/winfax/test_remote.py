"""A server that is reached over the network: what is for the server's own machine is refused."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import winfax
from fax.access import FAX_ALL_ACCESS
from tests.spooler.rig import PATIENCE_S, Rig
from tests.spooler.test_tls import free_port
from tests.winfax.conftest import served
from winfax.handles import ServerHandle

Refused = Callable[[object], int]


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Reached by a token."""
    port = free_port()
    tables = f'[listener]\naddress = "127.0.0.1"\nport = {port}\nplain = true\n'
    with served(tables=tables) as running, pytest.MonkeyPatch.context() as patch:
        # Over the network nobody is root.
        running.client.grant("user:root", FAX_ALL_ACCESS)
        patch.setenv("PLATEN_TOKEN", running.client.add_token("a program's").token)
        patch.setenv("PLATEN_SOCKET", f"http://127.0.0.1:{port}")
        yield running


def test_who_cannot_say_who_they_are_is_denied(rig: Rig, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    monkeypatch.setenv("PLATEN_TOKEN", "no-token-of-ours")
    assert refused(winfax.FaxConnectFaxServer()) == winfax.ERROR_ACCESS_DENIED


def test_a_remote_handle_serves_for_all_but_what_is_local(
    rig: Rig, handle: ServerHandle, refused: Refused, tmp_path: Path
) -> None:
    assert handle.remote
    file = tmp_path / "letter.txt"
    file.write_text("A letter.\n")
    params = winfax.FAX_JOB_PARAM(RecipientNumber="5552001")
    ok, job = winfax.FaxSendDocument(handle, str(file), params)
    assert ok and winfax.FaxGetJob(handle, job)[0]
    ok, port = winfax.FaxOpenPort(handle, rig.client.ports()[0].id, winfax.PORT_OPEN_MODIFY)
    assert ok, winfax.last_error_text()
    assert winfax.FaxClose(port)
    params.CallHandle = 1
    assert refused(winfax.FaxSendDocument(handle, str(file), params)) == winfax.ERROR_INVALID_FUNCTION
    module = rig.folder / "module.py"
    module.write_text("")
    outcome = winfax.FaxRegisterRoutingExtension(handle, "a", "b", str(module), lambda handle, context: False, "c")
    assert refused(outcome) == winfax.ERROR_INVALID_FUNCTION
    window = winfax.FaxInitializeEventQueue(handle, None, None, lambda *_: None, winfax.WM_USER + 1)
    assert refused(window) == winfax.ERROR_INVALID_PARAMETER


def test_a_queue_gets_the_events_of_a_remote_server(rig: Rig, handle: ServerHandle) -> None:
    events: queue.Queue[tuple[object, winfax.FAX_EVENT]] = queue.Queue()
    assert winfax.FaxInitializeEventQueue(handle, events, "key")
    job = rig.send("5552001", hold=True)
    key, event = events.get(timeout=PATIENCE_S)
    while event.JobId == winfax.NO_JOB:
        key, event = events.get(timeout=PATIENCE_S)
    assert (key, event.EventId, event.JobId) == ("key", winfax.FEI_JOB_QUEUED, job.id)
    rig.kill()
    while event.EventId != winfax.FEI_FAXSVC_ENDED:
        _, event = events.get(timeout=PATIENCE_S)
    rig.start()
