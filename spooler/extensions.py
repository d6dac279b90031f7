"""Routing extensions: each method of theirs a routing method like others, run in the extension's own process.

What always holds: what was registered when the daemon began is what counts until it ends; a process that has just begun
is told of every line and of what is set of it before it is given a fax; whatever an extension does, a delivery ends as
done or as failed, to be tried again, and what it had kept for the next try stays unless it gives other data; the fax's
own file is handed out as a copy. What a method answers when it is asked for its data is shown; what it was given is
kept.

Must not: run anything of an extension in this process.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import stat
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from fax.errors import Cause, RequestError
from fax.extension import STATUS_DISABLE, STATUS_ENABLE
from fax.registry import ExtensionInfo, ExtensionRegistration, MethodRegistration, Running
from spooler import store_events, store_registry, store_routing, webhook
from spooler.configuration import Live
from spooler.extension_host import SETTING_S, Host, HostError, HostLimits
from spooler.extension_wire import Device, Done, Enable, File, GetInfo, Question, Route, SetInfo
from spooler.providers import folder_name
from spooler.routing import Routing
from spooler.routing_method import TIFF_FILE, MethodAbout, Order, Outcome, failed
from spooler.spool import Spool, sync_file, sync_folder
from spooler.store import Store, Transaction

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
LOOK_S = 1.0
ADDED_LIMIT = 256 << 20  # octets that a method may add to one fax at a time
WEBHOOK = ExtensionRegistration(
    name="webhook",
    friendly_name="Webhook",
    image=str(Path(webhook.__file__).resolve()),
    methods=(
        MethodRegistration(
            name="webhook", friendly_name="Webhook", function=webhook.Webhook.__name__, guid=webhook.GUID
        ),
    ),
)
log = logging.getLogger(__name__)


class Extension:
    """One extension: its process, asked by one delivery at a time."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._turn = asyncio.Lock()

    async def ask(self, question: Question, limit_s: float = SETTING_S) -> Done:
        """Raises HostError."""
        async with self._turn:
            return await asyncio.to_thread(self.host.ask, question, limit_s)

    async def start(self) -> None:
        async with self._turn:
            with suppress(HostError):
                await asyncio.to_thread(self.host.start)

    async def deliver(self, guid: str, function: str, order: Order) -> Outcome:
        """Run a method on a fax."""
        async with self._turn:
            return await asyncio.to_thread(self.deliver_now, guid, function, order)

    def deliver_now(self, guid: str, function: str, order: Order) -> Outcome:
        """As ``deliver``, for the thread whose turn it is."""
        work = self.host.work / "fax"
        try:
            shutil.rmtree(work, ignore_errors=True)
            given = _handed(work, order)
            question = Route(
                function=function,
                guid=guid,
                facts=_facts(order),
                data=order.data,
                retry_data=order.retry_data,
                files=given,
                folder=str(work / "added"),
            )
            done = self.host.ask(question, self.host.limits.route_s)
            if not done.ok:
                return failed(done.why, done.data or order.retry_data)
            added = _taken(work / "added", done.added, order)
        except HostError as error:
            return failed(f"The extension {self.host.about.friendly_name}: {error}", order.retry_data)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        known = {file.number for file in order.files} - {TIFF_FILE}
        removed = tuple(number for number in done.removed if number in known)
        return Outcome(done=True, added=added, removed=removed, changed_data=done.changed)


