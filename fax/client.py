"""The client of the daemon: everything that a door may ask, as methods with types.

What always holds: an answer is a value of ``fax.types`` or an error of ``fax.errors``, nothing in between; no method
reads a document whole into memory; nothing is tried twice unless asked (``events(reconnect=True)``), since only the
caller knows whether its request bears repeating (a submission with a key does).

Must not import anything slow: doors are short-lived programs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import msgspec

from fax.asking import ANSWER_TIMEOUT_S, DEFAULT_SOCKET, SOCKET_VARIABLE, checked_key
from fax.client_access import AccessClient
from fax.client_archive import ArchiveClient
from fax.client_book import BookClient
from fax.client_covers import CoversClient
from fax.client_mail import MailClient
from fax.client_registry import RegistryClient
from fax.client_routing import RoutingClient
from fax.client_settings import SettingsClient
from fax.errors import NotRunningError
from fax.types import (
    Accepted,
    Document,
    Event,
    Job,
    JobId,
    JobState,
    JobType,
    Recipient,
    Status,
    Submission,
    SubmissionId,
)
from fax.wire import Readable, exchange, misunderstood, not_running

__all__ = ["DEFAULT_SOCKET", "SOCKET_VARIABLE", "Client"]

UPLOAD_TIMEOUT_S = 180.0  # the daemon checks the document before it answers
EVENTS_TIMEOUT_S = 45.0  # an empty line comes every 15 s
RECONNECT_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)


class Client(
    SettingsClient, AccessClient, BookClient, CoversClient, RoutingClient, RegistryClient, MailClient, ArchiveClient
):
    """Speaks to the daemon on ``server``, a path or ``https://HOST:PORT``, else on $PLATEN_SOCKET, else on
    /run/platen/api.sock; ``Asking`` tells how one says who one is.

    Making a client does not connect; each method connects for itself, so one client serves several threads.
    Every method raises ``NotRunningError`` when the daemon does not answer, and the other ``FaxError``s for its
    refusals.
    """

    def status(self) -> Status:
        return self._ask("GET", "/v1/status", Status)

    def upload(
        self, source: str | os.PathLike[str] | Readable, name: str | None = None, *, transient: bool = False
    ) -> Document:
        """Send a document, given by its path or as an open binary file; the same octets again give the same id.

        ``name``: the file name that people know it by; of a path, its last part unless said otherwise. ``transient``:
        for the submission that follows at once, with which it is committed, and which is quicker so; a daemon that
        is restarted in between refuses that with NO_SUCH_DOCUMENT.

        Raises:
            DocumentError: the document is empty, of an unknown type, damaged, encrypted or too large.
            OSError: the source could not be read.
        """
        if isinstance(source, str | os.PathLike):
            with Path(source).open("rb") as file:
                return self.upload(file, Path(source).name if name is None else name, transient=transient)
        headers = {"Content-Type": "application/octet-stream"}
        if name:
            headers["X-Document-Name"] = quote(name, safe="")
        if transient:
            headers["X-Document-Transient"] = "true"
        return self._ask("POST", "/v1/documents", Document, headers=headers, body=source, timeout_s=UPLOAD_TIMEOUT_S)

    def submit(self, submission: Submission, key: str | None = None) -> Accepted:
        """Hand in a fax: on stable storage when this returns.

        ``key``: names this act (at most 255 printable ASCII characters); the same key of the same user again gives the
        first answer again and no second fax, so that a request whose answer was lost can be repeated.
        """
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = checked_key(key)
        return self._ask("POST", "/v1/submissions", Accepted, headers=headers, body=msgspec.json.encode(submission))

    def jobs(
        self,
        *,
        state: JobState | Collection[JobState] | None = None,
        submission: SubmissionId | None = None,
        user: str | None = None,
        type: JobType | None = None,
        since: datetime | None = None,
        after: JobId | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """Jobs, oldest first, without their pages and calls; the daemon gives at most 1000 unless ``limit`` is said.

        ``state``: one or several. ``since`` (with a time zone): made at this time or later.
        """
        wanted = {
            "state": [each.value for each in ([state] if isinstance(state, JobState) else state or ())],
            "submission": submission,
            "user": user,
            "type": type.value if type else None,
            "since": since.isoformat() if since else None,
            "after": after,
            "limit": limit,
        }
        said = {name: value for name, value in wanted.items() if value is not None}
        query = urlencode(said, doseq=True)
        return self._ask("GET", "/v1/jobs" + (f"?{query}" if query else ""), list[Job])

    def job(self, id: JobId) -> Job:
        """One job with its pages and calls."""
        return self._ask("GET", f"/v1/jobs/{id}", Job)

    def pages(self, id: JobId, out_path: str | os.PathLike[str]) -> None:
        """Write the job's pages, as they go out, to ``out_path`` as TIFF-F; whole or not at all.

        Raises:
            RequestError: cause WRONG_STATE before they are prepared.
            OSError: ``out_path`` cannot be written.
        """
        self._save(f"/v1/jobs/{id}/pages", out_path)

    def covers(self) -> list[str]:
        """The names of the server's cover page templates."""
        return self._ask("GET", "/v1/covers", list[str])

    def first_page(self, id: JobId) -> bytes:
        """The job's first page, as it goes out, as TIFF-F. Raises RequestError WRONG_STATE before it is prepared."""
        with exchange(
            self.server, "GET", f"/v1/jobs/{id}/pages?count=1", timeout_s=self._timeout_s or ANSWER_TIMEOUT_S
        ) as answer:
            return answer.whole()

    def cancel(self, id: JobId) -> Job:
        """End the job; a call that is under way is ended."""
        return self._ask("POST", f"/v1/jobs/{id}/cancel", Job)

    def hold(self, id: JobId) -> Job:
        """Let the job wait until it is resumed; one that is in a call, when it comes back from it."""
        return self._ask("POST", f"/v1/jobs/{id}/hold", Job)

    def resume(self, id: JobId) -> Job:
        return self._ask("POST", f"/v1/jobs/{id}/resume", Job)

    def restart(self, id: JobId) -> Job:
        """Let a failed or cancelled job go on at the first page not confirmed."""
        return self._ask("POST", f"/v1/jobs/{id}/restart", Job)

    def resend(self, id: JobId, key: str | None = None) -> Job:
        """Send everything of a job that has ended again; returns the new job. ``key``: as of ``submit``."""
        headers = {} if key is None else {"Idempotency-Key": checked_key(key)}
        return self._ask("POST", f"/v1/jobs/{id}/resend", Job, headers=headers)

    def delete(self, id: JobId) -> Job:
        """Delete a job that has ended, with its pages and journals; returns it as it was."""
        return self._ask("DELETE", f"/v1/jobs/{id}", Job)

    def address(self, id: JobId, recipient: Recipient) -> Job:
        """Name the recipient of a job that is not in a call and has not ended."""
        body = msgspec.json.encode(recipient)
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", f"/v1/jobs/{id}/address", Job, headers=headers, body=body)

    def address_all(self, id: JobId, recipients: Sequence[Recipient]) -> list[Job]:
        """Name the recipients of a job that waits for its first one; the jobs for each, of which it is the first."""
        body = msgspec.json.encode(recipients)
        headers = {"Content-Type": "application/json"}
        return self._ask("POST", f"/v1/jobs/{id}/addresses", list[Job], headers=headers, body=body)

    def events(
        self, after: int = 0, *, follow: bool = False, job: JobId | None = None, reconnect: bool = False
    ) -> Iterator[Event]:
        """Events after the cursor ``after``, in order; with ``follow`` the iterator waits for more, for ever.

        ``reconnect``: when the daemon goes away while we follow, wait for it and go on after the last event seen; each
        event is given out once. Without it, the end of a followed stream is a ``NotRunningError``. A daemon that does
        not answer at the beginning is an error either way.
        """
        met = False
        failures = 0
        while True:
            try:
                for event in self._event_stream(after, follow, job):
                    met, failures = True, 0
                    if event is not None:
                        after = event.cursor
                        yield event
                if not follow:
                    return
                raise not_running(self.server, "it went away while its events were followed")
            except NotRunningError:
                if not (met and follow and reconnect):
                    raise
            time.sleep(RECONNECT_PAUSES_S[min(failures, len(RECONNECT_PAUSES_S) - 1)])
            failures += 1

    def _event_stream(self, after: int, follow: bool, job: JobId | None) -> Iterator[Event | None]:
        """One connection's events; None says that the daemon is there (once connected, and at each empty line)."""
        query = {"after": str(after)}
        if follow:
            query["follow"] = "true"
        if job is not None:
            query["job"] = str(job)
        timeout_s = self._timeout_s or EVENTS_TIMEOUT_S
        with exchange(self.server, "GET", f"/v1/events?{urlencode(query)}", timeout_s=timeout_s) as answer:
            yield None
            for line in answer.lines():
                if not line.strip():
                    yield None
                    continue
                try:
                    event = msgspec.json.decode(line, type=Event)
                except msgspec.DecodeError as error:
                    raise misunderstood(self.server, error) from error
                if event.cursor > after:
                    after = event.cursor
                    yield event
