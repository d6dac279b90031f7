"""The worker: reads a print job and hands it over, to the daemon or to the incoming folder.

What always holds: it returns 0 only when the fax is on stable storage with the one or the other; the key of the
hand-over is the job's ``job-uuid`` (the job-id is used again after a crash of CUPS), so that the same job handed over
twice is one fax; no text that it says holds a number or a name. It speaks to CUPS in ``backend.main``'s exit codes.

SIGTERM ends it before the hand-over; while the daemon is deciding it is too late, and the fax is cancelled afterwards
if, and only if, CUPS says that a person cancelled the job: CUPS also stops jobs that it means to run again.
"""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from backend.asked import Asked, asked
from backend.cups_job import CupsJob
from backend.documents import Documents, Piece, TooLargeError, drain, split
from backend.main import CANCEL, HOLD, OK, RETRY_CURRENT, STOP, say
from backend.options import chosen, parameters, parse
from backend.print_job import AskedError, PrintJob
from backend.waking import Waking
from fax.asking import KEY_LIMIT
from fax.client import Client
from fax.errors import Cause, DocumentError, FaxError, NotRunningError, ServerError
from fax.incoming import leave
from fax.types import Accepted, DocumentId, Submission
from ipp.values import Attribute

if TYPE_CHECKING:
    from backend.book import Entry

DEFAULT_SPOOL = "/var/spool/platen"
PAUSES_S = (0.5, 1.0, 2.0)
"""Between tries when neither the daemon nor the incoming folder takes the fax: a restart takes that long."""


class _Stopped(BaseException):
    """SIGTERM came while stopping was still free."""


