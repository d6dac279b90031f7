"""PDF and PostScript to bilevel pages: Ghostscript in a forked process, its raster read from a pipe.

What always holds: libgs never runs in the process that reads (an interpreter that loops can only be killed); the pages'
geometry is fixed, whatever the document asks for; a run counts only when Ghostscript ended well, wrote no error, and
every page came whole. Its exit status alone proves nothing: it is 0 for an empty file, for a PDF it could not open
and for a full disk. TMPDIR must be set to a private folder: the job may read and write there, and with an empty
TMPDIR ``-dSAFER`` is no protection.
"""

from __future__ import annotations

import ctypes
import os
import re
import resource
import select
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from types import ModuleType

from codec.errors import DocumentError, DocumentFault, RenderError
from codec.limits import Limits
from codec.page import Bitmap
from codec.raster_paper import PT_PER_INCH, Geometry

MESSAGE_HEAD = 16 << 10
MESSAGE_TAIL = 4 << 10
PIPE_OCTETS = 1 << 20
_ERROR = re.compile(rb"\*\*\*\* +(?:Error|ERROR)|Error: +/|Unrecoverable error|\*\*\*\* Could not")
_SUMMARY = re.compile(rb"errors were encountered at least once while processing this file:\n((?:\t[^\n]*\n)*)")
# Ghostscript says these of PDFs that it draws whole; CUPS' own text filter writes such. What does lose something, as a
# form that draws itself, is reported by a second error beside.
_HARMLESS = frozenset(
    {
        "circular reference to indirect object",
        "missing white space after number",
        "content stream lacks endstream",
        "Page object doe snot have /Page type",
        "Page object does not have /Page type",
        "A dictionary is missing a required /Type key.",
        "dictionary contains a key which (indirectly) references the dictionary.",
    }
)
_BANNER = re.compile(r"\A(?:GPL Ghostscript|Copyright|This software is|see the file|Processing pages) ?[^\n]*\n")
_POSTSCRIPT_ERROR = re.compile(r"Error: +/(\w+) in (?:--)?([^\s]+?)(?:--)?\s")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class PageRun:
    """Consecutive pages of a PDF, counted from 1, that go onto the paper in the same way: they are at most this wide
    and high, in points, as they are read."""

    first: int
    last: int
    width_pt: float
    height_pt: float


@dataclass(frozen=True)
class Task:
    """One run: some pages of a PDF, or all (``pages`` None) of a PostScript program."""

    source: Path
    geometry: Geometry
    pages: PageRun | None = None

    @property
    def expected(self) -> int | None:
        return None if self.pages is None else self.pages.last - self.pages.first + 1


def load() -> ModuleType:
    """The binding with libgs loaded, so that forked processes have it at once. Raises RenderError without it."""
    try:
        from ghostscript import _gsprint
    except (ImportError, RuntimeError, OSError) as error:
        raise RenderError(f"Ghostscript is missing: install the Debian package 'ghostscript' ({error})") from error
    return _gsprint  # type: ignore[no-any-return]


def arguments(task: Task) -> list[str]:
    """The command line of ``task``. The page's size and resolution cannot be changed by the document."""
    shape = task.geometry
    given = [
        "gs",
        # Never "-q": it hides that a PDF had errors which were passed over.
        "-dSAFER",
        "-dNOPAUSE",
        "-dBATCH",
        "-dNOPROMPT",
        "-sDEVICE=bit",
        f"-r{shape.density_x:.4f}x{shape.density_y:.4f}",
        f"-g{shape.width}x{shape.rows}",
        "-dFIXEDMEDIA",
        "-dFIXEDRESOLUTION",
        # What a program prints goes to the messages; only the device writes to standard output.
        "-sstdout=%stderr",
        "-sOutputFile=-",
    ]
    if task.pages is None:
        return [*given, "-dFitPage", "-f", str(task.source)]
    # Not -dFitPage: on a PDF it takes no notice of /Rotate, nor of a box that begins elsewhere than at 0, 0.
    fit = fitted(task.pages, shape)
    return [
        *given,
        "-dUseCropBox",
        f"-dFirstPage={task.pages.first}",
        f"-dLastPage={task.pages.last}",
        "-c",
        f"<< /Install {{ [{' '.join(f'{value:.8f}' for value in fit.matrix)}] concat }} >> setpagedevice",
        "-f",
        str(task.source),
    ]


