"""The Pythonic layer: ``with winfax.connect() as server: ...``.

What always holds: it stands on the literal layer, and rules and rights are the same; what fails raises WinFaxError,
with ``winerror``; what is given out needs no freeing; handles close with their blocks.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from types import TracebackType
from typing import Any, Self

from fax.errors import FaxError
from winfax import constants as c
from winfax.configuration import (
    FaxGetConfiguration,
    FaxGetLoggingCategories,
    FaxSetConfiguration,
    FaxSetLoggingCategories,
)
from winfax.errors import GetLastError, WinFaxError, code_of, good, last_error_text, must
from winfax.events import Registration, register
from winfax.handles import (
    FaxAccessCheck,
    FaxClose,
    FaxConnectFaxServer,
    FaxOpenPort,
    PortHandle,
    ServerHandle,
    server_of,
)
from winfax.job_entries import entries_of
from winfax.jobs import FaxAbort, FaxGetJob, FaxGetPageData, FaxSetJob
from winfax.memory import FaxArray, FaxFreeBuffer
from winfax.ports import FaxEnumPorts, FaxGetDeviceStatus, FaxGetPort, FaxSetPort
from winfax.recipient import File, Recipient
from winfax.records import (
    EventRecord,
    JobRecord,
    MethodRecord,
    PageImage,
    PortRecord,
    Settings,
    StatusRecord,
    event_record,
    job_record,
    port_record,
    settings_record,
    status_record,
)
from winfax.routing import (
    FaxEnableRoutingMethod,
    FaxEnumGlobalRoutingInfo,
    FaxEnumRoutingMethods,
    FaxGetRoutingInfo,
    FaxSetGlobalRoutingInfo,
    FaxSetRoutingInfo,
)
from winfax.sending import FaxCompleteJobParams, FaxSendDocument
from winfax.structures import (
    FAX_COVERPAGE_INFO,
    FAX_EVENT,
    FAX_GLOBAL_ROUTING_INFO,
    FAX_JOB_PARAM,
    FAX_LOG_CATEGORY,
    FAX_ROUTING_METHOD,
    FAX_TIME,
)
from winfax.submitting import broadcast

__all__ = ["Events", "OpenPort", "Server", "connect"]


def connect(machine: str | None = None) -> Server:
    """This machine's fax server, or the one that $PLATEN_SOCKET names. Raises WinFaxError, as all here does."""
    _, handle = good(FaxConnectFaxServer(machine))
    assert handle is not None
    return Server(handle)


