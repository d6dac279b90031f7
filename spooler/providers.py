"""The service providers that are registered: their processes, their devices as ports, how they are doing.

What always holds: what was registered when the daemon began is what counts until it ends; the devices that a provider
had last are ports from the start, so that calls of an earlier daemon are settled; a process is found by its lock,
adopted when it lives and started, more slowly each time, when it does not; one provider's trouble is its own.

Must not: load a module of a provider, or block the event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

import msgspec

import modem
from fax.errors import FaxError
from fax.registry import ProviderInfo, Running
from modem import lock
from modem.port.client import LOG_LIMIT_OCTETS, reap, remember
from modem.port.messages import LOCK_NAME, LOG_NAME
from spooler import store_events, store_registry
from spooler.port_launch import PATIENT_TIMES, PAUSES_S
from spooler.provider_process import STATE_NAME, State, serving
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_registry import ProviderDevice, ProviderRecord

LOOK_S = 0.5
SERIAL, SOFTWARE = "serial", "software"
BUILT_IN = (SERIAL, SOFTWARE)
log = logging.getLogger(__name__)

Enrol = Callable[[Sequence[PortSettings]], Awaitable[None]]
"""Makes ports of devices that the daemon did not know when it began."""


class Provider:
    """One registered provider. Also the launcher of its devices' ports, which share its process."""

    def __init__(self, record: ProviderRecord, folder: Path, ports: Path) -> None:
        self.record = record
        self.path = record.path
        self.devices = record.devices
        self.detail = ""
        self.clash = ""  # a device of it that cannot be a line
        self.alive = False
        self.well = False
        self._folder = folder
        self._ports = ports
        self._times = 0
        self._not_before = 0.0

    def settings(self) -> tuple[PortSettings, ...]:
        """Its devices as ports."""
        return tuple(
            PortSettings(
                name=device.name,
                device=serving(self.record.name, str(self.path), device.id),
                provider=self.record.name,
            )
            for device in self.devices
        )

    def is_well(self) -> None:
        self._times = 0

    async def launch(self, settings: PortSettings, now: float) -> str | None:
        """As ``port_launch.Launcher``. Raises OSError."""
        if now < self._not_before or await asyncio.to_thread(self.lives):
            return None
        self._not_before = now + PAUSES_S[min(self._times, len(PAUSES_S) - 1)]
        self._times += 1
        await asyncio.to_thread(self._launch)
        if self._times <= PATIENT_TIMES:
            return ""
        return self.detail or f"the provider's process ended; see {self._folder / LOG_NAME}"

    def lives(self) -> bool:
        return lock.is_locked(self._folder / LOCK_NAME)

    def state(self) -> State | None:
        """What its process said last; None: nothing about this module. Raises OSError."""
        try:
            said = msgspec.json.decode((self._folder / STATE_NAME).read_bytes(), type=State)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return said if said.image == str(self.path) else None

    def _launch(self) -> None:
        reap()
        self._folder.mkdir(parents=True, exist_ok=True)
        said = self._folder / LOG_NAME
        if said.exists() and said.stat().st_size > LOG_LIMIT_OCTETS:
            said.replace(said.with_name(LOG_NAME + ".1"))
        # What it said before is not what it says now.
        (self._folder / STATE_NAME).unlink(missing_ok=True)
        command = [sys.executable, "-m", "spooler.provider_process", "--name", self.record.name]
        command += ["--module", str(self.path), "--folder", str(self._folder), "--ports", str(self._ports)]
        with said.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=Path(modem.__file__).resolve().parents[1],
                env={name: value for name, value in os.environ.items() if name in KEPT_VARIABLES},
                start_new_session=True,
            )
        remember(child)
        log.info("Provider %s: started process %d", self.record.name, child.pid)


