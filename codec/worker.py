"""The child process that opens documents: ``python -m codec.worker``, a request on standard input, lines of JSON out.

What always holds: only this process and those it forks ever parse what somebody sent; it sets its own limits before it
reads the request's documents; it writes only below TMPDIR and to the one output file; it ends with exactly one verdict.
Slow imports (pikepdf, Pillow, libtiff) happen only for the kinds of document that need them.
What it must not do: decide how long it may live. ``documents`` kills it, and all of its session, from outside.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from codec.errors import DocumentError, DocumentFault, RenderError, TiffError
from codec.limits import Limits
from codec.page import Bitmap, Page, Resolution
from codec.raster_paper import DPI_X, Geometry, PageWidth, Paper, geometry, paper_for
from codec.sniff import Finding, Kind, decode_text, pdf_end, sniff_file, split_pdfs
from codec.stepping_back import step_back

if TYPE_CHECKING:
    from codec.precheck import PdfPage
    from codec.raster_ghostscript import PageRun

# 1 mm: pages that differ less are laid out alike.
ALIKE_PT = 2.8


@dataclass(frozen=True)
class Request:
    """What the parent asks for. Without ``out``: look at the one source and make no pages."""

    sources: tuple[str, ...]
    limits: Limits
    parent: int
    declared: str | None = None
    out: str | None = None
    resolution: str = Resolution.FINE.value
    width: int = PageWidth.A4.value
    box: tuple[int, int] | None = None  # pictures only: at most so many pixels across and rows down, and no sheet

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Request:
        raw = json.loads(text)
        raw["sources"] = tuple(raw["sources"])
        raw["limits"] = Limits(**raw["limits"])
        raw["box"] = tuple(raw["box"]) if raw.get("box") else None
        return cls(**raw)


class Worker:
    """One request's work. ``scratch`` is the private TMPDIR."""

    def __init__(self, request: Request, scratch: Path) -> None:
        self.request = request
        self.limits = request.limits
        self.scratch = scratch
        self.resolution = Resolution(request.resolution)
        self.width = PageWidth(request.width)
        self.ends_at = time.monotonic() + request.limits.job_s
        self.pieces = 0

    def inspect(self) -> dict[str, object]:
        source = Path(self.request.sources[0])
        found = sniff_file(source)
        if self.request.declared is not None and says_pdf(self.request.declared):
            refuse_other_than_pdf(source, found, self.request.declared)
        refuse_unprintable(found)
        pages: int | None = None
        if found.kind is Kind.PDF:
            pages = sum(len(sizes) for _, sizes in self.pdfs(source, found))
        elif found.kind is Kind.TEXT:
            from codec.raster_text import pages as text_pages

            pages = sum(1 for _ in islice(text_pages(self.text(source)), self.limits.pages + 1))
        elif found.kind in (Kind.PNG, Kind.JPEG, Kind.GIF):
            from codec.raster_image import opened

            opened(source, self.limits)
            pages = 1
        elif found.kind is Kind.TIFF:
            from codec.foreign import count_pages

            try:
                pages = count_pages(source)
            except TiffError as error:
                raise damaged_tiff(error) from error
        if pages == 0:
            raise DocumentError(DocumentFault.EMPTY, "This document has no pages.")
        self.check_count(pages or 0)
        return {"kind": found.kind.value, "pages": pages}

    def convert(self, out: Path) -> Iterator[dict[str, object]]:
        """Writes every page to ``out`` and yields a record of each."""
        from codec.coder import page_from_bitmap
        from codec.tiff import TiffWriter

        total = 0
        with TiffWriter(out) as writer:
            for number, source in enumerate(self.request.sources, 1):
                before = total
                try:
                    for drawn in self.drawn(Path(source)):
                        if isinstance(drawn, Bitmap):
                            page = page_from_bitmap(drawn, DPI_X, self.resolution.dpi_y)
                        else:
                            page = drawn
                        total += 1
                        self.check_count(total)
                        writer.append(page)
                        if out.stat().st_size > self.limits.output_octets:
                            raise too_much_output(self.limits)
                        yield {
                            "digest": page.digest,
                            "width": page.width,
                            "rows": page.rows,
                            "dpi_x": page.dpi_x,
                            "dpi_y": page.dpi_y,
                        }
                    if total == before:
                        raise DocumentError(DocumentFault.EMPTY, "This document draws no page.")
                except DocumentError as error:
                    if len(self.request.sources) == 1:
                        raise
                    where = f"Document {number} of {len(self.request.sources)}: {error.text}"
                    raise DocumentError(error.fault, where, error.detail) from error

    def check_count(self, pages: int) -> None:
        if pages > self.limits.pages:
            raise DocumentError(
                DocumentFault.TOO_LARGE,
                f"This fax would have more than {self.limits.pages} pages, the most it can have.",
            )

    def drawn(self, source: Path) -> Iterator[Bitmap | Page]:
        found = sniff_file(source)
        refuse_unprintable(found)
        if found.kind is Kind.PDF:
            from codec.raster_ghostscript import load

            load()
            for path, sizes in self.pdfs(source, found):
                yield from self.pdf(path, sizes)
        elif found.kind is Kind.POSTSCRIPT:
            yield from self.postscript(self.extract(source, found.start, found.end), source, found)
        elif found.kind is Kind.TEXT:
            from codec.raster_text import Typewriter
            from codec.raster_text import pages as text_pages

            sheets = list(islice(text_pages(self.text(source)), self.limits.pages + 1))
            self.check_count(len(sheets))
            typewriter = Typewriter(self.shape(Paper.A4), self.resolution)
            for lines in sheets:
                yield typewriter.draw(lines)
        elif found.kind is Kind.TIFF:
            yield from self.tiff(source)
        elif self.request.box is not None:
            from codec.raster_image import boxed

            yield boxed(source, self.resolution, self.request.box, self.limits)
        else:
            from codec.raster_image import bitmap

            yield bitmap(source, self.resolution, self.width, self.limits)

    def shape(self, paper: Paper) -> Geometry:
        if self.width is not PageWidth.A4:
            paper = paper_for(0, 0, self.width)
        return geometry(paper, self.resolution, self.width)

    def extract(self, source: Path, start: int, end: int) -> Path:
        """The octets from ``start`` to ``end`` as a file; the source itself when that is all of it."""
        if start == 0 and end == source.stat().st_size:
            return source
        self.pieces += 1
        piece = self.scratch / f"piece-{self.pieces}"
        with source.open("rb") as whole, piece.open("wb") as part:
            whole.seek(start)
            left = end - start
            while left and (block := whole.read(min(left, 1 << 20))):
                part.write(block)
                left -= len(block)
        return piece

    def pdfs(self, source: Path, found: Finding) -> Iterator[tuple[Path, list[PdfPage]]]:
        """Each PDF in ``source`` with its pages, in order; checked before it is given."""
        from codec.precheck import pdf_pages

        with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            extents = [(begin, pdf_end(data, begin, end)) for begin, end in split_pdfs(data, found.start, found.end)]
        checked = []
        for number, (start, end) in enumerate(extents, 1):
            path = self.extract(source, start, end)
            try:
                checked.append((path, pdf_pages(path, self.limits)))
            except DocumentError as error:
                if len(extents) == 1:
                    raise
                raise DocumentError(
                    error.fault, f"PDF {number} of {len(extents)}: {error.text}", error.detail
                ) from error
        yield from checked

    def pdf(self, path: Path, sizes: list[PdfPage]) -> Iterator[Bitmap]:
        from codec.raster_ghostscript import Task, bitmaps

        for run in page_runs(sizes):
            paper = paper_for(run.width_pt, run.height_pt, self.width)
            yield from bitmaps(Task(path, self.shape(paper), run), self.limits, self.ends_at)

    def postscript(self, path: Path, source: Path, found: Finding) -> Iterator[Bitmap]:
        from codec.raster_ghostscript import Task, bitmaps
        from codec.raster_paper import paper_named

        with source.open("rb") as file:
            file.seek(found.start)
            head = file.read(8192)
        yield from bitmaps(Task(path, self.shape(paper_named(head))), self.limits, self.ends_at)

    def text(self, source: Path) -> str:
        from codec.raster_text import is_blank

        text = decode_text(source.read_bytes())
        if text is None:
            raise DocumentError(DocumentFault.TYPE, "This document changed while it was read.")
        if is_blank(text):
            raise DocumentError(DocumentFault.EMPTY, "This text is blank.")
        return text

    def tiff(self, source: Path) -> Iterator[Page]:
        from codec.foreign import read_foreign

        try:
            yield from read_foreign(source, self.resolution, self.width.value)
        except TiffError as error:
            raise damaged_tiff(error) from error


