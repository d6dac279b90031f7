"""FaxInitializeEventQueue: the server's events, put into a queue or told to a callable, by a thread of their own.

What always holds: events come in the order in which they happened, from the moment of the call on, each once; the last
one of a registration is FEI_FAXSVC_ENDED, also where the server died without a word, and then the program registers
again. In one session of the service there is one registration for each process and server.

Must not: keep the program from ending.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from fax.errors import FaxError
from winfax import constants as c
from winfax.errors import WinFaxError, bad_parameter, done
from winfax.handles import Handle, ServerHandle, server_of
from winfax.structures import FAX_EVENT
from winfax.times import FILETIME

if TYPE_CHECKING:
    from fax.types import Event

__all__ = ["FaxInitializeEventQueue"]

SIGN_OFF = 1
"""CompletionKey with the window of a registration that is to end."""


class CompletionQueue(Protocol):
    """What stands for a completion port: anything with ``put``, as of ``queue.Queue``. It gets (key, FAX_EVENT)."""

    def put(self, item: tuple[Any, FAX_EVENT], /) -> object: ...


WindowProcedure = Callable[[int, int, int], object]
"""What stands for a window: called with message, wParam (the device's id), lParam (the job's)."""
Deliver = Callable[[FAX_EVENT], object]


def FaxInitializeEventQueue(
    FaxHandle: Handle,
    CompletionPort: CompletionQueue | None = None,
    CompletionKey: Any = None,
    hWnd: WindowProcedure | None = None,
    MessageStart: int = 0,
) -> bool:
    """Have every event that the user may see put into CompletionPort as (CompletionKey, FAX_EVENT), or told to hWnd as
    (MessageStart + EventId, DeviceId, JobId), on a thread of its own.

    It goes on when the handle is closed, until FEI_FAXSVC_ENDED; then call it again. The same hWnd with CompletionKey 1
    ends its registration. Fails: ERROR_INVALID_PARAMETER (NULL, both or neither of CompletionPort and hWnd, hWnd at a
    remote server, MessageStart not above WM_USER), ERROR_INVALID_DATA (called twice in one session of the service).
    """

    def act() -> None:
        server = server_of(FaxHandle)
        if (CompletionPort is None) == (hWnd is None):
            raise bad_parameter("Either CompletionPort or hWnd is given")
        if hWnd is None:
            port = CompletionPort
            assert port is not None
            register(server, lambda event: port.put((CompletionKey, event)))
            return
        if server.remote:
            raise bad_parameter("A window gets the events of the local server only")
        if CompletionKey == SIGN_OFF:
            _sign_off(server, hWnd)
            return
        if not isinstance(MessageStart, int) or MessageStart <= c.WM_USER:
            raise bad_parameter(f"MessageStart is not above {c.WM_USER}")
        register(server, lambda event: hWnd(MessageStart + event.EventId, event.DeviceId, event.JobId), window=hWnd)

    return done(act)


class Registration:
    """A thread that delivers events until the service ends, or until ``end``."""

    def __init__(self, server: ServerHandle, deliver: Deliver, window: WindowProcedure | None) -> None:
        self.window = window
        self.ended = threading.Event()
        self._server = server
        self._deliver = deliver
        self._wanted = True
        self._lock = threading.Lock()
        after = server.client.status().cursor
        stream = server.client.events(after, follow=True)
        self._thread = threading.Thread(target=self._run, args=(stream,), name="fax events", daemon=True)
        self._thread.start()

    def _run(self, stream: Iterator[Event]) -> None:
        try:
            self._tell(stream)
        finally:
            # Also when what is told of an event has failed.
            _forget(self._server, self)
            self.ended.set()

    def _tell(self, stream: Iterator[Event]) -> None:
        try:
            for event in stream:
                if event.code is None:
                    continue
                if event.code == c.FEI_FAXSVC_ENDED:
                    self._finish(event.at)
                    return
                if not self._give(shown(event)):
                    return
        except FaxError:
            pass
        # It went away, or has nothing to say to us any more: for who listens, that is its end.
        self._finish(datetime.now(UTC))

    def _finish(self, at: datetime) -> None:
        # Who is told of the end registers again, perhaps at once, and from within.
        _forget(self._server, self)
        self._give(FAX_EVENT(TimeStamp=FILETIME.from_datetime(at), EventId=c.FEI_FAXSVC_ENDED, JobId=c.NO_JOB))

    def _give(self, event: FAX_EVENT) -> bool:
        with self._lock:
            if self._wanted:
                self._deliver(event)
            return self._wanted

    def end(self) -> None:
        """Deliver nothing any more, and let another have the place: when this returns, nothing is being delivered."""
        _forget(self._server, self)
        self._wanted = False
        if threading.current_thread() is not self._thread:
            with self._lock:
                pass


_registered: dict[str, Registration] = {}
_registering = threading.Lock()


def _name(server: ServerHandle) -> str:
    return str(server.client.server)


def register(server: ServerHandle, deliver: Deliver, window: WindowProcedure | None = None) -> Registration:
    """Raises WinFaxError ERROR_INVALID_DATA, and FaxError."""
    with _registering:
        if _name(server) in _registered:
            text = "Events are delivered already; there is one registration in a session of the service"
            raise WinFaxError(c.ERROR_INVALID_DATA, text)
        made = Registration(server, deliver, window)
        _registered[_name(server)] = made
        return made


def registered(server: ServerHandle) -> Registration | None:
    """The registration with this server, if there is one."""
    with _registering:
        return _registered.get(_name(server))


def _forget(server: ServerHandle, registration: Registration) -> None:
    with _registering:
        if _registered.get(_name(server)) is registration:
            del _registered[_name(server)]


def _sign_off(server: ServerHandle, window: WindowProcedure) -> None:
    with _registering:
        known = _registered.get(_name(server))
        if known is None or known.window != window:
            raise WinFaxError(c.ERROR_INVALID_DATA, "This window is not registered")
    known.end()


def shown(event: Event) -> FAX_EVENT:
    """An event that has a code."""
    return FAX_EVENT(
        TimeStamp=FILETIME.from_datetime(event.at),
        DeviceId=event.device or 0,
        EventId=event.code or 0,
        JobId=c.NO_JOB if event.job is None else event.job,
    )
