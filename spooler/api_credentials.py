"""Tokens and passwords: for those who come over TLS.

What always holds: a token is in the answer that made it and nowhere else; a password is in no answer; who changes what
lets another in may grant rights.
"""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import Request, Response

from fax.access import PasswordChange, PasswordSet, Right, Token, TokenMade, TokenWanted
from fax.errors import Cause, RequestError
from spooler import access, credentials, store_credentials
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import Routes, answer, body_of
from spooler.daemon import Daemon


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store, callers = daemon.store, daemon.callers

    @routes.request("GET", "/v1/access/tokens", gives=list[Token])
    async def tokens(request: Request) -> Response:
        """One's own tokens; with WRITE_DAC everybody's."""
        return answer(await store.run(partial(store_credentials.listed_tokens, user=_whose(who_asks(request)))))

    @routes.request("POST", "/v1/access/tokens", gives=TokenMade, takes=TokenWanted, status=201)
    async def add_token(request: Request) -> Response:
        """Make a token; the answer holds it, this once."""
        who = who_asks(request)
        wanted = await body_of(request, TokenWanted)
        token = credentials.new_token()
        work = partial(
            store_credentials.add_token,
            who=who,
            name=wanted.name,
            user=who.user if wanted.user is None else wanted.user,
            digest=credentials.token_digest(token),
            expires=wanted.expires,
        )
        about = await store.run(work)
        await callers.load()
        return answer(TokenMade(token=token, about=about), 201)

    @routes.request("DELETE", "/v1/access/tokens/{id:int}", gives=None, status=204)
    async def remove_token(request: Request, id: int) -> Response:
        """Let a token count no more; one's own, or with WRITE_DAC anybody's."""
        who = who_asks(request)
        await store.run(partial(store_credentials.remove_token, who=who, id=id))
        await callers.load()
        return Response(status_code=204)

    @routes.request("GET", "/v1/access/passwords", gives=list[PasswordSet])
    async def passwords(request: Request) -> Response:
        """Who has a password: oneself; with WRITE_DAC everybody."""
        return answer(await store.run(partial(store_credentials.listed_passwords, user=_whose(who_asks(request)))))

    @routes.request("PUT", "/v1/access/passwords/{user}", gives=PasswordSet, takes=PasswordChange)
    async def set_password(request: Request, user: str) -> Response:
        """Give a user a password; oneself on the Unix socket, or with WRITE_DAC anybody."""
        who = who_asks(request)
        _check_password_of(who, user)
        password = (await body_of(request, PasswordChange)).password
        if not credentials.PASSWORD_LEAST <= len(password) <= credentials.PASSWORD_MOST:
            least, most = credentials.PASSWORD_LEAST, credentials.PASSWORD_MOST
            raise RequestError(Cause.BAD_REQUEST, f"A password has {least} to {most} characters")
        kept = await asyncio.to_thread(credentials.password_hash, password)
        done = await store.run(partial(store_credentials.set_password, who=who, user=user, hash=kept))
        await callers.load()
        return answer(done)

    @routes.request("DELETE", "/v1/access/passwords/{user}", gives=None, status=204)
    async def remove_password(request: Request, user: str) -> Response:
        """Take a user's password away; one's own, or with WRITE_DAC anybody's."""
        who = who_asks(request)
        _check_password_of(who, user)
        await store.run(partial(store_credentials.remove_password, who=who, user=user))
        await callers.load()
        return Response(status_code=204)

    return routes


def _whose(who: Caller) -> str | None:
    """Whose tokens and passwords are shown; None: everybody's."""
    return None if who.has(Right.WRITE_DAC) else who.user


def _check_password_of(who: Caller, user: str) -> None:
    """Whoever found a token must not be able to make a password of it. Raises RequestError NOT_ALLOWED."""
    if who.user != user or who.uid is None:
        access.require(who, Right.WRITE_DAC)