class ExtensionMethod:
    """One method of an extension, as the routing engine knows methods."""

    def __init__(self, extension: Extension, method: MethodRegistration) -> None:
        self._extension = extension
        self._method = method

    @property
    def about(self) -> MethodAbout:
        of = self._extension.host.about
        return MethodAbout(
            guid=self._method.guid,
            friendly_name=self._method.friendly_name,
            function_name=self._method.function,
            extension_image=of.image,
            extension_name=of.friendly_name,
        )

    async def deliver(self, order: Order) -> Outcome:
        return await self._extension.deliver(self._method.guid, self._method.function, order)

    async def check(self, data: bytes, port: str, device: int) -> None:
        """The contract has no function for it: enabling may be refused."""

    async def set_enabled(self, device: int, enabled: bool) -> None:
        wanted = STATUS_ENABLE if enabled else STATUS_DISABLE
        try:
            await self._set(Enable(guid=self._method.guid, device=device, enabled=wanted))
        except RequestError:
            # To be rid of an extension that fails must be possible.
            if enabled:
                raise

    async def set_data(self, device: int, data: bytes) -> bytes:
        await self._set(SetInfo(guid=self._method.guid, device=device, data=data))
        return data

    async def data(self, device: int, kept: bytes) -> bytes:
        """What it says; nothing where it does not, since what is kept may hold a secret."""
        if not kept:
            return kept
        try:
            done = await self._extension.ask(GetInfo(guid=self._method.guid, device=device))
        except HostError:
            return b""
        return done.data if done.ok else b""

    async def _set(self, question: Question) -> None:
        try:
            done = await self._extension.ask(question)
        except HostError as error:
            raise self._refused(str(error)) from error
        if not done.ok:
            raise self._refused(done.why)

    def _refused(self, why: str) -> RequestError:
        return RequestError(Cause.BAD_CONFIGURATION, f"{self._method.friendly_name}: {why}")


class Extensions:
    """Of the daemon. Made before routing starts, which it registers its methods with."""

    def __init__(self, store: Store, spool: Spool, live: Live, limits: HostLimits, denied: Sequence[Path]) -> None:
        self.built_in = (WEBHOOK,)
        self._store = store
        self._live = live
        registered = store.call(store_registry.extension_list)
        self._known = {
            about.name: Extension(
                Host(
                    about,
                    spool.root / "extensions" / folder_name(about.name),
                    [spool.root, *denied],
                    limits,
                    self._begun,
                    partial(self._failed, about),
                )
            )
            for about in (*self.built_in, *registered)
        }
        store.call(partial(_let_go, known=self._known.values()))
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._devices = {port.id for port in live.ports}

    def register(self, routing: Routing) -> None:
        """Have the methods run."""
        for extension in self._known.values():
            for method in extension.host.about.methods:
                routing.register(ExtensionMethod(extension, method))

    async def start(self) -> None:
        """Have those that are registered run; the built-in ones begin when they are first needed."""
        for name, extension in self._known.items():
            if name not in {each.name for each in self.built_in}:
                self._begin_task(_keep(extension))
        self._live.listen(self._lines_changed)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for extension in self._known.values():
            await asyncio.to_thread(extension.host.close)

    def listing(self, registered: Sequence[ExtensionRegistration]) -> tuple[ExtensionInfo, ...]:
        """Built-in ones first. ``registered``: as it is in the database now."""
        now = {about.name: about for about in (*self.built_in, *registered)}
        found = []
        for name in [*self._known, *(name for name in now if name not in self._known)]:
            known, wanted = self._known.get(name), now.get(name)
            about = wanted or (known.host.about if known is not None else None)
            assert about is not None
            running, detail, failures = Running.WAITS, "it counts from the fax server's next start", 0
            if wanted is None:
                running, detail = Running.LEAVES, "it was taken away; gone with the fax server's next start"
            elif known is not None and wanted == known.host.about:
                running, detail, failures = known.host.running, known.host.detail, known.host.failures
            found.append(
                ExtensionInfo(
                    name=name,
                    friendly_name=about.friendly_name,
                    image=about.image,
                    methods=about.methods,
                    running=running,
                    built_in=about in self.built_in,
                    detail=detail,
                    failures=failures,
                )
            )
        return tuple(found)

    def _begun(self, host: Host) -> None:
        """Tell a new process of the lines, and of what is set of its methods on each. Raises HostError."""
        own = {method.guid for method in host.about.methods}
        for port in self._live.ports:
            _tell(host, Device(device=port.id, new=True))
            for method in self._store.call(partial(store_routing.of_port, port=port)):
                if method.guid not in own:
                    continue
                if method.data:
                    _tell(host, SetInfo(guid=method.guid, device=port.id, data=method.data))
                if method.enabled:
                    _tell(host, Enable(guid=method.guid, device=port.id, enabled=STATUS_ENABLE))

    def _failed(self, about: ExtensionRegistration, why: str) -> None:
        text = f"The routing extension {about.friendly_name} has failed: {why}; it is started again"
        # Where the database fails, the log has said so.
        self._store.submit(partial(store_events.emit, kind="module-failed", job=None, text=text))

    def _lines_changed(self) -> None:
        """Lines came or went: those that run are told."""
        before, self._devices = self._devices, {port.id for port in self._live.ports}
        news = [Device(device=id, new=True) for id in sorted(self._devices - before)]
        news += [Device(device=id, new=False) for id in sorted(before - self._devices)]
        for extension in self._known.values():
            if news and extension.host.running is Running.RUNS:
                self._begin_task(_tell_all(extension, news))

    def _begin_task(self, work: Coroutine[object, object, None]) -> None:
        task: asyncio.Task[None] = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _keep(extension: Extension) -> None:
    """Have it run, again and again."""
    while True:
        try:
            await extension.start()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("Extension %s", extension.host.about.name)
        await asyncio.sleep(LOOK_S)


