"""The listener on TCP: its socket, and the certificate it shows.

What always holds: without TLS it listens on this machine's own addresses only; a certificate that was replaced is shown
to new connections without a restart, and one that cannot be used changes nothing.
"""

from __future__ import annotations

import logging
import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

from spooler.settings import Listener

log = logging.getLogger(__name__)
BACKLOG = 256


class ListenerError(Exception):
    """The address cannot be listened on, or the certificate not be used. The text is for the administrator."""


class Certificate:
    """The certificate and key in force. Raises ListenerError: they cannot be used."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._seen = self._stamp()
        try:
            self.context = self._made()
        except (OSError, ssl.SSLError) as error:
            raise ListenerError(f"The certificate {certificate} with the key {key} cannot be used: {error}") from error

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(*self._files)
        return context

    def _stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        stamps: list[tuple[int, int, int] | None] = []
        for file in self._files:
            try:
                about = file.stat()
                stamps.append((about.st_ino, about.st_mtime_ns, about.st_size))
            except OSError:
                stamps.append(None)
        return tuple(stamps)

    def look(self) -> None:
        """Show what lies there now, if it is another than before. Blocks."""
        if self._stamp() != self._seen:
            self.reload()

    def reload(self) -> None:
        """Show what lies there now, if it can be used. Blocks."""
        self._seen = self._stamp()
        try:
            self._made()  # certificate and key must fit each other before they come into use
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            log.error("The certificate %s cannot be used, the old one stays: %s", self._files[0], error)
        else:
            log.info("The certificate %s is in use", self._files[0])


def listen(listener: Listener) -> socket.socket:
    """A listening socket. Raises ListenerError."""
    if listener.plain and not ip_address(listener.address).is_loopback:
        raise ListenerError(f"listener.plain: {listener.address} can be reached from other machines")
    family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
    try:
        made = socket.create_server((listener.address, listener.port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{listener.address} port {listener.port}"
        raise ListenerError(f"{where} cannot be listened on: {error.strerror or error}") from error
    made.setblocking(False)
    return made
