"""The users' profiles as senders, at hand: each submission asks for one.

What always holds: what is given out is what the database held when it was last changed here. Any thread may ask.
"""

from __future__ import annotations

from functools import partial

from fax.book import Profile
from spooler import store_book
from spooler.store import Store

KEPT_MOST = 10_000


class Profiles:
    """By user."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Profile] = {}

    async def of(self, user: str) -> Profile:
        known = self._known.get(user)
        if known is None:
            read = await self._store.run(self._read(user))
            # It may have been changed meanwhile, which is newer than what was read.
            known = self._known.get(user) or self._keep(user, read)
        return known

    def call(self, user: str) -> Profile:
        """As ``of``, for threads other than the event loop's."""
        known = self._known.get(user)
        return known if known is not None else self._store.call(self._read(user))

    async def change(self, user: str, wanted: Profile) -> Profile:
        """``wanted`` was checked."""
        await self._store.run(partial(store_book.set_profile, user=user, wanted=wanted))
        return self._keep(user, wanted)

    def _read(self, user: str) -> partial[Profile]:
        return partial(store_book.profile, user=user)

    def _keep(self, user: str, profile: Profile) -> Profile:
        if len(self._known) >= KEPT_MOST:
            self._known.clear()
        self._known[user] = profile
        return profile
