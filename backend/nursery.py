"""A process that has the worker's imports already, and forks a worker for each print job: printing is quicker with it.

Optional: the backend does without when it is not there, not answering, or another user's. Run as the backend's user
(``lp``), by ``units/platen-door.service``: ``python -m backend.nursery [SOCKET]``.

What always holds: a worker is the same as one that the backend forks for itself, with the job's environment, stdin,
stderr and data file; the backend learns its exit code, or that it died, and then tries again by itself. A backend that
is killed leaves its worker at work. Nobody but the same user and root is served.

Must not: parse anything of a job in this process; a worker that crashes takes nobody with it.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from backend.door import DOOR, DOOR_LIMIT_OCTETS, STOP, peer, understood
from backend.main import CANCEL, CRASHED, OK, say, tell_the_end

TIMEOUT_S = 2.0
BACKLOG = 64
READY = b"W"


def main(argv: Sequence[str]) -> int:
    """``argv``: program, and perhaps the socket's path."""
    # as in the backend: http.client would load OpenSSL, and all our talk is over Unix sockets
    sys.modules["ssl"] = None  # type: ignore[assignment]
    import zoneinfo  # noqa: F401

    import backend.hand_over  # noqa: F401
    import fax.incoming  # noqa: F401

    path = Path(argv[1] if len(argv) > 1 else os.environ.get("PLATEN_DOOR") or DOOR)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o666)  # who connects is looked at, as root too must be able to
        listener.listen(BACKLOG)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # reaped by the kernel
        # What is here stays as it is: workers then share its memory for good.
        gc.freeze()
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        try:
            while True:
                connection, _ = listener.accept()
                with connection:
                    _serve(connection, listener)
        finally:
            path.unlink(missing_ok=True)


def _serve(connection: socket.socket, listener: socket.socket) -> None:
    handles: list[int] = []
    try:
        connection.settimeout(TIMEOUT_S)
        if peer(connection) not in (0, os.geteuid()):
            return
        text, handles = _received(connection)
        if len(handles) < 3:
            return
        if not os.fork():
            listener.close()
            _work(connection, text, handles)
    except (OSError, ValueError) as error:
        say("DEBUG", f"A backend could not be served: {error}")
    finally:
        for handle in handles:
            os.close(handle)


def _received(connection: socket.socket) -> tuple[bytes, list[int]]:
    """A message with its open files."""
    handles = array.array("i")
    text, extra, _, _ = connection.recvmsg(DOOR_LIMIT_OCTETS, socket.CMSG_SPACE(4 * handles.itemsize))
    for level, kind, data in extra:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            handles.frombytes(data[: len(data) - len(data) % handles.itemsize])
    return text, list(handles)


def _work(connection: socket.socket, text: bytes, handles: list[int]) -> None:
    """The worker: never returns."""
    code = CRASHED
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.setpgid(0, 0)  # a session would cost more: many kernels share out time by sessions
        umask, chance, argv, environment = understood(text)
        os.environb.clear()
        os.environb.update(environment)
        os.umask(umask)
        source, errors, data, *channel = handles
        os.dup2(source, 0)
        os.dup2(errors, 2)
        connection.send(READY)
        _obey(connection)
        from backend.hand_over import work

        code = work(argv, data, chance, with_daemon=True)
        if channel and code in (OK, CANCEL):
            tell_the_end(channel[0])
    except BaseException as error:
        say("DEBUG", f"{type(error).__name__}: {error}")
    finally:
        with contextlib.suppress(OSError):
            connection.setblocking(True)
            connection.send(bytes([code]))
        os._exit(0)


def _obey(connection: socket.socket) -> None:
    """From here the backend's word to stop is SIGTERM; that it has been killed means nothing."""

    def heard(number: int, frame: object) -> None:
        try:
            word = connection.recv(1)
        except OSError:
            return
        if word == STOP:
            os.kill(os.getpid(), signal.SIGTERM)

    connection.setblocking(False)
    signal.signal(signal.SIGIO, heard)
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    heard(0, None)  # said before


if __name__ == "__main__":
    sys.exit(main(sys.argv))
