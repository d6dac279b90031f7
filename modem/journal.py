"""The journal of a call on disk: read it, tell pages' fates from it, write it.

A journal is a JSON Lines file: ``{"n": 0, "t": 0.0, "kind": "begin", ...}``, kinds and fields as in ``modem.entries``.

What always holds: a line counts once its newline is there, so a file that was cut at any octet reads as the whole
lines before the cut; ``n`` counts from 0; the projection depends on the lines alone and may be repeated; it never calls
a page "not sent" that may have left the machine, nor "confirmed" without the far end's answer. The writer reports an
entry as on disk only after ``fdatasync``; after the first failure it reports that failure for good. A journal that is
being written is flocked: one without an end that nobody locks belongs to a dead process.

What it must not do: speak to the modem, or decide about the call.
"""

from __future__ import annotations

import fcntl
import os
import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from modem.entries import Entry
from modem.outcome import Cause, Fate, Fault, Figures, Outcome, PageFate, Phase, Retry
from modem.plan import CallPlan

KEPT = frozenset((Fate.CONFIRMED, Fate.DAMAGED))
RESERVE_OCTETS = 65536
RETRY_SECONDS = 0.2
SECRET_FRAMES = frozenset(("PWD", "SID"))  # SID's code was the password for sending in older texts (T.30 5.3.6.2.8)
SECRET_COMMAND = re.compile(r'(\+FPW=)"?[^";]*"?', re.IGNORECASE)


@dataclass(frozen=True)
class Line(Entry):
    """An entry as it stands in the file, with its number."""

    n: int = -1


def read(path: Path, offset: int = 0) -> tuple[list[Line], int]:
    """The whole lines from octet ``offset`` on, and the offset to go on from.

    A journal that does not exist has no lines. A whole line that makes no sense (a disk that lost a block) is left out:
    the lines after it are facts all the same, and the gap in ``n`` tells. Raises OSError for anything else.
    """
    try:
        with path.open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    whole = data.rfind(b"\n") + 1
    lines = [line for text in data[:whole].splitlines() if (line := _parse(text)) is not None]
    return lines, offset + whole


def _parse(text: bytes) -> Line | None:
    try:
        fields = msgspec.json.decode(text, type=dict[str, Any])
        n, t, kind = fields.pop("n"), fields.pop("t"), fields.pop("kind")
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
    if not isinstance(n, int) or not isinstance(t, int | float) or not isinstance(kind, str):
        return None
    return Line(kind, float(t), fields, False, n)


