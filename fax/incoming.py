"""The incoming folder: where a door leaves a fax durably while the daemon does not answer.

What always holds: a folder named ``*.ready`` is complete and on stable storage, and so is its name once ``leave`` has
returned; whatever was cut short is named ``*.part`` and means nothing. The same key left twice by the same user of the
system gives one folder.

Must not: check the fax (the daemon does when it takes it in), or touch what others left.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from fax.errors import Cause, ServerError
from fax.types import DocumentId, Submission
from fax.wire import BLOCK_OCTETS, Readable

MANIFEST = "submission.json"
PART_SUFFIX = ".part"
READY_SUFFIX = ".ready"


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """What ``submission.json`` says. ``submission.documents`` are names of files beside it."""

    key: str
    user: str
    submission: Submission


def leave(
    folder: str | os.PathLike[str],
    submission: Submission,
    documents: Sequence[str | os.PathLike[str] | Readable],
    *,
    key: str,
    user: str,
) -> Path:
    """Leave a fax in ``folder`` (``SPOOL/incoming``) and return its folder, complete and on stable storage.

    ``documents``: paths or open binary files, in order; ``submission.documents`` is ignored. ``key`` and ``user`` as in
    ``Client.submit`` and ``Submission.user``; the daemon believes ``user`` only if the folder's owner may say so.
    Everything is for the owner alone (0700, 0600); a set-group-ID ``folder`` says that its group is the daemon's, and
    then the group may take the fax in (0770, 0660).

    Raises:
        ServerError: cause STORAGE, nothing is left: the folder is missing or closed to us, or there is no space.
        OSError: reading a document failed; nothing is left.
    """
    incoming = Path(folder)
    try:
        shared = bool(incoming.stat().st_mode & stat.S_ISGID)
        name = f"{hashlib.sha256(f'{os.geteuid()} {key}'.encode()).hexdigest()[:32]}-{os.urandom(4).hex()}"
        part = incoming / (name + PART_SUFFIX)
        part.mkdir(mode=0o700)
    except OSError as error:
        raise _storage_error(incoming, error) from error
    try:
        names = tuple(DocumentId(f"document-{number}") for number in range(1, len(documents) + 1))
        for document, file_name in zip(documents, names, strict=True):
            if isinstance(document, str | os.PathLike):
                with Path(document).open("rb") as source:
                    _write(part / file_name, source, shared)
            else:
                _write(part / file_name, document, shared)
        manifest = Incoming(key=key, user=user, submission=replace(submission, documents=names))
        _write(part / MANIFEST, _Octets(msgspec.json.encode(manifest)), shared)
        return _finish(incoming, part, shared)
    except BaseException:
        _discard(part)
        raise


def _finish(incoming: Path, part: Path, shared: bool) -> Path:
    ready = incoming / (part.name.partition("-")[0] + READY_SUFFIX)
    try:
        part.chmod(0o770 if shared else 0o700)
        _sync_folder(part)
        try:
            part.rename(ready)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EACCES, errno.EPERM):
                raise
            if _is_ours(ready):
                # The same key was left before; perhaps by a program killed before it could sync the name.
                _discard(part)
            else:
                ready = part.with_suffix(READY_SUFFIX)
                part.rename(ready)
        _sync_folder(incoming)
    except OSError as error:
        raise _storage_error(incoming, error) from error
    return ready


def _discard(part: Path) -> None:
    with suppress(OSError):
        for path in part.iterdir():
            path.unlink()
        part.rmdir()


def _is_ours(ready: Path) -> bool:
    """Someone else may have taken the name; a fax must not be lost for that."""
    try:
        about = ready.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid()


class _Octets:
    """Octets to read from, once."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def read(self, size: int, /) -> bytes:
        block, self._octets = self._octets[:size], self._octets[size:]
        return block


def _write(path: Path, source: Readable, shared: bool) -> None:
    """Copy ``source`` to the new file ``path``, synced. A failure to read leaves as it is, one to write as ours."""
    while_writing = True
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            while True:
                while_writing = False
                block = source.read(BLOCK_OCTETS)
                while_writing = True
                if not block:
                    break
                file.write(block)
            file.flush()
            os.fchmod(file.fileno(), 0o660 if shared else 0o600)
            os.fsync(file.fileno())
    except OSError as error:
        if while_writing:
            raise _storage_error(path.parent.parent, error) from error
        raise


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _storage_error(incoming: Path, error: OSError) -> ServerError:
    why = error.strerror or str(error)
    return ServerError(Cause.STORAGE, f"The fax cannot be left in {incoming}: {why}")
