"""Documents become bilevel pages: the check at intake, and the conversion to one TIFF-F.

What always holds: this process never parses a document. Each call has one child of its own (``codec.worker``; started
anew, or forked by a ``codec.nursery`` that is ready) with limits, its own session and a private TMPDIR, and when the
call ends, whichever way, no process of that session and no temporary file is left (a child that has said what a check
has found may still be ending). The result appears under its name
only when it is complete and on stable storage. Safe to call from several threads at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from codec.errors import CodecError, DocumentError, DocumentFault, RenderError
from codec.limits import DEFAULT_LIMITS, Limits
from codec.nursery import Nursery, NurseryGoneError, worker_environment
from codec.page import Resolution
from codec.raster_paper import PageWidth
from codec.sniff import Kind
from codec.worker import Request

# The child enforces the time of a page itself; this much later the parent does.
GRACE_S = 2.0
# How soon a cancellation is seen.
TICK_S = 0.05
MESSAGE_OCTETS = 16 << 10


class ConversionCancelled(CodecError):
    """The caller asked to stop."""


@dataclass(frozen=True)
class DocumentInfo:
    """What the check at intake found. ``pages`` is None for PostScript: only drawing it tells."""

    kind: Kind
    mime: str
    pages: int | None
    octets: int


@dataclass(frozen=True)
class PageRecord:
    """One page of the result. ``digest`` is that of ``codec.page.Page``."""

    digest: str
    width: int
    rows: int
    dpi_x: int
    dpi_y: int


@dataclass(frozen=True)
class Conversion:
    """The pages that were written, in order."""

    pages: tuple[PageRecord, ...]


def inspect(
    path: Path,
    declared: str | None = None,
    *,
    limits: Limits = DEFAULT_LIMITS,
    scratch: Path | None = None,
    nursery: Nursery | None = None,
) -> DocumentInfo:
    """Checks a document without drawing it. ``declared`` is its file name or MIME type, if any: a document that is
    called a PDF and is none is refused; otherwise what counts is what it is.

    Raises DocumentError (its text is for the person who sent it), RenderError when the check itself could not be done.
    """
    octets = path.stat().st_size
    request = Request(sources=(str(path.absolute()),), limits=limits, parent=os.getpid(), declared=declared)
    result = _run(request, limits, None, None, scratch, nursery, wait=False)
    kind = Kind(str(result.done.get("kind")))
    pages = result.done.get("pages")
    return DocumentInfo(kind, kind.mime, pages if isinstance(pages, int) else None, octets)


def convert(
    sources: Sequence[Path],
    out: Path,
    resolution: Resolution,
    *,
    width: PageWidth = PageWidth.A4,
    box: tuple[int, int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    cancelled: threading.Event | None = None,
    progress: Callable[[int], None] | None = None,
    scratch: Path | None = None,
    nursery: Nursery | None = None,
) -> Conversion:
    """Writes the pages of ``sources``, one document after the other, to the TIFF-F ``out``.

    ``box``: PNG, JPEG and GIF are made that large at most (pixels across, rows down), without a sheet around them.
    ``progress`` is called with the number of pages done so far. ``scratch`` is where temporary folders are made (the
    system's place by default). Raises DocumentError, RenderError, or ConversionCancelled; ``out`` is then as it was.
    """
    if not sources:
        raise ValueError("no documents")
    handle, name = tempfile.mkstemp(prefix=f".{out.name}.", suffix=".part", dir=out.absolute().parent)
    os.close(handle)
    part = Path(name)
    try:
        request = Request(
            sources=tuple(str(source.absolute()) for source in sources),
            limits=limits,
            parent=os.getpid(),
            out=str(part),
            resolution=resolution.value,
            width=width.value,
            box=box,
        )
        result = _run(request, limits, cancelled, progress, scratch, nursery)
        _keep(part, out)
    finally:
        part.unlink(missing_ok=True)
    return Conversion(tuple(result.pages))


def _keep(part: Path, out: Path) -> None:
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.chmod(0o666 & ~_umask())
    part.replace(out)
    folder = os.open(out.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _umask() -> int:
    # os.umask sets the mask of the whole process; reading it so would disturb other threads.
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o077


@dataclass
class _Result:
    pages: list[PageRecord]
    done: dict[str, object]


class _Child(Protocol):
    """One child at its work. ``stdout``, ``stderr``: descriptors to read."""

    @property
    def stdout(self) -> int: ...

    @property
    def stderr(self) -> int: ...

    def status(self) -> int:
        """Its exit code, or the negative number of the signal that ended it. Its output has ended."""
        ...

    def end(self) -> None:
        """Kills what is left of the child's session."""
        ...

    def leave(self) -> None:
        """The same, perhaps without waiting. It has given its verdict."""
        ...


def _run(
    request: Request,
    limits: Limits,
    cancelled: threading.Event | None,
    progress: Callable[[int], None] | None,
    scratch: Path | None,
    nursery: Nursery | None,
    *,
    wait: bool = True,
) -> _Result:
    folder = Path(tempfile.mkdtemp(prefix="platen-", dir=scratch))
    try:
        if nursery is not None:
            # Where it was killed under us, a child of our own does it.
            with contextlib.suppress(NurseryGoneError):
                return _held(nursery.fork(request.to_json(), folder), limits, cancelled, progress, wait)
        return _held(_Started(request, folder), limits, cancelled, progress, wait)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _held(
    child: _Child,
    limits: Limits,
    cancelled: threading.Event | None,
    progress: Callable[[int], None] | None,
    wait: bool,
) -> _Result:
    conversation = _Conversation(child, limits, cancelled, progress)
    try:
        return conversation.hold()
    finally:
        if conversation.verdict and not wait:
            child.leave()
        else:
            child.end()


class _Started:
    """A child that was started anew for one request."""

    def __init__(self, request: Request, folder: Path) -> None:
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "codec.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=worker_environment() | {"HOME": str(folder), "TMPDIR": str(folder)},
                start_new_session=True,
            )
        except OSError as error:
            raise RenderError(f"cannot start the converter: {error.strerror}") from error
        assert self._child.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(request.to_json())
            self._child.stdin.close()

    @property
    def stdout(self) -> int:
        assert self._child.stdout is not None
        return self._child.stdout.fileno()

    @property
    def stderr(self) -> int:
        assert self._child.stderr is not None
        return self._child.stderr.fileno()

    def status(self) -> int:
        # Looked at, not reaped: its process group is still to be ended.
        seen = os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOWAIT)
        assert seen is not None
        return seen.si_status if seen.si_code == os.CLD_EXITED else -seen.si_status

    def leave(self) -> None:
        self.end()

    def end(self) -> None:
        """It is reaped last: until then its number cannot be another's."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


class _Conversation:
    """Hears the lines, and keeps the time."""

    def __init__(
        self,
        child: _Child,
        limits: Limits,
        cancelled: threading.Event | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.child = child
        self.limits = limits
        self.cancelled = cancelled
        self.progress = progress
        self.result = _Result([], {})
        self.verdict = False
        self.messages = b""

    def hold(self) -> _Result:
        for line in self._lines():
            self._take(line)
            if self.verdict:
                return self.result
        raise self._died()

    def _lines(self) -> Iterator[bytes]:
        """Lines of the child until it closes its output. Raises when it is late or the caller wants to stop."""
        started = heard = time.monotonic()
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            selector.register(self.child.stderr, selectors.EVENT_READ)
            while selector.get_map():
                if self.cancelled is not None and self.cancelled.is_set():
                    raise ConversionCancelled("cancelled")
                now = time.monotonic()
                left = min(started + self.limits.job_s, heard + self.limits.page_s) + GRACE_S - now
                if left <= 0:
                    raise DocumentError(
                        DocumentFault.TOO_LARGE,
                        f"Page {len(self.result.pages) + 1} takes longer to prepare than a fax may take.",
                        self.messages.decode("utf-8", "replace"),
                    )
                for key, _ in selector.select(left if self.cancelled is None else min(left, TICK_S)):
                    octets = os.read(key.fd, 64 << 10)
                    if not octets:
                        selector.unregister(key.fileobj)
                    elif key.fd == self.child.stderr:
                        self.messages = (self.messages + octets)[:MESSAGE_OCTETS]
                    else:
                        heard = time.monotonic()
                        *lines, rest = (rest + octets).split(b"\n")
                        yield from lines

    def _take(self, line: bytes) -> None:
        """One line of the child; DocumentError and RenderError are raised as it says."""
        said = json.loads(line)
        if "page" in said:
            page = said["page"]
            record = PageRecord(
                str(page["digest"]), int(page["width"]), int(page["rows"]), int(page["dpi_x"]), int(page["dpi_y"])
            )
            self.result.pages.append(record)
            if self.progress is not None:
                self.progress(len(self.result.pages))
        elif "fault" in said:
            raise DocumentError(DocumentFault(said["fault"]), str(said["text"]), str(said["detail"]))
        elif "failure" in said:
            raise RenderError(str(said["failure"]))
        else:
            self.result.done = dict(said["done"])
            self.verdict = True

    def _died(self) -> CodecError:
        """The child ended without a verdict."""
        status = self.child.status()
        detail = self.messages.decode("utf-8", "replace").strip()
        if status == -signal.SIGXCPU:
            return DocumentError(
                DocumentFault.TOO_LARGE, "This document needs more computing time than a fax may take.", detail
            )
        if status in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGABRT, -signal.SIGFPE, -signal.SIGILL):
            return DocumentError(DocumentFault.DAMAGED, "This document is damaged and cannot be read.", detail)
        return RenderError(f"the converter ended without a verdict (status {status}): {detail[-2000:]}")
