"""How a client asks the daemon: one exchange a question, an answer with its type.

What always holds: as in ``fax.client``, whose methods are spread over several files and stand on this one.
"""

from __future__ import annotations

import os
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeVar

import msgspec

from fax.errors import Cause, RequestError
from fax.wire import Readable, Remote, Where, exchange, misunderstood

DEFAULT_SOCKET = Path("/run/platen/api.sock")
SOCKET_VARIABLE = "PLATEN_SOCKET"
TOKEN_VARIABLE = "PLATEN_TOKEN"
CA_VARIABLE = "PLATEN_CA"
DEFAULT_PORT = 4560
ANSWER_TIMEOUT_S = 60.0
KEY_LIMIT = 255

T = TypeVar("T")


def remote(url: str, authorization: str | None, ca_file: str | None) -> Remote:
    """The daemon at ``https://HOST[:PORT]``. Raises RequestError."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORT
    except ValueError as error:
        raise RequestError(Cause.BAD_REQUEST, f"{url!r} is not an address: {error}") from error
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query or parts.username:
        raise RequestError(Cause.BAD_REQUEST, f"{url!r} is not an address like https://fax.example.org:{DEFAULT_PORT}")
    if parts.scheme == "http" and host not in ("127.0.0.1", "::1", "localhost"):
        raise RequestError(Cause.BAD_REQUEST, f"{url!r}: faxes and tokens go to another machine over https:// only")
    return Remote(host=host, port=port, tls=parts.scheme == "https", authorization=authorization, ca_file=ca_file)


def _authorization(token: str | None, user: str | None, password: str | None) -> str | None:
    """The header's value (RFC 6750, RFC 7617)."""
    if token is None and user is not None and password is not None:
        return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
    token = token or os.environ.get(TOKEN_VARIABLE)
    if token is not None and not (token.isascii() and token.isprintable() and token):
        raise RequestError(Cause.BAD_REQUEST, "The token holds characters that no token has")
    return f"Bearer {token}" if token else None


def checked_key(key: str) -> str:
    """A key that names an act. Raises RequestError BAD_REQUEST."""
    if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
        raise RequestError(Cause.BAD_REQUEST, f"A key is 1 to {KEY_LIMIT} printable ASCII characters: {key!r}")
    return key


class Asking:
    """Speaks to the daemon on ``server``: the path of its Unix socket, or ``https://HOST:PORT``; else on
    $PLATEN_SOCKET, which may be either, else on /run/platen/api.sock.

    Over TLS one says who one is: with ``token``, else with ``user`` and ``password``, else with $PLATEN_TOKEN.
    ``ca_file`` (else $PLATEN_CA): the authorities that its certificate is held against; else the system's.

    Raises RequestError BAD_REQUEST: the address makes no sense, or is ``http://`` to another machine.
    """

    def __init__(
        self,
        server: str | os.PathLike[str] | None = None,
        *,
        token: str | None = None,
        user: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        timeout_s: float | None = None,
    ) -> None:
        said = os.fspath(server or os.environ.get(SOCKET_VARIABLE) or DEFAULT_SOCKET)
        self.server: Where = Path(said)
        if "://" in said:
            self.server = remote(said, _authorization(token, user, password), ca_file or os.environ.get(CA_VARIABLE))
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing stays open between calls; an event stream closes with its iterator."""

    def _ask(
        self,
        method: str,
        target: str,
        type: type[T],
        *,
        headers: dict[str, str] | None = None,
        body: bytes | Readable | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> T:
        with exchange(
            self.server, method, target, timeout_s=self._timeout_s or timeout_s, headers=headers, body=body
        ) as answer:
            octets = answer.whole()
        try:
            return msgspec.json.decode(octets, type=type)
        except msgspec.DecodeError as error:
            raise misunderstood(self.server, error) from error

    def _do(self, method: str, target: str, headers: dict[str, str] | None = None) -> None:
        """Ask for something that has no answer but that it was done."""
        with exchange(
            self.server, method, target, timeout_s=self._timeout_s or ANSWER_TIMEOUT_S, headers=headers
        ) as answer:
            answer.whole()

    def _save(self, target: str, out_path: str | os.PathLike[str]) -> None:
        """Write an answer's octets to ``out_path``, whole or not at all. Raises OSError."""
        out = Path(out_path)
        with exchange(self.server, "GET", target, timeout_s=self._timeout_s or ANSWER_TIMEOUT_S) as answer:
            if out.exists() and not out.is_file():
                # A pipe or a device: there is nothing to rename onto.
                with out.open("wb") as file:
                    file.writelines(answer.blocks())
                return
            part = out.with_name(f".{out.name}.{os.getpid()}.part")
            try:
                with part.open("wb") as file:
                    file.writelines(answer.blocks())
                part.replace(out)
            finally:
                with suppress(FileNotFoundError):
                    part.unlink()

    def _tell(
        self,
        method: Literal["POST", "PUT", "PATCH"],
        target: str,
        value: object,
        type: type[T],
        headers: dict[str, str] | None = None,
    ) -> T:
        """Ask with a value as JSON."""
        said = {"Content-Type": "application/json", **(headers or {})}
        return self._ask(method, target, type, headers=said, body=msgspec.json.encode(value))
