"""Following events: order, ends, and a daemon that is started anew in between."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from fax import Client, JobId, JobState, NotRunningError, ServerError
from tests.fax.wire_server import Handler, WireServer, event, serving


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The client's pauses, taken without waiting for them."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def test_events_end_when_nobody_follows(client: Client, server: WireServer) -> None:
    lines = event(7, "accepted") + event(8, "page-confirmed", ', "page": 1, "pages": 3') + event(9, "done")
    server.say("GET", "/v1/events", 200, lines)
    found = list(client.events(6, job=JobId(12)))
    assert [(each.cursor, each.kind, each.page) for each in found] == [
        (7, "accepted", None),
        (8, "page-confirmed", 1),
        (9, "done", None),
    ]
    assert server.asked[0].target == "/v1/events?after=6&job=12"


def test_an_event_is_given_out_as_soon_as_its_line_is_there(client: Client, server: WireServer) -> None:
    def drip(handler: Handler, _: bytes) -> None:
        handler.begin_stream()
        handler.chunk(b"\n")
        whole = event(1, "waiting", ', "state": "waiting", "text": "busy"')
        for at in range(len(whole)):
            handler.chunk(whole[at : at + 1])
        # Stays open: what comes next would come only after the test has ended.
        handler.rfile.read(1)

    server.act("GET", "/v1/events", drip)
    stream = client.events(follow=True)
    first = next(stream)
    assert (first.state, first.text) == (JobState.WAITING, "busy")
    assert "follow=true" in server.asked[0].target


def test_a_followed_stream_that_ends_is_an_error_without_reconnect(client: Client, server: WireServer) -> None:
    server.say("GET", "/v1/events", 200, event(1, "accepted"))
    stream = client.events(follow=True)
    assert next(stream).cursor == 1
    with pytest.raises(NotRunningError):
        next(stream)


def test_reconnecting_goes_on_after_the_last_event_and_gives_none_twice(
    client: Client, server: WireServer, pauses: list[float]
) -> None:
    connections = itertools.count()

    def restarting(handler: Handler, _: bytes) -> None:
        number = next(connections)
        handler.begin_stream()
        if number == 0:
            handler.chunk(event(1, "accepted") + event(2, "prepared") + event(3, "dialling")[:20])
            handler.drop()
        elif number == 1:
            handler.drop()
        else:
            handler.chunk(event(2, "prepared") + event(3, "dialling") + event(4, "done"))

    server.act("GET", "/v1/events", restarting)
    stream = client.events(follow=True, job=JobId(12), reconnect=True)
    assert [next(stream).cursor for _ in range(4)] == [1, 2, 3, 4]
    assert [asked.target.partition("after=")[2][0] for asked in server.asked[:3]] == ["0", "2", "2"]
    assert len(pauses) == 2


def test_a_daemon_that_is_away_for_a_while_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "api.sock"
    first = serving(path)
    server = first.__enter__()
    server.say("GET", "/v1/events", 200, event(1, "accepted"))
    stream = Client(path).events(follow=True, reconnect=True)
    assert next(stream).cursor == 1
    first.__exit__(None, None, None)
    later = serving(path)
    taken: list[float] = []

    def sleep(seconds: float) -> None:
        taken.append(seconds)
        if len(taken) == 6:
            server = later.__enter__()
            server.say("GET", "/v1/events", 200, event(2, "done"))

    monkeypatch.setattr(time, "sleep", sleep)
    assert next(stream).cursor == 2
    assert taken == sorted(taken)
    later.__exit__(None, None, None)


def test_a_daemon_that_never_was_there_is_not_waited_for(tmp_path: Path, pauses: list[float]) -> None:
    with pytest.raises(NotRunningError):
        next(Client(tmp_path / "api.sock").events(follow=True, reconnect=True))
    assert pauses == []


def test_a_line_that_is_no_event_is_the_servers_fault(client: Client, server: WireServer) -> None:
    server.say("GET", "/v1/events", 200, '{"cursor": "x"}\n')
    with pytest.raises(ServerError):
        list(client.events())
