"""The daemon's side of a port process: start it, find it again, speak to it.

What always holds: every operation has a timeout; starting a process twice is harmless, since the second finds the lock
taken and ends; a process that was started here lives on when we die.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

import modem
from modem import lock
from modem.port.address import connect
from modem.port.messages import (
    LINE_LIMIT,
    LOCK_NAME,
    LOG_NAME,
    SOCKET_NAME,
    AnswerSettings,
    CallAnswer,
    CallReply,
    PortState,
    PortStatus,
    Reply,
    Request,
    ServedDocument,
)

__all__ = [
    "AnswerSettings",
    "CallAnswer",
    "CallReply",
    "PortClient",
    "PortError",
    "PortState",
    "PortStatus",
    "ServedDocument",
    "is_locked",
    "launch",
]

LOG_LIMIT_OCTETS = 1 << 20

_children: list[subprocess.Popen[bytes]] = []


class PortError(Exception):
    """The port process does not answer, or its answer makes no sense."""


def is_locked(folder: Path) -> bool:
    """Whether a port process lives in this folder. Certain: the kernel drops its lock when it dies."""
    return lock.is_locked(folder / LOCK_NAME)


def launch(name: str, device: str, folder: Path, lock_folder: Path | None = None) -> int:
    """Start a port process of its own session; returns its process id at once.

    It creates what is missing of ``folder``. ``status`` answers a moment later. What goes wrong at the start is in
    ``folder/log``. Raises OSError.
    """
    reap()
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    log_path = folder / LOG_NAME
    if log_path.exists() and log_path.stat().st_size > LOG_LIMIT_OCTETS:
        log_path.replace(log_path.with_name(LOG_NAME + ".1"))
    command = [sys.executable, "-m", "modem.port", "--name", name, "--device", device, "--folder", str(folder)]
    if lock_folder is not None:
        command += ["--lock-folder", str(lock_folder.absolute())]
    with log_path.open("ab") as log:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=Path(modem.__file__).resolve().parents[1],
            start_new_session=True,
        )
    remember(child)
    return child.pid


def remember(child: subprocess.Popen[bytes]) -> None:
    """A process that is let go of (``reap``) when it has ended, and lives on when we do."""
    _children.append(child)


def reap() -> None:
    """Let go of processes that were started here and have ended."""
    _children[:] = [child for child in _children if child.poll() is None]


class PortClient:
    """Speaks to the port process of a folder. Each call is one connection; usable from several threads."""

    def __init__(self, folder: Path, timeout_s: float = 5.0) -> None:
        self.folder = folder
        self.timeout_s = timeout_s

    def status(self) -> PortStatus | None:
        """None: there is no process (or it is just starting). Raises PortError."""
        reap()
        reply = self._ask(Request(verb="status"))
        if reply is None:
            return None
        if reply.status is None:
            raise PortError(f"no status in the answer: {reply}")
        return reply.status

    def start_call(self, plan_path: Path, journal_path: Path) -> CallReply:
        """Hand a call over; see the package's docstring for the answers. Raises PortError: then nothing is known, and
        the same request may be made again."""
        reply = self._ask_living(
            Request(verb="call", plan=os.fspath(plan_path.absolute()), journal=os.fspath(journal_path.absolute()))
        )
        if reply.call is None:
            raise PortError(f"no answer to a call: {reply.error or reply}")
        return reply.call

    def cancel(self, call: str) -> bool:
        """End this call politely; False when it is not under way. Its end is in the journal. Raises PortError."""
        return bool(self._ask_living(Request(verb="cancel", call=call)).cancelled)

    def set_answering(self, settings: AnswerSettings | None) -> PortStatus:
        """Have calls that come in answered from now on, or, with None, not. A process that is started anew answers
        none until it is told so.

        The document that may be fetched is read and proved now, which takes its time: it cannot be changed while a call
        is under way. Raises PortError: nothing was changed; the text says why.
        """
        if settings is not None:
            settings = replace(settings, folder=os.fspath(Path(settings.folder).absolute()))
        if settings is not None and settings.document is not None:
            document = replace(settings.document, file=os.fspath(Path(settings.document.file).absolute()))
            settings = replace(settings, document=document)
        reply = self._ask_living(Request(verb="answering", answer=settings))
        if reply.status is None:
            raise PortError(f"no status in the answer: {reply}")
        return reply.status

    def pick_up(self) -> bool:
        """Have a call answered now; False when the port is not idle or answers none. Raises PortError."""
        return bool(self._ask_living(Request(verb="pick-up")).picked_up)

    def quit(self) -> None:
        """Have the process end, after the call that is under way. No process: nothing to do. Raises PortError."""
        self._ask(Request(verb="quit"))

    def _ask_living(self, request: Request) -> Reply:
        reply = self._ask(request)
        if reply is None:
            raise PortError("there is no port process")
        return reply

    def _ask(self, request: Request) -> Reply | None:
        """None when nobody listens."""
        try:
            connection = connect(self.folder / SOCKET_NAME, self.timeout_s)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise PortError(f"the port process cannot be reached: {error}") from error
        with connection:
            try:
                connection.sendall(msgspec.json.encode(request) + b"\n")
                answer = b""
                while not answer.endswith(b"\n") and len(answer) <= LINE_LIMIT:
                    if not (piece := connection.recv(LINE_LIMIT)):
                        break
                    answer += piece
            except OSError as error:
                raise PortError(f"the port process does not answer: {error}") from error
        try:
            reply = msgspec.json.decode(answer, type=Reply)
        except msgspec.DecodeError as error:
            raise PortError(f"the answer of the port process makes no sense: {answer[:200]!r}") from error
        if reply.error is not None:
            raise PortError(f"the port process says: {reply.error}")
        return reply