def page_runs(sizes: Sequence[PdfPage]) -> Iterator[PageRun]:
    """Consecutive pages of about the same size, which are drawn in one go; scanners never cut two pages quite alike."""
    from codec.raster_ghostscript import PageRun

    run: PageRun | None = None
    for number, size in enumerate(sizes, 1):
        if run is not None and _alike(run, size):
            width, height = max(run.width_pt, size.width_pt), max(run.height_pt, size.height_pt)
            run = PageRun(run.first, number, width, height)
            continue
        if run is not None:
            yield run
        run = PageRun(number, number, size.width_pt, size.height_pt)
    if run is not None:
        yield run


def _alike(run: PageRun, size: PdfPage) -> bool:
    return (
        abs(run.width_pt - size.width_pt) <= ALIKE_PT
        and abs(run.height_pt - size.height_pt) <= ALIKE_PT
        and (run.width_pt > run.height_pt) == (size.width_pt > size.height_pt)
    )


def damaged_tiff(error: TiffError) -> DocumentError:
    return DocumentError(DocumentFault.DAMAGED, "This TIFF is damaged or of a kind that we cannot read.", str(error))


def refuse_unprintable(found: Finding) -> None:
    if found.kind is Kind.EMPTY:
        raise DocumentError(DocumentFault.EMPTY, "The document is empty.")
    if found.kind is Kind.OFFICE:
        raise DocumentError(
            DocumentFault.TYPE,
            "This is an archive or an office document. Print it from the program that made it, or save it as a PDF.",
        )
    if not found.kind.printable:
        raise DocumentError(
            DocumentFault.TYPE,
            "A document of this kind cannot be faxed. PDF, PostScript, plain text, PNG, JPEG, GIF and TIFF can.",
        )


