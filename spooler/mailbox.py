"""The outgoing box: has each mail sent, again and again with growing pauses, until the mail server has it or its time
is up.

What always holds: a try is written down before it is made, so that a mail which the mail server may have is sent again
only under the same Message-ID; a mail that cannot be sent holds up no other; nothing here blocks the event loop.

Must not: know what a mail says (``reporting``) or how it is handed over (``courier``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from fax.errors import Cause, FaxError, RequestError
from fax.mail import Language, MailTried
from fax.settings import Configuration
from spooler import store_mail, store_reports
from spooler.configuration import Live
from spooler.courier import Courier, MailRefusedError, MailServer, MailServerError
from spooler.mail_letter import Letter, Ready, ready
from spooler.reporting import letter_of
from spooler.spool import Spool
from spooler.store import Changes, Store
from spooler.store_mail import DueMail, new_message_id

log = logging.getLogger(__name__)
AT_ONCE = 50
ANNOUNCED_AT_ONCE = 100
LONGEST_PAUSE_S = 3600.0
LONGEST_SLEEP_S = 5.0  # faxes that wait for their number are looked for so often
BROKEN_SESSIONS_MOST = 3
NO_SERVER = "No mail server is set (mail_host)"


def pause_s(tries: int, first_s: float) -> float:
    """The pause after so many tries: each twice as long as the one before, up to an hour."""
    return min(first_s * 2.0 ** min(max(0, tries - 1), 20), LONGEST_PAUSE_S)


def next_try(mail: DueMail, now: datetime, settings: Configuration) -> datetime | None:
    """When a mail is tried again after its try at ``now`` has failed; None: its time is up. The last try is made when
    its time ends."""
    end = mail.asked + timedelta(seconds=settings.mail_give_up_s)
    if now >= end:
        return None
    return min(now + timedelta(seconds=pause_s(mail.tries + 1, settings.mail_retry_s)), end)


class Mailbox:
    """Made on the event loop. ``start`` takes up what the last daemon left."""

    def __init__(self, store: Store, spool: Spool, live: Live) -> None:
        self._store = store
        self._spool = spool
        self._live = live
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ending = False
        self._path = self._path_now()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def committed(changes: Changes) -> None:
            if changes.mails:
                self._store.post(loop, self._wake.set)

        self._store.listen(committed)
        self._live.listen(self._settings_changed)
        self._task = asyncio.create_task(self._run(), name="mailbox")

    async def stop(self) -> None:
        """What is under way is tried again by the next daemon."""
        self._ending = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def test(self, address: str) -> MailTried:
        """Send a mail to ``address`` at once. Raises RequestError BAD_SETTING: there is no mail server."""
        now = self._live.configuration
        if not now.mail_host:
            raise RequestError(Cause.BAD_SETTING, NO_SERVER, "mail_host")
        german = now.report_language is Language.DE
        letter = Letter(
            message_id=new_message_id("test"),
            at=datetime.now(UTC),
            sender=now.mail_sender,
            to=address,
            subject="Probe des Faxservers" if german else "A test of the fax server",
            text="Der Faxserver kann Mails senden.\n" if german else "The fax server can send mail.\n",
        )
        try:
            said = await self.send(letter)
        except (MailServerError, MailRefusedError) as error:
            return MailTried(sent=False, text=str(error), message_id=letter.message_id)
        return MailTried(sent=True, text=said, message_id=letter.message_id)

    async def send(self, letter: Letter) -> str:
        """Hand a letter over at once, in a session of its own; returns the mail server's words.

        Raises MailServerError, MailRefusedError.
        """
        octets = await asyncio.to_thread(ready, letter)
        async with Courier(self._server()) as courier:
            return await courier.hand_over(octets)

    def _server(self) -> MailServer:
        if not self._live.configuration.mail_host:
            raise MailServerError(NO_SERVER)
        return MailServer.of(self._live.configuration)

    def _path_now(self) -> tuple[object, ...]:
        now = self._live.configuration
        return MailServer.of(now), now.mail_sender, now.mail_retry_s

    def _settings_changed(self) -> None:
        if self._path != (now := self._path_now()):
            self._path = now
            again = self._store.submit(store_mail.retry_all_waiting)
            again.add_done_callback(lambda done: done.exception())
        self._wake.set()

    async def _run(self) -> None:
        while not self._ending:
            self._wake.clear()
            sleep_s = LONGEST_SLEEP_S
            try:
                await self._announce()
                if await self._round():
                    continue
                due = await self._store.run(store_mail.next_due)
                if due is not None:
                    sleep_s = (due - datetime.now(UTC)).total_seconds()
            except FaxError as error:
                log.error("The outgoing mail box cannot be looked after: %s", error)
            except Exception:
                log.exception("The outgoing mail box cannot be looked after")
            # Not wait_for: before Python 3.12 it may swallow that we are cancelled.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, min(sleep_s, LONGEST_SLEEP_S))):
                    await self._wake.wait()

    async def _announce(self) -> None:
        """Tell the owners of faxes that wait for their number."""
        wait_s = self._live.configuration.waiting_mail_s
        if wait_s is None:
            return
        before = datetime.now(UTC) - timedelta(seconds=wait_s)
        tell = partial(store_reports.announce, before=before, limit=ANNOUNCED_AT_ONCE)
        while await self._store.run(tell) == ANNOUNCED_AT_ONCE:
            pass

    async def _round(self) -> bool:
        """Try all mails whose time has come; whether there were any."""
        mails = await self._store.run(partial(store_mail.due, limit=AT_ONCE))
        path, left = self._path, list(mails)
        broken = 0
        while left:
            try:
                async with Courier(self._server()) as courier:
                    while left:
                        mail = left.pop(0)
                        try:
                            await self._try(mail, courier)
                        except MailServerError as error:
                            await self._failed([mail], str(error))
                            broken += 1
                            if broken == BROKEN_SESSIONS_MOST:
                                raise
                        if not courier.is_open:
                            break
            except MailServerError as error:
                # Whatever is left would meet the same.
                await self._failed(left, str(error))
                break
        if self._path != path:
            # What failed on the way of before is not to wait for the one that there is now.
            await self._store.run(store_mail.retry_all_waiting)
        return bool(mails)

    async def _try(self, mail: DueMail, courier: Courier) -> None:
        """Raises MailServerError."""
        made = await self._made(mail)
        if made is None:
            return
        letter, octets = made
        now = self._live.configuration
        until = datetime.now(UTC) + timedelta(seconds=pause_s(mail.tries + 1, now.mail_retry_s))
        if not await self._store.run(partial(store_mail.begin_try, id=mail.id, subject=letter.subject, until=until)):
            return
        try:
            said = await courier.hand_over(octets)
        except MailRefusedError as error:
            await self._failed([mail], str(error), for_good=error.for_good)
        else:
            await self._store.run(partial(store_mail.sent, id=mail.id))
            log.info("Mail %s to %s: %s", mail.message_id, mail.address, said)

    async def _made(self, mail: DueMail) -> tuple[Letter, Ready] | None:
        """None: it cannot be written; that is noted."""

        def write() -> tuple[Letter, Ready]:
            letter = letter_of(mail, self._live.configuration, self._store, self._spool)
            return letter, ready(letter)

        try:
            return await asyncio.to_thread(write)
        except Exception as error:
            log.exception("Mail %d cannot be written", mail.id)
            await self._failed([mail], f"It cannot be written: {error}")
            return None

    async def _failed(self, mails: Sequence[DueMail], error: str, *, for_good: bool = False) -> None:
        now = datetime.now(UTC)
        text = error.rstrip(". ")
        for mail in mails:
            until = None if for_good else next_try(mail, now, self._live.configuration)
            said = text if for_good or until is not None else f"{text}; given up, its time is up"
            log.warning("Mail %s to %s: %s", mail.message_id, mail.address, said)
            await self._store.run(
                partial(store_mail.not_sent, id=mail.id, error=said, until=until, tries=mail.tries + 1)
            )
