"""The client's methods for the address book and the profile.

What always holds: as in ``fax.client``.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fax.asking import ANSWER_TIMEOUT_S, Asking
from fax.book import BookFormat, Found, Group, GroupChange, Imported, Person, PersonChange, Profile
from fax.types import Recipient
from fax.wire import exchange

LIMIT = 1000


class BookClient(Asking):
    """Part of ``fax.client.Client``. What is shared is changed with FAX_CONFIG_SET only."""

    def people(self, prefix: str = "", *, after: int = 0, limit: int = LIMIT) -> list[Person]:
        """Those in the shared book and in one's own with a word of name or company that begins so, by id."""
        query = urlencode({"prefix": prefix, "after": after, "limit": limit})
        return self._ask("GET", f"/v1/book/people?{query}", list[Person])

    def add_person(
        self, recipient: Recipient, *, shared: bool = False, email: str | None = None, user: str | None = None
    ) -> Person:
        """``email``, ``user``: where faxes that came in and are routed to them are mailed, and who sees them."""
        wanted = PersonChange(recipient=recipient, shared=shared, email=email, user=user)
        return self._tell("POST", "/v1/book/people", wanted, Person)

    def change_person(
        self,
        id: int,
        recipient: Recipient,
        *,
        shared: bool = False,
        email: str | None = None,
        user: str | None = None,
    ) -> Person:
        wanted = PersonChange(recipient=recipient, shared=shared, email=email, user=user)
        return self._tell("PUT", f"/v1/book/people/{id}", wanted, Person)

    def remove_person(self, id: int) -> None:
        self._do("DELETE", f"/v1/book/people/{id}")

    def groups(self, prefix: str = "", *, after: int = 0, limit: int = LIMIT) -> list[Group]:
        query = urlencode({"prefix": prefix, "after": after, "limit": limit})
        return self._ask("GET", f"/v1/book/groups?{query}", list[Group])

    def add_group(self, name: str, members: tuple[int, ...], *, shared: bool = False) -> Group:
        return self._tell("POST", "/v1/book/groups", GroupChange(name=name, members=members, shared=shared), Group)

    def change_group(self, id: int, name: str, members: tuple[int, ...], *, shared: bool = False) -> Group:
        wanted = GroupChange(name=name, members=members, shared=shared)
        return self._tell("PUT", f"/v1/book/groups/{id}", wanted, Group)

    def remove_group(self, id: int) -> None:
        self._do("DELETE", f"/v1/book/groups/{id}")

    def find(self, name: str) -> Found:
        """Whom a person's or a group's whole name, or ``book:ID``, stands for.

        Raises RequestError: NO_SUCH_ENTRY, or BAD_REQUEST where it could be several, who are named.
        """
        return self._ask("GET", f"/v1/book/find?{urlencode({'name': name})}", Found)

    def import_book(self, octets: bytes, format: BookFormat = BookFormat.CSV, *, shared: bool = False) -> Imported:
        query = urlencode({"format": format.value, "shared": str(shared).lower()})
        return self._ask("POST", f"/v1/book/import?{query}", Imported, body=octets)

    def export_book(self, format: BookFormat = BookFormat.CSV, *, shared: bool = False) -> bytes:
        query = urlencode({"format": format.value, "shared": str(shared).lower()})
        with exchange(
            self.server, "GET", f"/v1/book/export?{query}", timeout_s=self._timeout_s or ANSWER_TIMEOUT_S
        ) as answer:
            return answer.whole()

    def profile(self) -> Profile:
        """What one's faxes say of their sender when they say nothing themselves."""
        return self._ask("GET", "/v1/profile", Profile)

    def set_profile(self, profile: Profile) -> Profile:
        return self._tell("PUT", "/v1/profile", profile, Profile)
