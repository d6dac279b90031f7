"""The process of a service provider: its module, and a port for each device that it makes.

``python -m spooler.provider_process --name NAME --module FILE --folder DIR --ports DIR``

In DIR lie ``lock`` (flocked as long as the process lives), ``log``, and ``state.json``: what devices there are, or why
there are none. Each device has its folder below the ports' as every port has.

What always holds: one process per provider, whatever happens to those who started it; a module that is not there in
time, fails or hangs ends this process and nothing else. SIGTERM ends calls politely and then the process.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import os
import queue
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType

import msgspec

from fax.provider import DEVICE_NAME_LIMIT, LINE_DEVSPECIFIC, LINEDEVSTATE_RINGING, LINEMESSAGE, REQUIRED_EXPORTS
from modem.lock import LockedError, PortLock
from modem.port.loop import Watch, turn
from modem.port.messages import LOCK_NAME
from spooler.provider_device import Device
from spooler.provider_module import ModuleError, call, load
from spooler.provider_run import Limits
from spooler.settings_values import name as checked_name
from spooler.store_registry import ProviderDevice

STATE_NAME = "state.json"
INIT_S = 60.0  # for the module to make its devices
SHUTDOWN_S = 10.0
LOOK_S = 10.0
DEVICES_LIMIT = 256
PR_SET_NO_NEW_PRIVS = 38
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class State:
    """What the daemon reads: the devices, or in ``detail`` why the provider cannot be used. ``image``: its module."""

    image: str
    devices: tuple[ProviderDevice, ...] = ()
    detail: str = ""


def serving(provider: str, image: str, device: int) -> str:
    """How a device of a provider is called where a modem has its file."""
    return f"provider:{provider}#{device}:{image}"


class Messages:
    """The completion port of the devices: LINEMESSAGE packets, on any thread of the provider's."""

    def __init__(self, heard: queue.SimpleQueue[LINEMESSAGE], wake: int) -> None:
        self._heard = heard
        self._wake = wake

    def put(self, packet: tuple[object, object]) -> None:
        message = packet[1] if isinstance(packet, tuple) and len(packet) == 2 else packet
        if not isinstance(message, LINEMESSAGE):
            log.warning("the provider posts what is no LINEMESSAGE: %.200r", message)
            return
        self._heard.put(message)
        os.eventfd_write(self._wake, 1)


