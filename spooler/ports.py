"""Ports: supervises one port process and the calls that it is given.

What always holds: a port process is found by its lock, adopted when it lives and started when it does not; a call is in
the database and its plan on disk before the process hears of it; a call is settled from its journal alone, after the
journal's end or the certain death of its writer; a process is never ended while its call goes on, not even when we end.

Must not: block the event loop (the client of the process and the files are used on threads).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from fax.ports import DeviceState
from fax.types import JobId
from fax.types import Port as PortShown
from modem import journal
from modem.outcome import Cause, Outcome
from modem.plan import CallPlan
from modem.port import client as port_client
from modem.port.client import CallAnswer, PortClient, PortError, PortState
from spooler import store_calls, transmissions
from spooler.configuration import Live
from spooler.ledger import KEPT_KINDS
from spooler.planning import damaged_files, plan_for, write_plan
from spooler.port_call import RunningCall
from spooler.port_incoming import Incoming
from spooler.port_launch import Launcher, Starts
from spooler.port_news import PortNews
from spooler.port_status import PortNow, Progress, state_of, went_on
from spooler.reception import Reception
from spooler.schedule_rules import retry_rules
from spooler.settings import PortSettings, Settings
from spooler.spool import Spool
from spooler.store import Store
from spooler.store_calls import CallOrder, OpenCall

log = logging.getLogger(__name__)
TAIL_S = 0.15
LOOK_S = 1.0
LOOK_STARTING_S = 0.2
SILENT_LOOKS = 7  # looks at a journal that brings nothing before its writer is looked for


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
            plan = plan_for(
                order,
                self.settings,
                self._all,
                self._live.configuration,
                self._spool,
                began,
                port_tsid=record.tsid if record else "",
            )
            running.tsid = plan.tsid
            await asyncio.to_thread(write_plan, plan, running.folder)
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
                    await self._attend(self._calls[0])
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

    async def _attend(self, running: RunningCall) -> None:
        """One look at a call."""
        if not running.planned:
            return
        if running.fault is not None:
            await self._give_back(running, running.fault)
            return
        if not running.started and not await self._start(running):
            return
        await self._tail(running)

    async def _start(self, running: RunningCall) -> bool:
        """Hand the call over, as often as need be; True when its journal is what matters from now on."""
        if await asyncio.to_thread(running.journal.exists):
            running.started = True
            return True
        if running.cancelling or await asyncio.to_thread(running.withdrawn.exists):
            return await self._withdraw(running)
        if not await asyncio.to_thread(running.plan.exists):
            # The plan is written before the process hears of the call.
            await self._give_back(running, "The fax server was restarted before it dialled", pause_s=0)
            return False
        if not await asyncio.to_thread(port_client.is_locked, self._folder):
            return await self._give_back_undialled(running, "The port process ended before it dialled")
        try:
            reply = await asyncio.to_thread(self._client.start_call, running.plan, running.journal)
        except PortError as error:
            log.warning("Port %s: %s", self.name, error)
            self._set(PortState.DOWN, str(error))
            return False
        if reply.answer in (CallAnswer.STARTED, CallAnswer.DONE, CallAnswer.DEAD):
            running.started = True
            self._set(PortState.SENDING)
            return True
        why = reply.reason or "another call is under way"
        self._news.tell("line-unavailable", f"{self.name} could not make the call: {why}", job=running.jobs[0])
        started = await self._give_back_undialled(running, f"Port {self.name} could not make the call: {why}")
        if not started:
            self._set(PortState.DOWN, reply.reason)
        return started

    async def _give_back_undialled(self, running: RunningCall, reason: str) -> bool:
        """The process will not begin this call (any more). True: it had begun it; then its journal says what became of
        it, and nothing else does."""
        if await asyncio.to_thread(running.journal.exists):
            running.started = True
            return True
        await self._give_back(running, reason)
        return False

    async def _withdraw(self, running: RunningCall) -> bool:
        """Cancel a call that has no journal yet: without its plan it can never be begun. True: it just was."""
        with suppress(FileNotFoundError):
            await asyncio.to_thread(running.plan.rename, running.withdrawn)
        try:
            # The process answers one request after the other: it has done with what it was asked before.
            await asyncio.to_thread(self._client.status)
        except PortError as error:
            # It may have read the plan, and begin the call yet: we ask again.
            log.warning("Port %s: %s", self.name, error)
            return False
        if await asyncio.to_thread(running.journal.exists):
            with suppress(FileNotFoundError):
                await asyncio.to_thread(running.withdrawn.rename, running.plan)
            running.started = True
            return True
        await self._give_back(running, "Cancelled before it dialled", pause_s=0)
        return False

    async def _tail(self, running: RunningCall) -> None:
        if running.cancelling:
            try:
                await asyncio.to_thread(self._client.cancel, running.call)
            except PortError as error:
                log.debug("Port %s: %s", self.name, error)
        if running.progress is None:
            known = await asyncio.to_thread(journal.read, running.journal)
            running.progress = went_on(Progress(), known[0])
            running.tsid = next((str(line.fields.get("tsid", "")) for line in known[0] if line.kind == "begin"), "")
        lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
        if offset != running.offset:
            running.silent = 0
            running.progress = went_on(running.progress, lines)
            await self._take_in(running, lines, offset)
            return
        running.silent += 1
        if running.silent >= SILENT_LOOKS and not await asyncio.to_thread(journal.is_being_written, running.journal):
            # Nobody writes it; a second look, since the end may have come between the two questions.
            lines, offset = await asyncio.to_thread(journal.read, running.journal, running.offset)
            if offset != running.offset:
                await self._take_in(running, lines, offset)
            else:
                await self._settle(running)
            return
        if running.silent >= SILENT_LOOKS:
            running.silent = 0

    async def _take_in(self, running: RunningCall, lines: list[journal.Line], offset: int) -> None:
        if any(line.kind in KEPT_KINDS for line in lines):
            work = partial(store_calls.take_in, call=running.call, lines=lines, offset=offset)
            projection = await self._store.run(work)
            if projection.ended:
                await self._settle(running)
        # Frames and progress alone are not worth a commit; the next daemon reads over them again.
        running.offset = offset

    async def _settle(self, running: RunningCall) -> None:
        """The journal says all that it will ever say."""
        outcome = await self._outcome(running)
        log.info("Call %s ended: %s", running.call, outcome.text)
        damaged: frozenset[str] = frozenset()
        if outcome.cause is Cause.PLAN_INVALID:
            plan = await self._store.run(partial(store_calls.plan_remembered, call=running.call))
            damaged = await asyncio.to_thread(damaged_files, plan, self._spool.root)
        work = partial(
            store_calls.settle,
            call=running.call,
            outcome=outcome,
            ended=datetime.now(UTC),
            rules=retry_rules(self._live.configuration),
            damaged=damaged,
        )
        await self._store.run(work)
        await transmissions.write(self._store, self.name, running.call, running.jobs, outcome)
        self._done(running, dialled=True)

    async def _outcome(self, running: RunningCall) -> Outcome:
        written, _ = await asyncio.to_thread(journal.read, running.journal)
        # Where the disk lost what it had said, the database still knows what was taken in.
        known = {line.n: line for line in await self._store.run(partial(store_calls.lines_taken_in, call=running.call))}
        known.update((line.n, line) for line in written)
        lines = [known[n] for n in sorted(known)]
        try:
            plan = await asyncio.to_thread(CallPlan.load, running.plan)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            log.error("Call %s: its plan cannot be read, the database must do: %s", running.call, error)
            plan = await self._store.run(partial(store_calls.plan_remembered, call=running.call))
        return journal.outcome_after_death(lines, plan)

    async def _give_back(self, running: RunningCall, reason: str, pause_s: float | None = None) -> None:
        log.warning("Call %s: %s", running.call, reason)
        pause_s = self._live.configuration.device_delay_s if pause_s is None else pause_s
        until = datetime.now(UTC) + timedelta(seconds=pause_s)
        await self._store.run(partial(store_calls.give_back, call=running.call, reason=reason, until=until))
        self._done(running, dialled=False)

    def _done(self, running: RunningCall, dialled: bool) -> None:
        self._calls.remove(running)
        self._set(PortState.STARTING)
        self._over(running.jobs, dialled)
        self._wake.set()