@dataclass(frozen=True)
class Fit:
    """``matrix`` takes a page's points to the paper's; ``left``, ``top``, ``right``, ``bottom``: what the page covers,
    in pels and scan lines, the last two being the first outside."""

    matrix: tuple[float, float, float, float, float, float]
    left: int
    top: int
    right: int
    bottom: int


def fitted(run: PageRun, shape: Geometry) -> Fit:
    """As large as the paper allows, in the middle; a page that is broader than high is turned to the left."""
    paper_width = shape.width / shape.density_x * PT_PER_INCH
    paper_height = shape.rows / shape.density_y * PT_PER_INCH
    broad = run.width_pt > run.height_pt
    across, down = (run.height_pt, run.width_pt) if broad else (run.width_pt, run.height_pt)
    scale = min(paper_width / across, paper_height / down)
    x, y = (paper_width - across * scale) / 2, (paper_height - down * scale) / 2
    turned = (0.0, scale, -scale, 0.0, x + across * scale, y)
    return Fit(
        turned if broad else (scale, 0.0, 0.0, scale, x, y),
        max(0, floor(x / PT_PER_INCH * shape.density_x)),
        max(0, floor(y / PT_PER_INCH * shape.density_y)),
        min(shape.width, ceil((x + across * scale) / PT_PER_INCH * shape.density_x)),
        min(shape.rows, ceil((y + down * scale) / PT_PER_INCH * shape.density_y)),
    )


