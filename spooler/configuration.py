"""What is in force now: settings, ports' settings and log levels, as snapshots, and who is told when they change.

What always holds: a snapshot is whole and checked, never changes and can be read on any thread; it is replaced on the
event loop after its commit, in the order of commits, and then those who listen are told, on the loop; a change that
breaks a rule changes nothing.

    live.configuration.retries          read it each time: what you keep goes stale
    live.ports                          in order of priority, those of the settings file
    live.listen(self._settings_changed) called without arguments after each change
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from fax.settings import SECRET, Configuration
from fax.settings_check import bad_setting, check
from spooler import store_archive, store_configuration, store_ports
from spooler.access import Caller
from spooler.settings import PortSettings, Settings
from spooler.store import Store, Transaction
from spooler.store_access import write_audit
from spooler.store_configuration import SECRETS, TYPES, Change, Levels, packed
from spooler.store_ports import PortRecord

log = logging.getLogger(__name__)


class Live:
    """``settings``: the file, whose values count at the first start only."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._listeners: list[Callable[[], None]] = []
        self.configuration, self.levels, self.ports = store.call(partial(_begin, settings=settings))
        for name in sorted(settings.first_named):
            if getattr(self.configuration, name) != getattr(settings.first, name):
                log.warning(
                    "The settings file's value for %s is not what counts (any more): platen config set %s=... does",
                    name,
                    name,
                )

    def listen(self, listener: Callable[[], None]) -> None:
        """``listener`` is called on the event loop after each change; it must not wait."""
        self._listeners.append(listener)

    def port(self, name: str) -> PortRecord | None:
        return store_ports.named(self.ports, name)

    async def change(self, changes: Mapping[str, msgspec.Raw], who: Caller, *, complete: bool = False) -> Configuration:
        """Have ``changes`` (JSON by name) in force. ``complete``: every setting must be named.

        Raises RequestError BAD_SETTING.
        """
        values = {name: _value(name, raw) for name, raw in changes.items()}
        if complete and (missing := TYPES.keys() - values.keys()):
            raise bad_setting(min(missing), "is missing: a PUT names every setting")
        values = {name: value for name, value in values.items() if not (name in SECRETS and value == SECRET)}
        made = await self._store.run(partial(self._change, values=values, who=who))
        self.configuration = made
        self._tell()
        return made

    def _change(self, tx: Transaction, values: dict[str, object], who: Caller) -> Configuration:
        wanted = replace(store_configuration.read(tx), **values)  # type: ignore[arg-type]
        check(wanted)
        if {"archive_folder", "archive_outgoing", "archive_incoming"} & values.keys():
            check_archive(wanted)
        was_on = _archives(store_configuration.read(tx))
        changes = store_configuration.write(tx, wanted)
        if _archives(wanted) != was_on:
            (store_archive.begin if _archives(wanted) else store_archive.end)(tx)
        self._note(tx, changes, who)
        return wanted

    async def change_levels(self, wanted: Levels, who: Caller) -> Levels:
        """Log this much of these categories; the others stay."""

        def work(tx: Transaction) -> Levels:
            self._note(tx, store_configuration.write_levels(tx, wanted), who)
            return store_configuration.levels(tx)

        self.levels = await self._store.run(work)
        self._tell()
        return self.levels

    async def enrol(self, named: Sequence[PortSettings]) -> None:
        """Have these ports, each with what is set of it, and no others."""

        def work(tx: Transaction) -> tuple[PortRecord, ...]:
            store_ports.enrol(tx, [(port.name, port.tsid) for port in named])
            return store_ports.listing(tx)

        self.ports = await self._store.run(work)
        self._tell()

    async def change_port(self, id: int, change: Callable[[PortRecord], PortRecord], who: Caller) -> PortRecord:
        """Have what ``change`` makes of port ``id`` in force. Raises RequestError NO_SUCH_PORT, BAD_SETTING."""

        def work(tx: Transaction) -> tuple[PortRecord, ...]:
            known = store_ports.listing(tx)
            before = store_ports.of_id(known, id)
            after = store_ports.checked(replace(change(before), id=id, name=before.name), len(known))
            store_ports.write(tx, after)
            for name in ("send", "receive", "rings", "priority", "tsid", "csid"):
                old, new = getattr(before, name), getattr(after, name)
                if old != new:
                    write_audit(tx, who, "port", f"port {before.name} {name}", packed(old), packed(new))
            return store_ports.listing(tx)

        self.ports = await self._store.run(work)
        self._tell()
        return store_ports.of_id(self.ports, id)

    def _note(self, tx: Transaction, changes: tuple[Change, ...], who: Caller) -> None:
        for change in changes:
            write_audit(tx, who, "config", change.name, change.before, change.after)

    def _tell(self) -> None:
        for listener in self._listeners:
            try:
                listener()
            except Exception:
                log.exception("A listener to the settings failed; they are in force all the same")


def _begin(tx: Transaction, settings: Settings) -> tuple[Configuration, Levels, tuple[PortRecord, ...]]:
    store_configuration.seed(tx, settings.first, settings.first_levels)
    store_ports.enrol(tx, [(port.name, port.tsid) for port in settings.ports])
    return store_configuration.read(tx), store_configuration.levels(tx), store_ports.listing(tx)


def _value(name: str, raw: msgspec.Raw) -> object:
    if name not in TYPES:
        raise bad_setting(name, "is not a setting")
    try:
        return msgspec.json.decode(raw, type=TYPES[name])
    except msgspec.DecodeError as error:
        said = SECRET if name in SECRETS else bytes(raw).decode(errors="replace")[:100]
        raise bad_setting(name, f"cannot be {said}: {error}") from error


def _archives(configuration: Configuration) -> bool:
    return configuration.archive_outgoing or configuration.archive_incoming


def check_archive(wanted: Configuration) -> None:
    """The archive's folder must be there and take files. Raises RequestError BAD_SETTING. Looks at the disk."""
    if not _archives(wanted):
        return
    folder = Path(wanted.archive_folder)
    if not folder.is_dir():
        raise bad_setting("archive_folder", f"is not a folder: {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise bad_setting("archive_folder", f"cannot be written to by the fax server: {folder}")
