"""Ports: supervises one port process and the calls that it is given.

What always holds: a port process is found by its lock, adopted when it lives and started when it does not; a call is in
the database before its plan is written; a process is never ended while its call goes on, not even when we end. What
becomes of a call is for ``port_attendance``.

Must not: block the event loop (the client of the process and the files are used on threads).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from fax.ports import DeviceState
from fax.types import JobId
from fax.types import Port as PortShown
from modem.port import client as port_client
from modem.port.client import PortClient, PortError, PortState
from spooler.configuration import Live
from spooler.covers import Covers
from spooler.planning import plan_for, prefaces_for, write_plan
from spooler.port_attendance import Attendance
from spooler.port_call import RunningCall
from spooler.port_incoming import Incoming
from spooler.port_launch import Launcher, Starts
from spooler.port_news import PortNews
from spooler.port_status import PortNow, Progress, state_of
from spooler.reception import Reception
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_calls import CallOrder, OpenCall

log = logging.getLogger(__name__)
TAIL_S = 0.15
LOOK_S = 1.0
LOOK_STARTING_S = 0.2


class Port:
    """One port. ``changed(port)`` is called when it may be ready, ``over(jobs, dialled)`` when their call is settled.

    ``settings`` None: a port that is no longer in the settings; its calls are settled and its process is ended.
    """

    def __init__(
        self,
        name: str,
        settings: Settings,
        live: Live,
        store: Store,
        spool: Spool,
        reception: Reception,
        covers: Covers,
        changed: Callable[[Port], None],
        over: Callable[[tuple[int, ...], bool], None],
        launcher: Starts | None = None,
    ) -> None:
        """``launcher``: who starts its process; None: it is a modem's, with one of its own."""
        self.name = name
        self.settings: PortSettings | None = next((port for port in settings.ports if port.name == name), None)
        self.state = PortState.STARTING
        self.detail = ""
        self._all = settings
        self._live = live
        self._store = store
        self._spool = spool
        self._covers = covers
        self._changed = changed
        self._over = over
        self._folder = spool.port(name)
        self._client = PortClient(self._folder)
        self._calls: list[RunningCall] = []
        self._wake = asyncio.Event()
        self._launcher: Starts = launcher or Launcher(name, self._folder)
        self._modem = ""
        self._rings = 0
        self._device_taken = False
        self._retired = False
        self._news = PortNews(name, store)
        self._attendance = Attendance(
            name, self._folder, self._client, store, spool, live, self._news, self._set, self._done
        )
        self._incoming = Incoming(name, self._client, self._news.tell, reception)
        live.listen(lambda: changed(self))

    @property
    def free(self) -> bool:
        """Ready for a call that goes out."""
        record = self._live.port(self.name)
        if self.settings is None or record is None or not record.send:
            return False
        return self.state is PortState.IDLE and not self._calls and not self._rings

    @property
    def in_use(self) -> bool:
        """In a call, or about to be."""
        return bool(self._calls) or self.state in (PortState.SENDING, PortState.RECEIVING)

    def now(self) -> PortNow:
        """What the port is doing."""
        running = self._calls[0] if self._calls else None
        progress = None if running is None else running.progress or Progress()
        state = state_of(
            self.state,
            progress,
            cancelling=running is not None and running.cancelling,
            rings=self._rings,
            device_taken=self._device_taken,
        )
        if running is None or progress is None:
            if self.state is PortState.RECEIVING and not self._incoming.pages:
                state = DeviceState.ANSWERED
            page = self._incoming.pages or None if self.state is PortState.RECEIVING else None
            return PortNow(state=state, detail=self.detail, modem=self._modem, page=page)
        return PortNow(
            state=state,
            detail=self.detail,
            modem=self._modem,
            call=running.call,
            job=progress.job or next(iter(running.jobs), None),
            page=progress.page,
            number=running.number,
            far_ident=progress.far_ident,
            tsid=running.tsid,
            began=running.began,
        )

    def shown(self) -> PortShown:
        """As the API shows it."""
        running = self._calls[0] if self._calls else None
        return PortShown(
            name=self.name,
            device=self.settings.device if self.settings else "",
            state=PortState.SENDING.value if running and running.started else self.state.value,
            detail=self.detail,
            job=JobId(running.jobs[0]) if running and running.jobs else None,
            id=record.id if (record := self._live.port(self.name)) else 0,
        )

    def come_back(self, settings: PortSettings, launcher: Starts | None) -> None:
        """It was no longer in the settings, and is again."""
        self.settings = settings
        self._launcher = launcher or self._launcher
        self._wake.set()

    def retire(self) -> None:
        """Another has taken its place."""
        self._retired = True
        self._wake.set()

    def adopt(self, call: OpenCall) -> None:
        """A call that an earlier daemon began."""
        folder = self._spool.call(call.call)
        self._calls.append(
            RunningCall(
                call.call,
                call.jobs,
                folder,
                call.number,
                call.started,
                call.offset,
                started=call.offset > 0,
                cancelling=call.cancelling,
                progress=None,
            )
        )
        self._wake.set()

    async def begin(self, order: CallOrder) -> None:
        """Make the call that was intended; one whose plan cannot be written is given back. Raises nothing of that: from
        here on the call is ours, and a wish to cancel it finds it."""
        assert self.settings is not None
        folder, began = self._spool.call(order.call), datetime.now(UTC)
        jobs = tuple(document.job for document in order.documents)
        running = RunningCall(order.call, jobs, folder, order.number, began, planned=False)
        self._calls.append(running)
        try:
            record = self._live.port(self.name)
            configuration = self._live.configuration
            prefaces = await asyncio.to_thread(prefaces_for, order, configuration, self._covers, folder, began)
            plan = plan_for(
                order,
                self.settings,
                self._all,
                configuration,
                self._spool,
                began,
                port_tsid=record.tsid if record else "",
                prefaces=prefaces,
            )
            running.tsid = plan.tsid
            await asyncio.to_thread(write_plan, plan, folder, prefaces)
        except OSError as error:
            running.fault = f"The call could not be planned: {error.strerror or error}"
        except Exception:
            log.exception("Call %s cannot be planned", order.call)
            running.fault = "The call could not be planned: an internal fault of the fax server"
        running.planned = True
        self._wake.set()

    def cancel(self, call: str) -> None:
        """End this call as soon as the process can be told."""
        for running in self._calls:
            if running.call == call:
                running.cancelling = True
                self._wake.set()

    async def run(self) -> None:
        """Supervise, until cancelled; a port out of the settings ends by itself."""
        while not self._retired:
            try:
                if self._calls:
                    await self._attendance.look(self._calls[0])
                else:
                    await self._look()
                    if self.settings is None and self.state is PortState.DOWN:
                        return
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("Port %s", self.name)
                await asyncio.sleep(LOOK_S)
            # Not wait_for: before Python 3.12 it may swallow that we are cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_s()):
                    await self._wake.wait()
            self._wake.clear()

    def _pause_s(self) -> float:
        if self._calls:
            return TAIL_S
        return LOOK_STARTING_S if self.state is PortState.STARTING else LOOK_S

    def _set(self, state: PortState, detail: str = "") -> None:
        before = self.state
        if (state, detail) != (before, self.detail):
            log.info("Port %s is %s%s", self.name, state.value, f": {detail}" if detail else "")
        self.state, self.detail = state, detail
        self._news.state(state, before, detail)
        self._changed(self)

    async def _look(self) -> None:
        """See to it that the process lives, and how it is."""
        if not await asyncio.to_thread(port_client.is_locked, self._folder):
            await self._launch()
            return
        try:
            status = await asyncio.to_thread(self._client.status)
        except PortError as error:
            self._set(PortState.DOWN, str(error))
            return
        if status is None:
            self._set(PortState.STARTING, self.detail)
            return
        self._modem, self._rings, self._device_taken = status.modem, status.rings, status.device_taken
        if self.settings is None or status.device != self.settings.device:
            # It goes by settings of another day; it ends after the call that it may be in.
            if not status.quitting:
                await asyncio.to_thread(self._client.quit)
            self._set(PortState.STARTING, "the port process is being replaced")
            return
        try:
            record, now = self._live.port(self.name), self._live.configuration
            over = await asyncio.to_thread(self._incoming.look, status, record, self.settings, now)
            if over and self.state is status.state is PortState.IDLE:
                self._news.tell("line-idle", f"{self.name} is free")  # it was not, between two looks
        except (PortError, OSError) as error:
            log.warning("Port %s cannot be told whether to answer: %s", self.name, error)
        if status.state is PortState.IDLE:
            self._launcher.is_well()
        self._set(PortState.STARTING if status.quitting else status.state, status.reason)

    async def _launch(self) -> None:
        if self.settings is None:
            self._set(PortState.DOWN, "not in the settings")
            return
        try:
            why = await self._launcher.launch(self.settings, asyncio.get_running_loop().time())
        except OSError as error:
            self._set(PortState.DOWN, f"the port process cannot be started: {error.strerror or error}")
            return
        if why is not None:
            self._set(PortState.DOWN if why else PortState.STARTING, why)

    def _done(self, running: RunningCall, dialled: bool) -> None:
        self._calls.remove(running)
        self._set(PortState.STARTING)
        self._over(running.jobs, dialled)
        self._wake.set()
