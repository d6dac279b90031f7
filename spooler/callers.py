"""Who stands behind a request: by the kernel on the Unix socket, by a token or password over TCP.

What always holds: asking the user database, which may sit on another machine, and checking a password happen on worker
threads; a user's groups are remembered for a minute, a password that was right for five; grants, tokens and passwords
that are changed count from the next request on; a connection over TCP is nobody until it has shown what it knows, and
nobody over TCP is root, the daemon's user or the backend for being called so.

Must not: decide what somebody may do (``access`` does).
"""

from __future__ import annotations

import asyncio
import grp
import hashlib
import hmac
import logging
import os
import pwd
import secrets
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from time import monotonic

from fastapi import Request

from fax.access import FAX_ALL_ACCESS, Right
from fax.errors import Cause, RequestError
from spooler import access, credentials, store_access, store_credentials
from spooler.access import Caller
from spooler.peer import Peer, Remote
from spooler.settings import Users
from spooler.store import Store
from spooler.store_credentials import KnownToken

log = logging.getLogger(__name__)
KEPT_S = 60.0
KEPT_MOST = 10_000
PASSWORD_KEPT_S = 300.0
USED_EVERY_S = 60.0
PASSWORDS_AT_ONCE = 2  # each takes 64 MiB
NOT_KNOWN = "Say who you are: with a token (Authorization: Bearer) or a password (Authorization: Basic)"


@dataclass(frozen=True)
class Person:
    """A user as the system knows them."""

    name: str
    groups: frozenset[str]
    full_name: str = ""


def look_up(uid: int, gid: int) -> Person:
    """The user ``uid``, whose process has the group ``gid``; without a name, numbers as text. Blocks."""
    try:
        about = pwd.getpwuid(uid)
    except KeyError:
        return Person(str(uid), _group_names([gid]))
    return Person(about.pw_name, _group_names(os.getgrouplist(about.pw_name, about.pw_gid)))


def look_up_name(name: str) -> Person:
    """The user of this name, who need not be one of this machine's. Blocks."""
    try:
        about = pwd.getpwnam(name)
    except KeyError:
        return Person(name, frozenset())
    full_name = about.pw_gecos.partition(",")[0]
    return Person(name, _group_names(os.getgrouplist(name, about.pw_gid)), full_name)


def _group_names(gids: list[int]) -> frozenset[str]:
    names = set()
    for gid in gids:
        with suppress(KeyError, OverflowError):
            names.add(grp.getgrgid(gid).gr_name)
    return frozenset(names)