def is_being_written(path: Path) -> bool:
    """Whether a living process holds this journal open for writing."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def page_fates(entries: Iterable[Entry], plan: CallPlan) -> tuple[PageFate, ...]:
    """The fate of every page of the plan, in the plan's order, as far as these entries tell.

    An intent makes a page uncertain until it is answered; a page that was confirmed stays so; the ``end`` has the last
    word, except that it cannot take back a confirmation.
    """
    fates = {(document.job, page.number): Fate.NOT_SENT for document in plan.documents for page in document.pages}

    def settle(key: tuple[int, int], fate: Fate) -> None:
        if key in fates and not (fates[key] in KEPT and fate not in KEPT):
            fates[key] = fate

    for entry in entries:
        if entry.kind == "page-intent":
            settle(_page_key(entry), Fate.UNCERTAIN)
        elif entry.kind == "page-answer":
            settle(_page_key(entry), _fate_or_uncertain(entry.fields.get("fate")))
        elif entry.kind == "end" and (outcome := _outcome_in(entry)) is not None:
            for page in outcome.pages:
                settle((page.job, page.number), page.fate)
    return tuple(PageFate(job=job, number=number, fate=fate) for (job, number), fate in fates.items())


def _page_key(entry: Entry) -> tuple[int, int]:
    return entry.fields.get("job", -1), entry.fields.get("number", -1)


def _fate_or_uncertain(value: object) -> Fate:
    try:
        return Fate(value)
    except ValueError:
        return Fate.UNCERTAIN


def _outcome_in(entry: Entry) -> Outcome | None:
    try:
        return msgspec.convert(entry.fields.get("outcome"), Outcome)
    except msgspec.ValidationError:
        return None


def outcome_of(entries: Sequence[Entry], plan: CallPlan) -> Outcome | None:
    """How the call ended, every page of the plan with its fate; None while there is no ``end``."""
    for entry in reversed(entries):
        if entry.kind == "end" and (outcome := _outcome_in(entry)) is not None:
            return replace(outcome, pages=page_fates(entries, plan))
    return None


def outcome_after_death(entries: Sequence[Entry], plan: CallPlan) -> Outcome:
    """How a call ended whose process is gone: its own ``end`` if it has one, else PORT_DIED.

    Before dialling it costs the job no try (``Retry.DEVICE``); afterwards it does, so that a job whose calls kill their
    process each time comes to an end.
    """
    if (ended := outcome_of(entries, plan)) is not None:
        return ended
    pages = page_fates(entries, plan)
    dialled = [entry.t for entry in entries if entry.kind == "dialling"]
    confirmed = sum(page.fate in KEPT for page in pages)
    uncertain = sum(page.fate is Fate.UNCERTAIN for page in pages)
    if not dialled:
        text, retry = "The port process was killed before it dialled.", Retry.DEVICE
    else:
        text = f"The port process was killed in the call: {confirmed} of {len(pages)} pages were confirmed"
        text += f", {uncertain} may have arrived." if uncertain else "."
        retry = Retry.NO_NEED if confirmed == len(pages) else Retry.LATER
    return Outcome(
        cause=Cause.PORT_DIED,
        phase=_phase(entries),
        fault=Fault.US,
        retry=retry,
        text=text,
        pages=pages,
        figures=_figures(entries, dialled[0] if dialled else None),
    )


def outcome_not_dialled(plan: CallPlan, cause: Cause, fault: Fault, retry: Retry, text: str) -> Outcome:
    """The outcome of a call that never got to the telephone line: no page was sent."""
    return Outcome(cause=cause, phase=Phase.SETUP, fault=fault, retry=retry, text=text, pages=page_fates((), plan))


_PHASE_AFTER = {
    "dialling": Phase.A,
    "connected": Phase.B,
    "far-end": Phase.B,
    "trained": Phase.C,
    "training-failed": Phase.B,
    "page-intent": Phase.C,
    "page-answer": Phase.D,
}


def _phase(entries: Sequence[Entry]) -> Phase:
    phase = Phase.SETUP
    for entry in entries:
        phase = _PHASE_AFTER.get(entry.kind, phase)
        name = entry.fields.get("name") if entry.kind == "frame" and entry.fields.get("dir") == "out" else None
        if name == "DCN":
            phase = Phase.E
        elif isinstance(name, str) and name.startswith(("PPS", "EOR", "MPS", "EOM", "EOP", "PRI")):
            phase = Phase.D
    return phase


def _figures(entries: Sequence[Entry], off_hook: float | None) -> Figures:
    """What is known of the call in numbers; the line time is that up to the last entry."""
    known: dict[str, Any] = {}
    for entry in entries:
        if entry.kind == "trained":
            known |= {name: entry.fields.get(name) for name in ("rate_bps", "modulation", "coding", "ecm")}
        elif entry.kind == "far-end":
            known["far_ident"] = entry.fields.get("ident")
    if off_hook is not None:
        known["line_seconds"] = round(entries[-1].t - off_hook, 3)
    try:
        return msgspec.convert(known, Figures)
    except msgspec.ValidationError:
        return Figures()


def end_entry(t: float, outcome: Outcome) -> Entry:
    """The last entry of a journal."""
    return Entry("end", t, {"outcome": msgspec.to_builtins(outcome)}, barrier=True)


def masked(entry: Entry) -> Entry:
    """The entry without passwords: what follows the FCF, checksum included, becomes asterisks (2A)."""
    fields = entry.fields
    if entry.kind == "frame" and fields.get("name") in SECRET_FRAMES:
        octets = str(fields.get("octets", "")).replace(" ", "")
        hidden = octets[:6] + "2A" * (len(octets[6:]) // 2)
        return replace(entry, fields={**fields, "octets": hidden, "meaning": "(masked)"})
    if entry.kind == "command" and isinstance(text := fields.get("text"), str) and "+FPW" in text.upper():
        return replace(entry, fields={**fields, "text": SECRET_COMMAND.sub(r"\1***", text)})
    return entry


class JournalWriter:
    """Creates a journal and appends to it from a thread of its own, so that the caller never waits for the disk.

    ``wake_fd`` becomes readable when a barrier entry is on disk or when writing has failed. A small reserve file beside
    the journal is given up when the disk is full, so that the end of the call still finds room.
    """

    def __init__(self, path: Path) -> None:
        """Raises FileExistsError when there is such a journal, OSError when it cannot be created durably."""
        self.path = path
        self.wake_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._fd = -1
        self._reserve = path.with_name(path.name + ".reserve")
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
            self._set_reserve_aside()
            self._sync_folder()
        except OSError:
            os.close(self.wake_fd)
            if self._fd >= 0:
                os.close(self._fd)
                path.unlink(missing_ok=True)
                self._reserve.unlink(missing_ok=True)
            raise
        self._condition = threading.Condition()
        self._waiting: list[Entry] = []
        self._closing = False
        self._appended = 0
        self._written = 0  # entries numbered so far; the thread's own
        self._synced = 0
        self._failure: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=f"journal {path.name}", daemon=True)
        self._thread.start()

    @property
    def appended(self) -> int:
        """Number of entries given to ``append`` so far."""
        return self._appended

    @property
    def synced(self) -> int:
        """The first so many entries are on disk."""
        return self._synced

    @property
    def failure(self) -> OSError | None:
        """The first thing that went wrong in writing. Later entries may still have got to the disk: see ``synced``."""
        return self._failure

    def append(self, entries: Iterable[Entry]) -> None:
        """Give entries to the writer, in order. Returns at once."""
        entries = list(entries)
        if not entries:
            return
        with self._condition:
            self._waiting.extend(entries)
            self._appended += len(entries)
            self._condition.notify()

    def acknowledge(self) -> None:
        """Make ``wake_fd`` quiet until the next news. To be called before ``synced`` is read."""
        try:
            os.eventfd_read(self.wake_fd)
        except BlockingIOError:
            return

    def close(self) -> bool:
        """Write what is waiting, and end. Returns whether every entry is on disk."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()
        self._reserve.unlink(missing_ok=True)
        os.close(self._fd)
        os.close(self.wake_fd)
        return self._synced == self._appended

    def _set_reserve_aside(self) -> None:
        fd = os.open(self._reserve, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(fd, 0, RESERVE_OCTETS)
        finally:
            os.close(fd)

    def _sync_folder(self) -> None:
        fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closing)
                batch, self._waiting = self._waiting, []
                last_try = self._closing
            if not batch:
                return
            self._write_batch(batch, last_try)

    def _write_batch(self, batch: list[Entry], last_try: bool) -> None:
        data = b"".join(self._encode(entry, self._written + index) for index, entry in enumerate(batch))
        try:
            self._store(data)
        except OSError as first:
            # From here on the call is to end; the reserve gives its last entries a chance.
            self._fail(first)
            try:
                self._reserve.unlink(missing_ok=True)
                self._store(data)
            except OSError:
                with self._condition:
                    # Nothing later may go to disk without what came before it: all of it waits for the next try.
                    self._waiting = [] if last_try else batch + self._waiting
                    if not self._closing:
                        self._condition.wait(RETRY_SECONDS)
                return
        self._written += len(batch)
        self._synced = self._written
        if any(entry.barrier for entry in batch):
            self._wake()

    def _store(self, data: bytes) -> None:
        """Append and sync all of ``data``, or leave the file as it was and raise OSError."""
        before = os.fstat(self._fd).st_size
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
            os.fdatasync(self._fd)
        except OSError:
            os.ftruncate(self._fd, before)
            raise

    def _encode(self, entry: Entry, n: int) -> bytes:
        entry = masked(entry)
        fields = entry.fields
        if entry.kind in ("begin", "end") and "at" not in fields:
            fields = {**fields, "at": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")}
        return msgspec.json.encode({"n": n, "t": round(entry.t, 6), "kind": entry.kind, **fields}) + b"\n"

    def _fail(self, error: OSError) -> None:
        if self._failure is None:
            self._failure = error
        self._wake()

    def _wake(self) -> None:
        os.eventfd_write(self.wake_fd, 1)
