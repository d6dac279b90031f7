"""The routing method that stores a fax in a folder, as TIFF-F or PDF.

Data: an absolute path, in which fields may stand (``/srv/faxes/{port}/{year}``); options: ``format`` (tiff, pdf),
``name`` (a pattern, see ``routing_names``; the suffix is added), ``mode`` (octal, of the files).

What always holds: a file has its name only when it is whole and on stable storage; nothing that is there is ever
written over: another file gets another name; a delivery that is made again after a crash finds its own file and makes
no second one; what the far end said leads neither out of the folder nor into the spool. All work is on threads of its
own, so that a folder that hangs (a network file system) holds up deliveries to folders only.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import tzinfo
from filecmp import cmp
from functools import partial
from pathlib import Path

from codec.errors import TiffError
from codec.pdf import write_pdf
from codec.tiff import FaxOrigin, FaxTags, TiffReader, TiffWriter
from fax.errors import Cause, RequestError
from fax.routing import FOLDER_GUID, target_of
from spooler import routing_names
from spooler.routing_method import BuiltIn, MethodAbout, Order, Outcome, failed
from spooler.spool import sync_file, sync_folder

TIMEOUT_S = 120.0
THREADS = 8
NAMES_LIMIT = 1000
NAME = "{date}-{time}-{from}-{id}"
MODE = 0o640
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, kw_only=True)
class FolderTarget:
    """What the data say."""

    folder: str
    name: str = NAME
    pdf: bool = False
    mode: int = MODE


def parsed(data: bytes, spool: Path) -> FolderTarget:
    """Raises RequestError BAD_CONFIGURATION."""
    try:
        target = target_of(data)
        routing_names.check(target.text)
        routing_names.check(target.options.get("name", NAME))
    except RequestError as error:
        raise _bad(error.text) from error
    if not target.text.startswith("/"):
        raise _bad(f"{target.text!r} is not an absolute path of a folder")
    options = dict(target.options)
    name, form, mode = options.pop("name", NAME), options.pop("format", "tiff"), options.pop("mode", f"{MODE:o}")
    if options:
        raise _bad(f"{min(options)} is no option of a folder; there are format, name and mode")
    if form not in ("tiff", "pdf"):
        raise _bad(f"format={form}: a fax is stored as tiff or pdf")
    if not name or "/" in name or name.startswith("."):
        raise _bad(f"name={name}: not the name of a file")
    if not re.fullmatch("0?[0-7]{3}", mode):
        raise _bad(f"mode={mode}: not an octal mode like 0640")
    fixed = Path(os.path.normpath(fixed_part(target.text)))
    if fixed.is_relative_to(spool):
        raise _bad(f"{fixed} is the fax server's own")
    return FolderTarget(folder=target.text, name=name, pdf=form == "pdf", mode=int(mode, 8))


def fixed_part(folder: str) -> str:
    """The path up to its first part with a field."""
    parts = folder.split("/")
    upto = next((at for at, part in enumerate(parts) if "{" in part), len(parts))
    return "/".join(parts[:upto]) or "/"


def _bad(text: str) -> RequestError:
    return RequestError(Cause.BAD_CONFIGURATION, text)


class FolderMethod(BuiltIn):
    """``zone``: of the dates in names; None: the machine's."""

    about = MethodAbout(
        guid=FOLDER_GUID,
        friendly_name="Store in a folder",
        function_name="FaxRouteStore",
        text_data=True,
    )

    def __init__(self, spool: Path, zone: tzinfo | None = None) -> None:
        self._spool = spool
        self._zone = zone
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="folder")

    async def check(self, data: bytes, port: str, device: int) -> None:
        target = parsed(data, self._spool.resolve())
        usable = partial(_usable, fixed_part(target.folder), self._spool)
        work = asyncio.get_running_loop().run_in_executor(self._threads, usable)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                trouble = await asyncio.shield(work)
        except TimeoutError:
            trouble = f"{target.folder} does not answer"
        if trouble:
            raise _bad(trouble)

    async def deliver(self, order: Order) -> Outcome:
        target = parsed(order.data, self._spool.resolve())
        work = asyncio.get_running_loop().run_in_executor(self._threads, self._store, target, order)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await asyncio.shield(work)
        except TimeoutError:
            return failed(f"{target.folder} did not answer within {TIMEOUT_S:.0f} s")

    def _store(self, target: FolderTarget, order: Order) -> Outcome:
        folder = Path(os.path.normpath(self._filled(target.folder, order)))
        name = self._filled(target.name, order)
        suffix = ".pdf" if target.pdf else ".tif"
        try:
            if _is_below(folder, self._spool):
                return failed(f"{folder} is the fax server's own")
            _make_below(Path(fixed_part(target.folder)), folder)
            part = folder / f".{uuid.uuid4().hex}.part"
            try:
                _write(order, part, target.pdf)
                part.chmod(target.mode)
                sync_file(part)
                kept = _named(part, folder, name, suffix, own=order.tried)
                sync_folder(folder)
            finally:
                part.unlink(missing_ok=True)
        except TiffError as error:
            return failed(f"The fax cannot be read: {error}")
        except OSError as error:
            return failed(f"{folder}: {error.strerror or error}")
        return Outcome(done=True, text=f"Stored as {kept}")

    def _filled(self, pattern: str, order: Order) -> str:
        return routing_names.filled(pattern, order.fax, order.job, order.id, self._zone)


