"""The way to the mail server: one session of SMTP (RFC 5321) after the other.

What always holds: where the settings ask for TLS, neither the name, the password nor a mail is said before it stands; a
refusal says whether trying again makes sense; no error text holds the password.

Must not: decide when a mail is tried again (``mailbox`` does), or block the event loop.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from fax.mail import MailSecurity
from fax.settings import Configuration
from spooler.mail_letter import Ready

TIMEOUT_S = 30.0  # for each answer of the mail server
TOO_LARGE = 552


class MailServerError(Exception):
    """There is no session with the mail server, or it ended: no mail's own fault. The text is a sentence."""


class MailRefusedError(Exception):
    """The mail server did not take this mail. ``for_good``: nor will it later. The text is a sentence."""

    def __init__(self, text: str, for_good: bool) -> None:
        super().__init__(text)
        self.for_good = for_good


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where the mail server is, and what we are to it."""

    host: str
    port: int
    security: MailSecurity
    check_certificate: bool
    authorities: str
    user: str
    password: str

    @classmethod
    def of(cls, now: Configuration) -> MailServer:
        return cls(
            host=now.mail_host,
            port=now.mail_port,
            security=now.mail_security,
            check_certificate=now.mail_check_certificate,
            authorities=now.mail_authorities,
            user=now.mail_user,
            password=now.mail_password,
        )


class Courier:
    """One session: ``async with Courier(server) as courier``. Raises MailServerError."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._smtp: SMTP | None = None

    async def __aenter__(self) -> Self:
        server = self._server
        try:
            tls = None
            if server.security is not MailSecurity.NONE:
                tls = await asyncio.to_thread(_context, server)
            smtp = SMTP(
                hostname=server.host,
                port=server.port,
                use_tls=server.security is MailSecurity.TLS,
                start_tls=server.security is MailSecurity.STARTTLS,
                tls_context=tls,
                username=server.user or None,
                password=server.password if server.user else None,
                # Else the library asks for a name of this machine, which may take long.
                local_hostname=_own_name(),
                timeout=TIMEOUT_S,
            )
            await smtp.connect()
        except (SMTPException, OSError, ValueError) as error:
            raise MailServerError(f"{server.host} port {server.port}: {self._said(error)}") from error
        self._smtp = smtp
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._smtp is None:
            return
        try:
            await self._smtp.quit(timeout=2.0)
        except (SMTPException, OSError):
            self._smtp.close()

    @property
    def is_open(self) -> bool:
        return self._smtp is not None and self._smtp.is_connected

    async def hand_over(self, mail: Ready) -> str:
        """Returns the mail server's words when it has the mail. Raises MailRefusedError, MailServerError."""
        assert self._smtp is not None
        options = ["SMTPUTF8", "BODY=8BITMIME"] if mail.utf8 else []
        try:
            _, said = await self._smtp.sendmail(mail.sender, [mail.to], mail.octets, mail_options=options)
            return self._one_line(said)
        except SMTPRecipientsRefused as error:
            refused: SMTPRecipientRefused = error.recipients[0]
            raise MailRefusedError(f"{mail.to} is refused: {self._said(refused)}", refused.code >= 500) from error
        except SMTPDataError as error:
            raise MailRefusedError(f"The mail is refused: {self._said(error)}", error.code >= 500) from error
        except SMTPNotSupported as error:
            text = f"The mail server cannot send to an address like {mail.to}: {self._said(error)}"
            raise MailRefusedError(text, for_good=True) from error
        except SMTPResponseException as error:
            # What it says of the sender it says of every mail.
            text = f"{mail.sender} may not send there: {self._said(error)}"
            if error.code == TOO_LARGE:
                raise MailRefusedError(f"The mail is refused: {self._said(error)}", for_good=True) from error
            raise MailServerError(text) from error
        except ValueError as error:
            raise MailRefusedError(f"{mail.to} cannot be written to: {self._said(error)}", for_good=True) from error
        except (SMTPException, OSError) as error:
            raise MailServerError(f"{self._server.host}: {self._said(error)}") from error

    def _said(self, error: BaseException) -> str:
        """What went wrong as one line, without our password."""
        if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, SMTPException):
            error = error.__cause__
        match error:
            case ssl.SSLCertVerificationError():
                text = f"its certificate is not good: {error.verify_message}"
            case ssl.SSLError():
                text = f"TLS failed: {error.reason or error}"
            case SMTPAuthenticationError():
                text = f"it does not take our name and password: {error.code} {error.message}"
            case SMTPResponseException():
                text = f"{error.code} {error.message}"
            case SMTPTimeoutError() | TimeoutError():
                text = "no answer"
            case OSError():
                text = error.strerror or str(error)
            case _:
                text = str(error) or type(error).__name__
        return self._one_line(text)

    def _one_line(self, text: str) -> str:
        if self._server.password:
            text = text.replace(self._server.password, "********")
        return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())[:500]


def _context(server: MailServer) -> ssl.SSLContext:
    """Raises OSError: the file of authorities cannot be read or holds none."""
    context = ssl.create_default_context(cafile=server.authorities or None)
    if not server.check_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _own_name() -> str:
    name = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname()).strip(".-")
    return name or "localhost"
