"""The daemon's API as far as the agent needs it, over the Unix socket with the standard library.

What always holds: a failure to reach the daemon is ``Unreachable``, a refusal ``Refusal``, and an
answer values of ``agent.facts``; one connection serves one exchange, so a daemon that was started anew is never met
through a dead one. Every method blocks: call it on a worker thread.
"""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing
from urllib.parse import urlencode

from agent.facts import (
    ADDRESS,
    Cover,
    Event,
    Fax,
    Group,
    Person,
    Refusal,
    Unreachable,
    event_of,
    fax_of,
    group_of,
    person_of,
)

ANSWER_TIMEOUT_S = 60.0
EVENTS_TIMEOUT_S = 45.0  # an empty line comes every 15 s
MOST = 1000


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Api:
    """The daemon behind the socket ``path``."""

    def __init__(self, path: str) -> None:
        self.path = path

    def user(self) -> str:
        """Who the daemon takes us for."""
        said = self._ask("GET", "/v1/access/check?mask=0")
        return str(said.get("user", "")) if isinstance(said, dict) else ""

    def cursor(self) -> int:
        """Of the latest event."""
        said = self._ask("GET", "/v1/status")
        return int(said.get("cursor", 0)) if isinstance(said, dict) else 0

    def waiting(self, user: str) -> tuple[Fax, ...]:
        """All faxes of ``user`` that wait for a recipient, oldest first."""
        found: list[Fax] = []
        while True:
            query = {"state": ADDRESS, "user": user, "after": found[-1].id if found else 0, "limit": MOST}
            more = [fax_of(each) for each in _items(self._ask("GET", f"/v1/jobs?{urlencode(query)}"))]
            found += more
            if len(more) < MOST:
                return tuple(found)

    def fax(self, id: int) -> Fax:
        return fax_of(self._ask("GET", f"/v1/jobs/{id}"))

    def first_page(self, id: int, recipient: Mapping[str, object], cover: Cover | None, box: int) -> bytes:
        """Page one as it would go out to ``recipient``, with its header line and this cover page or none, as PNG."""
        said = {"recipient": recipient, "cover": None if cover is None else _said(cover)}
        return self._octets("POST", f"/v1/jobs/{id}/preview?box={box}", said)

    def covers(self) -> list[str]:
        """The names of the cover page templates."""
        return [name for name in _items(self._ask("GET", "/v1/covers")) if isinstance(name, str)]

    def people(self, prefix: str, most: int) -> list[Person]:
        """People of the address book with a word of their name that begins so; none where there is no book."""
        said = self._listed(f"/v1/book/people?{urlencode({'prefix': prefix, 'limit': most})}")
        return [person_of(each.get("recipient")) for each in said if isinstance(each, dict)]

    def groups(self, most: int) -> list[Group]:
        """Groups of the address book that somebody is in; none where there is no book."""
        found = [group_of(each) for each in self._listed(f"/v1/book/groups?limit={most}")]
        return [group for group in found if group.count]

    def everybody(self, group: Group) -> list[object]:
        """The recipients of a group, with all their fields."""
        said = self._ask("GET", f"/v1/book/find?{urlencode({'name': group.name})}")
        return _items(said.get("recipients")) if isinstance(said, dict) else []

    def set_cover(self, id: int, cover: Cover | None) -> None:
        if cover is None:
            self._ask("DELETE", f"/v1/jobs/{id}/cover")
        else:
            self._ask("PUT", f"/v1/jobs/{id}/cover", _said(cover))

    def address(self, id: int, recipient: Mapping[str, object]) -> Fax:
        """Name the recipient: the fax goes on its way."""
        return fax_of(self._ask("POST", f"/v1/jobs/{id}/address", recipient))

    def address_all(self, id: int, recipients: list[object]) -> Fax:
        """Name several recipients: a fax for each goes on its way. The one that waited."""
        return fax_of(next(iter(_items(self._ask("POST", f"/v1/jobs/{id}/addresses", recipients))), None))

    def cancel(self, id: int) -> Fax:
        return fax_of(self._ask("POST", f"/v1/jobs/{id}/cancel"))

    def events(self, after: int) -> Iterator[Event | None]:
        """Events as they happen, None for a sign of life; ends when the daemon ends."""
        with closing(_Connection(self.path, EVENTS_TIMEOUT_S)) as connection:
            answer = self._answer(connection, "GET", f"/v1/events?after={after}&follow=true", None)
            while True:
                try:
                    line = answer.readline()
                except (OSError, http.client.HTTPException) as error:
                    raise Unreachable(f"The fax server went silent: {error}") from error
                if not line.endswith(b"\n"):
                    return
                yield event_of(_decoded(line)) if line.strip() else None

    def _listed(self, target: str) -> list[object]:
        """A list of the book; empty where the server has none for us."""
        try:
            return _items(self._ask("GET", target))
        except Unreachable:
            raise
        except Refusal:
            return []

    def _ask(self, method: str, target: str, body: object = None) -> object:
        return _decoded(self._octets(method, target, body))

    def _octets(self, method: str, target: str, body: object = None) -> bytes:
        with closing(_Connection(self.path, ANSWER_TIMEOUT_S)) as connection:
            answer = self._answer(connection, method, target, body)
            try:
                return answer.read()
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"The fax server broke off: {error}") from error

    def _answer(self, connection: _Connection, method: str, target: str, body: object) -> http.client.HTTPResponse:
        octets = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, target, octets, {} if octets is None else {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status < 300:
                return answer
            problem = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"The fax server does not answer on {self.path} ({error})") from error
        try:
            said = json.loads(problem)
            raise Refusal(str(said["type"]), str(said["title"]))
        except (ValueError, TypeError, KeyError):
            raise Refusal("internal", f"The fax server answered {answer.status} {answer.reason}") from None


def _decoded(octets: bytes) -> object:
    try:
        return json.loads(octets)
    except ValueError as error:
        raise Refusal("internal", "The fax server's answer makes no sense") from error


def _said(cover: Cover) -> dict[str, str]:
    return {"template": cover.template, "subject": cover.subject, "note": cover.note}


def _items(said: object) -> list[object]:
    return said if isinstance(said, list) else []