def says_pdf(declared: str) -> bool:
    """Whether a file name or MIME type calls the document a PDF."""
    plain = declared.strip().lower()
    return plain.endswith(".pdf") or plain.partition(";")[0] in ("application/pdf", "application/vnd.cups-pdf")


def refuse_other_than_pdf(path: Path, found: Finding, declared: str) -> None:
    if found.kind in (Kind.PDF, Kind.EMPTY):
        return
    name = "".join(c for c in declared.strip().rpartition("/")[2] if c.isprintable())
    name = name if name.lower().endswith(".pdf") else "This document"
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2048))
        if found.kind is Kind.UNKNOWN and b"startxref" in file.read():
            raise DocumentError(DocumentFault.DAMAGED, f"{name} is damaged: the beginning of the PDF is missing.")
    looks = f": it is {found.kind.title}" if found.kind is not Kind.UNKNOWN else ""
    raise DocumentError(DocumentFault.TYPE, f"{name} is not a PDF, though it is called one{looks}.")


def too_much_output(limits: Limits) -> DocumentError:
    return DocumentError(
        DocumentFault.TOO_LARGE, f"The pages need more than {limits.output_octets >> 20} MB, more than a fax may take."
    )


def end_with(parent: int) -> None:
    """Let the kernel kill this process when ``parent`` dies, so that nobody rasterises for a daemon that is gone."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        raise SystemExit("the parent has gone")


def limit_this_process(limits: Limits) -> None:
    """Wall-clock limits are the parent's; these hold even when the parent is gone."""
    for what, value in (
        (resource.RLIMIT_AS, limits.memory_octets),
        (resource.RLIMIT_FSIZE, limits.output_octets),
        (resource.RLIMIT_CPU, int(limits.job_s + limits.page_s) + 1),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (value, value) if hard == resource.RLIM_INFINITY else (min(value, hard), hard))


def run(request: Request, scratch: Path) -> Iterator[dict[str, object]]:
    """The lines to say: one for each page, then one with ``done``, ``fault`` or ``failure``."""
    worker = Worker(request, scratch)
    try:
        if request.out is None:
            yield {"done": worker.inspect()}
        else:
            for record in worker.convert(Path(request.out)):
                yield {"page": record}
            yield {"done": {}}
    except DocumentError as error:
        yield {"fault": error.fault.value, "text": error.text, "detail": error.detail}
    except MemoryError:
        yield {
            "fault": DocumentFault.TOO_LARGE.value,
            "text": "This document needs more memory than a fax may take.",
            "detail": "",
        }
    except RenderError as error:
        yield {"failure": str(error)}
    except OSError as error:
        if error.errno == errno.EFBIG:  # RLIMIT_FSIZE
            large = too_much_output(request.limits)
            yield {"fault": large.fault.value, "text": large.text, "detail": str(error)}
        else:
            yield {"failure": f"{error.strerror}: {error.filename or 'no file'}"}


def main() -> None:
    # Nothing that a library prints may be taken for a line of ours.
    said = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    request = Request.from_json(sys.stdin.buffer.read())
    serve(request, said.fileno(), request.parent)


def serve(request: Request, out: int, parent: int) -> None:
    """Work on ``request``, saying lines to the descriptor ``out``; ends with the process ``parent``."""
    end_with(parent)
    limit_this_process(request.limits)
    if request.out is not None:
        # Who waits for an answer goes first, also while many print at once.
        step_back()
    for line in run(request, Path(os.environ["TMPDIR"])):
        os.write(out, json.dumps(line).encode() + b"\n")


if __name__ == "__main__":
    main()
