"""A recorded far end played against the code of today: does our side still say the same, and come to the same end?

What always holds: pure and without a clock. Each recorded input comes so long after the act that it followed as it did
then, so that a faster or slower reaction of ours shifts what follows instead of spoiling it. The first difference ends
the comparison: what the far end would have said to something else, no recording knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modem.answer import Answer
from modem.call import Call
from modem.entries import Entry
from modem.outcome import Outcome
from modem.plan import CallPlan
from modem.receipt import AnswerOutcome, PageReceipt
from modem.recorded import Act, Input, Recording, read_recording

_SAME_TIME_S = 0.05
_SILENCE_S = 400.0  # after the last input: longer than all that a call may wait for
_ROUNDED_S = 0.0002  # times in a journal are rounded
_TURNS = 200_000


@dataclass(frozen=True)
class Difference:
    """The first place where today's call leaves the recording. ``then`` or ``now`` is "" where there was nothing."""

    t: float
    act: int
    then: str
    now: str


@dataclass(frozen=True)
class Verdict:
    """What the replay found. ``timing``: acts that come at another time than then, in seconds, the first few."""

    acts: int
    difference: Difference | None
    then: Outcome | AnswerOutcome | None
    now: Outcome | AnswerOutcome | None
    timing: tuple[tuple[float, str, float], ...] = ()

    @property
    def same(self) -> bool:
        return self.difference is None


def replay(entries: Sequence[Entry]) -> Verdict:
    """Play a journal, its images at hand (``journal.with_images``). Raises ``recorded.NotARecordingError``."""
    return _Player(read_recording(entries)).run()


def _call_of(recording: Recording) -> Call | Answer:
    task, supply = recording.task, recording.supply()
    if isinstance(task, CallPlan):
        return Call(task, (), 0.0, recording.profile, supply)
    document = [sheet.page for sheet in recording.sheets]
    return Answer(
        task.call, task.policy, 0.0, caller=task.caller, profile=recording.profile, document=document, supply=supply
    )


class _Player:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._now = 0.0
        self._acts: list[Act] = []
        self._taken = 0
        self._timing: list[tuple[float, str, float]] = []
        self._shift = 0.0
        self._call = _call_of(recording)

    def run(self) -> Verdict:
        inputs = list(self._recording.inputs)
        call = self._call
        for _ in range(_TURNS):
            difference = self._take_entries()
            if difference is not None or call.outcome is not None:
                return self._verdict(difference)
            call.take_output()
            if difference := self._take_entries():
                return self._verdict(difference)
            due = self._due(inputs[0]) if inputs else None
            deadline = call.deadline
            # When both are at the same time, what came in was the answer to what the timer made us do.
            if due is not None and (deadline is None or due < deadline - _ROUNDED_S):
                self._now = max(self._now, due)
                self._give(inputs.pop(0))
            elif deadline is not None and (inputs or deadline < self._now + _SILENCE_S):
                self._now = max(self._now, deadline)
                call.tick(self._now)
            else:
                break
        return self._verdict(Difference(self._now, len(self._acts), "the end", "the call goes on and on"))

    def _due(self, heard: Input) -> float | None:
        """When an input comes; None as long as the act that it follows has not been."""
        if heard.after > len(self._acts):
            return None
        last = self._acts[heard.after - 1].t if heard.after else 0.0
        return last + heard.delay_s

    def _give(self, heard: Input) -> None:
        if heard.cancel:
            self._call.cancel(self._now)
        elif heard.device_gone:
            self._call.hung_up(self._now)
        elif heard.stored:
            self._call.stored(heard.stored, self._now)
        elif heard.store_failed:
            self._call.store_failed(heard.store_failed, self._now)
        else:
            self._call.receive(heard.octets, self._now)

    def _take_entries(self) -> Difference | None:
        entries = self._call.take_entries()
        while entries:
            self._taken += len(entries)
            for entry in entries:
                act = Act.of(entry)
                if act is not None and (difference := self._compare(act)):
                    return difference
            self._call.synced(self._taken, self._now)
            entries = self._call.take_entries()
        return None

    def _compare(self, act: Act) -> Difference | None:
        self._acts.append(act)
        number = len(self._acts)
        then = self._recording.acts[number - 1] if number <= len(self._recording.acts) else None
        if then is None or then.said != act.said:
            return Difference(act.t, number, _words(then), _words(act))
        shift = act.t - then.t
        if abs(shift - self._shift) > _SAME_TIME_S:
            self._timing.append((then.t, act.text, shift - self._shift))
        self._shift = shift
        return None

    def _verdict(self, difference: Difference | None) -> Verdict:
        then, now = self._recording.outcome, self._call.outcome
        if difference is None and len(self._acts) < len(self._recording.acts):
            missing = self._recording.acts[len(self._acts)]
            difference = Difference(self._now, len(self._acts) + 1, _words(missing), "")
        if difference is None and then is not None and now is not None and _end(then) != _end(now):
            difference = Difference(self._now, len(self._acts), _end(then), _end(now))
        return Verdict(len(self._acts), difference, then, now, tuple(self._timing[:5]))


def _words(act: Act | None) -> str:
    if act is None:
        return ""
    return f"{act.text} {act.octets.hex()}" if act.octets else act.text


def _end(outcome: Outcome | AnswerOutcome) -> str:
    """All that has to be the same: the cause, the fates of pages that went out, and each page that came in."""
    sent = outcome.sent if isinstance(outcome, AnswerOutcome) else outcome.pages
    before = () if isinstance(outcome, AnswerOutcome) else outcome.prefaces
    said = [f"before {page.job}/{page.number} {page.fate.value}" for page in before]
    said += [f"{page.job}/{page.number} {page.fate.value}" for page in sent]
    for page in outcome.pages if isinstance(outcome, AnswerOutcome) else outcome.fetched:
        how = f" {page.receipt.value}" if isinstance(page, PageReceipt) else ""
        confirmed = "confirmed" if page.confirmed else "not confirmed"
        said.append(f"in {page.number}{how}, {confirmed}, {page.bad_rows} of {page.rows} rows bad, {page.digest[:12]}")
    return f"{outcome.cause.value}: {', '.join(said)}"


def words(verdict: Verdict) -> list[str]:
    """The verdict as lines for people."""
    found = verdict.difference
    if found is None:
        end = f", ending in {verdict.now.cause.value}" if verdict.now else ""
        said = [f"The same as then: {verdict.acts} acts{end}."]
    else:
        said = [
            f"Not the same: it differs at act {found.act}, {found.t:.2f} s into the call.",
            f"  then: {found.then or '(nothing)'}",
            f"  now:  {found.now or '(nothing)'}",
        ]
    for t, text, shift in verdict.timing:
        said.append(f"  At {t:.2f} s {text} comes {abs(shift):.2f} s {'later' if shift > 0 else 'earlier'} than then.")
    then, now = (each.figures.line_seconds if each else None for each in (verdict.then, verdict.now))
    if found is None and then is not None and now is not None:
        said.append(f"Off-hook {then:.2f} s then, {now:.2f} s now.")
    return said