class Callers:
    """Says who asks. ``load`` before the first request; what is not said to block is for the event loop."""

    def __init__(self, store: Store, users: Users, daemon_uid: int) -> None:
        self._store = store
        self._users = users
        self._daemon_uid = daemon_uid
        self._grants: Mapping[str, Right] = {}
        self._tokens: Mapping[str, KnownToken] = {}
        self._passwords: Mapping[str, str] = {}
        self._people: dict[tuple[int, int] | str, tuple[float, Person]] = {}
        self._throttle = credentials.Throttle()
        self._used: dict[int, float] = {}
        self._right_passwords: dict[bytes, float] = {}
        self._listeners: list[Callable[[], None]] = []
        self._secret = secrets.token_bytes(32)
        self._nobody = ""
        self._turns = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    async def load(self) -> None:
        """Read grants, tokens and passwords (again)."""
        self._grants = await self._store.run(store_access.masks)
        self._tokens = await self._store.run(store_credentials.known_tokens)
        self._passwords = await self._store.run(store_credentials.known_passwords)
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """``listener`` is called when rights, tokens or passwords have changed."""
        self._listeners.append(listener)

    async def of(self, request: Request) -> Caller:
        """Raises RequestError NOT_AUTHENTICATED, TOO_MANY_TRIES."""
        peer: Peer | Remote = request.state.peer
        if isinstance(peer, Remote):
            return await self._by_header(peer.address, request.headers.get("authorization"))
        person = await self._person((peer.uid, peer.gid))
        return self._by_kernel(peer.uid, person)

    def of_uid(self, uid: int) -> Caller:
        """As ``of``, for the owner of a file. Blocks."""
        return self._by_kernel(uid, look_up(uid, -1))

    def _by_kernel(self, uid: int, person: Person) -> Caller:
        return access.caller(uid, person.name, self._users, self._daemon_uid, person.groups, self._grants)

    async def rights_of(self, user: str) -> Right:
        """What the user of this name has been granted, whoever says to be that user."""
        return access.rights_of(user, (await self._person(user)).groups, self._grants)

    async def groups_of(self, user: str) -> frozenset[str]:
        """The system's groups that a user is in."""
        return (await self._person(user)).groups

    def rights_of_name(self, user: str) -> Right:
        """As ``rights_of``. Blocks."""
        return access.rights_of(user, look_up_name(user).groups, self._grants)

    async def names_of(self, user: str) -> tuple[str, ...]:
        """What the system calls the user: the user name and the full name."""
        return user, (await self._person(user)).full_name

    async def _by_header(self, address: str, header: str | None) -> Caller:
        if header is None:
            raise RequestError(Cause.NOT_AUTHENTICATED, NOT_KNOWN)
        scheme, _, said = header.partition(" ")
        if scheme.lower() == "bearer":
            return await self._remote(self._by_token(address, said.strip()), "token")
        if scheme.lower() == "basic":
            return await self._remote(await self._by_password(address, said.strip()), "password")
        raise RequestError(Cause.NOT_AUTHENTICATED, NOT_KNOWN)

    async def _remote(self, user: str, via: str) -> Caller:
        person = await self._person(user)
        admin = user in self._users.admins
        rights = FAX_ALL_ACCESS if admin else access.rights_of(user, person.groups, self._grants)
        return Caller(user=user, uid=None, admin=admin, backend=False, groups=person.groups, rights=rights, via=via)

    def _by_token(self, address: str, token: str) -> str:
        self._check_pause(address)
        known = self._tokens.get(credentials.token_digest(token))
        if known is None:
            raise self._failed("The token is not known to the server", address)
        if known.expires is not None and known.expires <= datetime.now(UTC):
            raise RequestError(Cause.NOT_AUTHENTICATED, f"The token expired at {known.expires:%Y-%m-%d %H:%M} UTC")
        now = monotonic()
        if self._used.get(known.id, -USED_EVERY_S) + USED_EVERY_S <= now:
            self._used[known.id] = now
            self._store.submit(partial(store_credentials.token_used, id=known.id))
        return known.user

    async def _by_password(self, address: str, said: str) -> str:
        try:
            user, colon, password = b64decode(said, validate=True).decode().partition(":")
        except (Base64Error, ValueError) as error:
            raise RequestError(Cause.NOT_AUTHENTICATED, NOT_KNOWN) from error
        kept = self._passwords.get(user)
        proof = hmac.digest(self._secret, f"{kept}\0{user}\0{password}".encode(), hashlib.sha256)
        if self._right_passwords.get(proof, 0.0) > monotonic():
            return user
        whom = (address, f"user {user}")
        self._check_pause(*whom)
        if len(password) > credentials.PASSWORD_MOST or not colon:
            raise self._failed("User or password is wrong", *whom)
        async with self._turns:
            # Others may have tried while this one waited for its turn.
            self._check_pause(*whom)
            fits = await asyncio.to_thread(self._fits, password, kept)
        if not fits:
            raise self._failed("User or password is wrong", *whom)
        for each in whom:
            self._throttle.succeeded(each)
        if len(self._right_passwords) >= KEPT_MOST:
            self._right_passwords.clear()
        self._right_passwords[proof] = monotonic() + PASSWORD_KEPT_S
        return user

    def _fits(self, password: str, kept: str | None) -> bool:
        """Whoever is not known takes as long."""
        if kept is None:
            self._nobody = self._nobody or credentials.password_hash(secrets.token_hex())
            credentials.password_fits(password, self._nobody)
            return False
        return credentials.password_fits(password, kept)

    def _check_pause(self, *whom: str) -> None:
        pause_s = max(self._throttle.pause_s(each, monotonic()) for each in whom)
        if pause_s > 0:
            text = f"Too many wrong tries; the next one is looked at in {pause_s:.0f} s"
            raise RequestError(Cause.TOO_MANY_TRIES, text, f"{pause_s:.0f}")

    def _failed(self, text: str, *whom: str) -> RequestError:
        for each in whom:
            self._throttle.failed(each, monotonic())
        log.warning("%s (from %s)", text, ", ".join(whom))
        return RequestError(Cause.NOT_AUTHENTICATED, text)

    async def _person(self, key: tuple[int, int] | str) -> Person:
        now = monotonic()
        known = self._people.get(key)
        if known is None or known[0] < now:
            if len(self._people) >= KEPT_MOST:
                self._people.clear()
            if isinstance(key, str):
                found = await asyncio.to_thread(look_up_name, key)
            else:
                found = await asyncio.to_thread(look_up, *key)
            known = self._people[key] = (now + KEPT_S, found)
        return known[1]
