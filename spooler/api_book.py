"""The address book, and one's profile as a sender.

What always holds: one's own entries are nobody else's to see; what is shared is everybody's to see, and changed by
those who may change the server's settings.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, TypeVar

from fastapi import Request, Response

from fax.book import BookFormat, Found, Group, GroupChange, Imported, Person, PersonChange, Profile
from spooler import book, store_book, store_import
from spooler.access import Caller
from spooler.access_table import who_asks
from spooler.api_common import LISTED, Octets, Parameter, Routes, answer, body_of, flag_in, octets_of, part_in, value_in
from spooler.daemon import Daemon
from spooler.store import Transaction

SEARCHED = (
    Parameter("prefix", str, "Those with a word of their name that begins so"),
    *LISTED,
)
FILE = (
    Parameter("format", BookFormat, "csv (if not said) or vcard"),
    Parameter("shared", bool, "The shared book; else one's own"),
)
MEDIA_TYPES = {BookFormat.CSV: "text/csv; charset=utf-8", BookFormat.VCARD: "text/vcard; charset=utf-8"}


T = TypeVar("T", covariant=True)


class Listing(Protocol[T]):
    def __call__(self, tx: Transaction, who: Caller, prefix: str, after: int, limit: int) -> Sequence[T]: ...


def routes(daemon: Daemon) -> Routes:
    routes = Routes()
    store, rules = daemon.store, daemon.settings.dialling

    @routes.request("GET", "/v1/book/people", gives=list[Person], parameters=SEARCHED)
    async def people(request: Request) -> Response:
        """People of the shared book and of one's own."""
        return answer(await store.run(_listing(request, store_book.listed_people)))

    @routes.request("POST", "/v1/book/people", gives=Person, takes=PersonChange, status=201)
    async def add_person(request: Request) -> Response:
        """Put somebody into the book."""
        wanted = book.checked_person(await body_of(request, PersonChange), rules)
        return answer(await store.run(partial(store_book.add_person, who=who_asks(request), wanted=wanted)), 201)

    @routes.request("PUT", "/v1/book/people/{id:int}", gives=Person, takes=PersonChange)
    async def change_person(request: Request, id: int) -> Response:
        """Have somebody stand in the book so."""
        wanted = book.checked_person(await body_of(request, PersonChange), rules)
        return answer(await store.run(partial(store_book.change_person, who=who_asks(request), id=id, wanted=wanted)))

    @routes.request("DELETE", "/v1/book/people/{id:int}", gives=None, status=204)
    async def remove_person(request: Request, id: int) -> Response:
        """Take somebody out of the book and its groups."""
        await store.run(partial(store_book.remove_person, who=who_asks(request), id=id))
        return Response(status_code=204)

    @routes.request("GET", "/v1/book/groups", gives=list[Group], parameters=SEARCHED)
    async def groups(request: Request) -> Response:
        """Groups of the shared book and of one's own."""
        return answer(await store.run(_listing(request, store_book.listed_groups)))

    @routes.request("POST", "/v1/book/groups", gives=Group, takes=GroupChange, status=201)
    async def add_group(request: Request) -> Response:
        """Make a group."""
        wanted = await body_of(request, GroupChange)
        return answer(await store.run(partial(store_book.add_group, who=who_asks(request), wanted=wanted)), 201)

    @routes.request("PUT", "/v1/book/groups/{id:int}", gives=Group, takes=GroupChange)
    async def change_group(request: Request, id: int) -> Response:
        """Have a group with this name and these members."""
        wanted = await body_of(request, GroupChange)
        return answer(await store.run(partial(store_book.change_group, who=who_asks(request), id=id, wanted=wanted)))

    @routes.request("DELETE", "/v1/book/groups/{id:int}", gives=None, status=204)
    async def remove_group(request: Request, id: int) -> Response:
        """Remove a group; its members stay in the book."""
        await store.run(partial(store_book.remove_group, who=who_asks(request), id=id))
        return Response(status_code=204)

    @routes.request(
        "GET",
        "/v1/book/find",
        gives=Found,
        parameters=(Parameter("name", str, "A person's or a group's whole name, or book:ID of a person"),),
    )
    async def find(request: Request) -> Response:
        """Whom a name stands for; refused where it could be several."""
        name = request.query_params.get("name", "")
        return answer(await store.run(partial(store_book.find, who=who_asks(request), name=name)))

    @routes.request("POST", "/v1/book/import", gives=Imported, takes=Octets("text/csv"), parameters=FILE)
    async def import_book(request: Request) -> Response:
        """Take in a file of people; who is there already (name and company) is changed."""
        who, shared = who_asks(request), flag_in(request, "shared")
        store_book.may_change(who, shared)
        octets = await octets_of(request, book.FILE_LIMIT_OCTETS)
        read = book.read_csv if _format(request) is BookFormat.CSV else book.read_vcards
        entries = await asyncio.to_thread(lambda: book.checked_entries(read(octets), rules))
        return answer(await store.run(partial(store_import.take_in, who=who, entries=entries, shared=shared)))

    @routes.request("GET", "/v1/book/export", gives=Octets("text/csv; charset=utf-8"), parameters=FILE)
    async def export_book(request: Request) -> Response:
        """The book as a file."""
        kind = _format(request)
        work = partial(store_import.give_out, who=who_asks(request), shared=flag_in(request, "shared"))
        found = await store.run(work)
        write = book.write_csv if kind is BookFormat.CSV else book.write_vcards
        return Response(await asyncio.to_thread(write, found), media_type=MEDIA_TYPES[kind])

    @routes.request("GET", "/v1/profile", gives=Profile)
    async def profile(request: Request) -> Response:
        """What one's faxes say of their sender when they say nothing themselves."""
        return answer(await daemon.profiles.of(who_asks(request).user))

    @routes.request("PUT", "/v1/profile", gives=Profile, takes=Profile)
    async def set_profile(request: Request) -> Response:
        """Have this as one's profile."""
        wanted = book.checked_profile(await body_of(request, Profile))
        return answer(await daemon.profiles.change(who_asks(request).user, wanted))

    return routes


def _listing(request: Request, read: Listing[T]) -> Callable[[Transaction], Sequence[T]]:
    return partial(
        read,
        who=who_asks(request),
        prefix=request.query_params.get("prefix", ""),
        **part_in(request),
    )


def _format(request: Request) -> BookFormat:
    return value_in(request, "format", BookFormat) or BookFormat.CSV
