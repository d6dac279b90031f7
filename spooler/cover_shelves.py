"""Templates that come and go through the API: kept below the spool, common ones and everybody's own.

What always holds: a template is there whole or not at all, and synced when ``install`` returns; what is not right is
never kept; a name is one of ``coverpage.shelf``'s, so that none leads out of its folder.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from coverpage import OWN, CoverPageError
from coverpage.shelf import FILE_LIMIT_OCTETS, MAIN, NAME
from coverpage.template import beside
from fax.covers import CoverFile
from fax.errors import Cause, RequestError, ServerError
from spooler.spool import Spool, sync_file, sync_folder

FILES_MOST = 20
OWN_MOST = 50
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def checked_name(name: str) -> tuple[str, bool]:
    """The bare name, and whether it is one's own. Raises RequestError COVER_PAGE."""
    bare = name.removeprefix(OWN)
    if not NAME.fullmatch(bare):
        text = f"{name!r} cannot be a template's name: 1 to 40 letters, digits, - and _, for one's own after {OWN}"
        raise RequestError(Cause.COVER_PAGE, text)
    return bare, bare != name


def by_name(files: Sequence[CoverFile]) -> dict[str, bytes]:
    """The octets of a template's files. Raises CoverPageError: files that cannot be a template's."""
    names = [file.name for file in files]
    if MAIN not in names:
        raise CoverPageError(f"A template needs a file {MAIN}")
    if len(files) > FILES_MOST or len(set(names)) != len(names):
        raise CoverPageError(f"A template has at most {FILES_MOST} files, each of another name")
    for file in files:
        if not beside(file.name) or len(file.name) > 100 or not file.name.isprintable():
            raise CoverPageError(f"{file.name!r} cannot be the name of a template's file")
        if len(file.octets) > FILE_LIMIT_OCTETS:
            raise CoverPageError(f"{file.name} has more than {FILE_LIMIT_OCTETS >> 20} MiB")
    return {file.name: file.octets for file in files}


def install(spool: Spool, shelf: Path, bare: str, files: Sequence[CoverFile]) -> None:
    """Put files that were checked in the place of what is there. Raises ServerError, OSError."""
    if not shelf.is_dir():
        shelf.mkdir(parents=True, mode=0o700)
        for folder in (shelf, *shelf.parents):
            sync_folder(folder)
            if folder == spool.root:
                break
    if not (shelf / bare).exists() and len(list(shelf.iterdir())) >= OWN_MOST and shelf.parent.name == "own":
        raise RequestError(Cause.COVER_PAGE, f"One can have at most {OWN_MOST} templates of one's own")
    with spool.scratch("template") as folder:
        made = folder / bare
        made.mkdir(mode=0o700)
        for name, octets in by_name(files).items():
            (made / name).write_bytes(octets)
            sync_file(made / name)
        sync_folder(made)
        target = shelf / bare
        if target.exists():
            _exchange(made, target)
        else:
            made.rename(target)
        sync_folder(shelf)


def remove(spool: Spool, shelf: Path, name: str) -> None:
    """Raises RequestError NO_SUCH_ENTRY, OSError."""
    bare, _ = checked_name(name)
    gone = spool.root / "tmp" / f"template-{uuid.uuid4().hex}"
    try:
        (shelf / bare).rename(gone)
    except FileNotFoundError as error:
        text = f"No template {name!r} was installed; those of the site and built-in ones are not removed here"
        raise RequestError(Cause.NO_SUCH_ENTRY, text) from error
    sync_folder(shelf)
    shutil.rmtree(gone, ignore_errors=True)


def _exchange(one: Path, other: Path) -> None:
    """Each takes the other's name at once, so that there is never none (renameat2(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS):
        raise ServerError(Cause.STORAGE, f"The template could not be put in its place: {os.strerror(number)}")
    # A file system that cannot: for a moment there is none.
    other.rename(one.with_name(f"{one.name}-old"))
    one.rename(other)
