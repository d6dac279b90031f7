"""What the software modem prints: one line when it is ready, one for each event of a call; text or JSON Lines.

What always holds: a line is written and flushed at once; a JSON line has ``kind``. What it must not do: fail because
nobody reads any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import msgspec

from modem.soft.event import Event
from modem.soft.farend import ExchangeData
from modem.soft.parties import FaxRecord


class Reporter:
    """Writes to ``stream``."""

    def __init__(self, stream: TextIO, *, as_json: bool, frames: bool) -> None:
        self._stream = stream
        self._as_json = as_json
        self._frames = frames

    def ready(self, devices: Sequence[tuple[str, Path, Path]], data: ExchangeData) -> None:
        """Number, link and device of each modem; the numbers that can be called."""
        if self._as_json:
            modems = [{"number": number, "link": str(link), "device": str(device)} for number, link, device in devices]
            numbers = [end.number for end in data.numbers]
            self._line(msgspec.json.encode({"kind": "ready", "modems": modems, "numbers": numbers}).decode())
            return
        shown = ", ".join(f"{link} (number {number}, {device})" for number, link, device in devices)
        self._line(f"ready: {shown}")
        for end in data.numbers:
            self._line(f"  {end.number}  {end.note or end.answers.value}")

    def event(self, event: Event) -> None:
        if event.kind == "frame" and not self._frames:
            return
        if self._as_json:
            self._line(msgspec.json.encode(event).decode())
        else:
            self._line(f"{event.at:9.2f} s  call {event.call}  {event.caller or '-'} -> {event.called}  {_told(event)}")

    def _line(self, text: str) -> None:
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except (BrokenPipeError, ValueError):
            pass


def _told(event: Event) -> str:
    """What happened, for people."""
    if event.record is not None:
        return _told_record(event.record)
    if event.kind == "on-hook":
        return f"modem {event.text} on-hook after {event.off_hook_s:.2f} s"
    if event.kind == "page":
        return f"page {event.text}"
    return f"{event.kind} {event.text}".rstrip()


def _told_record(record: FaxRecord) -> str:
    pages = record.pages_received if record.answered else record.pages_sent
    done = "received" if record.answered else "sent"
    how = f"{record.rate_bps} bit/s, {record.coding or '-'}, {'ECM' if record.ecm else 'no ECM'}"
    kept = f", {record.tiff}" if record.tiff else ""
    return f"fax machine {record.number}: {done} {pages} page(s), {how}: {record.completion_text}{kept}"
