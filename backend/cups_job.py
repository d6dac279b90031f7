"""Our own print job, as cupsd knows it: asked and told by IPP over the socket that CUPS names to its backends.

Options of a print job reach a backend as text, but collections and URIs do not (CUPS 2.4): they must be asked for.
Everything here is a help, never a condition: when cupsd does not answer, the fax goes its way without it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ipp.client import post
from ipp.values import Attribute, Group, IppError, Message, Operation, integer, keyword, name_value, request, uri

CANCELLED = 7
"""job-state (RFC 8011 5.3.7)."""
_TIMEOUT_S = 5.0
_WANTED = (
    "job-state",
    "job-uuid",
    "number-of-documents",
    "destination-uris",
    "cover-sheet-info",
    "job-priority",
    "job-sheets",
    "number-of-retries",
    "retry-interval",
    "retry-time-out",
    "time-at-creation",
)


class CupsJob:
    """The job ``job_id`` of the cupsd at ``server`` (a socket's path, or ``host:port``)."""

    def __init__(self, server: str | None, job_id: str) -> None:
        self._server = server
        self._number = job_id
        self._job_uri = f"ipp://localhost/jobs/{job_id}"

    def attributes(self) -> Mapping[str, Attribute]:
        """The job's attributes that we care for; empty when cupsd does not tell."""
        answer = self._ask(
            request(
                # 2.0: to older requests cupsd answers without collections
                Operation.GET_JOB_ATTRIBUTES,
                uri("job-uri", self._job_uri),
                name_value("requesting-user-name", "root"),
                keyword("requested-attributes", *_WANTED),
            )
        )
        groups = answer.groups if answer else ()
        return {item.name: item for group in groups if group.tag == Group.JOB for item in group.attributes}

    def spooled(self, count: int) -> list[Path]:
        """The first ``count`` files of the job as they were sent to CUPS, as far as we may read them."""
        root = os.environ.get("CUPS_REQUESTROOT")
        if not root or not self._number.isdigit():
            return []
        paths = [Path(root) / f"d{int(self._number):05d}-{number:03d}" for number in range(1, count + 1)]
        return [path for path in paths if os.access(path, os.R_OK)]

    def is_cancelled(self) -> bool:
        """Whether a person has cancelled it; False when cupsd does not tell."""
        state = self.attributes().get("job-state")
        return state is not None and state.values[0].data == CANCELLED

    def tell_fax_ids(self, *ids: int) -> None:
        """Write the faxes' ids into the job as ``platen-fax-id``; there they can be read after the job has ended."""
        self._ask(
            request(
                Operation.SET_JOB_ATTRIBUTES,
                uri("job-uri", self._job_uri),
                name_value("requesting-user-name", "root"),
                job=(integer("platen-fax-id", *ids),),
            )
        )

    def _ask(self, question: Message) -> Message | None:
        if not self._server:
            return None
        try:
            answer = post(self._server, "/", question, timeout_s=_TIMEOUT_S)
        except IppError:
            return None
        return answer if answer.successful else None
