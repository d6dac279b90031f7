"""The client's methods for reports and the outgoing mail box. What always holds: as in ``fax.client``."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlencode

from fax.asking import Asking
from fax.mail import Language, Mail, MailState, MailTest, MailTried
from fax.reports import DeliveryReport
from fax.types import JobId
from fax.wire import exchange

MAIL_TIMEOUT_S = 180.0  # the mail server is asked before the answer


class MailClient(Asking):
    """Part of ``fax.client.Client``."""

    def report(self, job: JobId, language: Language | None = None) -> DeliveryReport:
        """What became of a fax. Raises RequestError NO_SUCH_JOB."""
        return self._ask("GET", f"/v1/jobs/{job}/report{_query(language=language)}", DeliveryReport)

    def report_sheet(self, job: JobId, path: str | os.PathLike[str], language: Language | None = None) -> None:
        """Write the confirmation sheet (PDF) to ``path``. Raises RequestError NO_SUCH_JOB, OSError."""
        target = f"/v1/jobs/{job}/report.pdf{_query(language=language)}"
        with exchange(self.server, "GET", target, timeout_s=self._timeout_s or MAIL_TIMEOUT_S) as answer:
            octets = answer.whole()
        Path(path).write_bytes(octets)

    def mails(
        self,
        *,
        state: MailState | None = None,
        job: JobId | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> list[Mail]:
        """Mails of the outgoing box, oldest first; the daemon gives at most 1000 unless ``limit`` is said."""
        query = _query(state=state, job=job, after=after, limit=limit)
        return self._ask("GET", f"/v1/mails{query}", list[Mail])

    def retry_mail(self, id: int) -> Mail:
        """Try a mail again at once. Raises RequestError NO_SUCH_ENTRY, WRONG_STATE (it has been sent)."""
        return self._ask("POST", f"/v1/mails/{id}/retry", Mail)

    def discard_mail(self, id: int) -> Mail:
        """Let go of a mail. Raises RequestError NO_SUCH_ENTRY."""
        return self._ask("DELETE", f"/v1/mails/{id}", Mail)

    def test_mail(self, address: str) -> MailTried:
        """Have a mail sent at once. Raises RequestError BAD_SETTING (there is no mail server), BAD_REQUEST."""
        from msgspec.json import encode

        headers = {"Content-Type": "application/json"}
        body = encode(MailTest(address=address))
        return self._ask("POST", "/v1/mail/test", MailTried, headers=headers, body=body, timeout_s=MAIL_TIMEOUT_S)


def _query(**wanted: Language | MailState | int | None) -> str:
    said = {
        name: value.value if isinstance(value, Language | MailState) else value
        for name, value in wanted.items()
        if value is not None
    }
    return f"?{urlencode(said)}" if said else ""