def clear_margins(frame: bytearray, shape: Geometry, fit: Fit) -> None:
    """Takes away what a document drew outside its visible box."""
    row = (shape.width + 7) // 8
    frame[: fit.top * row] = bytes(fit.top * row)
    frame[fit.bottom * row :] = bytes((shape.rows - fit.bottom) * row)
    # Column by column of octets: there are few in a margin.
    for column in (*range(fit.left // 8 + 1), *range(fit.right // 8, row)):
        kept = 0
        for bit in range(8):
            kept |= (0x80 >> bit) if fit.left <= 8 * column + bit < fit.right else 0
        if kept == 0:
            frame[column::row] = bytes(shape.rows)
        elif kept != 0xFF:
            frame[column::row] = frame[column::row].translate(bytes(octet & kept for octet in range(256)))


def bitmaps(task: Task, limits: Limits, ends_at: float) -> Iterator[Bitmap]:
    """The pages of ``task``, one by one as they are finished; ``ends_at`` is the job's end in ``time.monotonic``.

    Raises DocumentError when the document cannot be drawn whole or in time (pages already given do not count then) and
    RenderError when Ghostscript is missing. The forked process has ended when this returns or raises.
    """
    binding = load()
    frames, frames_in = os.pipe()
    messages, messages_in = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        for end in (frames, frames_in, messages, messages_in):
            os.close(end)
        raise RenderError(f"no process for Ghostscript: {error.strerror}") from error
    if pid == 0:
        _run(binding, task, frames_in, messages_in)
    os.close(frames_in)
    os.close(messages_in)
    reader = _Reader(pid, frames, messages, task, limits, ends_at)
    try:
        yield from reader.read()
    finally:
        reader.end()


def _run(binding: ModuleType, task: Task, frames: int, messages: int) -> None:
    """The forked process: never returns."""
    status = 70
    try:
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(status)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(frames, 1)
        os.dup2(messages, 2)
        os.closerange(3, 1024)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
        instance = binding.new_instance()
        binding.set_arg_encoding(instance, binding.ARG_ENCODING_UTF8)
        try:
            binding.init_with_args(instance, [os.fsencode(argument) for argument in arguments(task)])
            status = 0
        except binding.GhostscriptError as error:
            status = 0 if error.code == binding.e_Quit else 1
        # The device writes what is left, and may fail at that.
        if binding.libgs.gsapi_exit(instance) < 0 and status == 0:
            status = 1
    except BaseException as error:
        os.write(2, f"platen: {error!r}\n".encode())
    finally:
        os._exit(status)


class _Reader:
    def __init__(self, pid: int, frames: int, messages: int, task: Task, limits: Limits, ends_at: float) -> None:
        self.pid = pid
        self.frames = frames
        self.messages = messages
        self.task = task
        self.limits = limits
        self.ends_at = ends_at
        self.done = 0
        self.status: int | None = None
        self.head = bytearray()
        self.tail = b""
        self.failed = False

    @property
    def page(self) -> int:
        """The page that is being drawn, counted from 1 in its document."""
        return (self.task.pages.first if self.task.pages else 1) + self.done

    def read(self) -> Iterator[Bitmap]:
        shape = self.task.geometry
        frame = bytearray()
        page_ends_at = time.monotonic() + self.limits.page_s
        waiting = {self.frames, self.messages}
        while waiting:
            now = time.monotonic()
            if now >= self.ends_at:
                raise self._too_large(f"The document took longer than {self.limits.job_s:g} s to draw.")
            if now >= page_ends_at:
                raise self._too_large(f"Page {self.page} took longer than {self.limits.page_s:g} s to draw.")
            ready, _, _ = select.select(list(waiting), [], [], min(self.ends_at, page_ends_at) - now)
            if self.messages in ready and not self._take_message():
                waiting.discard(self.messages)
            if self.frames in ready:
                piece = os.read(self.frames, min(PIPE_OCTETS, shape.octets - len(frame)))
                if not piece:
                    waiting.discard(self.frames)
                    continue
                frame += piece
                if len(frame) == shape.octets:
                    if self.done >= (self.task.expected or self.limits.pages):
                        raise self._too_many()
                    self.done += 1
                    if self.task.pages is not None:
                        clear_margins(frame, shape, fitted(self.task.pages, shape))
                    yield Bitmap(shape.width, shape.rows, bytes(frame))
                    frame.clear()
                    page_ends_at = time.monotonic() + self.limits.page_s
        _, status = os.waitpid(self.pid, 0)
        self.status = os.waitstatus_to_exitcode(status)
        self._judge(len(frame))

    def _take_message(self) -> bool:
        piece = os.read(self.messages, 64 << 10)
        room = MESSAGE_HEAD - len(self.head)
        self.head += piece[: max(0, room)]
        # A message may be cut by the read: look at the seam too.
        self.failed = self.failed or _ERROR.search(self.tail[-64:] + piece) is not None
        self.tail = (self.tail + piece)[-MESSAGE_TAIL:]
        return bool(piece)

    @property
    def detail(self) -> str:
        text = bytes(self.head)
        if len(text) >= MESSAGE_HEAD:
            text += b"\n[...]\n" + self.tail
        said = text.decode("utf-8", "replace")
        while (banner := _BANNER.match(said)) is not None:
            said = said[banner.end() :]
        return said.strip()

    def _too_large(self, text: str) -> DocumentError:
        return DocumentError(DocumentFault.TOO_LARGE, text, self.detail)

    def _too_many(self) -> DocumentError:
        if self.task.expected is not None:
            return DocumentError(DocumentFault.DAMAGED, "This PDF draws more pages than it says it has.", self.detail)
        return self._too_large(f"The document has more than {self.limits.pages} pages.")

    def _judge(self, rest: int) -> None:
        """Raises unless all pages came, whole, without an error."""
        expected = self.task.expected
        summary = _SUMMARY.search(self.tail)
        if summary is not None:
            named = {line.strip() for line in summary.group(1).decode("latin-1").splitlines()}
            self.failed = self.failed or not named or not named <= _HARMLESS
        whole = rest == 0 and (expected is None or self.done == expected)
        if self.status == 0 and not self.failed and whole:
            return
        detail = self.detail
        if self.status == 70:
            raise RenderError(f"Ghostscript did not start: {detail}")
        if self.status == -signal.SIGXCPU:
            raise self._too_large(f"Page {self.page} needs more computing time than a fax may take.")
        if "VMerror" in detail or "limitcheck" in detail:
            raise self._too_large(f"Page {self.page} needs more memory than a fax may take.")
        if self.task.pages is not None:
            # Errors may be reported without stopping: then nothing tells which page they belong to.
            where = "This PDF" if whole else f"Page {self.page} of this PDF"
            text = f"{where} has errors: parts of it would be missing on the fax."
            raise DocumentError(DocumentFault.DAMAGED, text, detail)
        found = _POSTSCRIPT_ERROR.search(detail)
        why = f" ({found.group(1)} in {found.group(2)})" if found else ""
        raise DocumentError(
            DocumentFault.DAMAGED, f"This PostScript document stops with an error on page {self.page}{why}.", detail
        )

    def end(self) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.status = -signal.SIGKILL
        os.close(self.frames)
        os.close(self.messages)
