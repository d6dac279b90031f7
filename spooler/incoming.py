"""The incoming folder: faxes that a door left while the daemon was away are taken in as if they had just been sent.

What always holds: an entry goes away only after its jobs (or its refusal) are committed; its key makes taking it in
twice harmless; what cannot be taken in is kept in ``refused/`` with the reason and reported as a failed job; a fault of
ours (no space) leaves it where it is for the next look. Nothing is followed out of the entry by a link.

Must not: believe an entry's ``user`` unless its owner may say so.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shutil
import stat
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from fax.errors import Cause, FaxError, RequestError, ServerError
from fax.incoming import MANIFEST, PART_SUFFIX, READY_SUFFIX, Incoming
from fax.types import DocumentId, Submission
from spooler import access, store_submissions
from spooler.access import Caller
from spooler.admission import admit, admit_own_cover
from spooler.callers import Callers, look_up_name
from spooler.configuration import Live
from spooler.intake import Intake
from spooler.profiles import Profiles
from spooler.settings import Dialling
from spooler.spool import Spool, sync_folder
from spooler.store import Store
from spooler.submission import check_key, checked, with_cover_rules, with_profile

log = logging.getLogger(__name__)
REASON = "refused.txt"
MANIFEST_LIMIT_OCTETS = 16 << 20
PART_KEPT_S = 86400.0
# What is wrong with the entry; any other failure is ours and passes.
_ENTRY_FAULTS = (errno.ENOENT, errno.ELOOP, errno.EACCES, errno.ENXIO, errno.ENAMETOOLONG)


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """Who and what an entry says it is, as far as it could be read."""

    key: str
    user: str
    submission: Submission
    submitter: str
    claimed: bool = False


class IncomingFolder:
    """``take_in`` blocks; it is run by one thread at a time."""

    def __init__(
        self,
        store: Store,
        spool: Spool,
        callers: Callers,
        intake: Intake,
        dialling: Dialling,
        live: Live,
        profiles: Profiles,
    ) -> None:
        self._store = store
        self._spool = spool
        self._callers = callers
        self._dialling = dialling
        self._profiles = profiles
        self._intake = intake
        self._live = live

    def take_in(self) -> None:
        """Take in everything that is ready. Raises nothing: what fails is logged and looked at again."""
        if self._live.configuration.queue_blocked:
            return  # what lies there is as safe as in the queue
        try:
            entries = sorted(self._spool.incoming.iterdir())
        except OSError as error:
            log.error("The incoming folder cannot be read: %s", error)
            return
        for entry in entries:
            if entry.name.endswith(READY_SUFFIX):
                try:
                    self._take_entry(entry)
                except (OSError, ServerError) as error:
                    log.error("%s is left for later: %s", entry.name, error)
                except Exception:
                    log.exception("%s is left for later", entry.name)
            elif entry.name.endswith(PART_SUFFIX):
                with contextlib.suppress(OSError):
                    self._tidy_part(entry)

    def _tidy_part(self, entry: Path) -> None:
        """Whoever was writing it was killed long ago; it means nothing."""
        touched = max(path.lstat().st_mtime for path in (entry, *entry.glob("*")))
        if touched < time.time() - PART_KEPT_S:
            self._remove(entry)
            log.info("Removed %s: it was never finished", entry.name)

    def _take_entry(self, entry: Path) -> None:
        about = entry.lstat()
        who = self._callers.of_uid(about.st_uid)
        nothing = Submission(documents=(), recipients=())
        unread = _Claim(key=_key_of(entry), user=who.user, submission=nothing, submitter=who.user)
        if not stat.S_ISDIR(about.st_mode):
            self._refuse(entry, unread, RequestError(Cause.BAD_REQUEST, "It is not a folder"))
            return
        folder = os.open(entry, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        claim = unread
        try:
            claim = self._claim(folder, who)
            if (before := self._store.call(partial(store_submissions.known, user=claim.user, key=claim.key))) is None:
                submission = with_profile(
                    claim.submission,
                    self._profiles.call(claim.user),
                    (claim.user, look_up_name(claim.user).full_name),
                    claim.claimed,
                )
                submission = with_cover_rules(
                    submission,
                    self._live.configuration.cover_rules,
                    claim.user,
                    look_up_name(claim.user).groups,
                    bool(self._profiles.call(claim.user).cover),
                )
                submission = checked(
                    self._with_documents(folder, submission),
                    self._dialling,
                    datetime.now(UTC),
                    self._live.configuration.port_groups,
                )
                admit(submission, self._live.configuration)
                admit_own_cover(submission.cover, claim.user, claim.claimed)
                work = partial(
                    store_submissions.submit,
                    submission=submission,
                    user=claim.user,
                    key=claim.key,
                    submitter=claim.submitter,
                    claimed=claim.claimed,
                )
                before = self._store.call(work)
        except ServerError:
            raise
        except FaxError as error:
            self._refuse(entry, claim, error)
            return
        finally:
            os.close(folder)
        if before.refused is not None:
            self._set_aside(entry, before.refused)
            return
        log.info("Took in %s as job(s) %s", entry.name, ", ".join(map(str, before.accepted.jobs)))
        self._remove(entry)

    def _claim(self, folder: int, who: Caller) -> _Claim:
        with _open_beside(folder, MANIFEST) as file:
            octets = file.read(MANIFEST_LIMIT_OCTETS + 1)
        try:
            incoming = msgspec.json.decode(octets, type=Incoming)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise RequestError(Cause.BAD_REQUEST, f"{MANIFEST} makes no sense: {error}") from error
        for_whom = access.submission_owner(who, incoming.submission.user or incoming.user or None)
        access.check_submit(who, for_whom, self._callers.rights_of_name(for_whom.user))
        return _Claim(
            key=check_key(incoming.key),
            user=for_whom.user,
            submission=incoming.submission,
            submitter=who.user,
            claimed=for_whom.claimed,
        )

    def _with_documents(self, folder: int, submission: Submission) -> Submission:
        ids: list[DocumentId] = []
        for name in submission.documents:
            with _open_beside(folder, name) as file:
                ids.append(self._intake.copy(file).id)
        return replace(submission, documents=tuple(ids))

    def _refuse(self, entry: Path, claim: _Claim, error: FaxError) -> None:
        log.warning("Refused %s: %s", entry.name, error.text)
        self._store.call(
            partial(
                store_submissions.refuse,
                submission=claim.submission,
                user=claim.user,
                key=claim.key,
                cause=error.cause.value,
                text=error.text,
            )
        )
        self._set_aside(entry, error.text)

    def _set_aside(self, entry: Path, why: str) -> None:
        target = self._spool.refused / entry.name
        if target.exists():
            # Short enough for a name, however long its own is.
            target = target.with_name(f"{entry.name[:60]}-{uuid.uuid4().hex[:8]}")
        # The reason comes first: who finds the entry there finds it with its reason.
        inside = entry.is_dir() and not entry.is_symlink()
        reason = entry / REASON if inside else target.with_name(f"{target.name}.{REASON}")
        with contextlib.suppress(OSError):
            reason.unlink(missing_ok=True)
            with os.fdopen(os.open(reason, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
                file.write(why + "\n")
        entry.rename(target)
        sync_folder(self._spool.refused)

    def _remove(self, entry: Path) -> None:
        waste = self._spool.root / "tmp" / f"taken-{uuid.uuid4().hex}"
        entry.rename(waste)
        shutil.rmtree(waste, ignore_errors=True)


def _key_of(entry: Path) -> str:
    """Of an entry that cannot say its own; its name need not be text."""
    return "incoming:" + os.fsencode(entry.name).decode(errors="backslashreplace")


def _open_beside(folder: int, name: str) -> BinaryIO:
    """A regular file of the entry, never one that a link leads to. Raises RequestError."""
    if "/" in name or "\0" in name or name in ("", ".", ".."):
        raise RequestError(Cause.BAD_REQUEST, f"{name!r} is not a name of a file in the entry")
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno not in _ENTRY_FAULTS:
            raise
        raise RequestError(Cause.BAD_REQUEST, f"{name} cannot be read: {error.strerror or error}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise RequestError(Cause.BAD_REQUEST, f"{name} is not a file")
    return os.fdopen(handle, "rb")
