"""The print document that ``FaxStartPrintJob`` opens: pages are drawn onto it, and ``EndDoc`` submits it.

It stands in the place of the printer device context, and its functions answer as GDI's do: a number above 0, or 0 or
less with ``GetLastError()``.

What always holds: nothing reaches CUPS before ``EndDoc`` but an empty job that waits; after ``EndDoc`` or ``AbortDoc``
nothing more can be printed (ERROR_SPL_NO_STARTDOC); cover pages stand ahead of the body, in the order of their calls;
a document that is forgotten, or whose program ends, is dropped (of a killed program CUPS drops it, in its own time).
Needs ``reportlab`` when pages are drawn, and nothing when a finished document is written.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from winfax.constants import ERROR_INVALID_DATA, ERROR_INVALID_PARAMETER, ERROR_PRINT_CANCELLED, ERROR_SPL_NO_STARTDOC
from winfax.errors import SetLastError
from winfax.fax_queues import PrintingError, PrintJob

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

SP_ERROR = -1  # what GDI answers when printing fails
_PDF, _POSTSCRIPT = "application/pdf", "application/postscript"
_INCHES = 72.0
_MILLIMETRES = 72.0 / 25.4
_LETTER_FROM_PT = 604.0  # between A4's width, 595, and Letter's, 612
A4 = (210 * _MILLIMETRES, 297 * _MILLIMETRES)


class PageDrawing:
    """The ``hDC`` of a FAX_CONTEXT_INFO.

    ``canvas``: ReportLab's canvas of the page that is open (points of 1/72 inch from the lower left corner);
    ``page_size``: of the pages, in points, (width, height), settable before ``StartPage``; ``job``: the print spooler's
    job id.
    """

    def __init__(self, job: PrintJob) -> None:
        self._job = job
        self._covers: list[tuple[str, bytes]] = []
        self._written: list[tuple[str, bytes]] = []
        self._drawn: BytesIO | None = None
        self._canvas: Any = None
        self._page_is_open = False
        self._is_open = True
        self._pages = 0
        self.page_size = _points_of(job.paper()) or A4
        self._forgotten = weakref.finalize(self, _drop, job, os.getpid())

    @property
    def job(self) -> int:
        return self._job.id

    @property
    def is_open(self) -> bool:
        """Whether the document can still be printed to."""
        return self._is_open

    @property
    def is_letter(self) -> bool:
        """Whether the pages are Letter and not A4."""
        return self.page_size[0] > _LETTER_FROM_PT

    @property
    def canvas(self) -> Canvas:
        """Raises RuntimeError while no page is open."""
        if not self._page_is_open:
            raise RuntimeError("no page is open: StartPage comes first")
        return self._canvas

    def StartPage(self) -> int:
        """Open a page to be drawn on."""
        if not self._is_open:
            return _failed(ERROR_SPL_NO_STARTDOC)
        if self._page_is_open or self._written:
            return _failed(ERROR_INVALID_PARAMETER)
        if self._canvas is None:
            from reportlab.pdfgen.canvas import Canvas

            self._drawn = BytesIO()
            self._canvas = Canvas(self._drawn, pageCompression=1)
        self._canvas.setPageSize(self.page_size)
        self._page_is_open = True
        return 1

    def EndPage(self) -> int:
        """The page is whole."""
        if not self._is_open:
            return _failed(ERROR_SPL_NO_STARTDOC)
        if not self._page_is_open:
            return _failed(ERROR_INVALID_PARAMETER)
        self._canvas.showPage()
        self._page_is_open = False
        self._pages += 1
        return 1

    def WriteDocument(self, document: bytes | BinaryIO) -> int:
        """A finished PDF or PostScript document in the place of drawn pages; several follow each other."""
        if not self._is_open:
            return _failed(ERROR_SPL_NO_STARTDOC)
        if self._pages or self._page_is_open:
            return _failed(ERROR_INVALID_PARAMETER)
        octets = document if isinstance(document, bytes) else document.read()
        kind = _PDF if octets[:1024].find(b"%PDF-") >= 0 else _POSTSCRIPT if octets.lstrip()[:2] == b"%!" else ""
        if not kind:
            return _failed(ERROR_INVALID_DATA)
        self._written.append((kind, octets))
        return 1

    def add_cover(self, pdf: bytes) -> bool:
        """A cover page, ahead of the body. False: the document is closed."""
        if not self._is_open:
            _failed(ERROR_SPL_NO_STARTDOC)
            return False
        self._covers.append((_PDF, pdf))
        return True

    def EndDoc(self) -> int:
        """Submit the document to the fax printer. A page that is still open is ended; without pages there is no fax."""
        if not self._is_open:
            return _failed(ERROR_SPL_NO_STARTDOC)
        if self._page_is_open:
            self.EndPage()
        documents = [*self._covers, *self._written]
        if self._pages and self._drawn is not None:
            self._canvas.save()
            documents.append((_PDF, self._drawn.getvalue()))
        if not documents:
            self.AbortDoc()
            return _failed(ERROR_INVALID_DATA)
        return self._closing(lambda: self._job.finish(documents))

    def AbortDoc(self) -> int:
        """Drop the document: nothing is faxed."""
        if not self._is_open:
            return _failed(ERROR_SPL_NO_STARTDOC)
        return self._closing(self._job.cancel)

    def DeleteDC(self) -> int:
        """The end of it; a document that was not submitted is dropped."""
        return self.AbortDoc() if self._is_open else 1

    def _closing(self, end: Callable[[], None]) -> int:
        self._is_open = self._page_is_open = False
        self._forgotten.detach()
        try:
            end()
        except PrintingError:
            return _failed(ERROR_PRINT_CANCELLED)
        return 1

    def __enter__(self) -> PageDrawing:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Submit, or after an error drop."""
        if self._is_open:
            if kind is None:
                self.EndDoc()
            else:
                self.AbortDoc()


def _drop(job: PrintJob, process: int) -> None:
    """Cancel the job of a document that nobody ended, unless this is a fork of the process whose document it is."""
    if os.getpid() == process:
        with suppress(PrintingError):
            job.cancel()


def _failed(code: int) -> int:
    SetLastError(code)
    return SP_ERROR


def _points_of(paper: str) -> tuple[float, float] | None:
    """``iso_a4_210x297mm`` or ``na_letter_8.5x11in`` (PWG 5101.1) in points."""
    size = paper.rpartition("_")[2]
    unit = {"mm": _MILLIMETRES, "in": _INCHES}.get(size[-2:])
    width, _, height = size[:-2].partition("x")
    try:
        return (float(width) * unit, float(height) * unit) if unit else None
    except ValueError:
        return None
