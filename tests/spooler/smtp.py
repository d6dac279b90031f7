"""A real SMTP server of somebody else's making (aiosmtpd) on 127.0.0.1, with TLS and a password, for tests of mail.

What always holds: it takes mail only from who is known to it, and only over TLS; what it took is kept as it came.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from types import TracebackType
from typing import Any, cast
from warnings import catch_warnings, simplefilter

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from fax.mail import MailSecurity
from tests.spooler.test_tls import make_certificate

USER = "fax"
PASSWORD = "correct horse"
SENDER = "fax@example.org"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A mail that the server took."""

    sender: str
    to: str
    octets: bytes
    user: str

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.octets, policy=default)

    @property
    def id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        """What a person reads."""
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    def files(self) -> dict[str, bytes]:
        """What goes along, by file name."""
        return {str(each.get_filename()): each.get_content() for each in self.message.iter_attachments()}


@dataclass
class _Policy:
    """``answers``: to the next mails, instead of taking them; an empty one: the mail is taken, and the connection is
    cut so that the client never learns it. ``nobody``: recipients that there are not."""

    answers: list[str] = field(default_factory=list)
    nobody: set[str] = field(default_factory=set)
    taken: list[Taken] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)  # Message-ID of each try that came as far as its text

    def clear(self) -> None:
        for kept in (self.answers, self.nobody, self.taken, self.tried):
            kept.clear()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.nobody:
            return "550 5.1.1 There is nobody of that name here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes) and envelope.mail_from is not None
        assert session.auth_data is not None
        user = cast(LoginPassword, session.auth_data).login.decode()
        taken = Taken(sender=envelope.mail_from, to=envelope.rcpt_tos[0], octets=envelope.content, user=user)
        self.tried.append(taken.id)
        if self.answers:
            answer = self.answers.pop(0)
            if answer:
                return answer
            self.taken.append(taken)
            assert server.transport is not None
            server.transport.abort()
            return "250 nobody hears this"
        self.taken.append(taken)
        return "250 taken"


class MailHost:
    """``with MailHost(folder) as host``: it listens on ``host.port`` with the certificate ``host.authorities``."""

    def __init__(self, folder: Path, security: MailSecurity = MailSecurity.STARTTLS) -> None:
        folder.mkdir(exist_ok=True)
        self.authorities, self._key = make_certificate(folder)
        self.security = security
        self.policy = _Policy()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail host", daemon=True)
        self._server: asyncio.Server | None = None

    def __enter__(self) -> MailHost:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(60)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()

    async def _listen(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authorities, self._key)
        whole = self.security is MailSecurity.TLS

        def session() -> SMTP:
            with catch_warnings():
                # It takes TLS from the first octet on for no TLS.
                simplefilter("ignore", UserWarning)
                return self._session(context)

        self._server = await self._loop.create_server(session, sock=self._socket, ssl=context if whole else None)

    def _session(self, context: ssl.SSLContext) -> SMTP:
        whole = self.security is MailSecurity.TLS
        return SMTP(
            self.policy,
            hostname="mail.example.org",
            ident="test",
            tls_context=None if whole else context,
            require_starttls=not whole,
            authenticator=_known,
            auth_required=True,
            auth_require_tls=not whole,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    @property
    def taken(self) -> list[Taken]:
        return self.policy.taken

    def settings(self, **more: object) -> dict[str, object]:
        """The server's settings for this host."""
        return {
            "mail_host": "127.0.0.1",
            "mail_port": self.port,
            "mail_security": self.security.value,
            "mail_authorities": str(self.authorities),
            "mail_user": USER,
            "mail_password": PASSWORD,
            "mail_sender": SENDER,
            "mail_retry_s": 0.1,
            **more,
        }


def _known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, auth_data=data if good else None, handled=good)