async def _tell_all(extension: Extension, news: Sequence[Question]) -> None:
    with suppress(HostError):
        for each in news:
            await extension.ask(each)


def _tell(host: Host, question: Question) -> None:
    """What it says to it is logged, and no more. Raises HostError."""
    done = host.ask_begun(question, SETTING_S)
    if not done.ok:
        log.warning("Extension %s: %s", host.about.name, done.why)


def _let_go(tx: Transaction, known: Iterable[Extension]) -> None:
    """Forget methods of extensions that were taken away."""
    guids = {method.guid for extension in known for method in extension.host.about.methods}
    for method in store_routing.listing(tx):
        if method.extension_image != MethodAbout.extension_image and method.guid not in guids:
            store_routing.forget(tx, method.guid)


def _handed(work: Path, order: Order) -> tuple[File, ...]:
    """The fax's files as copies that the extension may read. Raises OSError."""
    (work / "added").mkdir(parents=True)
    given = []
    for file in order.files:
        copy = work / f"{file.number}-{file.path.name}"
        shutil.copyfile(file.path, copy)
        copy.chmod(0o440)
        given.append(File(number=file.number, name=str(copy), owner=file.owner))
    return tuple(given)


def _taken(folder: Path, names: Sequence[str], order: Order) -> tuple[Path, ...]:
    """The files that it has added, now in the fax's folder and on stable storage. Raises HostError, OSError."""
    taken: list[Path] = []
    room = ADDED_LIMIT
    for name in names:
        if name != Path(name).name or name in ("", ".", ".."):
            raise HostError(f"it added a file of a strange name: {name!r:.100}")
        target = order.folder / f"{order.id}-{name}"
        # Not followed, so that nothing of ours is taken for a file of the extension's.
        fd = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as source:
            about = os.fstat(fd)
            room -= about.st_size
            if not stat.S_ISREG(about.st_mode) or room < 0:
                raise HostError(f"it added what is no file, or more than {ADDED_LIMIT >> 20} MiB")
            with target.open("wb") as copy:
                shutil.copyfileobj(source, copy)
        sync_file(target)
        taken.append(target)
    if taken:
        sync_folder(order.folder)
    return tuple(taken)


def _facts(order: Order) -> dict[str, int | str]:
    """FAX_ROUTE, but for the method's data."""
    fax = order.fax
    unit = timedelta(microseconds=1)
    return {
        "JobId": order.job,
        "ElapsedTime": (fax.ended - fax.started) // unit * 10,
        "ReceiveTime": (fax.started - EPOCH) // unit * 10,
        "PageCount": fax.pages,
        "Csid": fax.csid,
        "Tsid": fax.tsid,
        "CallerId": fax.caller_id,
        "RoutingInfo": fax.routing,
        "ReceiverName": fax.receiver_name,
        "ReceiverNumber": fax.receiver_number or fax.digits or fax.csid,
        "DeviceName": fax.port,
        "DeviceId": fax.device,
        "DeliveryId": order.id,
    }