def _is_below(folder: Path, spool: Path) -> bool:
    """Whether a folder is part of the spool, wherever links lead. Raises OSError."""
    return folder.resolve().is_relative_to(spool.resolve())


def _usable(folder: str, spool: Path) -> str:
    """Why nothing can be stored there; empty: it can."""
    path = Path(folder)
    if _is_below(path, spool):
        return f"{folder} is the fax server's own"
    if not path.is_dir():
        return f"{folder} is not a folder"
    return "" if os.access(path, os.W_OK | os.X_OK) else f"{folder} cannot be written to by the fax server"


def _make_below(fixed: Path, folder: Path) -> None:
    """Make what is missing of ``folder`` below ``fixed``, which must be there. Raises OSError."""
    if folder == fixed or folder.is_dir():
        if not folder.is_dir():
            raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(folder))
        return
    _make_below(fixed, folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o750)
        sync_folder(folder.parent)


def _write(order: Order, part: Path, pdf: bool) -> None:
    """Raises OSError, TiffError."""
    with TiffReader(order.files[0].path) as reader:
        if pdf:
            title = f"Fax {order.id}" + (f" from {order.fax.tsid}" if order.fax.tsid else "")
            write_pdf(reader, part, title)
            return
        with TiffWriter(part) as writer:
            for index, page in enumerate(reader):
                writer.append(page, _tags(reader.tags(index), order, first=index == 0))


def _tags(tags: FaxTags, order: Order, first: bool) -> FaxTags:
    if not first:
        return tags
    return replace(tags, origin=replace(tags.origin or FaxOrigin(direction="received"), job=order.job))


def _named(part: Path, folder: Path, name: str, suffix: str, own: bool) -> Path:
    """Give the whole file ``part`` a name that nothing has. ``own``: a file of that name with the same octets is what
    an earlier try left. Raises OSError."""
    for number in range(1, NAMES_LIMIT):
        target = folder / (f"{name}{suffix}" if number == 1 else f"{name}-{number}{suffix}")
        try:
            os.link(part, target)
            return target
        except FileExistsError:
            if own and not target.is_symlink() and target.is_file() and cmp(part, target, shallow=False):
                return target
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            if _renamed(part, target):
                return target
    raise FileExistsError(errno.EEXIST, f"There are {NAMES_LIMIT} files of this name", str(folder / name))


def _renamed(part: Path, target: Path) -> bool:
    """As a link, where the file system has none: the name is taken first, then the file put under it."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    except FileExistsError:
        return False
    part.replace(target)
    return True