class _Closing:
    """A handle that closes with its block."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if not self.handle.closed:
            must(FaxClose(self.handle))


class Server(_Closing):
    """A connection. ``handle`` is the literal layer's."""

    handle: ServerHandle

    def allows(self, mask: int) -> bool:
        """Whether one has all rights of a mask (FAX_JOB_SUBMIT, ...)."""
        granted = FaxAccessCheck(self.handle, mask)
        if not granted and GetLastError():
            raise WinFaxError(GetLastError(), last_error_text())
        return granted

    def settings(self) -> Settings:
        _, found = good(FaxGetConfiguration(self.handle))
        assert found is not None
        return settings_record(found)

    def change_settings(self, **changes: Any) -> Settings:
        """Change these of ``Settings``, by name; the others stay. Returns those in force then."""
        _, found = good(FaxGetConfiguration(self.handle))
        assert found is not None
        wanted = replace(settings_record(found), **changes)
        found.Retries, found.RetryDelay = wanted.retries, wanted.retry_delay_minutes
        found.DirtyDays = c.DIRTY_DAYS_NEVER if wanted.dirty_days is None else wanted.dirty_days
        found.Branding, found.UseDeviceTsid = wanted.branding, wanted.use_device_tsid
        found.ServerCp, found.PauseServerQueue = wanted.server_cover_pages_only, wanted.queue_paused
        found.StartCheapTime = FAX_TIME(wanted.discount_start.hour, wanted.discount_start.minute)
        found.StopCheapTime = FAX_TIME(wanted.discount_stop.hour, wanted.discount_stop.minute)
        found.ArchiveOutgoingFaxes, found.ArchiveDirectory = wanted.archive_outgoing, wanted.archive_folder
        found.Reserved = wanted.inbound_profile
        must(FaxSetConfiguration(self.handle, found))
        return self.settings()

    def log_levels(self) -> dict[int, int]:
        """FAXLOG_LEVEL_ by FAXLOG_CATEGORY_."""
        _, found, _ = good(FaxGetLoggingCategories(self.handle))
        assert found is not None
        return {each.Category: each.Level for each in found}

    def set_log_levels(self, levels: dict[int, int]) -> None:
        """Log so much of these categories; the others stay."""
        wanted = [FAX_LOG_CATEGORY(Category=category, Level=level) for category, level in levels.items()]
        must(FaxSetLoggingCategories(self.handle, wanted, len(wanted)))

    def ports(self) -> Iterator[PortRecord]:
        """Every port, in order of priority."""
        _, found, _ = good(FaxEnumPorts(self.handle))
        return _each(found, port_record)

    def open_port(self, id: int, *, modify: bool = False) -> OpenPort:
        _, port = good(FaxOpenPort(self.handle, id, c.PORT_OPEN_MODIFY if modify else c.PORT_OPEN_QUERY))
        assert port is not None
        return OpenPort(port)

    def jobs(self) -> Iterator[JobRecord]:
        """The jobs of the queue: everybody's with FAX_JOB_QUERY, else one's own."""
        try:
            found = entries_of(server_of(self.handle))
        except FaxError as error:
            raise WinFaxError(code_of(error), error.text) from error
        return _each(found, job_record)

    def job(self, id: int) -> JobRecord:
        _, entry = good(FaxGetJob(self.handle, id))
        assert entry is not None
        return job_record(entry)

    def send(self, file: File, to: Recipient | str, **more: Any) -> int:
        """Send a file; returns the job's id. ``to``: a recipient, or a number, with ``more`` as of ``Recipient``."""
        recipient = Recipient(to, **more) if isinstance(to, str) else to
        params, info = _sender()
        recipient.fill(params, info)
        _, id = good(FaxSendDocument(self.handle, file, params, None if info.CoverPageName is None else info))
        return id

    def broadcast(self, file: File, to: Iterable[Recipient | str]) -> list[int]:
        """Send a file to all of them; returns the jobs' ids in their order."""
        params_of_sender, info_of_sender = _sender()
        following = iter(to)

        def callback(
            handle: object, number: int, context: object, params: FAX_JOB_PARAM, info: FAX_COVERPAGE_INFO
        ) -> bool:
            recipient = next(following, None)
            if recipient is None:
                return False
            for known, empty in ((params_of_sender, params), (info_of_sender, info)):
                for member in fields(empty):
                    setattr(empty, member.name, getattr(known, member.name))
            (Recipient(recipient) if isinstance(recipient, str) else recipient).fill(params, info)
            return True

        try:
            return broadcast(self.handle, file, callback, None)
        except FaxError as error:
            raise WinFaxError(code_of(error), error.text) from error

    def abort(self, job: int) -> None:
        """Take a job out of the queue."""
        must(FaxAbort(self.handle, job))

    def pause(self, job: int) -> None:
        must(FaxSetJob(self.handle, job, c.JC_PAUSE))

    def resume(self, job: int) -> None:
        """Let a paused job go on; restart one that was given up."""
        must(FaxSetJob(self.handle, job, c.JC_RESUME))

    def first_page(self, job: int) -> PageImage:
        _, buffer, _, width, height = good(FaxGetPageData(self.handle, job))
        assert buffer is not None
        return PageImage(tiff=bytes(buffer), width=width, height=height)

    def routing_methods(self) -> Iterator[MethodRecord]:
        """Every method, in the order in which they run on a fax that comes in."""
        _, found, _ = good(FaxEnumGlobalRoutingInfo(self.handle))
        return _each(found, _method)

    def set_routing_priority(self, guid: str, priority: int) -> None:
        must(FaxSetGlobalRoutingInfo(self.handle, FAX_GLOBAL_ROUTING_INFO(Guid=guid, Priority=priority)))

    def events(self) -> Events:
        """Every event from now on: ``with server.events() as events: for event in events: ...``."""
        return Events(self.handle)


