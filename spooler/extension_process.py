"""The process of one routing extension: ``python -m spooler.extension_process CONNECTION LIFE``, two descriptors.

What always holds: the module is loaded only when limits and sandbox stand; whatever its functions raise or give, the
daemon gets one answer that is of the right form; the process ends when the daemon does. The fax's own file cannot be
taken off the list, and is a copy.

Must not: import anything of the daemon that opens its database.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from fax import extension
from fax.extension import FAX_ROUTE, FAX_ROUTE_CALLBACKROUTINES, REQUIRED_EXPORTS, FileEnumerator
from spooler import sandbox
from spooler.extension_wire import (
    DATA_LIMIT,
    FILES_LIMIT,
    TEXT_LIMIT,
    Begin,
    Device,
    Done,
    Enable,
    File,
    GetInfo,
    GoneError,
    Question,
    Route,
    SetInfo,
    WireError,
    receive,
    send,
)
from spooler.provider_module import ModuleError, load

OUT_OF_MEMORY = 12  # exit status
F_SETSIG = 10  # linux/fcntl.h
log = logging.getLogger(__name__)


@dataclass
class _Fax:
    """The file list of the fax that is being routed, and what was made of it."""

    job: int
    guid: str
    folder: Path
    files: list[File]
    added: list[File] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    changed: dict[str, bytes] = field(default_factory=dict)


class Service:
    """What an extension is offered, and what is asked of it."""

    def __init__(self) -> None:
        self._module = ModuleType("none")
        self._fax: _Fax | None = None

    def answer(self, question: Question) -> Done:
        """Ask the module. MemoryError ends the process."""
        match question:
            case Begin():
                return self._begin(question)
            case Route():
                return self._route(question)
            case Enable(guid=guid, device=device, enabled=enabled):
                return self._plain("FaxRouteDeviceEnable", guid, device, enabled)
            case Device(device=device, new=new):
                return self._plain("FaxRouteDeviceChangeNotification", device, new)
            case SetInfo(guid=guid, device=device, data=data):
                return self._plain("FaxRouteSetRoutingInfo", guid, device, data, len(data))
            case GetInfo(guid=guid, device=device):
                return self._get(guid, device)

    def _begin(self, question: Begin) -> Done:
        sandbox.limit(sandbox.Limits(memory_octets=question.memory_octets))
        notes = sandbox.confine([Path(path) for path in question.denied], [Path(question.work)])
        try:
            self._module = load(Path(question.image), (*REQUIRED_EXPORTS, *question.functions))
        except ModuleError as error:
            return Done(ok=False, why=str(error)[:TEXT_LIMIT], lasting=True, notes=tuple(notes))
        routines = FAX_ROUTE_CALLBACKROUTINES(
            FaxRouteAddFile=self.add_file,
            FaxRouteDeleteFile=self.delete_file,
            FaxRouteGetFile=self.get_file,
            FaxRouteEnumFiles=self.enumerate_files,
            FaxRouteModifyRoutingData=self.modify_routing_data,
        )
        ok, _, done = _called(self._module.FaxRouteInitialize, None, routines)
        return Done(ok=ok, why=done.why, code=done.code, lasting=not ok, notes=tuple(notes))

    def _plain(self, function: str, *arguments: object) -> Done:
        return _called(getattr(self._module, function), *arguments)[2]

    def _get(self, guid: str, device: int) -> Done:
        ok, values, done = _called(self._module.FaxRouteGetRoutingInfo, guid, device)
        if not ok:
            return done
        if len(values) != 1 or not isinstance(values[0], bytes) or len(values[0]) > DATA_LIMIT:
            return Done(ok=False, why="FaxRouteGetRoutingInfo gave no octets, or too many")
        return Done(ok=True, data=values[0])

    def _route(self, question: Route) -> Done:
        self._fax = _Fax(int(question.facts["JobId"]), question.guid, Path(question.folder), list(question.files))
        facts: dict[str, Any] = dict(question.facts)
        fax = FAX_ROUTE(**facts, RoutingInfoData=question.data, RoutingInfoDataSize=len(question.data))
        function = getattr(self._module, question.function)
        try:
            ok, values, done = _called(function, fax, question.retry_data or None, len(question.retry_data))
            made = self._fax
        finally:
            self._fax = None
        if ok:
            names = tuple(Path(each.name).name for each in made.added)
            return Done(ok=True, added=names, removed=tuple(made.removed), changed=made.changed)
        retry_data = values[0] if values else None
        if retry_data is None:
            return done
        if not isinstance(retry_data, bytes) or len(retry_data) > DATA_LIMIT:
            return Done(ok=False, why=f"{done.why}; its retry data are no octets, or too many", code=done.code)
        return Done(ok=False, why=done.why, code=done.code, data=retry_data)

    # The callbacks. An extension may call them on any thread of its own while its method runs.

    def _routed(self, JobId: int) -> _Fax | None:
        fax = self._fax
        return fax if fax is not None and fax.job == JobId else None

    def add_file(self, JobId: int, FileName: str, Guid: str) -> int:
        """FaxRouteAddFile: a copy of the file as it is now."""
        fax = self._routed(JobId)
        if fax is None or len(fax.added) >= FILES_LIMIT:
            extension.SetLastError(extension.ERROR_INVALID_PARAMETER)
            return -1
        number = max((file.number for file in fax.files), default=-1) + 1
        target = fax.folder / f"{number}-{Path(FileName).name[-100:]}"
        try:
            shutil.copyfile(FileName, target)
        except OSError as error:
            extension.SetLastError(extension.ERROR_FILE_NOT_FOUND, f"{FileName}: {error.strerror or error}")
            return -1
        file = File(number=number, name=str(target), owner=fax.guid)
        fax.files.append(file)
        fax.added.append(file)
        return number

    def delete_file(self, JobId: int, FileName: str) -> int:
        """FaxRouteDeleteFile."""
        fax = self._routed(JobId)
        found = next((file for file in fax.files if file.name == str(FileName)), None) if fax is not None else None
        if fax is None or found is None or found.number == 0:
            code = extension.ERROR_ACCESS_DENIED if found is not None else extension.ERROR_FILE_NOT_FOUND
            extension.SetLastError(code)
            return -1
        fax.files.remove(found)
        if found in fax.added:
            fax.added.remove(found)
        else:
            fax.removed.append(found.number)
        return found.number

    def get_file(self, JobId: int, Index: int) -> tuple[bool, str]:
        """FaxRouteGetFile."""
        fax = self._routed(JobId)
        if fax is None or not 0 <= Index < len(fax.files):
            extension.SetLastError(extension.ERROR_FILE_NOT_FOUND)
            return False, ""
        return True, fax.files[Index].name

    def enumerate_files(self, JobId: int, Guid: str | None, FileEnumerator: FileEnumerator, Context: object) -> bool:
        """FaxRouteEnumFiles."""
        fax = self._routed(JobId)
        if fax is None:
            extension.SetLastError(extension.ERROR_INVALID_PARAMETER)
            return False
        return all(FileEnumerator(JobId, file.owner, Guid, file.name, Context) for file in list(fax.files))

    def modify_routing_data(self, JobId: int, RoutingGuid: str, RoutingData: bytes, RoutingDataSize: int) -> bool:
        """FaxRouteModifyRoutingData."""
        fax, data = self._routed(JobId), bytes(RoutingData)[:RoutingDataSize]
        if fax is None or len(data) > DATA_LIMIT or len(fax.changed) >= FILES_LIMIT:
            extension.SetLastError(extension.ERROR_INVALID_PARAMETER)
            return False
        fax.changed["{" + str(RoutingGuid).strip("{}").lower() + "}"] = data
        return True


def _called(function: Callable[..., object], *arguments: object) -> tuple[bool, tuple[object, ...], Done]:
    """Whether it succeeded, its values, and the same as an answer."""
    name = getattr(function, "__name__", "the function")
    extension.SetLastError(extension.ERROR_SUCCESS)
    try:
        given = function(*arguments)
    except MemoryError:
        # Nothing can be relied upon any more.
        os._exit(OUT_OF_MEMORY)
    except (Exception, SystemExit) as error:
        log.exception("%s failed", name)
        why = f"{name}: {type(error).__name__}: {error}"
        return False, (), Done(ok=False, why=why[:TEXT_LIMIT], code=extension.GetLastError())
    ok, values = (given[0], given[1:]) if isinstance(given, tuple) and given else (given, ())
    if not isinstance(ok, int):
        why = f"{name} gave what is neither true nor false: {given!r:.100}"
        return False, (), Done(ok=False, why=why)
    if ok:
        return True, tuple(values), Done(ok=True)
    code, text = extension.GetLastError(), extension.last_error_text()
    why = text or (f"{name} failed with error {code}" if code else f"{name} failed")
    return False, tuple(values), Done(ok=False, why=why[:TEXT_LIMIT], code=code)


def _end_with(fd: int) -> None:
    """Have the kernel kill this process, and what it has started, when the daemon, which holds the other end of this
    pipe, is gone, whatever the module is doing then."""
    leads = os.getpgrp() == os.getpid()
    fcntl.fcntl(fd, fcntl.F_SETOWN, -os.getpid() if leads else os.getpid())
    fcntl.fcntl(fd, F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([fd], [], [], 0)[0]:
        os._exit(0)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    connection, life = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    connection.set_inheritable(False)
    os.set_inheritable(life, False)
    _end_with(life)
    service = Service()
    while True:
        try:
            question: Question = receive(connection, Question, None)  # type: ignore[arg-type]
        except GoneError:
            return 0
        answer = service.answer(question)
        try:
            send(connection, answer)
        except WireError:
            send(connection, Done(ok=False, why="the answer is too long"))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, ConnectionError):
        main()
    os._exit(0)