class ProviderProcess:
    """Everything in the process; ``run`` returns its exit status."""

    def __init__(self, name: str, image: Path, folder: Path, ports: Path, limits: Limits) -> None:
        """Raises LockedError when another process serves this folder, OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.quitting = False
        self.limits = limits
        self.module: ModuleType = ModuleType("none")
        self._image = image
        self._folder = folder
        self._ports = ports
        self._lock = PortLock(folder / LOCK_NAME)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._messages: queue.SimpleQueue[LINEMESSAGE] = queue.SimpleQueue()
        self._devices: list[Device] = []
        self._line: object = None
        self._lines: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._broken = False
        self._terminated = False
        self._next_look = time.monotonic() + LOOK_S

    def run(self) -> int:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        watchdog = threading.Timer(INIT_S, self._too_late)
        watchdog.daemon = True
        watchdog.start()
        try:
            made = self._begin()
        except (ModuleError, LockedError, OSError) as error:
            log.error("the provider %s cannot be used: %s", self.name, error)
            self._say(State(image=str(self._image), detail=str(error)))
            return 1
        finally:
            watchdog.cancel()
        self._say(State(image=str(self._image), devices=made))
        log.info("provider %s: %s", self.name, ", ".join(device.name for device in made))
        threading.Thread(target=self._tell_lines, name="lines", daemon=True).start()
        try:
            while not self._finished():
                self._turn()
        finally:
            self._end()
        return 0

    # What a device needs of its process.

    def wake(self) -> None:
        os.eventfd_write(self._wake, 1)

    def enabled(self) -> None:
        self._lines.put(None)

    def give_up(self, why: str) -> None:
        if not self._broken:
            log.error("%s: the process ends when no other device is in a call", why)
            self._broken = self.quitting = True

    def _begin(self) -> tuple[ProviderDevice, ...]:
        """Load the module, have it make its devices. Raises ModuleError, LockedError, OSError."""
        self.module = load(self._image, REQUIRED_EXPORTS)
        made = call(self.module.FaxDevVirtualDeviceCreation, Messages(self._messages, self._wake), self.name)
        if not made.ok:
            raise ModuleError(made.why)
        devices = devices_of(made.values)
        ready = call(self.module.FaxDevInitialize, None, None, None)
        if not ready.ok:
            raise ModuleError(ready.why)
        self._line = ready.values[0] if ready.values and callable(ready.values[0]) else None
        for device in devices:
            about = serving(self.name, str(self._image), device.id)
            modem = f"{self._image.stem} (virtual)"
            self._devices.append(Device(device.name, device.id, about, modem, self._ports / device.name, self))
        return devices

    def _turn(self) -> None:
        deadlines = [device.deadline for device in self._devices]
        due = min([at for at in deadlines if at is not None] + [self._next_look])
        watches = [Watch(self._wake, self._woken)]
        for device in self._devices:
            watches += device.watches
        turn(watches, due - time.monotonic())
        while not self._messages.empty():
            self._take(self._messages.get())
        for device in self._devices:
            device.tick()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_S
            if not (self._lock.is_ours() and all(device.is_ours() for device in self._devices)):
                log.error("the folders of the provider %s are not its own any more: ending", self.name)
                self.quitting = True

    def _take(self, message: LINEMESSAGE) -> None:
        found = next((device for device in self._devices if device.id == message.hDevice), None)
        if found is not None and message.dwMessageID == 0 and message.dwParam1 == LINEDEVSTATE_RINGING:
            found.rings()
        else:
            log.warning("a message that means nothing here: %r", message)

    def _woken(self, readable: bool, writable: bool) -> None:
        os.eventfd_read(self._wake)

    def _finished(self) -> bool:
        busy = [device for device in self._devices if device.busy]
        if self._broken:
            return all(device.stuck for device in busy)
        return self.quitting and not busy

    def _tell_lines(self) -> None:
        """Tell the module of every device whether it receives and sends, each time that one changes."""
        while True:
            self._lines.get()
            if callable(self._line):
                for device in self._devices:
                    receives = int(device.answering is not None)
                    call(self._line, None, device.id, LINE_DEVSPECIFIC, 0, receives, 1, 0)

    def _end(self) -> None:
        shutdown = getattr(self.module, "FaxDevShutdown", None)
        if callable(shutdown):
            last = threading.Thread(target=call, args=(shutdown,), daemon=True)
            last.start()
            last.join(SHUTDOWN_S)
        for device in self._devices:
            device.close()
        log.info("provider %s ends", self.name)

    def _say(self, state: State) -> None:
        part = self._folder / f"{STATE_NAME}.part"
        part.write_bytes(msgspec.json.encode(state))
        part.replace(self._folder / STATE_NAME)

    def _too_late(self) -> None:
        self._say(State(image=str(self._image), detail=f"its module did not make its devices within {INIT_S:g} s"))
        os._exit(1)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._devices:
            os._exit(1)  # the module is still beginning
        self.quitting = True
        for device in self._devices:
            device.end_call()
        self.wake()


def devices_of(values: tuple[object, ...]) -> tuple[ProviderDevice, ...]:
    """The devices of ``DeviceCount, DeviceNamePrefix, DeviceIdPrefix``. Raises ModuleError."""
    try:
        count, prefix, first = values
    except ValueError:
        raise ModuleError("FaxDevVirtualDeviceCreation gives no count, name prefix and id prefix") from None
    if not isinstance(count, int) or not isinstance(prefix, str) or not isinstance(first, int):
        raise ModuleError(f"FaxDevVirtualDeviceCreation gives {values!r}"[:500])
    if not 0 < count <= DEVICES_LIMIT or first == 0 or len(prefix) > DEVICE_NAME_LIMIT:
        raise ModuleError(f"{count} devices, ids from {first}: there must be 1 to {DEVICES_LIMIT}, and ids from 1 on")
    try:
        return tuple(ProviderDevice(name=checked_name(f"{prefix}{n}"), id=first + n) for n in range(count))
    except ValueError as error:
        raise ModuleError(f"{prefix}0 {error}") from error


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m spooler.provider_process", description="A provider of Platen.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--module", required=True, type=Path)
    parser.add_argument("--folder", required=True, type=Path, help="where its lock, log and state are")
    parser.add_argument("--ports", required=True, type=Path, help="where the folders of its devices are")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        process = ProviderProcess(arguments.name, arguments.module, arguments.folder, arguments.ports, Limits())
    except LockedError as error:
        log.error("%s", error)
        return 3
    except OSError as error:
        log.error("cannot start: %s", error)
        return 1
    status = process.run()
    logging.shutdown()
    # Threads of the module that never end do not keep the process.
    sys.stdout.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
