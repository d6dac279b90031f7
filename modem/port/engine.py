"""The port without its control socket: owner of one device, idle or in one call, ours or one that came in.

Turned by a loop: ``watches``, ``deadline``, ``tick``. The port process adds the control socket; a call by hand uses it
as it stands.

What always holds: at most one call; a call is dialled at most once, since its journal is created exclusively before;
it is dialled only with every page proved; the device is open and UUCP-locked together, or neither. A device that is
missing, busy or stuck makes the port DOWN with a reason, and is tried again with growing pauses for ever. Calls are
answered only when ``set_answering`` says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from modem import journal
from modem.device import Device, DeviceBusyError, DeviceError, DeviceGoneError, DeviceMissingError
from modem.entries import Entry
from modem.journal_writer import JournalWriter
from modem.lock import LockedError, UucpLock
from modem.outcome import Cause, Fault, Outcome, Retry
from modem.plan import CallPlan
from modem.port.accepting import Accepted, Refused, accept, known
from modem.port.answering import Answering, AnswerRun
from modem.port.dialogue import ANSWERING, CHECK, RECOVERY, SETUP, Dialogue
from modem.port.loop import Watch, collector_off, collector_on
from modem.port.messages import AnswerSettings, CallAnswer, CallReply, PortState
from modem.port.pages import PlanError
from modem.port.run import CallRun, Why
from modem.receipt import AnswerOutcome

RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
CHECK_SECONDS = 300.0
STUCK = frozenset((Cause.DEVICE_SILENT, Cause.DEVICE_ERROR, Cause.DEVICE_NOT_FAX, Cause.PORT_DIED))

log = logging.getLogger(__name__)


class Port:
    """One device and at most one call. ``clock`` is monotonic, in seconds."""

    def __init__(
        self,
        device_path: str,
        lock_folder: Path | None,
        clock: Callable[[], float],
        on_entry: Callable[[Entry], None] | None = None,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        self.device_path = device_path
        self.lock_folder = lock_folder
        self.clock = clock
        self.on_entry = on_entry
        self.retry_seconds = retry_seconds
        self.state = PortState.STARTING
        self.reason = ""
        self.down_cause = Cause.OK  # DOWN: what the matter is, as a call's cause
        self.device_taken = False  # DOWN: since another program has the device
        self.modem = ""
        self.quitting = False
        self.last_call: str | None = None
        self.last_received: str | None = None
        self.last_outcome: Outcome | None = None
        self.last_answer: AnswerOutcome | None = None
        self.answering = Answering()
        self._device: Device | None = None
        self._lock: UucpLock | None = None
        self._dialogue: Dialogue | None = None
        self._unsent = b""
        self._set_up_anew = False
        self._accepted: Accepted | None = None
        self._run: CallRun | AnswerRun | None = None
        self._failures = 0
        self._next_try = clock()
        self._next_check: float | None = None

    @property
    def call(self) -> str | None:
        """The id of the call that is under way."""
        if self._accepted is not None:
            return self._accepted.plan.call
        return self._run.call if self._run is not None else None

    @property
    def journal_path(self) -> Path | None:
        current = self._accepted or self._run
        return current.writer.path if current is not None else None

    @property
    def watches(self) -> list[Watch]:
        watches: list[Watch] = []
        if self._device is not None:
            wants = self._run.wants_write if self._run is not None else bool(self._unsent)
            watches.append(Watch(self._device.fileno(), self._device_ready, write=wants))
        if self._run is not None:
            watches.append(Watch(self._run.writer.wake_fd, self._journal_ready))
            if self._run.store is not None:
                watches.append(Watch(self._run.store.wake_fd, self._pages_ready))
        return watches

    @property
    def deadline(self) -> float | None:
        """When ``tick`` wants to be called."""
        if self._run is not None:
            return self._run.deadline
        if self._dialogue is not None:
            return self._dialogue.deadline
        if self._accepted is not None:
            return self.clock()
        if self._device is None:
            return self._next_try
        if self.answering.due:
            return self.clock()
        return min((at for at in (self._next_check, self.answering.deadline) if at is not None), default=None)

    def tick(self) -> None:
        """To be called after every turn of the loop."""
        now = self.clock()
        if self._run is not None:
            if (due := self._run.deadline) is not None and now >= due:
                self._run.tick(now)
            self._after_run()
        elif self._dialogue is not None:
            self._dialogue.tick(now)
            self._carry_on()
        elif self._accepted is not None:
            self._begin_call(self._accepted)
        elif self._device is None:
            if now >= self._next_try:
                self._open()
        elif self.answering.due:
            self._pick_up()
        else:
            self.answering.tick(now)
            if self._next_check is not None and now >= self._next_check and not self.answering.rings:
                self._start(Dialogue(CHECK, now))

    def set_answering(self, settings: AnswerSettings | None) -> None:
        """Answer calls that come in from now on; None: do not. Raises as ``Answering.set`` does, and PlanError when a
        document is to be read in the middle of a call."""
        document = settings.document if settings is not None else None
        known = self.answering.settings.document if self.answering.settings is not None else None
        if self.call is not None and document is not None and document != known:
            raise PlanError(f"call {self.call} is under way: a document is read between calls")
        self.answering.set(settings)
        if settings is not None and self.state is PortState.IDLE and self._dialogue is None:
            self._start(Dialogue(ANSWERING, self.clock()))

    def pick_up(self) -> bool:
        """Answer now, whether it rings or not; with the next ``tick``. False: not idle, or nothing is answered."""
        if self.answering.settings is None or self.quitting or self.state is not PortState.IDLE:
            return False
        self.answering.wanted_now = True
        return True

    def start_call(self, plan_path: Path, journal_path: Path) -> CallReply:
        """Take a call, if this is possible now; it begins with the next ``tick``. Never raises."""
        if self.journal_path == journal_path:
            return CallReply(answer=CallAnswer.STARTED)
        if journal_path.exists():
            return known(journal_path)
        if self.call is not None:
            return CallReply(answer=CallAnswer.BUSY, reason=f"call {self.call} is under way")
        if self.quitting or self.state is not PortState.IDLE:
            return CallReply(answer=CallAnswer.DOWN, reason=self.reason or f"the port is {self.state.value}")
        taken = accept(plan_path, journal_path)
        if isinstance(taken, CallReply):
            return taken
        if isinstance(taken, Refused):
            if not self._end_undialled(taken.plan, taken.writer, taken.outcome):
                reason = f"the journal cannot be written: {taken.writer.failure}"
                return CallReply(answer=CallAnswer.DEAD, reason=reason)
            return CallReply(answer=CallAnswer.DONE, reason=taken.reason)
        self._accepted = taken
        self.state = PortState.SENDING
        return CallReply(answer=CallAnswer.STARTED)

    def cancel(self, call: str) -> bool:
        """End this call politely. False: it is not under way."""
        if call != self.call:
            return False
        if self._accepted is not None:
            self._drop_accepted(Cause.CANCELLED, Fault.CALLER, Retry.NEVER, "Cancelled before dialling.")
        elif self._run is not None:
            self._run.cancel(self.clock())
            self._after_run()
        return True

    def shut_down(self) -> None:
        """Take no more calls, and end the one that is under way politely: it is no fault of its job."""
        self.quitting = True
        if self._accepted is not None:
            self._drop_accepted(Cause.PORT_DIED, Fault.US, Retry.DEVICE, "The port process was told to end.")
        elif self._run is not None:
            self._run.cancel(self.clock(), Why.SHUTDOWN)
            self._after_run()

    def close(self) -> None:
        """Let go of the device. A call that is under way is given up, with its end in the journal."""
        if self._accepted is not None:
            self._drop_accepted(
                Cause.DEVICE_MISSING, Fault.DEVICE, Retry.DEVICE, "The port was closed before dialling."
            )
        if self._run is not None:
            self._run.device_gone(DeviceGoneError("the port is being closed"), self.clock())
            self._after_run()
        self._close_device()

    def _drop_accepted(self, cause: Cause, fault: Fault, retry: Retry, text: str) -> None:
        """The call that was accepted will not be dialled."""
        assert self._accepted is not None
        accepted, self._accepted = self._accepted, None
        if accepted.store is not None:
            accepted.store.close()
        if self.state is PortState.SENDING:
            self.state = PortState.IDLE
        outcome = journal.outcome_not_dialled(accepted.plan, cause, fault, retry, text)
        self._end_undialled(accepted.plan, accepted.writer, outcome)

    def _end_undialled(self, plan: CallPlan, writer: JournalWriter, outcome: Outcome) -> bool:
        entries = [Entry("begin", 0.0, {"call": plan.call, "dial": plan.dial}), journal.end_entry(0.0, outcome)]
        writer.append(entries)
        if self.on_entry is not None:
            for entry in entries:
                self.on_entry(entry)
        self.last_call, self.last_outcome = plan.call, outcome
        return writer.close()

    def _open(self) -> None:
        now = self.clock()
        try:
            if self.lock_folder is not None:
                self._lock = UucpLock(self.lock_folder, Path(self.device_path))
            self._device = Device(self.device_path)
        except LockedError as error:
            self._go_down(Cause.DEVICE_MISSING, f"{self.device_path} is {error}", taken=True)
        except OSError as error:
            self._go_down(Cause.DEVICE_MISSING, f"the lock file cannot be written: {error}")
        except DeviceError as error:
            missing = isinstance(error, DeviceMissingError)
            cause = Cause.DEVICE_MISSING if missing else Cause.DEVICE_ERROR
            self._go_down(cause, str(error), taken=isinstance(error, DeviceBusyError))
        else:
            # Whoever had the modem before may have died in a call.
            self._set_up_anew = True
            self._start(Dialogue(RECOVERY if self._failures else SETUP, now, abort=True))

    def _start(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._carry_on()

    def _carry_on(self) -> None:
        """Send what the dialogue wants to say, and act on its end."""
        if self._dialogue is None or self._device is None:
            return
        self._unsent += self._dialogue.take_output()
        try:
            self._unsent = self._unsent[self._device.write(self._unsent) :] if self._unsent else b""
        except DeviceGoneError as error:
            self._go_down(Cause.DEVICE_MISSING, str(error))
            return
        if (result := self._dialogue.result) is None:
            return
        self._dialogue = None
        if result.cause is Cause.OK:
            self.state = PortState.IDLE if self._accepted is None else PortState.SENDING
            self.reason, self.down_cause, self.device_taken, self._failures = "", Cause.OK, False, 0
            self.modem = result.modem or self.modem
            self._next_check = self.clock() + CHECK_SECONDS
            if self._set_up_anew and self.answering.settings is not None and self._accepted is None:
                self._start(Dialogue(ANSWERING, self.clock()))
            self._set_up_anew = False
        elif self.state in (PortState.IDLE, PortState.SENDING):
            log.warning("%s: %s: setting it up again", self.device_path, result.reason)
            self._recover(result.reason)
        else:
            self._go_down(result.cause, result.reason)

    def _recover(self, reason: str) -> None:
        self.state, self.reason = PortState.STARTING, reason
        self._unsent = b""
        self._set_up_anew = True
        self._start(Dialogue(RECOVERY, self.clock(), abort=True))

    def _go_down(self, cause: Cause, reason: str, *, taken: bool = False) -> None:
        """Closing drops DTR, so that a stuck modem hangs up until the next try."""
        if reason != self.reason:
            log.warning("%s is down: %s", self.device_path, reason)
        self._close_device()
        self.state, self.reason, self.down_cause, self.device_taken = PortState.DOWN, reason, cause, taken
        self._next_try = self.clock() + self.retry_seconds[min(self._failures, len(self.retry_seconds) - 1)]
        self._failures += 1
        if self._accepted is not None:
            self._drop_accepted(cause, Fault.DEVICE, Retry.DEVICE, f"Not dialled: {reason}.")

    def _close_device(self) -> None:
        self._dialogue, self._unsent, self._next_check = None, b"", None
        if self._device is not None:
            self._device.close()
            self._device = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _pick_up(self) -> None:
        assert self._device is not None
        collector_off()
        try:
            self._run = self.answering.begin(self._device, self.clock(), self.on_entry)
        except OSError as error:
            log.error("a call is not answered: its folder or journal cannot be made: %s", error)
            self.answering.not_now()
            collector_on()
            return
        self.state = PortState.RECEIVING
        log.info("call %s is answered", self._run.call)
        self._after_run()

    def _begin_call(self, accepted: Accepted) -> None:
        assert self._device is not None
        self._accepted = None
        collector_off()
        log.info("call %s to %s begins", accepted.plan.call, accepted.plan.dial)
        self._run = CallRun(
            accepted.plan,
            accepted.pages,
            self._device,
            accepted.writer,
            self.clock(),
            on_entry=self.on_entry,
            store=accepted.store,
        )
        self._after_run()

    def _after_run(self) -> None:
        if self._run is None or self._run.outcome is None:
            return
        run, self._run = self._run, None
        collector_on()
        outcome = run.outcome
        assert outcome is not None
        self.last_call = run.call
        if isinstance(outcome, AnswerOutcome):
            self.last_answer, self.last_received = outcome, run.call
        else:
            self.last_outcome = outcome
        log.info("call %s has ended: %s: %s", run.call, outcome.cause.value, outcome.text)
        if run.device_lost:
            self._go_down(Cause.DEVICE_MISSING, f"{self.device_path} has vanished")
        elif outcome.cause in STUCK:
            self._recover(outcome.text)
        elif not run.on_hook:
            # It would answer all that it is asked, and keep the line busy for ever.
            log.warning("%s: the modem has not said that it hung up: setting it up again", self.device_path)
            self._recover("the modem has not said that it hung up")
        else:
            self.state, self.reason = PortState.IDLE, ""
            self._next_check = self.clock() + CHECK_SECONDS

    def _device_ready(self, readable: bool, writable: bool) -> None:
        if self._device is None:
            return
        now = self.clock()
        if self._run is not None:
            self._run.device_ready(readable, writable, now)
            self._after_run()
            return
        try:
            octets = self._device.read() if readable else b""
        except DeviceGoneError as error:
            self._go_down(Cause.DEVICE_MISSING, str(error))
            return
        self.answering.heard(octets, now)
        if self._dialogue is not None:
            if octets:
                self._dialogue.receive(octets, now)
            self._carry_on()

    def _pages_ready(self, readable: bool, writable: bool) -> None:
        if self._run is not None:
            self._run.pages_ready(self.clock())
            self._after_run()

    def _journal_ready(self, readable: bool, writable: bool) -> None:
        if self._run is not None:
            self._run.journal_ready(self.clock())
            self._after_run()
