"""A process that is ready to fork: it has imported what opening documents needs, and forks a child for each request.
One child is forked beforehand and waits, since forking is the longer part of many a check.

What always holds: it opens no document itself; each child has its own session, limits and private TMPDIR, as one that
``documents`` starts anew has, and serves one request; when a request's connection closes, whichever end closes it, no
process of that child's session is left; the children end with this process, and this process ends when the control
connection closes, as it does when its owner dies.

The owner's side is ``Nursery``. On the control connection (a Unix datagram-like sequence) each message is one request
with three descriptors: the request's own connection, and the child's standard output and error. On its own connection
the child's exit status is said as a line when it has ended.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from codec.errors import RenderError

MESSAGE_OCTETS = 1 << 20
DESCRIPTORS = 3


class NurseryGoneError(RenderError):
    """There is no process that could fork, or it was killed while its child worked."""


def worker_environment() -> dict[str, str]:
    """Nothing of ours reaches a child but what it needs: Ghostscript obeys several variables."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
        "OPENBLAS_NUM_THREADS": "1",
    }


@dataclass
class Forked:
    """A child that was forked for one request. ``end`` is to be called, once."""

    stdout: int
    stderr: int
    _connection: socket.socket

    def status(self) -> int:
        """Its exit code, or the negative number of the signal that ended it; waits. The session is ended with it."""
        said = b""
        while block := self._connection.recv(64):
            said += block
        if not said:
            raise NurseryGoneError("the process that starts converters has ended")
        return int(said)

    def leave(self) -> None:
        """As ``end``, without waiting: for a child that has said all it had to say."""
        self._connection.close()
        for descriptor in (self.stdout, self.stderr):
            os.close(descriptor)

    def end(self) -> None:
        """Have what is left of its session killed; returns when nothing is."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
            while self._connection.recv(64):
                pass
        self.leave()


class Nursery:
    """Starts the process when it is first needed, and again when it has gone. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None when there is none."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process now, so that the first request finds it ready. Raises OSError."""
        with self._lock:
            if self._control is None:
                self._start()

    def fork(self, request: bytes, folder: Path) -> Forked:
        """A child that works on ``request``, with ``folder`` as its TMPDIR. Raises RenderError, NurseryGoneError."""
        message = json.dumps({"folder": str(folder), "request": request.decode()}).encode()
        if len(message) > MESSAGE_OCTETS:
            raise RenderError("the request to the converter is too long")
        ours, its = socket.socketpair()
        out, out_of_child = os.pipe2(os.O_CLOEXEC)
        err, err_of_child = os.pipe2(os.O_CLOEXEC)
        try:
            self._send(message, [its.fileno(), out_of_child, err_of_child])
        except OSError as error:
            for descriptor in (out, err):
                os.close(descriptor)
            ours.close()
            raise NurseryGoneError(f"cannot start the converter: {error.strerror or error}") from error
        finally:
            its.close()
            os.close(out_of_child)
            os.close(err_of_child)
        return Forked(out, err, ours)

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            for again in (True, False):
                if self._control is None:
                    self._start()
                assert self._control is not None
                try:
                    socket.send_fds(self._control, [message], descriptors)
                    return
                except (BrokenPipeError, ConnectionError):
                    self._stop()
                    if not again:
                        raise

    def _start(self) -> None:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A long list of documents is one message.
        for end in (ours, its):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, 2 * MESSAGE_OCTETS)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "codec.nursery", str(its.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                cwd="/",
                env=worker_environment(),
                start_new_session=True,
            )
        self._control = ours

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the process and with it every child."""
        with self._lock:
            self._stop()


class _Keeper:
    """The process itself."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, socket.socket] = {}
        self._spare: _Spare | None = None
        self._wake, wake = socket.socketpair()
        for end in (self._wake, wake):
            end.setblocking(False)
        self._wakes = wake
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._wake, selectors.EVENT_READ)

    def serve(self) -> None:
        while True:
            if self._spare is None:
                self._spare = _Spare()
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._take():
                        return
                elif key.fileobj is self._wake:
                    with contextlib.suppress(BlockingIOError):
                        self._wake.recv(4096)
                    self._bury()
                elif self._children.get(key.data) is key.fileobj:
                    # Its owner has given up, or has heard enough.
                    self._end(key.data)

    def _take(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_OCTETS, DESCRIPTORS)
        if not message:
            return False
        connection = socket.socket(fileno=descriptors[0])
        spare, self._spare = self._spare or _Spare(), None
        if not spare.begin(message, descriptors[1:]):
            spare = _Spare()  # somebody had killed it
            spare.begin(message, descriptors[1:])
        for descriptor in descriptors[1:]:
            os.close(descriptor)
        pid = spare.pid
        self._children[pid] = connection
        self._selector.register(connection, selectors.EVENT_READ, pid)
        return True

    def _bury(self) -> None:
        for pid in list(self._children):
            # Looked at, not reaped: until its session is ended its number cannot be another's.
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                self._end(pid)

    def _end(self, pid: int) -> None:
        # Before it has made its session there is no such group.
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        connection = self._children.pop(pid)
        self._selector.unregister(connection)
        with contextlib.suppress(OSError):
            connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        connection.close()


class _Spare:
    """A child that was forked and waits for its request."""

    def __init__(self) -> None:
        keeper = os.getpid()
        self._line, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            self._line.setsockopt(socket.SOL_SOCKET, option, 2 * MESSAGE_OCTETS)
        self.pid = os.fork()
        if self.pid == 0:
            _child(its.fileno(), keeper)
        its.close()

    def begin(self, message: bytes, descriptors: list[int]) -> bool:
        """Give it its work. False when it is dead, and buried."""
        try:
            with self._line:
                socket.send_fds(self._line, [message], descriptors)
        except OSError:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return False
        return True


def _child(line: int, keeper: int) -> NoReturn:
    """In the child: become what a converter that was started anew is, wait for the work, do it, end."""
    status = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.closerange(3, line)
        os.closerange(line + 1, 1024)
        from codec import worker

        worker.end_with(keeper)
        with socket.socket(fileno=line) as waiting:
            message, descriptors, _, _ = socket.recv_fds(waiting, MESSAGE_OCTETS, DESCRIPTORS - 1)
        if not message:
            os._exit(0)
        out, err = descriptors
        said = json.loads(message)
        os.dup2(err, 2)
        os.dup2(err, 1)
        os.close(err)
        folder = said["folder"]
        os.chdir(folder)
        os.environ.update({"HOME": folder, "TMPDIR": folder})
        tempfile.tempdir = None
        worker.serve(worker.Request.from_json(said["request"].encode()), out, keeper)
        status = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(status)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    # Everything that a check needs; nothing here opens a file of anybody's.
    from codec import foreign, precheck, raster_image, raster_text, worker

    assert all((foreign, precheck, raster_image, raster_text, worker))
    # What is here stays as it is: children then share its memory for good.
    gc.freeze()
    _Keeper(control).serve()


if __name__ == "__main__":
    main()
