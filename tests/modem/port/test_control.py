"""The control socket, turned by hand, and its addresses."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from modem.port.address import connect, listen
from modem.port.client import PortClient, PortError, is_locked
from modem.port.control import CONNECTIONS_LIMIT, ControlServer
from modem.port.loop import turn
from modem.port.messages import LINE_LIMIT, CallAnswer, CallReply, Reply, Request


def handle(request: Request) -> Reply:
    if request.verb == "broken":
        raise RuntimeError("on purpose")
    return Reply(call=CallReply(answer=CallAnswer.DOWN, reason=request.call))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlServer]:
    one = ControlServer(tmp_path / "control.sock", handle)
    yield one
    one.close()
    assert not list(tmp_path.iterdir())


def serve(server: ControlServer, turns: int = 5) -> None:
    for _ in range(turns):
        turn(server.watches, 0.01)


def answers(connection: socket.socket) -> list[Reply]:
    return [msgspec.json.decode(line, type=Reply) for line in connection.recv(LINE_LIMIT).splitlines()]


def line(verb: str, call: str = "") -> bytes:
    return msgspec.json.encode(Request(verb=verb, call=call)) + b"\n"


def reasons(replies: list[Reply]) -> list[str]:
    return [reply.call.reason for reply in replies if reply.call is not None]


def test_requests_in_any_pieces_are_answered_in_order(server: ControlServer) -> None:
    with connect(server.path, 5) as client:
        octets = line("call", "one") + line("call", "two") + line("call", "three")
        for start in range(0, len(octets), 7):
            client.sendall(octets[start : start + 7])
            serve(server, 1)
        serve(server)
        assert reasons(answers(client)) == ["one", "two", "three"]


@pytest.mark.parametrize("octets", [b"\n", b"hello\n", b'{"verb": 1}\n', b"\xff\xfe\n", b"[]\n"])
def test_nonsense_is_answered_and_the_connection_lives(server: ControlServer, octets: bytes) -> None:
    with connect(server.path, 5) as client:
        client.sendall(octets + line("call", "still here"))
        serve(server)
        first, second = answers(client)
        assert first.error
        assert reasons([second]) == ["still here"]


def test_a_fault_in_a_request_is_an_answer(server: ControlServer) -> None:
    with connect(server.path, 5) as client:
        client.sendall(line("broken"))
        serve(server)
        assert answers(client) == [Reply(error="internal fault: on purpose")]


def test_a_line_without_end_loses_its_connection(server: ControlServer) -> None:
    with connect(server.path, 5) as client:
        for _ in range(3):
            client.sendall(b"x" * (LINE_LIMIT // 2))
            serve(server, 3)
        assert client.recv(100) == b""


def test_who_does_not_take_answers_loses_its_connection(server: ControlServer) -> None:
    with connect(server.path, 5) as client:
        client.setblocking(False)
        sent = 0
        try:
            while sent < 50_000_000:
                sent += client.send(line("call", "x" * 1000) * 10)
                serve(server, 2)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert 0 < sent < 50_000_000


def test_more_clients_than_allowed_wait_for_their_turn(server: ControlServer) -> None:
    clients = [connect(server.path, 5) for _ in range(CONNECTIONS_LIMIT + 2)]
    serve(server, CONNECTIONS_LIMIT + 5)
    clients[-1].sendall(line("call", "late"))
    serve(server)
    clients[0].close()
    clients[1].close()
    serve(server, 10)
    assert reasons(answers(clients[-1])) == ["late"]
    for client in clients[2:]:
        client.close()


def test_the_socket_is_for_its_owner_only(server: ControlServer) -> None:
    assert stat.S_IMODE(server.path.stat().st_mode) == 0o600


def test_a_socket_in_a_folder_with_a_long_path_works(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with listen(folder / "control.sock") as listener, connect(folder / "control.sock", 5) as client:
        listener.setblocking(True)
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"hello")
            assert client.recv(10) == b"hello"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_a_dead_process_left_at_the_address_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    listen(path).close()
    with pytest.raises(ConnectionRefusedError):
        connect(path, 5)
    with listen(path), connect(path, 5):
        pass


def test_without_a_process_there_is_no_status(tmp_path: Path) -> None:
    client = PortClient(tmp_path)
    assert client.status() is None
    assert not is_locked(tmp_path)
    client.quit()
    with pytest.raises(PortError, match="no port process"):
        client.cancel("c1")
    listen(tmp_path / "control.sock").close()
    assert client.status() is None
    assert PortClient(tmp_path / "none").status() is None


def test_a_process_that_hangs_is_an_error_not_a_wait(tmp_path: Path) -> None:
    with listen(tmp_path / "control.sock"), pytest.raises(PortError, match="does not answer"):
        PortClient(tmp_path, timeout_s=0.05).status()


@pytest.mark.parametrize("octets", [b"", b"what?\n", b"{}\n", b'{"error": "no"}\n'])
def test_an_answer_that_makes_no_sense_is_an_error(tmp_path: Path, octets: bytes) -> None:
    child = os.fork()
    if child == 0:
        with listen(tmp_path / "control.sock") as listener:
            listener.setblocking(True)
            accepted, _ = listener.accept()
            accepted.recv(1000)
            accepted.sendall(octets)
            accepted.close()
        os._exit(0)
    client = PortClient(tmp_path)
    with pytest.raises(PortError):
        while client.status() is None:
            pass
    os.waitpid(child, 0)
