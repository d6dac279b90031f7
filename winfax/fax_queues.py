"""The fax printers of CUPS, and a print job that is made part by part.

What always holds: a queue counts as a fax printer when CUPS calls it one (``printer-type`` has the fax bit) or when its
device is Platen's own; a job that was begun is either finished with all its documents or cancelled.
Must not: know anything of the fax API. Needs ``pycups``, which is loaded when the first of this is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_FAX_BIT = 0x40000  # CUPS_PRINTER_FAX of cups.h
_DEVICE = "platen:"
_BLOCK = 1 << 16
_REFUSALS = (0x0401, 0x0402, 0x0403)  # forbidden, not authenticated, not authorized (RFC 8011 B.1.4)


class PrintingError(Exception):
    """CUPS does not answer or says no; the text says why."""


class NoFaxPrinterError(PrintingError):
    """There is no such fax printer."""


class RefusedError(PrintingError):
    """CUPS does not let this user do it."""


@dataclass(frozen=True)
class FaxQueue:
    name: str
    is_fax: bool  # announced as a fax; False: the plain queue
    server: str = ""  # of another machine, HOST or HOST:PORT; empty: as the environment says


def find(printer: str | None) -> FaxQueue:
    """The queue ``printer``, ``\\\\machine\\printer``, or with None the fax printer that CUPS would take.

    That is the default printer if it is a fax printer, else the first by name; plain queues come last.
    NoFaxPrinterError: it is none, or there is none. PrintingError: CUPS does not answer.
    """
    server, name = _parted(printer)
    with _at(server):
        connection = _connect()
        known = {key: queue for key, queue in _call(connection.getPrinters).items() if _is_ours(queue)}
        default = _call(connection.getDefault)
    if name is None:
        if not known:
            raise NoFaxPrinterError("no fax printer is set up (platen queue add)")
        name = min(known, key=lambda key: (key != default, not _is_announced(known[key]), key))
    if name not in known:
        raise NoFaxPrinterError(f"{name} is not a fax printer")
    return FaxQueue(name, _is_announced(known[name]), server)


class PrintJob:
    """A job of CUPS that has its options and waits for its documents."""

    def __init__(self, queue: FaxQueue, title: str, options: Mapping[str, str]) -> None:
        self._queue = queue.name
        with _at(queue.server):
            self._connection = _connect()
            self.id: int = _call(self._connection.createJob, queue.name, title, dict(options))

    def finish(self, documents: Sequence[tuple[str, bytes]]) -> None:
        """Send the documents, each as MIME type and octets, and release the job. PrintingError: it is cancelled."""
        try:
            for number, (kind, octets) in enumerate(documents, start=1):
                last = int(number == len(documents))
                _call(self._connection.startDocument, self._queue, self.id, f"document {number}", kind, last)
                for place in range(0, len(octets), _BLOCK):
                    block = octets[place : place + _BLOCK]
                    _call(self._connection.writeRequestData, block, len(block))
                _call(self._connection.finishDocument, self._queue)
        except PrintingError:
            self.cancel()
            raise

    def cancel(self) -> None:
        """Drop the job. One that is gone already is none to complain of."""
        import cups

        try:
            self._connection.cancelJob(self.id)
        except (cups.IPPError, RuntimeError):
            return

    def paper(self) -> str:
        """The queue's paper unless a job says otherwise, as PWG names it (``iso_a4_210x297mm``); empty: not said."""
        said = _call(self._connection.getPrinterAttributes, self._queue).get("media-default", "")
        return said if isinstance(said, str) else ""


def _parted(printer: str | None) -> tuple[str, str | None]:
    if printer is None or not printer.startswith("\\\\"):
        return "", printer
    server, _, name = printer[2:].partition("\\")
    return server, name


@contextmanager
def _at(server: str) -> Iterator[None]:
    """Speak to the CUPS of another machine in the block; libcups looks for queues at the server that is set."""
    if not server:
        yield
        return
    cups = _library()
    before = cups.getServer()
    cups.setServer(server)
    try:
        yield
    finally:
        cups.setServer(before)


def _library() -> Any:
    try:
        import cups
    except ImportError as error:
        raise PrintingError("printing needs the Python package pycups") from error
    return cups


def _connect() -> Any:
    try:
        return _library().Connection()
    except RuntimeError as error:
        raise PrintingError(f"CUPS does not answer: {error}") from error


def _call(method: Any, *arguments: Any) -> Any:
    import cups

    try:
        return method(*arguments)
    except cups.IPPError as error:
        status, text = error.args
        raise (RefusedError if status in _REFUSALS else PrintingError)(str(text)) from error
    except RuntimeError as error:
        raise PrintingError(f"CUPS does not answer: {error}") from error


def _is_announced(queue: Mapping[str, Any]) -> bool:
    return bool(int(queue.get("printer-type", 0)) & _FAX_BIT)


def _is_ours(queue: Mapping[str, Any]) -> bool:
    return _is_announced(queue) or str(queue.get("device-uri", "")).startswith(_DEVICE)