class _Refused(Exception):
    """The job ends here with an exit code and a text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def work(argv: list[str], data: int, chance: str, *, with_daemon: bool = True) -> int:
    """Hand over the print job of ``argv``; the exit code.

    ``data``: an open file for what comes on stdin, with what an earlier try had read already. ``chance``: the same
    for every try of a job, for a job without a uuid.
    """
    try:
        return _Worker(argv, data, chance).run(with_daemon)
    except _Stopped:
        return RETRY_CURRENT
    except _Refused as refusal:
        # CUPS keeps the first of the gravest: a filter's own complaint, an ERROR, must not hide ours
        say("CRIT", refusal.text)
        return refusal.code


class _Worker:
    def __init__(self, argv: list[str], data: int, chance: str) -> None:
        # whatever the locale says, CUPS gives UTF-8; what is not must not break the request later
        self._argv = [os.fsencode(item).decode("utf-8", "replace") for item in argv]
        self._file = argv[6] if len(argv) == 7 else None
        self._data = data
        self._chance = chance
        self._asked_to_stop = False
        self._stopping_is_free = True
        self._cups = CupsJob(os.environ.get("CUPS_SERVER"), argv[1])
        self._waking = Waking()
        signal.signal(signal.SIGTERM, self._stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})

    def run(self, with_daemon: bool) -> int:
        attributes = self._cups.attributes()  # before reading: the filters are at work meanwhile
        options = parse(self._argv[5])
        said = parameters(os.environ.get("DEVICE_URI", ""))
        job = PrintJob(
            title=self._argv[3],
            options=options,
            parameters=said,
            attributes=attributes,
            user_name=_full_name(self._argv[2]),
            entry=_entry(chosen(options.get("faxbook")), dict(said).get("book")),
            now=_now(),
        )
        uuid = attributes.get("job-uuid")
        key = (uuid and uuid.text()) or options.get("job-uuid") or ""
        if not (key.isascii() and key.isprintable() and 0 < len(key) <= KEY_LIMIT):
            key = f"cups-{self._chance}"
        daemon = Client(job.parameter("socket")) if with_daemon else None
        documents = self._read()
        self._check_that_all_came(documents, attributes, daemon)
        wanted, pieces = self._understand(job, documents.pieces)
        incoming = Path(job.parameter("spool") or os.environ.get("PLATEN_SPOOL") or DEFAULT_SPOOL) / "incoming"
        return self._hand_over(daemon, incoming, wanted, pieces, key)

    def _understand(self, job: PrintJob, pieces: Sequence[Piece]) -> tuple[Asked, Sequence[Piece]]:
        """What is asked for, and the documents, perhaps without the commands that stood in them."""
        try:
            if job.parameter("commands") or job.parameter("rules"):
                job, pieces = self._look(job, pieces)
            return asked(job), self._pages(job, pieces)
        except AskedError as error:
            raise _Refused(CANCEL, str(error)) from error

    def _pages(self, job: PrintJob, pieces: Sequence[Piece]) -> Sequence[Piece]:
        """Of TIFFs only the pages that were wanted; in PDF and PostScript our filters have chosen them."""
        text = job.option("page-ranges")
        if text is None or _is_raw():
            return pieces
        from backend.tiff_pages import chosen_pages, ranges

        wanted = ranges(text)
        if wanted is None:
            raise AskedError("The pages to be faxed are not understood: they are given as 1-3,7")
        found = [chosen_pages(piece, wanted) for piece in pieces]
        if not any(piece.octets for piece in found):
            raise AskedError("None of the pages that were wanted is in the document: there is nothing to fax")
        return [piece for piece in found if piece.octets]

    def _look(self, job: PrintJob, pieces: Sequence[Piece]) -> tuple[PrintJob, Sequence[Piece]]:
        from backend.embedded import NotTakenOutError, look
        from backend.rules import RulesError

        try:
            found = look(pieces, job.parameters)
            return replace(job, commands=found.commands, ruled=found.ruled), found.pieces
        except RulesError as error:
            say("DEBUG", str(error))
            raise _Refused(STOP, "The rules of this queue cannot be read: an administrator must look") from error
        except NotTakenOutError as error:
            text = "The command in the document cannot be taken out of its image: nothing is faxed"
            raise _Refused(CANCEL, text) from error

    def _read(self) -> Documents:
        handle = self._data
        try:
            if self._file is not None:
                handle = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
            else:
                drain(0, handle, self._waking)
        except TooLargeError as error:
            raise _Refused(CANCEL, "The print job is too long to be faxed") from error
        except OSError as error:
            raise _Refused(STOP, f"The print job cannot be read: {error.strerror}") from error
        return split(handle)

    def _check_that_all_came(
        self, documents: Documents, attributes: Mapping[str, Attribute], daemon: Client | None
    ) -> None:
        """A filter that fails looks like one that has nothing to say; a fax must not lack pages for that."""
        number = attributes["number-of-documents"].values[0].data if "number-of-documents" in attributes else 1
        if isinstance(number, int) and "job-sheets" in attributes:
            # banner pages are counted with the documents
            number = max(1, number - sum(value.text() not in (None, "none") for value in attributes["job-sheets"]))
        count = number if isinstance(number, int) and not _is_raw() else 1
        came = len(documents.pieces)
        if came >= count and not documents.failed and all(piece.octets for piece in documents.pieces):
            return
        # what CUPS' filters say of a document is not for people; the daemon says what is wrong with it
        for path in self._cups.spooled(count):
            try:
                if daemon is not None:
                    daemon.upload(path)
            except DocumentError as error:
                raise _Refused(CANCEL, error.text) from error
            except (FaxError, OSError):
                break
        if count > 1:
            raise _Refused(CANCEL, f"CUPS could prepare only {came} of the {count} documents: nothing is faxed")
        if documents.failed:
            raise _Refused(CANCEL, "CUPS could not prepare the document: it may be damaged")
        raise _Refused(CANCEL, "The document is empty: there is nothing to fax")

    def _hand_over(
        self, daemon: Client | None, incoming: Path, wanted: Asked, pieces: Sequence[Piece], key: str
    ) -> int:
        submission = wanted.submission((), self._argv[2])
        for pause_s in (*PAUSES_S, None):
            if daemon is not None and (accepted := self._submit(daemon, submission, pieces, key)):
                return self._report(daemon, accepted, waits=wanted.recipients[0].number is None)
            try:
                with self._no_way_back():
                    files = [piece.rewind() for piece in pieces]
                    leave(incoming, submission, files, key=key, user=self._argv[2])
            except ServerError as error:
                say("DEBUG", error.text)
                if pause_s is None:
                    break
                say("INFO", "Waiting for the fax server")
                time.sleep(pause_s)
            else:
                say("WARNING", "The fax server is away: the fax is kept, and taken in when it is back")
                return OK
        raise _Refused(
            STOP,
            "The fax server is away, and the fax cannot be kept for it: the queue waits. An administrator must start"
            " platend or mend its incoming folder, and then run cupsenable",
        )

    def _submit(self, daemon: Client, submission: Submission, pieces: Sequence[Piece], key: str) -> Accepted | None:
        """None when the daemon cannot take it now."""
        for again in (True, False):
            try:
                ids = self._upload(daemon, pieces)
                with self._no_way_back():
                    return daemon.submit(replace(submission, documents=tuple(ids)), key)
            except FaxError as error:
                if again and error.cause is Cause.NO_SUCH_DOCUMENT:
                    continue  # swept away between the two requests
                if _is_for_later(error):
                    say("DEBUG", error.text)
                    return None
                raise _refusal(error) from error
        return None

    def _upload(self, daemon: Client, pieces: Sequence[Piece]) -> list[DocumentId]:
        ids: list[DocumentId] = []
        for number, piece in enumerate(pieces, start=1):
            try:
                ids.append(daemon.upload(piece.rewind(), transient=True).id)
            except DocumentError as error:
                which = f"Document {number} of {len(pieces)}: " if len(pieces) > 1 else ""
                raise _Refused(CANCEL, f"{which}{error.text}") from error
        return ids

    def _report(self, daemon: Client, accepted: Accepted, *, waits: bool) -> int:
        if self._asked_to_stop and self._cups.is_cancelled():
            for job in accepted.jobs:
                with suppress(FaxError):
                    daemon.cancel(job)
            return OK
        self._cups.tell_fax_ids(*accepted.jobs)
        names = ", ".join(str(job) for job in accepted.jobs)
        if waits:
            say("WARNING", f"Fax {names} waits for its number: platen address {names} --to NUMBER")
        else:
            say("WARNING", f"Queued as fax {names}")
        return OK

    @contextmanager
    def _no_way_back(self) -> Iterator[None]:
        """From here SIGTERM is only noted."""
        self._stopping_is_free = False
        if self._asked_to_stop:
            raise _Stopped
        try:
            yield
        except FaxError:
            self._stopping_is_free = True
            raise

    def _stop(self, number: int, frame: object) -> None:
        self._asked_to_stop = True
        if self._stopping_is_free:
            raise _Stopped


def _is_raw() -> bool:
    """Whether no filter has seen the job."""
    return os.environ.get("CONTENT_TYPE", "") == "application/vnd.cups-raw" or "FINAL_CONTENT_TYPE" not in os.environ


def _is_for_later(error: FaxError) -> bool:
    """Whether the daemon may take the same later: it is away, closed to us for now, full, or broken."""
    return isinstance(error, NotRunningError | ServerError) or isinstance(error.__cause__, PermissionError)


def _refusal(error: FaxError) -> _Refused:
    """A text for everybody: the daemon's own may hold the number."""
    if error.cause is Cause.BAD_NUMBER:
        return _Refused(
            CANCEL, "The fax number cannot be dialled: it may hold digits, + in front, and the marks * # , w p"
        )
    if isinstance(error, DocumentError):
        return _Refused(CANCEL, error.text)
    if error.cause is Cause.COVER_PAGE:
        return _Refused(CANCEL, "The fax server does not know this cover page")
    if error.cause is Cause.NOT_ALLOWED:
        return _Refused(STOP, "The fax server does not let this queue send for other users: an administrator must look")
    return _Refused(HOLD, f"The fax server refused the request ({error.cause.value}). Release the job to try again")


def _entry(keyword: str | None, book: str | None) -> Entry | None:
    """Who was chosen in the address book; None when they cannot be found (any more): the fax waits then."""
    if keyword is None or book is None:
        return None
    from backend.book import BookError, read_book

    try:
        return next((entry for entry in read_book(Path(book)) if entry.keyword == keyword), None)
    except BookError as error:
        say("DEBUG", str(error))
        return None


def _now() -> datetime:
    """With this machine's zone, so that the hours of another season are right."""
    from zoneinfo import ZoneInfo

    try:
        with Path("/etc/localtime").open("rb") as file:
            return datetime.now(ZoneInfo.from_file(file))
    except (OSError, ValueError):
        return datetime.now().astimezone()


def _full_name(user: str) -> str:
    """What the machine knows the user as; their user name when it does not."""
    try:
        return pwd.getpwnam(user).pw_gecos.partition(",")[0] or user
    except KeyError:
        return user