KEPT_VARIABLES = frozenset(("PATH", "HOME", "LANG", "TZ", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR"))


class Providers:
    """Of the daemon. ``with_ports`` before anything else is made; ``run`` for as long as it lives."""

    def __init__(self, store: Store, spool: Spool) -> None:
        self._store = store
        records = store.call(store_registry.provider_list)
        ports = spool.root / "ports"
        self._known = {
            record.name: Provider(record, spool.root / "providers" / folder_name(record.name), ports)
            for record in records
        }
        self._names: set[str] = set()
        self._file: tuple[PortSettings, ...] = ()

    def with_ports(self, settings: Settings) -> Settings:
        """The settings with a port for each device that is known."""
        self._file = settings.ports
        self._names = {port.name for port in settings.ports}
        made: list[PortSettings] = []
        for provider in self._known.values():
            made += self._fresh(provider)
        return replace(settings, ports=(*settings.ports, *made))

    def launcher(self, port: str) -> Provider | None:
        """Who starts the process of this port; None: it has one of its own."""
        for provider in self._known.values():
            if any(device.name == port for device in provider.devices) and port not in self._own_names():
                return provider
        return None

    def listing(self, registered: Sequence[ProviderRecord]) -> tuple[ProviderInfo, ...]:
        """Built-in ones first. ``registered``: as it is in the database now."""
        now = {record.name: record for record in registered}
        found = list(self._built_in())
        for name in [*self._known, *(name for name in now if name not in self._known)]:
            known, record = self._known.get(name), now.get(name)
            counts = known is not None and record is not None and record.path == known.path
            about = record if record is not None else known.record if known is not None else None
            assert about is not None
            running, detail = Running.WAITS, "it counts from the fax server's next start"
            if record is None:
                running, detail = Running.LEAVES, "it was taken away; gone with the fax server's next start"
            elif counts and known is not None:
                running, detail = _running(known), known.detail
            found.append(
                ProviderInfo(
                    name=name,
                    friendly_name=about.friendly_name,
                    image=about.image,
                    tsp_name=about.tsp_name,
                    running=running,
                    devices=tuple(device.name for device in known.devices) if known is not None else (),
                    detail=detail,
                )
            )
        return tuple(found)

    async def run(self, enrol: Enrol) -> None:
        """Until cancelled."""
        await asyncio.gather(*(self._follow(provider, enrol) for provider in self._known.values()))

    async def _follow(self, provider: Provider, enrol: Enrol) -> None:
        while True:
            try:
                await self._look(provider, enrol)
            except (OSError, FaxError) as error:
                log.warning("Provider %s: %s", provider.record.name, error)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("Provider %s", provider.record.name)
            await asyncio.sleep(LOOK_S)

    async def _look(self, provider: Provider, enrol: Enrol) -> None:
        provider.alive = await asyncio.to_thread(provider.lives)
        said = await asyncio.to_thread(provider.state)
        if said is not None and said.detail and said.detail != provider.detail:
            await self._tell(f"The provider {provider.record.friendly_name} cannot be used: {said.detail}")
        if said is not None:
            provider.detail = said.detail or provider.clash
        was_well, provider.well = provider.well, provider.alive and said is not None and not said.detail
        if was_well and not provider.alive:
            log.error("The process of the provider %s has ended", provider.record.name)
            await self._tell(f"The provider {provider.record.friendly_name} has failed; it is started again")
        if not provider.alive:
            await provider.launch(PortSettings(name="", device=""), asyncio.get_running_loop().time())
        elif said is not None and said.devices and said.devices != provider.devices:
            await self._take(provider, said.devices, enrol)

    async def _take(self, provider: Provider, devices: tuple[ProviderDevice, ...], enrol: Enrol) -> None:
        """Its devices are others than were known."""
        keep = partial(store_registry.keep_devices, name=provider.record.name, devices=devices)
        await self._store.run(keep)
        provider.devices = devices
        fresh = self._fresh(provider)
        if fresh:
            await enrol(fresh)
        log.info("Provider %s has %s", provider.record.name, ", ".join(device.name for device in devices))

    def _fresh(self, provider: Provider) -> list[PortSettings]:
        """Its ports that are none yet; whose name another has already is none."""
        fresh = []
        for port in provider.settings():
            if port.name in self._own_names():
                provider.clash = f"its device {port.name} has the name of another line"
                log.error("Provider %s: %s", provider.record.name, provider.clash)
            elif port.name not in self._names:
                self._names.add(port.name)
                fresh.append(port)
        return fresh

    def _own_names(self) -> set[str]:
        return {port.name for port in self._file}

    def _built_in(self) -> tuple[ProviderInfo, ...]:
        software = {port.name for port in self._file if is_software(port.device)}
        shown = (
            (SERIAL, "Serial modems", [port.name for port in self._file if port.name not in software]),
            (SOFTWARE, "Software modem", sorted(software)),
        )
        return tuple(
            ProviderInfo(
                name=name,
                friendly_name=friendly,
                image=str(Path(modem.__file__).parent / ("port" if name == SERIAL else "soft")),
                tsp_name="",
                running=Running.RUNS,
                built_in=True,
                devices=tuple(devices),
            )
            for name, friendly, devices in shown
        )

    async def _tell(self, text: str) -> None:
        await self._store.run(partial(store_events.emit, kind="module-failed", job=None, text=text))


def folder_name(provider: str) -> str:
    """The name of a provider's folder: readable, and never that of another."""
    return f"{quote(provider, safe='')[:60]}-{hashlib.sha256(provider.encode()).hexdigest()[:8]}"


def is_software(device: str) -> bool:
    """Whether a modem is a program: it stands behind a pseudo-terminal."""
    return Path(device).resolve().parent == Path("/dev/pts")


def _running(provider: Provider) -> Running:
    if provider.detail and not provider.well:
        return Running.FAILED
    return Running.RUNS if provider.well else Running.STARTS