class OpenPort(_Closing):
    """A port. ``handle`` is the literal layer's."""

    handle: PortHandle

    def info(self) -> PortRecord:
        _, found = good(FaxGetPort(self.handle))
        assert found is not None
        return port_record(found)

    def status(self) -> StatusRecord:
        """What it is doing right now."""
        _, found = good(FaxGetDeviceStatus(self.handle))
        assert found is not None
        return status_record(found)

    def change(
        self,
        *,
        send: bool | None = None,
        receive: bool | None = None,
        rings: int | None = None,
        priority: int | None = None,
        tsid: str | None = None,
        csid: str | None = None,
    ) -> PortRecord:
        """Change what is not None, of a port that was opened with ``modify``; returns what it is then."""
        _, info = good(FaxGetPort(self.handle))
        assert info is not None
        for flag, wanted in ((c.FPF_SEND, send), (c.FPF_RECEIVE, receive)):
            if wanted is not None:
                info.Flags = info.Flags | flag if wanted else info.Flags & ~flag
        info.Rings = info.Rings if rings is None else rings
        info.Priority = info.Priority if priority is None else priority
        info.Tsid = info.Tsid if tsid is None else tsid
        info.Csid = info.Csid if csid is None else csid
        must(FaxSetPort(self.handle, info))
        return self.info()

    def routing_methods(self) -> Iterator[MethodRecord]:
        """Every method, and whether it runs on what comes in here."""
        _, found, _ = good(FaxEnumRoutingMethods(self.handle))
        return _each(found, _method)

    def enable(self, guid: str, on: bool = True) -> None:
        """Have a method run here, or not."""
        must(FaxEnableRoutingMethod(self.handle, guid, on))

    def routing_data(self, guid: str) -> bytes:
        _, buffer, _ = good(FaxGetRoutingInfo(self.handle, guid))
        assert buffer is not None
        return bytes(buffer)

    def set_routing_data(self, guid: str, data: bytes | str) -> None:
        """``data``: octets as the method has them; a text, for the built-in ones."""
        octets = data.encode() if isinstance(data, str) else data
        must(FaxSetRoutingInfo(self.handle, guid, octets, len(octets)))


class Events:
    """An iterator that waits for events, and ends after FEI_FAXSVC_ENDED; a context manager that gives the place free.

    As in the literal layer, a process has one at a time.
    """

    def __init__(self, handle: ServerHandle) -> None:
        self._queue: queue.Queue[FAX_EVENT | None] = queue.Queue()
        try:
            self._registration: Registration = register(handle, self._queue.put)
        except FaxError as error:
            raise WinFaxError(code_of(error), error.text) from error
        self._over = False

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Who waits for an event is let go."""
        self._registration.end()
        self._queue.put(None)

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> EventRecord:
        event = None if self._over else self._queue.get()
        if event is None:
            self._over = True
            raise StopIteration
        self._over = event.EventId == c.FEI_FAXSVC_ENDED
        return event_record(event)


def _each(found: FaxArray[Any] | None, record: Any) -> Iterator[Any]:
    """Values of an array, which is freed."""
    assert found is not None
    values = [record(each) for each in found]
    FaxFreeBuffer(found)
    return iter(values)


def _method(found: FAX_GLOBAL_ROUTING_INFO | FAX_ROUTING_METHOD) -> MethodRecord:
    of_server = isinstance(found, FAX_GLOBAL_ROUTING_INFO)
    return MethodRecord(
        guid=found.Guid or "",
        name=found.FriendlyName or "",
        function=found.FunctionName or "",
        extension=found.ExtensionFriendlyName or "",
        image=found.ExtensionImageName or "",
        priority=found.Priority if isinstance(found, FAX_GLOBAL_ROUTING_INFO) else 0,
        enabled=None if of_server else bool(found.Enabled),  # type: ignore[union-attr]
    )


def _sender() -> tuple[FAX_JOB_PARAM, FAX_COVERPAGE_INFO]:
    _, params, info = good(FaxCompleteJobParams())
    assert params is not None and info is not None
    return params, info
