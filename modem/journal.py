"""The journal of a call on disk: read it, and tell from it what became of the call and its pages.

A journal is a JSON Lines file: ``{"n": 0, "t": 0.0, "kind": "begin", ...}``, kinds and fields as in ``modem.entries``.

What always holds: a line counts once its newline is there, so a file that was cut at any octet reads as the whole
lines before the cut; ``n`` counts from 0; the projection depends on the lines alone and may be repeated; it never calls
a page "not sent" that may have left the machine, nor "confirmed" without the far end's answer. A journal that is being
written (``journal_writer``) is flocked: one without an end that nobody locks belongs to a dead process.

What it must not do: speak to the modem, or decide about the call.
"""

from __future__ import annotations

import fcntl
import os
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from modem.entries import Entry
from modem.outcome import Cause, Fate, Fault, Figures, Outcome, PageFate, Phase, Retry, parted
from modem.plan import CallPlan
from modem.receipt import fetched_pages, receipts_in

PageKey: TypeAlias = tuple[int, int, int]
IMAGE = "image"
KEPT = frozenset((Fate.CONFIRMED, Fate.DAMAGED))
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


def images_path(journal_path: Path) -> Path:
    """Where lies what came in on fast carriers; there is no such file when nothing did."""
    return journal_path.with_name(journal_path.name + ".images")


def with_images(path: Path, lines: Sequence[Line]) -> list[Line]:
    """The lines of a journal, those of kind ``image`` with their ``data`` as far as it is there."""
    try:
        kept = images_path(path).read_bytes()
    except OSError:
        return list(lines)
    return [_with_data(line, kept) if line.kind == IMAGE else line for line in lines]


def _with_data(line: Line, kept: bytes) -> Line:
    try:
        begin, length = msgspec.convert(line.fields.get("place"), tuple[int, int])
        return replace(line, fields={**line.fields, "data": zlib.decompress(kept[begin : begin + length])})
    except (msgspec.ValidationError, zlib.error):
        return line


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
    """The fate of every page of a job in the plan, in the plan's order, as far as these entries tell."""
    return all_fates(entries, plan)[0]


def all_fates(entries: Iterable[Entry], plan: CallPlan) -> tuple[tuple[PageFate, ...], tuple[PageFate, ...]]:
    """As ``page_fates``, and then those of prefaces.

    An intent makes a page uncertain until it is answered, and so does handing all of them over to a device that sends
    by itself; a page that was confirmed stays so; the ``end`` has the last
    word, except that it cannot take back a confirmation.
    """
    fates = {page_key(each.said): Fate.NOT_SENT for each in plan.pages}

    def settle(key: PageKey, fate: Fate) -> None:
        if key in fates and not (fates[key] in KEPT and fate not in KEPT):
            fates[key] = fate

    for entry in entries:
        if entry.kind == "handed-over":
            for key in fates:
                settle(key, Fate.UNCERTAIN)
        elif entry.kind == "page-intent":
            settle(page_key(entry.fields), Fate.UNCERTAIN)
        elif entry.kind == "page-answer":
            settle(page_key(entry.fields), _fate_or_uncertain(entry.fields.get("fate")))
        elif entry.kind == "end" and (outcome := _outcome_in(entry)) is not None:
            for name, pages in (("number", outcome.pages), ("preface", outcome.prefaces)):
                for page in pages:
                    settle(page_key({"job": page.job, name: page.number}), page.fate)
    return parted(plan, [fates[page_key(each.said)] for each in plan.pages])


def page_key(said: Mapping[str, Any]) -> PageKey:
    """Which page of a call an entry is about: job, number, number within the preface."""
    return said.get("job", -1), said.get("number", -1), said.get("preface", -1)


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
            pages, prefaces = all_fates(entries, plan)
            return replace(outcome, pages=pages, prefaces=prefaces)
    return None


def outcome_after_death(entries: Sequence[Entry], plan: CallPlan) -> Outcome:
    """How a call ended whose process is gone: its own ``end`` if it has one, else PORT_DIED.

    Before dialling it costs the job no try (``Retry.DEVICE``); afterwards it does, so that a job whose calls kill their
    process each time comes to an end.
    """
    if (ended := outcome_of(entries, plan)) is not None:
        return ended
    pages, prefaces = all_fates(entries, plan)
    dialled = [entry.t for entry in entries if entry.kind == "dialling"]
    confirmed = sum(page.fate in KEPT for page in pages)
    uncertain = sum(page.fate is Fate.UNCERTAIN for page in pages)
    if not dialled:
        text, retry = "The port process was killed before it dialled.", Retry.DEVICE
    else:
        text = f"The port process was killed in the call: {confirmed} of {len(pages)} pages were confirmed"
        text += f", {uncertain} may have arrived." if uncertain else "."
        retry = Retry.NO_NEED if confirmed == len(pages) and plan.fetch is None else Retry.LATER
    return Outcome(
        cause=Cause.PORT_DIED,
        phase=phase_so_far(entries),
        fault=Fault.US,
        retry=retry,
        text=text,
        pages=pages,
        prefaces=prefaces,
        figures=figures_so_far(entries, dialled[0] if dialled else None),
        fetched=fetched_pages(receipts_in(entries)),
    )


def outcome_not_dialled(plan: CallPlan, cause: Cause, fault: Fault, retry: Retry, text: str) -> Outcome:
    """The outcome of a call that never got to the telephone line: no page was sent."""
    pages, prefaces = all_fates((), plan)
    return Outcome(cause=cause, phase=Phase.SETUP, fault=fault, retry=retry, text=text, pages=pages, prefaces=prefaces)


_PHASE_AFTER = {
    "dialling": Phase.A,
    "connected": Phase.B,
    "far-end": Phase.B,
    "trained": Phase.C,
    "training-failed": Phase.B,
    "page-intent": Phase.C,
    "page-answer": Phase.D,
    "page-received": Phase.D,
    "page-confirmed": Phase.D,
}


def phase_so_far(entries: Sequence[Entry]) -> Phase:
    """How far a call came, as far as these entries tell."""
    phase = Phase.SETUP
    for entry in entries:
        phase = _PHASE_AFTER.get(entry.kind, phase)
        name = entry.fields.get("name") if entry.kind == "frame" and entry.fields.get("dir") == "out" else None
        if name == "DCN":
            phase = Phase.E
        elif isinstance(name, str) and name.startswith(("PPS", "EOR", "MPS", "EOM", "EOP", "PRI")):
            phase = Phase.D
    return phase


def figures_so_far(entries: Sequence[Entry], off_hook: float | None) -> Figures:
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
